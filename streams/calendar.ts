import type { EpochMs } from './record.ts';
import { localDate, utcOffsetMs } from './time-zone.ts';

/** A day of a zone: 24 hours, or less or more where its clocks change. */
export interface LocalDay {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  readonly startMs: EpochMs;
  /** The first moment of the next day. */
  readonly endMs: EpochMs;
}

/** Seven days from a Monday on. */
export interface LocalWeek {
  /** The Monday. */
  readonly date: string;
  /** The Sunday. */
  readonly lastDate: string;
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  /** As ISO 8601 numbers it: `2026-W01`. */
  readonly isoWeek: string;
}

const dayMs = 86_400_000;
/** 1970-01-01 was a Thursday. */
const mondayOffset = 3;

/** Throws a RangeError for a text that is no date of the calendar; null for the same from `parseDate`. */
function utcMidnightMs(date: string): number {
  const atMs = parseDate(date);
  if (atMs === null) throw new RangeError(`"${date}" is no date: write it as YYYY-MM-DD.`);
  return atMs;
}

/** Midnight in UTC of a date `YYYY-MM-DD`; null for anything else, such as 30 February. */
export function parseDate(text: string): EpochMs | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const atMs = Date.parse(`${text}T00:00:00Z`);
  // Some dates that there are not are read as later ones.
  return Number.isNaN(atMs) || localDate(atMs, 'UTC') !== text ? null : atMs;
}

/** The number of a date in the run of all dates; 0 = 1970-01-01. */
export const dayNumber = (date: string): number => utcMidnightMs(date) / dayMs;

export const dateOfDay = (day: number): string => localDate(day * dayMs, 'UTC');

/** A date so many days later. */
export const addDays = (date: string, days: number): string => dateOfDay(dayNumber(date) + days);

/** The Monday on or before a date. */
export function mondayOf(date: string): string {
  const day = dayNumber(date);
  return dateOfDay(day - modulo(day + mondayOffset, 7));
}

/** `2026-W01`: the week belongs to the year that its Thursday is in. */
function isoWeekOf(date: string): string {
  const thursday = addDays(mondayOf(date), 3);
  const year = thursday.slice(0, 4);
  const week = Math.floor((dayNumber(thursday) - dayNumber(`${year}-01-01`)) / 7) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/** The day that a clock in `timeZone` (IANA name) shows. Throws a RangeError for an unknown zone. */
export function dayAt(atMs: EpochMs, timeZone: string): LocalDay {
  return dayOf(localDate(atMs, timeZone), timeZone);
}

export function dayOf(date: string, timeZone: string): LocalDay {
  return { date, startMs: startOfDate(date, timeZone), endMs: startOfDate(addDays(date, 1), timeZone) };
}

export function weekAt(atMs: EpochMs, timeZone: string): LocalWeek {
  return weekOf(localDate(atMs, timeZone), timeZone);
}

/** The week that a date is in. */
export function weekOf(date: string, timeZone: string): LocalWeek {
  const monday = mondayOf(date);
  return {
    date: monday,
    lastDate: addDays(monday, 6),
    startMs: startOfDate(monday, timeZone),
    endMs: startOfDate(addDays(monday, 7), timeZone),
    isoWeek: isoWeekOf(monday),
  };
}

const startsMax = 10_000;
const starts = new Map<string, EpochMs>();

/**
 * The first moment of a date in a zone: its midnight, the earlier one where there are two; where the clocks leap over it, the
 * moment of the leap.
 */
export function startOfDate(date: string, timeZone: string): EpochMs {
  const key = `${timeZone} ${date}`;
  const known = starts.get(key);
  if (known !== undefined) return known;
  if (starts.size >= startsMax) starts.clear();
  const startMs = findStart(utcMidnightMs(date), timeZone);
  starts.set(key, startMs);
  return startMs;
}

/** Zones are at most 15 h off UTC: whatever offset may hold at that midnight holds at one of these moments. */
const probesHours = [-30, -24, -18, -12, -6, 0, 6, 12, 18, 24, 30];

function findStart(utcMs: EpochMs, timeZone: string): EpochMs {
  const offsets = new Set(probesHours.map((hours) => utcOffsetMs(utcMs + hours * 3_600_000, timeZone)));
  const midnights = [...offsets].map((offset) => utcMs - offset);
  const real = midnights.filter((atMs) => atMs + utcOffsetMs(atMs, timeZone) === utcMs);
  if (real.length > 0) return Math.min(...real);
  let beforeMs = Math.min(...midnights);
  let afterMs = Math.max(...midnights);
  while (afterMs - beforeMs > 1) {
    const middleMs = Math.floor((beforeMs + afterMs) / 2);
    if (middleMs + utcOffsetMs(middleMs, timeZone) < utcMs) beforeMs = middleMs;
    else afterMs = middleMs;
  }
  return afterMs;
}

const modulo = (value: number, by: number) => ((value % by) + by) % by;
