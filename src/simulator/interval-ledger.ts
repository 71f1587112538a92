import type { EpochMs } from '../../streams/record.ts';
import type { Emission } from './call.ts';
import type { ServiceLevel } from './roster.ts';

/** One value as the platform states it; durations are milliseconds. */
export interface Metric {
  readonly metric: string;
  readonly qualifier?: string;
  readonly stats: Readonly<Record<string, number>>;
}

export type CountMetric = 'nOffered' | 'nTransferred' | 'nBlindTransferred';

export type WaitMetric = 'tAnswered' | 'tAbandon' | 'tFlowOut';

export type DurationMetric =
  'tTalk' | 'tTalkComplete' | 'tHeld' | 'tHeldComplete' | 'tDialing' | 'tAcw' | 'tHandle' | 'tAlert' | 'tNotResponding';

const waitMetrics: readonly string[] = ['tAnswered', 'tAbandon', 'tFlowOut'] satisfies readonly WaitMetric[];

/** Counts and durations of one queue and media type, in half hours. A value belongs to the half hour that it ends in. */
export interface IntervalLedger {
  addCount(atMs: EpochMs, metric: CountMetric): void;
  /** A wait that ended, and how; whether it was answered later than the service level wants. */
  addWait(atMs: EpochMs, metric: WaitMetric, waitMs: number): boolean;
  addDuration(atMs: EpochMs, metric: DurationMetric, ms: number): void;
  /** The totals of the half hour that began then; what never happened in it is absent. */
  metrics(intervalStartMs: EpochMs): readonly Metric[];
  /** The half hours in which anything was played. */
  startsMs(): readonly EpochMs[];
  /** From here on nothing is missing; infinitely long ago unless some half hours are forgotten. */
  completeFromMs(): EpochMs;
  /** What `metrics` are computed from; undefined if nothing happened. Knows what was not played, too. */
  totals(intervalStartMs: EpochMs): Totals | undefined;
  /** The share that the service level is to reach, 0 to 1. */
  readonly target: number;
}

export const intervalMs = 1_800_000;
/** A year of half hours; older ones are forgotten, so that an endless run needs no endless memory. */
export const intervalsMax = 17_568;

export function intervalStartOf(atMs: EpochMs): EpochMs {
  return Math.floor(atMs / intervalMs) * intervalMs;
}

/** How many, how long together (ms), the shortest and the longest of them. */
interface Durations {
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** What metrics are computed from; can be added up. */
export interface Totals {
  readonly counts: Map<string, number>;
  readonly durations: Map<string, Durations>;
}

/** Half hours that are over and were never played, since all that counts in them was played later. */
export interface UnplayedPast {
  /** Their end. */
  readonly untilMs: EpochMs;
  /** Starts of played half hours which together counted what one of the past would have. */
  readonly sameAs: (intervalStartMs: EpochMs) => readonly EpochMs[];
}

/** Keeps that many half hours at most. */
export function createIntervalLedger(
  serviceLevel: ServiceLevel,
  keptMax: number = intervalsMax,
  past?: UnplayedPast,
): IntervalLedger {
  const intervals = new Map<EpochMs, Totals>();
  let completeFromMs = -Infinity;

  const totalsAt = (atMs: EpochMs): Totals => {
    const startMs = intervalStartOf(atMs);
    let totals = intervals.get(startMs);
    if (totals === undefined) {
      totals = createTotals();
      intervals.set(startMs, totals);
      for (const oldest of intervals.keys()) {
        if (intervals.size <= keptMax) break;
        intervals.delete(oldest);
        completeFromMs = oldest + intervalMs;
      }
    }
    return totals;
  };

  const totalsOf = (intervalStartMs: EpochMs): Totals | undefined => {
    if (past === undefined || intervalStartMs >= past.untilMs) return intervals.get(intervalStartMs);
    const alike = past.sameAs(intervalStartMs).flatMap((startMs) => intervals.get(startMs) ?? []);
    if (alike.length < 2) return alike[0];
    const both = createTotals();
    for (const each of alike) addTotals(both, each);
    return both;
  };

  return {
    addCount(atMs, metric) {
      increase(totalsAt(atMs).counts, metric, 1);
    },
    addWait(atMs, metric, waitMs) {
      const totals = totalsAt(atMs);
      for (const each of [metric, 'tWait', 'tAcd']) addDuration(totals, each, waitMs);
      const isOverSla = metric === 'tAnswered' && waitMs > serviceLevel.durationMs;
      if (isOverSla) increase(totals.counts, 'nOverSla', 1);
      return isOverSla;
    },
    addDuration(atMs, metric, ms) {
      addDuration(totalsAt(atMs), metric, ms);
    },
    metrics(intervalStartMs) {
      const totals = totalsOf(intervalStartMs);
      return totals === undefined ? [] : metricsOf(totals, serviceLevel.percentage);
    },
    startsMs: () => [...intervals.keys()],
    completeFromMs: () => completeFromMs,
    totals: totalsOf,
    target: serviceLevel.percentage,
  };
}

export function createTotals(): Totals {
  return { counts: new Map(), durations: new Map() };
}

function increase(counts: Map<string, number>, metric: string, by: number): void {
  counts.set(metric, (counts.get(metric) ?? 0) + by);
}

function addDuration(totals: Totals, metric: string, ms: number): void {
  addDurations(totals.durations, metric, { count: 1, sum: ms, min: ms, max: ms });
}

/** Adds what one call gave: counts are named with n. A wait that ended counts as one, however it did. */
export function addEmission(totals: Totals, { metric, value }: Pick<Emission, 'metric' | 'value'>): void {
  if (metric.startsWith('n')) increase(totals.counts, metric, value);
  else addDuration(totals, metric, value);
  if (waitMetrics.includes(metric)) addDuration(totals, 'tWait', value);
}

function addDurations(durations: Map<string, Durations>, metric: string, { count, sum, min, max }: Durations): void {
  const known = durations.get(metric);
  if (known === undefined) {
    durations.set(metric, { count, sum, min, max });
    return;
  }
  known.count += count;
  known.sum += sum;
  known.min = Math.min(known.min, min);
  known.max = Math.max(known.max, max);
}

/** Adds the second to the first. */
export function addTotals(into: Totals, { counts, durations }: Totals): void {
  for (const [metric, count] of counts) increase(into.counts, metric, count);
  for (const [metric, each] of durations) addDurations(into.durations, metric, each);
}

/** Metrics as the platform states them; without a target (0 to 1) those of the service level are left out but for its parts. */
export function metricsOf({ counts, durations }: Totals, target: number | undefined): Metric[] {
  const metrics = Array.from(counts, ([metric, count]): Metric => ({ metric, stats: { count } }));
  for (const [metric, { count: of, sum, min, max }] of durations) {
    metrics.push({ metric, stats: { max, min, count: of, sum } });
  }
  const targets = target === undefined ? {} : { target };
  if (target !== undefined) metrics.push({ metric: 'oServiceTarget', stats: { current: target } });
  const answered = durations.get('tAnswered')?.count ?? 0;
  const denominator = answered + (durations.get('tAbandon')?.count ?? 0);
  if (denominator > 0) {
    const numerator = answered - (counts.get('nOverSla') ?? 0);
    metrics.push({
      metric: 'oServiceLevel',
      stats: { ratio: numerator / denominator, numerator, denominator, ...targets },
    });
  }
  return metrics;
}
