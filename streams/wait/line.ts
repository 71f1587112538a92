import type { EpochMs } from '../record.ts';
import { addDecayed, addToMean, type Decayed, decayedAt, type RunningMean, startMean } from './decayed.ts';
import type { Quote } from './quote.ts';
import { insertTime, removeTime, type SortedTimes } from './sorted-times.ts';
import { startToldWaits, type ToldWaits } from './told-waits.ts';

/** One interaction from its joining to the end of its handling. */
export interface Call {
  readonly enqueuedAtMs: EpochMs;
  readonly priority: number;
  /** What was predicted when it joined; null when that was not seen. */
  quote: Quote | null;
  /** `gone`: left the queue without an agent, as far as is known. */
  phase: 'waiting' | 'gone' | 'talking';
  agentId: string | null;
  connectedAtMs: EpochMs | null;
  servedSinceMs: EpochMs | null;
}

/** What is known of one queue and medium: who waits, and how it went of late. */
export interface Line {
  readonly queueId: string;
  readonly mediaType: string;
  /** By conversation; those who wait, in the order in which they were heard of. */
  calls: Map<string, Call>;
  /** Those who wait no more and are not over, in the order in which they stopped. */
  served: Map<string, Call>;
  /** Of the latest that are over, when they joined: what is said of them later is old. */
  finished: Map<string, EpochMs>;
  /** Those who wait and ring at an agent, since when. */
  alertingSinceMs: Map<string, EpochMs>;
  /** Those who wait and were only counted. */
  madeUp: Map<string, true>;
  counted: Counted | null;
  told: ToldWaits;
  /** When those who wait joined, by priority. */
  enqueuedAtMs: Map<number, SortedTimes>;
  waiting: number;
  /** Since when the waiting seconds are not yet in their sum. */
  waitingSinceMs: EpochMs;
  waitingSeconds: Decayed;
  abandons: Decayed;
  answers: Decayed;
  handles: Decayed;
  handleSeconds: RunningMean;
  logHandleSeconds: RunningMean;
  /** Of those who had to wait: 0.9 of what it was and 0.1 of the last; null before the first. */
  smoothedWaitSeconds: number | null;
  lastWaitSeconds: number | null;
  lastAnsweredAtMs: EpochMs | null;
  /** How often each priority joined, for the one a newcomer is taken to have. */
  joins: Map<number, number>;
  joinedCount: number;
}

/** What the platform counted last. */
export interface Counted {
  readonly waiting: number;
  readonly interacting: number | null;
  readonly atMs: EpochMs;
  /** Since when more are known by name than are counted, and the least by how many at any count since; null = no more are. */
  readonly excess: { readonly sinceMs: EpochMs; readonly least: number } | null;
}

export const startLine = (queueId: string, mediaType: string, atMs: EpochMs): Line => ({
  queueId,
  mediaType,
  calls: new Map(),
  served: new Map(),
  finished: new Map(),
  alertingSinceMs: new Map(),
  madeUp: new Map(),
  counted: null,
  told: startToldWaits(),
  enqueuedAtMs: new Map(),
  waiting: 0,
  waitingSinceMs: atMs,
  waitingSeconds: { value: 0, atMs },
  abandons: { value: 0, atMs },
  answers: { value: 0, atMs },
  handles: { value: 0, atMs },
  handleSeconds: startMean(),
  logHandleSeconds: startMean(),
  smoothedWaitSeconds: null,
  lastWaitSeconds: null,
  lastAnsweredAtMs: null,
  joins: new Map(),
  joinedCount: 0,
});

/** Abandonments and waiting seconds are remembered for hours, answers and handles for minutes: their rates follow the day. */
export const patienceHalfLifeSeconds = 7200;
const paceHalfLifeSeconds = 600;
const handlesHalfLifeSeconds = 3600;

/** More who wait in one line than this are not kept; nor are more who are served, or any who have been for longer. */
export const callsMax = 20_000;
export const servedMsMax = 43_200_000;
const finishedMax = 256;

export function join(line: Line, conversationId: string, call: Call, atMs: EpochMs): void {
  if (line.calls.size >= callsMax) forgetFirst(line, atMs);
  line.calls.set(conversationId, call);
  line.joinedCount += 1;
  count(line, 1, atMs);
  let times = line.enqueuedAtMs.get(call.priority);
  if (times === undefined) line.enqueuedAtMs.set(call.priority, (times = []));
  insertTime(times, call.enqueuedAtMs);
}

function forgetFirst(line: Line, atMs: EpochMs): void {
  for (const conversationId of line.calls.keys()) {
    forget(line, conversationId, atMs);
    return;
  }
}

export const callOf = (line: Line, conversationId: string): Call | undefined =>
  line.calls.get(conversationId) ?? line.served.get(conversationId);

/** Takes a call out of those who wait, if it is one. */
function stopWaiting(line: Line, conversationId: string, call: Call, atMs: EpochMs): void {
  if (call.phase !== 'waiting') return;
  call.phase = 'gone';
  count(line, -1, atMs);
  for (const those of [line.calls, line.alertingSinceMs, line.madeUp]) those.delete(conversationId);
  const times = line.enqueuedAtMs.get(call.priority);
  if (times === undefined) return;
  removeTime(times, call.enqueuedAtMs);
  if (times.length === 0) line.enqueuedAtMs.delete(call.priority);
}

/** Sets right when somebody who waits joined. */
export function retime(line: Line, conversationId: string, call: Call, enqueuedAtMs: EpochMs): void {
  const times = line.enqueuedAtMs.get(call.priority) ?? [];
  removeTime(times, call.enqueuedAtMs);
  insertTime(times, enqueuedAtMs);
  line.calls.set(conversationId, { ...call, enqueuedAtMs });
}

/** Takes a call out of those who wait; it is kept until it is over, or for half a day. */
export function serve(line: Line, conversationId: string, call: Call, atMs: EpochMs): void {
  stopWaiting(line, conversationId, call, atMs);
  line.served.delete(conversationId);
  line.served.set(conversationId, call);
  call.servedSinceMs = atMs;
  for (const [first, { servedSinceMs }] of line.served) {
    if (line.served.size <= callsMax && (servedSinceMs ?? atMs) > atMs - servedMsMax) break;
    line.served.delete(first);
  }
}

/** Takes a call out of all. */
export function forget(line: Line, conversationId: string, atMs: EpochMs): void {
  const call = callOf(line, conversationId);
  if (call === undefined) return;
  stopWaiting(line, conversationId, call, atMs);
  line.served.delete(conversationId);
}

/** Takes a call out of all and keeps in mind that it is over. */
export function finish(line: Line, conversationId: string, call: Call, atMs: EpochMs): void {
  forget(line, conversationId, atMs);
  line.finished.delete(conversationId);
  line.finished.set(conversationId, call.enqueuedAtMs);
  if (line.finished.size <= finishedMax) return;
  for (const first of line.finished.keys()) {
    line.finished.delete(first);
    return;
  }
}

function count(line: Line, change: number, atMs: EpochMs): void {
  addDecayed(line.waitingSeconds, pendingSeconds(line, atMs), atMs, patienceHalfLifeSeconds);
  line.waitingSinceMs = Math.max(line.waitingSinceMs, atMs);
  line.waiting += change;
}

const pendingSeconds = (line: Line, atMs: EpochMs) => (line.waiting * Math.max(0, atMs - line.waitingSinceMs)) / 1000;

export function learnAnswer(line: Line, waitSeconds: number, atMs: EpochMs): void {
  addDecayed(line.answers, 1, atMs, paceHalfLifeSeconds);
  line.lastAnsweredAtMs = atMs;
  if (waitSeconds <= 0) return;
  line.lastWaitSeconds = waitSeconds;
  line.smoothedWaitSeconds =
    line.smoothedWaitSeconds === null ? waitSeconds : 0.9 * line.smoothedWaitSeconds + 0.1 * waitSeconds;
}

export function learnAbandon(line: Line, atMs: EpochMs): void {
  addDecayed(line.abandons, 1, atMs, patienceHalfLifeSeconds);
}

export function learnHandle(line: Line, handleSeconds: number, atMs: EpochMs): void {
  const seconds = Math.max(1, handleSeconds);
  addDecayed(line.handles, 1, atMs, handlesHalfLifeSeconds);
  addToMean(line.handleSeconds, seconds, 200);
  addToMean(line.logHandleSeconds, Math.log(seconds), 300);
}

/** What the line adds to the rates of a pool it is part of, as of now. */
export function paceOf(line: Line, atMs: EpochMs) {
  return {
    abandons: decayedAt(line.abandons, atMs, patienceHalfLifeSeconds),
    waitingSeconds: decayedAt(line.waitingSeconds, atMs, patienceHalfLifeSeconds) + pendingSeconds(line, atMs),
    answersPerSecond: (decayedAt(line.answers, atMs, paceHalfLifeSeconds) * Math.LN2) / paceHalfLifeSeconds,
    handles: decayedAt(line.handles, atMs, handlesHalfLifeSeconds),
  };
}

/** When the one who has waited longest joined; null when nobody waits. */
export function longestWaitStartMs(line: Line): EpochMs | null {
  let oldest: EpochMs | null = null;
  for (const [first] of line.enqueuedAtMs.values()) {
    if (first !== undefined && (oldest === null || first < oldest)) oldest = first;
  }
  return oldest;
}

/** The priority that most callers have; a newcomer is taken for one of them. */
export function usualPriority(line: Line): number {
  let [usual, most] = [0, 0];
  for (const [priority, joined] of line.joins) {
    if (joined > most || (joined === most && priority < usual)) [usual, most] = [priority, joined];
  }
  return usual;
}

const joinsMax = 1000;
const prioritiesMax = 16;

export function learnPriority(line: Line, priority: number): void {
  const joined = line.joins.get(priority);
  if (joined === undefined && line.joins.size >= prioritiesMax) return;
  line.joins.set(priority, (joined ?? 0) + 1);
  // Halved now and then, so that what was usual last year gives way.
  if ((joined ?? 0) + 1 < joinsMax) return;
  for (const [each, times] of line.joins) {
    if (times < 2) line.joins.delete(each);
    else line.joins.set(each, times / 2);
  }
}
