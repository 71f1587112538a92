import type { EventOf, IntervalMetric } from '../event.ts';
import type { EpochMs } from '../record.ts';
import { type Centre, openLine } from './centre.ts';
import { addDecayed } from './decayed.ts';
import { learnAbandon, learnAnswer, learnHandle, patienceHalfLifeSeconds } from './line.ts';

/**
 * Tells a model that has heard nothing how it went, by the totals of an interval: as if all answers, ends and departures had been evenly
 * spread over it, each with the mean of its kind. For a model that is asked once and at once: who listens learns more from each call. Give
 * it intervals in order; `untilMs` = now, for the one that is not over yet.
 */
export function recallTotals(centre: Centre, event: EventOf<'interval-read'>, untilMs: EpochMs): void {
  const { queueId, startMs } = event;
  const lengthMs = Math.min(event.endMs, untilMs) - startMs;
  if (lengthMs <= 0) return;
  for (const { mediaType, metrics } of event.groups) {
    const answered = totalOf(metrics, 'tAnswered');
    const abandoned = totalOf(metrics, 'tAbandon');
    const handled = totalOf(metrics, 'tHandle');
    const line = openLine(centre, queueId, mediaType, startMs);
    for (const atMs of timesOf(answered, startMs, lengthMs)) {
      addDecayed(line.waitingSeconds, answered.secondsMean, atMs, patienceHalfLifeSeconds);
      learnAnswer(line, answered.secondsMean, atMs);
    }
    for (const atMs of timesOf(abandoned, startMs, lengthMs)) {
      addDecayed(line.waitingSeconds, abandoned.secondsMean, atMs, patienceHalfLifeSeconds);
      learnAbandon(line, atMs);
    }
    for (const atMs of timesOf(handled, startMs, lengthMs)) learnHandle(line, handled.secondsMean, atMs);
  }
}

interface Total {
  readonly count: number;
  readonly secondsMean: number;
}

function totalOf(metrics: readonly IntervalMetric[], name: string): Total {
  const stats = metrics.find(({ metric, qualifier }) => metric === name && qualifier === null)?.stats;
  const { count = 0, sum = 0 } = stats ?? {};
  const isTotal = count > 0 && count < Infinity && sum >= 0 && sum < Infinity;
  return isTotal ? { count, secondsMean: sum / count / 1000 } : { count: 0, secondsMean: 0 };
}

/** More than this of a half hour say nothing more. */
const recalledMax = 1000;

function* timesOf({ count }: Total, startMs: EpochMs, lengthMs: number): Generator<EpochMs> {
  const recalled = Math.min(Math.round(count), recalledMax);
  for (let index = 0; index < recalled; index += 1) {
    yield Math.round(startMs + ((index + 0.5) / recalled) * lengthMs);
  }
}
