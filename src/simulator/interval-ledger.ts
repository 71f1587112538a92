import type { EpochMs } from '../../streams/record.ts';

/** One value as the platform states it; durations are milliseconds. */
export interface Metric {
  readonly metric: string;
  readonly qualifier?: string;
  readonly stats: Readonly<Record<string, number>>;
}

/** Counts and durations of one queue and media type, in half hours. A value belongs to the half hour that it ends in. */
export interface IntervalLedger {
  addOffered(atMs: EpochMs): void;
  /** A wait that ended, and how. */
  addWait(atMs: EpochMs, metric: 'tAnswered' | 'tAbandon' | 'tFlowOut', waitMs: number): void;
  /** A conversation with an agent that ended; without hold and after-call work it was all talk. */
  addTalk(atMs: EpochMs, talkMs: number): void;
  /** The totals of the half hour that began then; what never happened in it is absent. */
  metrics(intervalStartMs: EpochMs): readonly Metric[];
  /** The half hours in which anything happened. */
  startsMs(): readonly EpochMs[];
}

/** 80 % of the calls are to be answered within 20 s: the default of the platform. */
export const serviceLevel = { percentage: 0.8, durationMs: 20_000 } as const;

export const intervalMs = 1_800_000;
/** A year of half hours; older ones are forgotten, so that an endless run needs no endless memory. */
const intervalsMax = 17_568;

export function intervalStartOf(atMs: EpochMs): EpochMs {
  return Math.floor(atMs / intervalMs) * intervalMs;
}

interface Durations {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

interface Totals {
  offered: number;
  overSla: number;
  readonly durations: Map<string, Durations>;
}

export function createIntervalLedger(): IntervalLedger {
  const intervals = new Map<EpochMs, Totals>();

  const totalsAt = (atMs: EpochMs): Totals => {
    const startMs = intervalStartOf(atMs);
    let totals = intervals.get(startMs);
    if (totals === undefined) {
      totals = { offered: 0, overSla: 0, durations: new Map() };
      intervals.set(startMs, totals);
      for (const oldest of intervals.keys()) {
        if (intervals.size <= intervalsMax) break;
        intervals.delete(oldest);
      }
    }
    return totals;
  };

  const add = (totals: Totals, metric: string, ms: number): void => {
    const known = totals.durations.get(metric) ?? { count: 0, sum: 0, min: ms, max: ms };
    totals.durations.set(metric, {
      count: known.count + 1,
      sum: known.sum + ms,
      min: Math.min(known.min, ms),
      max: Math.max(known.max, ms),
    });
  };

  return {
    addOffered(atMs) {
      totalsAt(atMs).offered += 1;
    },
    addWait(atMs, metric, waitMs) {
      const totals = totalsAt(atMs);
      for (const each of [metric, 'tWait', 'tAcd']) add(totals, each, waitMs);
      if (metric === 'tAnswered' && waitMs > serviceLevel.durationMs) totals.overSla += 1;
    },
    addTalk(atMs, talkMs) {
      const totals = totalsAt(atMs);
      for (const each of ['tTalk', 'tTalkComplete', 'tHandle']) add(totals, each, talkMs);
    },
    metrics(intervalStartMs) {
      const totals = intervals.get(intervalStartMs);
      return totals === undefined ? [] : metricsOf(totals);
    },
    startsMs: () => [...intervals.keys()],
  };
}

function metricsOf({ offered, overSla, durations }: Totals): Metric[] {
  const metrics: Metric[] = [];
  if (offered > 0) metrics.push({ metric: 'nOffered', stats: { count: offered } });
  if (overSla > 0) metrics.push({ metric: 'nOverSla', stats: { count: overSla } });
  for (const [metric, { count, sum, min, max }] of durations) {
    metrics.push({ metric, stats: { max, min, count, sum } });
  }
  metrics.push({ metric: 'oServiceTarget', stats: { current: serviceLevel.percentage } });
  const answered = durations.get('tAnswered')?.count ?? 0;
  const denominator = answered + (durations.get('tAbandon')?.count ?? 0);
  if (denominator > 0) {
    const numerator = answered - overSla;
    const stats = { ratio: numerator / denominator, numerator, denominator, target: serviceLevel.percentage };
    metrics.push({ metric: 'oServiceLevel', stats });
  }
  return metrics;
}
