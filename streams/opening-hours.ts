import type { EpochMs } from './record.ts';
import { utcOffsetMs } from './time-zone.ts';

/** Minutes of the week since Monday 00:00 as a local clock shows them: 0 <= `fromMinute` < `untilMinute` <= 10,080. */
export interface OpenRange {
  readonly fromMinute: number;
  readonly untilMinute: number;
}

/** In any order; ranges may touch. Without any it is never open. */
export type OpeningHours = readonly OpenRange[];

export interface Opening {
  readonly isOpen: boolean;
  /** The next moment at which it is the other way round; null = never. */
  readonly untilMs: EpochMs | null;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** 1970 began on a Thursday. */
const firstDayMs = 3 * dayMs;

const modulo = (value: number, by: number) => ((value % by) + by) % by;

function weekTimeMs(atMs: EpochMs, timeZone: string): number {
  return modulo(atMs + utcOffsetMs(atMs, timeZone) + firstDayMs, weekMs);
}

function isOpenAt(hours: OpeningHours, atMs: EpochMs, timeZone: string): boolean {
  const minute = weekTimeMs(atMs, timeZone) / minuteMs;
  return hours.some(({ fromMinute, untilMinute }) => fromMinute <= minute && minute < untilMinute);
}

/**
 * It is open while a clock in `timeZone` (IANA name) shows a time within the hours: an hour that comes twice is open twice, one that
 * is left out opens nothing. Throws a RangeError for an unknown zone.
 */
export function openingAt(hours: OpeningHours, atMs: EpochMs, timeZone: string): Opening {
  let ofZones = lately.get(hours);
  if (ofZones === undefined) lately.set(hours, (ofZones = new Map<string, Found>()));
  const last = ofZones.get(timeZone);
  if (last !== undefined && last.fromMs <= atMs && atMs < (last.opening.untilMs ?? Infinity)) return last.opening;
  const opening = findOpening(hours, atMs, timeZone);
  ofZones.set(timeZone, { fromMs: atMs, opening });
  return opening;
}

interface Found {
  readonly fromMs: EpochMs;
  readonly opening: Opening;
}

/** The last answer holds until the next change: most are asked for again and again in between. */
const lately = new WeakMap<OpeningHours, Map<string, Found>>();

/** A time that comes once a week comes after two, should clocks be put forward over it. */
const horizonMs = 3 * weekMs;

function findOpening(hours: OpeningHours, atMs: EpochMs, timeZone: string): Opening {
  const isOpen = isOpenAt(hours, atMs, timeZone);
  const bounds = hours.flatMap(({ fromMinute, untilMinute }) => [fromMinute * minuteMs, untilMinute * minuteMs]);
  // Nothing changes between one step and the next: the clock runs evenly, and no bound is passed.
  for (let fromMs = atMs; fromMs < atMs + horizonMs;) {
    const weekTime = weekTimeMs(fromMs, timeZone);
    const stepMs = Math.min(dayMs, ...bounds.map((bound) => modulo(bound - weekTime - 1, weekMs) + 1));
    const nextMs = firstShiftMs(fromMs, fromMs + stepMs, timeZone) ?? fromMs + stepMs;
    if (isOpenAt(hours, nextMs, timeZone) !== isOpen) return { isOpen, untilMs: nextMs };
    fromMs = nextMs;
  }
  return { isOpen, untilMs: null };
}

/** When clocks are put forward or back, if they are until `untilMs`, at most a day later. That happens at whole minutes. */
function firstShiftMs(fromMs: EpochMs, untilMs: EpochMs, timeZone: string): EpochMs | undefined {
  const offsetMs = utcOffsetMs(fromMs, timeZone);
  if (utcOffsetMs(untilMs, timeZone) === offsetMs) return undefined;
  let [before, after] = [Math.floor(fromMs / minuteMs), Math.floor(untilMs / minuteMs)];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (utcOffsetMs(middle * minuteMs, timeZone) === offsetMs) before = middle;
    else after = middle;
  }
  return after * minuteMs;
}
