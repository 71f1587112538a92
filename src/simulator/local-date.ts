import type { EpochMs } from '../../streams/record.ts';
import { SimulatorError } from './errors.ts';

const dayMs = 86_400_000;

/** A calendar date `YYYY-MM-DD` so many days later; negative days go back. */
export function addDays(date: string, days: number): string {
  return new Date(utcMidnightMs(date) + days * dayMs).toISOString().slice(0, 10);
}

/** 0 = Sunday ... 6 = Saturday. */
export function weekdayOf(date: string): number {
  return new Date(utcMidnightMs(date)).getUTCDay();
}

/** The date that a calendar shows at a moment in a time zone (IANA name). */
export function dateIn(timeZone: string, atMs: EpochMs): string {
  return new Date(atMs + offsetMs(timeZone, atMs)).toISOString().slice(0, 10);
}

/** The first moment of a date in a time zone, also where the clocks change at midnight; of the next if they skip it. */
export function midnightMs(date: string, timeZone: string): EpochMs {
  const utcMs = utcMidnightMs(date);
  const offsets = [offsetMs(timeZone, utcMs - dayMs), offsetMs(timeZone, utcMs + dayMs)];
  const candidates = offsets.map((offset) => utcMs - offset);
  const inside = candidates.filter((atMs) => dateIn(timeZone, atMs) === date);
  return inside.length > 0 ? Math.min(...inside) : Math.max(...candidates);
}

function utcMidnightMs(date: string): EpochMs {
  const atMs = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(atMs)) {
    throw new SimulatorError('QC_SIMULATOR_SETTING', `"${date}" is not a date; write it as YYYY-MM-DD.`);
  }
  return atMs;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** What the zone's clocks are ahead of UTC. */
function offsetMs(timeZone: string, atMs: EpochMs): number {
  const field = new Map(
    formatOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes) => field.get(type) ?? 0;
  const shownMs = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  return shownMs - Math.floor(atMs / 1000) * 1000;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = createFormat(timeZone);
    formats.set(timeZone, format);
  }
  return format;
}

function createFormat(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (error) {
    const message = `Time zone "${timeZone}" is unknown; name one of the IANA list, for example Asia/Jerusalem or UTC.`;
    throw new SimulatorError('QC_SIMULATOR_SETTING', message, { cause: error });
  }
}
