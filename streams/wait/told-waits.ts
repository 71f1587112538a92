import type { EventOf } from '../event.ts';
import type { EpochMs } from '../record.ts';

/** Somebody who has left, as the running totals of the queue tell it. */
interface Leaver {
  readonly outcome: 'answered' | 'abandoned';
  readonly enqueuedAtMs: EpochMs;
  readonly toldAtMs: EpochMs;
}

/** What the running totals of a queue and medium tell of those who have left it. */
export interface ToldWaits {
  /** By outcome, the last total of the half hour that began last. */
  totals: Map<Leaver['outcome'], { readonly startMs: EpochMs; readonly count: number; readonly sumMs: number }>;
  /** Those who were not yet missed among those who wait, at most `leaversMax`. */
  leavers: Leaver[];
}

export const startToldWaits = (): ToldWaits => ({ totals: new Map(), leavers: [] });

const outcomes: ReadonlyMap<string, Leaver['outcome']> = new Map([
  ['tAnswered', 'answered'],
  ['tAbandon', 'abandoned'],
]);

/** A total and the count that belongs to it come within this time. */
const togetherMs = 2000;
const leaversMax = 100;

/** Takes in the totals of a half hour: what a sum has grown by is how long those waited by whom its count has grown. */
export function foldToldWaits(
  told: ToldWaits,
  { startMs, metrics, receivedAtMs }: Pick<EventOf<'queue-interval'>, 'startMs' | 'metrics' | 'receivedAtMs'>,
): void {
  for (const { metric, stats } of metrics) {
    const outcome = outcomes.get(metric);
    if (outcome === undefined || stats.count === undefined || stats.sum === undefined) continue;
    const last = told.totals.get(outcome);
    if (last !== undefined && startMs < last.startMs) continue;
    told.totals.set(outcome, { startMs, count: stats.count, sumMs: stats.sum });
    const before = last?.startMs === startMs ? last : { count: 0, sumMs: 0 };
    const grown = stats.count - before.count;
    // Of the first total heard nobody knows how it grew.
    if (grown <= 0 || (last === undefined && grown > 1)) continue;
    const enqueuedAtMs = receivedAtMs - Math.max(0, stats.sum - before.sumMs) / grown;
    for (let each = 0; each < grown && told.leavers.length < leaversMax; each += 1) {
      told.leavers.push({ outcome, enqueuedAtMs, toldAtMs: receivedAtMs });
    }
  }
}

/** Those of whom it was told just now that they have left; who was told of earlier is forgotten. */
export function leaversOf(told: ToldWaits, atMs: EpochMs): readonly Leaver[] {
  told.leavers = told.leavers.filter(({ toldAtMs }) => Math.abs(atMs - toldAtMs) <= togetherMs);
  return told.leavers;
}
