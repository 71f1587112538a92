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
  sinceMs: EpochMs;
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
          sinceMs: startMs,
          target: null,
          halfHours: new Map(),
          sums: nothing(),
        };
  totals.sinceMs = Math.min(totals.sinceMs, startMs);
  const half = totals.halfHours.get(startMs) ?? nothing();
  totals.halfHours.set(startMs, half);
  const supersede = (field: keyof HalfHour, value: number | undefined) => {
    if (value === undefined) return;
    totals.sums[field] += value - half[field];
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
