import { addDays, dayAt, startOfDate } from '../../streams/calendar.ts';
import type { EpochMs } from '../../streams/record.ts';
import { halfHourMs, isOnHalfHours, type Question } from './question.ts';

/** What is asked for at once. */
export interface Piece {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  /** Of the answer: half hours, or days of the zone where those are not made of half hours. */
  readonly granularity: 'PT30M' | 'P1D';
  readonly queueIds: readonly string[];
  /** So much is to come that it is asked for by a job. */
  readonly isLarge: boolean;
}

/** The platform does not say how long an interval may be: a month at most, and a few hundred buckets. */
const daysMax = { PT30M: 7, P1D: 28 } as const;
/** Cells of queues and buckets that one answer may hold; each comes for every medium. */
const cellsMax = 5_000;
/** A filter takes only so many ids; the platform does not say how many. */
const queuesMax = 100;

/**
 * Cuts a question into pieces: all of the time of the first hundred queues, then of the next. Nothing is asked of the time from
 * `untilMs` on, which is yet to come.
 */
export function planPieces(question: Question, queueIds: readonly string[], untilMs: EpochMs): readonly Piece[] {
  const { startMs, timeZone, granularity: wanted } = question;
  const endMs = Math.min(question.endMs, Math.ceil(untilMs / halfHourMs) * halfHourMs);
  const isCalendar = wanted === 'P1D' || wanted === 'P1W';
  const byDay = isCalendar && !isOnHalfHours(startMs, question.endMs, timeZone);
  const granularity = byDay ? 'P1D' : 'PT30M';
  const pieces: Piece[] = [];
  for (let at = 0; at < queueIds.length; at += queuesMax) {
    const some = queueIds.slice(at, at + queuesMax);
    for (let fromMs = startMs; fromMs < endMs;) {
      const next = startOfDate(addDays(dayAt(fromMs, timeZone).date, daysMax[granularity]), timeZone);
      const toMs = Math.min(next, endMs);
      const buckets = byDay ? daysMax.P1D : (toMs - fromMs) / halfHourMs;
      pieces.push({
        startMs: fromMs,
        endMs: toMs,
        granularity,
        queueIds: some,
        isLarge: some.length * buckets > cellsMax,
      });
      fromMs = toMs;
    }
  }
  return pieces;
}
