import type { EpochMs } from './record.ts';

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** Dates of half hours asked about lately: a format takes a thousand times as long as a look-up. */
  readonly dates: Map<EpochMs, string>;
}

const zones = new Map<string, Zone>();
const datesMax = 1_000;

/** The calendar date `YYYY-MM-DD` that a clock in `timeZone` (IANA name) shows. Throws a RangeError for an unknown zone. */
export function localDate(atMs: EpochMs, timeZone: string): string {
  let zone = zones.get(timeZone);
  if (zone === undefined) {
    const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    zone = { format, dates: new Map() };
    zones.set(timeZone, zone);
  }
  let date = zone.dates.get(atMs);
  if (date === undefined) {
    if (zone.dates.size >= datesMax) zone.dates.clear();
    date = zone.format.format(atMs);
    zone.dates.set(atMs, date);
  }
  return date;
}

interface Offsets {
  readonly format: Intl.DateTimeFormat;
  /** Of minutes asked about lately. */
  readonly ofMinutes: Map<number, number>;
}

const offsets = new Map<string, Offsets>();

/** By how much a clock in `timeZone` (IANA name) is ahead of UTC at that moment, in ms. Throws a RangeError for an unknown zone. */
export function utcOffsetMs(atMs: EpochMs, timeZone: string): number {
  let zone = offsets.get(timeZone);
  if (zone === undefined) {
    zone = { format: new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }), ofMinutes: new Map() };
    offsets.set(timeZone, zone);
  }
  // Not by quarters of an hour: some zones have changed their offset a minute past one.
  const minute = Math.floor(atMs / 60_000);
  let offset = zone.ofMinutes.get(minute);
  if (offset === undefined) {
    if (zone.ofMinutes.size >= datesMax) zone.ofMinutes.clear();
    offset = readOffset(zone.format.format(minute * 60_000));
    zone.ofMinutes.set(minute, offset);
  }
  return offset;
}

/** `…, GMT+05:45`, with seconds long ago, `GMT` for 0. */
function readOffset(text: string): number {
  const [, sign = '+', hours = 0, minutes = 0, seconds = 0] = /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(text) ?? [];
  return (sign === '-' ? -1000 : 1000) * (3600 * Number(hours) + 60 * Number(minutes) + Number(seconds));
}
