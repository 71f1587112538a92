import type { EpochMs } from '../record.ts';
import type { QueueState } from '../records/queue-state.ts';
import { type CentreListener, type Departure, leave, newCall } from './departure.ts';
import { callsMax, type Counted, forget, join, type Line, retime } from './line.ts';
import { leaversOf } from './told-waits.ts';

type Counts = Pick<QueueState, 'interacting' | 'longestWaitStartMs' | 'observedAtMs'> & { readonly waiting: number };

const countedOf = ({ waiting, interacting, observedAtMs }: Counts, excess: Counted['excess']): Counted => ({
  waiting,
  interacting,
  atMs: observedAtMs,
  excess,
});

/** Where interactions are not heard: makes up callers who join last and are served first, as many as are counted. */
export function followCount(line: Line, counts: Counts, listener: CentreListener): void {
  if (line.waiting < counts.waiting) makeUp(line, counts, listener);
  else if (line.waiting > counts.waiting) takeOut(line, counts, listener);
  setLongestWait(line, counts);
  line.counted = countedOf(counts, null);
}

function makeUp(line: Line, { waiting, longestWaitStartMs, observedAtMs }: Counts, listener: CentreListener): void {
  const missing = Math.min(waiting, callsMax) - line.waiting;
  // Nobody knows when those joined who were there at the first count: evenly since the first of them.
  const isFirstCount = line.counted === null;
  const sinceMs =
    isFirstCount && line.waiting === 0 ? Math.min(longestWaitStartMs ?? observedAtMs, observedAtMs) : observedAtMs;
  for (let index = 0; index < missing; index += 1) {
    const enqueuedAtMs = Math.round(sinceMs + ((observedAtMs - sinceMs) * index) / missing);
    const call = newCall(enqueuedAtMs, 0);
    const conversationId = `#${line.joinedCount}`;
    // They were not seen to join: a prediction for them from now on would be another question.
    if (!isFirstCount) listener.joined(line, conversationId, call, observedAtMs);
    join(line, conversationId, call, observedAtMs);
    line.madeUp.set(conversationId, true);
  }
}

function takeOut(line: Line, counts: Counts, listener: CentreListener): void {
  const { observedAtMs: atMs, waiting } = counts;
  const departure = (outcome: Departure['outcome']) => ({ outcome, agentId: null, leftAtMs: atMs });
  let answersTold = 0;
  for (const told of leaversOf(line.told, atMs)) {
    if (line.waiting <= waiting) break;
    const conversationId = joinedAround(line, told.enqueuedAtMs);
    if (conversationId === undefined) continue;
    line.told.leavers = line.told.leavers.filter((each) => each !== told);
    leave(line, conversationId, departure(told.outcome), listener);
    forget(line, conversationId, atMs);
    if (told.outcome === 'answered') answersTold += 1;
  }
  const leaving = line.waiting - waiting;
  const answered = answeredOf(line.counted, counts, answersTold);
  for (let index = 0; index < leaving; index += 1) {
    const conversationId = firstOf(line.madeUp) ?? firstOf(line.calls);
    if (conversationId === undefined) return;
    if (answered !== null)
      leave(line, conversationId, departure(index < answered ? 'answered' : 'abandoned'), listener);
    forget(line, conversationId, atMs);
  }
}

/** The time of joining that is read off the totals and that of the count differ by at most this. */
const blurMs = 2000;

/** Of those who were only counted the one who joined at about that time. They stand in the order in which they joined. */
function joinedAround(line: Line, enqueuedAtMs: EpochMs): string | undefined {
  let [nearest, least]: [string | undefined, number] = [undefined, blurMs];
  for (const conversationId of line.madeUp.keys()) {
    const offMs = (line.calls.get(conversationId)?.enqueuedAtMs ?? -Infinity) - enqueuedAtMs;
    if (Math.abs(offMs) <= least) [nearest, least] = [conversationId, Math.abs(offMs)];
    if (offMs > blurMs) break;
  }
  return nearest;
}

/** How many were answered beside those of whom the totals told, by how many more talk; null = nobody knows. */
function answeredOf(before: Counted | null, now: Counts, answersTold: number): number | null {
  if (now.interacting === null || before?.interacting == null) return null;
  return now.interacting - before.interacting - answersTold;
}

/** The platform knows since when the first waits; that we took another out does not change it. */
function setLongestWait(line: Line, { waiting, longestWaitStartMs, observedAtMs }: Counts): void {
  const first = firstOf(line.madeUp);
  const call = first === undefined ? undefined : line.calls.get(first);
  if (longestWaitStartMs === null || waiting === 0 || first === undefined || call === undefined) return;
  const enqueuedAtMs = Math.min(longestWaitStartMs, observedAtMs);
  if (line.madeUp.size < line.calls.size || call.enqueuedAtMs === enqueuedAtMs) return;
  retime(line, first, call, enqueuedAtMs);
}

const firstOf = (those: ReadonlyMap<string, unknown>): string | undefined => {
  for (const first of those.keys()) return first;
  return undefined;
};

/** More have to be known by name than are counted for this long before they are forgotten. */
const excessMsMax = 10_000;
/** A call that rings for longer than this was answered unheard: the platform ends an alert sooner. */
const alertingMsMax = 120_000;

/**
 * Where interactions are heard: who left unheard would wait for ever. At each count it is seen whether more are known than are counted;
 * if that is so at every count of ten seconds, that many are forgotten.
 */
export function checkCount(line: Line, counts: Counts): void {
  const atMs = counts.observedAtMs;
  const more = excessOf(line, counts.waiting, atMs);
  const before = line.counted?.excess ?? null;
  const excess = more <= 0 ? null : { sinceMs: before?.sinceMs ?? atMs, least: Math.min(more, before?.least ?? more) };
  line.counted = countedOf(counts, excess);
  if (excess !== null && atMs - excess.sinceMs >= excessMsMax) forgetExcess(line, excess.least, atMs);
}

/** The same where nothing was counted and nobody came or went for ten seconds; returns whether there is still something to watch. */
export function checkQuiet(line: Line, atMs: EpochMs): boolean {
  const { counted } = line;
  if (counted?.excess == null) return false;
  if (atMs - Math.max(counted.atMs, line.waitingSinceMs) < excessMsMax) return true;
  forgetExcess(line, Math.min(counted.excess.least, excessOf(line, counted.waiting, atMs)), atMs);
  return false;
}

/** Those who ring may be counted among those who wait or not: they are given the benefit of the doubt. */
function excessOf(line: Line, waiting: number, atMs: EpochMs): number {
  for (const [conversationId, sinceMs] of line.alertingSinceMs) {
    if (atMs - sinceMs <= alertingMsMax) break;
    line.alertingSinceMs.delete(conversationId);
  }
  return line.waiting - line.alertingSinceMs.size - waiting;
}

/** Those who were only counted first, then those who were heard of first. */
function forgetExcess(line: Line, excess: number, atMs: EpochMs): void {
  for (let left = excess; left > 0; left -= 1) {
    const conversationId = firstOf(line.madeUp) ?? firstNotAlerting(line);
    if (conversationId === undefined) break;
    forget(line, conversationId, atMs);
  }
  if (line.counted !== null) line.counted = { ...line.counted, excess: null };
}

function firstNotAlerting({ calls, alertingSinceMs }: Line): string | undefined {
  for (const conversationId of calls.keys()) if (!alertingSinceMs.has(conversationId)) return conversationId;
  return undefined;
}

/** Somebody who is heard of by name and joined before the last count was one of those who were only counted. */
export function nameCounted(line: Line, enqueuedAtMs: EpochMs, atMs: EpochMs): void {
  const first = firstOf(line.madeUp);
  if (first !== undefined && enqueuedAtMs <= (line.counted?.atMs ?? Infinity)) forget(line, first, atMs);
}
