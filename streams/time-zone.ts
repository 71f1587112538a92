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
