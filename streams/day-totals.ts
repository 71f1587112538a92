import type { IntervalMetric } from './event.ts';
import type { EpochMs } from './record.ts';
import { localDate } from './time-zone.ts';

interface HalfHour {
  offered: number;
  answered: number;
  abandoned: number;
  withinTarget: number;
  serviceLevelOf: number;
}

/** The half hours of one local day, for one queue and media type, as far as they were seen, and their sums. */
export interface DayTotals {
  date: string;
  /** When the next day begins. */
  endMs: EpochMs;
  /** Half hours that began earlier are kept, but not summed up: between them and the others one is missing. */
  fromMs: EpochMs;
  /** The first half hour that is summed up; null while there is none. */
  sinceMs: EpochMs | null;
  target: number | null;
  halfHours: Map<EpochMs, HalfHour>;
  sums: HalfHour;
}

const nothing = (): HalfHour => ({ offered: 0, answered: 0, abandoned: 0, withinTarget: 0, serviceLevelOf: 0 });

/** Zones change their date at a quarter of an hour, whatever their offset; a day has 25 hours at most. */
function nextDateMs(fromMs: EpochMs, date: string, timeZone: string): EpochMs {
  let atMs = fromMs;
  while (localDate(atMs, timeZone) === date) atMs += 900_000;
  return atMs;
}

/** Merges the totals of one half hour: each metric supersedes what was known of it. An earlier day than the known one is left out. */
export function foldDayTotals(
  known: DayTotals | null,
  startMs: EpochMs,
  metrics: readonly IntervalMetric[],
  timeZone: string,
): DayTotals {
  const date = localDate(startMs, timeZone);
  if (known !== null && date < known.date) return known;
  const totals: DayTotals =
    known?.date === date
      ? known
      : {
          date,
          endMs: nextDateMs(startMs, date, timeZone),
          fromMs: 0,
          sinceMs: null,
          target: null,
          halfHours: new Map(),
          sums: nothing(),
        };
  const isCounted = startMs >= totals.fromMs;
  if (isCounted) totals.sinceMs = Math.min(totals.sinceMs ?? startMs, startMs);
  const half = totals.halfHours.get(startMs) ?? nothing();
  totals.halfHours.set(startMs, half);
  const supersede = (field: keyof HalfHour, value: number | undefined) => {
    if (value === undefined) return;
    if (isCounted) totals.sums[field] += value - half[field];
    half[field] = value;
  };
  for (const { metric, stats } of metrics) {
    switch (metric) {
      case 'nOffered':
        supersede('offered', stats.count);
        break;
      case 'tAnswered':
        supersede('answered', stats.count);
        break;
      case 'tAbandon':
        supersede('abandoned', stats.count);
        break;
      case 'oServiceTarget':
        totals.target = stats.current ?? totals.target;
        break;
      case 'oServiceLevel':
        supersede('withinTarget', stats.numerator);
        supersede('serviceLevelOf', stats.denominator);
        totals.target = stats.target ?? totals.target;
        break;
    }
  }
  return totals;
}

/** Sums up the half hours from one on. */
export function countFrom(totals: DayTotals, fromMs: EpochMs): void {
  totals.fromMs = fromMs;
  totals.sinceMs = null;
  totals.sums = nothing();
  for (const [startMs, half] of totals.halfHours) {
    if (startMs < fromMs) continue;
    totals.sinceMs = Math.min(totals.sinceMs ?? startMs, startMs);
    for (const field of fields) totals.sums[field] += half[field];
  }
}

const fields = ['offered', 'answered', 'abandoned', 'withinTarget', 'serviceLevelOf'] as const;
