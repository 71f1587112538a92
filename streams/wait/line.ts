import type { EpochMs } from '../record.ts';
import { addDecayed, addToMean, type Decayed, decayedAt, type RunningMean, startMean } from './decayed.ts';
import type { Quote } from './quote.ts';
import { insertTime, removeTime, type SortedTimes } from './sorted-times.ts';

/** One interaction from its joining to the end of its handling. */
export interface Call {
  readonly enqueuedAtMs: EpochMs;
  readonly priority: number;
  /** What was predicted when it joined; null when that was not seen. */
  quote: Quote | null;
  phase: 'waiting' | 'ringing' | 'talking';
  agentId: string | null;
  connectedAtMs: EpochMs | null;
}

/** What is known of one queue and medium: who waits, and how it went of late. */
export interface Line {
  readonly queueId: string;
  readonly mediaType: string;
  /** By conversation; those who wait, ring or talk. */
  calls: Map<string, Call>;
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
  /** How many have joined, and how many talked at last count: for lines whose interactions are not heard one by one. */
  joinedCount: number;
  talkingCount: number;
}

export const startLine = (queueId: string, mediaType: string, atMs: EpochMs): Line => ({
  queueId,
  mediaType,
  calls: new Map(),
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
  talkingCount: 0,
});

/** Abandonments and waiting seconds are remembered for hours, answers and handles for minutes: their rates follow the day. */
const patienceHalfLifeSeconds = 7200;
const paceHalfLifeSeconds = 600;
const handlesHalfLifeSeconds = 3600;

/** More interactions of one line than this at a time are taken for some whose end was never heard. */
export const callsMax = 20_000;

export function join(line: Line, conversationId: string, call: Call, atMs: EpochMs): void {
  if (line.calls.size >= callsMax) forgetOldest(line, atMs);
  line.calls.set(conversationId, call);
  line.joinedCount += 1;
  count(line, 1, atMs);
  let times = line.enqueuedAtMs.get(call.priority);
  if (times === undefined) line.enqueuedAtMs.set(call.priority, (times = []));
  insertTime(times, call.enqueuedAtMs);
}

function forgetOldest(line: Line, atMs: EpochMs): void {
  for (const [conversationId, call] of line.calls) {
    stopWaiting(line, call, atMs);
    line.calls.delete(conversationId);
    return;
  }
}

/** Takes a call out of those who wait, if it is one; it stays among the calls. */
export function stopWaiting(line: Line, call: Call, atMs: EpochMs): void {
  if (call.phase !== 'waiting') return;
  call.phase = 'ringing';
  count(line, -1, atMs);
  const times = line.enqueuedAtMs.get(call.priority);
  if (times === undefined) return;
  removeTime(times, call.enqueuedAtMs);
  if (times.length === 0) line.enqueuedAtMs.delete(call.priority);
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
  for (const [each, times] of line.joins) line.joins.set(each, times / 2);
}
