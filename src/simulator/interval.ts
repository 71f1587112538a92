import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { SimulatorError } from './errors.ts';
import { addDays, dateIn, midnightMs, weekdayOf } from './local-date.ts';

/** From a moment to the one before another. */
export interface Interval {
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}

const moment = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** `start/end`, ISO 8601, each with `Z` or an offset, or without for UTC. */
export const intervalSchema = z.string().transform((text, context): Interval => {
  const [from = '', to = '', ...rest] = text.split('/');
  const [fromMs = Number.NaN, toMs = Number.NaN] = [from, to].map((each) =>
    moment.test(each) ? Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(each) || !each.includes('T') ? each : `${each}Z`) : NaN,
  );
  if (rest.length === 0 && fromMs < toMs) return { fromMs, toMs };
  context.addIssue({ code: 'custom', message: `Value [${text}] is no interval of two dates, the earlier one first.` });
  return z.NEVER;
});

/** Why an interval is not answered that begins before everything is remembered: half an answer would look like a whole one. */
export function forgottenReason({ fromMs }: Interval, completeFromMs: EpochMs): string | undefined {
  if (fromMs >= completeFromMs) return undefined;
  const [asked, from] = [fromMs, completeFromMs].map((atMs) => new Date(atMs).toISOString());
  return `The interval begins at ${asked}, but the simulator has forgotten some of what was before ${from}; ask from then on.`;
}

/** An IANA name, refused if nobody knows it. */
export const timeZoneSchema = z.string().refine(isTimeZone, {
  error: ({ input }) => `Value [${String(input)}] is no known time zone.`,
});

function isTimeZone(name: string): boolean {
  try {
    dateIn(name, 0);
    return true;
  } catch (error) {
    if (error instanceof SimulatorError) return false;
    throw error;
  }
}

const duration = /^P(?:T(?:(?<minutes>\d+)M|(?<hours>\d+)H)|(?<days>1)D|(?<weeks>1)W|(?<months>1)M)$/;

/** `PTnM`, `PTnH`, `P1D`, `P1W` or `P1M`. */
export const granularitySchema = z.string().refine((text) => duration.test(text) && !/^PT0/.test(text), {
  error: ({ input }) => `Value [${String(input)}] is not valid for field type [Granularity].`,
});

/**
 * Cuts an interval into buckets, the first and the last of them as short as the interval leaves them. Days, weeks (from
 * Monday) and months are those of the zone; hours and minutes are counted from the start of the interval.
 */
export function cutInterval(interval: Interval, granularity: string | undefined, timeZone: string): Interval[] {
  if (granularity === undefined) return [interval];
  const { minutes, hours, weeks, months } = duration.exec(granularity)?.groups ?? {};
  const stepMs = Number(minutes ?? 0) * 60_000 + Number(hours ?? 0) * 3_600_000;
  const nextMs = (atMs: EpochMs): EpochMs => {
    if (stepMs > 0) return atMs + stepMs;
    const date = dateIn(timeZone, atMs);
    return midnightMs(addDays(date, daysToNext(date, { weeks, months })), timeZone);
  };
  const buckets: Interval[] = [];
  for (let fromMs = interval.fromMs; fromMs < interval.toMs;) {
    const toMs = Math.min(nextMs(fromMs), interval.toMs);
    buckets.push({ fromMs, toMs });
    fromMs = toMs;
  }
  return buckets;
}

function daysToNext(
  date: string,
  { weeks, months }: { readonly weeks: string | undefined; readonly months: string | undefined },
): number {
  if (weeks !== undefined) return (8 - weekdayOf(date)) % 7 || 7;
  if (months === undefined) return 1;
  let days = 1;
  while (!addDays(date, days).endsWith('-01')) days += 1;
  return days;
}
