import type { EpochMs } from '../record.ts';
import type { Centre } from './centre.ts';
import { headStartsOf, lineKey, lineOf } from './centre.ts';
import { type HeadStarts, headStartSeconds, meanHeadStartSeconds } from './head-start.ts';
import { type Line, longestWaitStartMs, paceOf, usualPriority } from './line.ts';
import { queueLengthWithAbandonment } from './queueing.ts';
import { countUntil } from './sorted-times.ts';
import type { QueueStaff } from './staff.ts';

/** What the estimators go by, of somebody of one priority who joins a line now and is not yet counted. Seconds. */
export interface Features {
  readonly waiting: number;
  /** Those ahead in all lines that the same agents serve, each by the share of them that does. */
  readonly poolWaiting: number;
  /** The same of those only who are served first by priority and time. */
  readonly poolAhead: number;
  readonly ahead: number;
  readonly agents: number;
  readonly agentsIdle: number;
  /** Whether an agent count is known at all. */
  readonly agentsKnown: boolean;
  readonly handleSeconds: number;
  readonly handleKnown: boolean;
  readonly poolHandleSeconds: number;
  readonly abandonRate: number;
  /** Expected ends of handling a second, from how long each has taken so far; null = not known how long. */
  readonly endsPerSecond: number | null;
  readonly elapsedSecondsMean: number | null;
  readonly answersPerSecond: number;
  readonly sinceAnswerSeconds: number | null;
  readonly longestWaitSeconds: number | null;
  readonly lastWaitSeconds: number | null;
  readonly smoothedWaitSeconds: number | null;
  /** What the priority is worth, compared to the mean. */
  readonly headStartSeconds: number;
  readonly isUsualPriority: boolean;
}

/** The tutorial's default where no handle time was ever seen. */
const handleSecondsDefault = 240;

/** A prior of the abandonment rate: one in fifteen minutes of waiting, worth a third of one. */
const priorAbandons = 0.3;
const priorWaitingSeconds = 270;

export function featuresOf(centre: Centre, line: Line, priority: number, atMs: EpochMs): Features {
  const staff = centre.staff.queues.get(line.queueId);
  const served = staff === undefined ? 0 : staff.idleSinceMs.size + staff.busySinceMs.size;
  const counts = centre.agentCounts.get(line.queueId);
  const agents = counts?.agents ?? served;
  const headStarts = headStartsOf(centre, line.mediaType);
  const headStart = headStartSeconds(headStarts, priority);
  const own = countAhead(headStarts, line, headStart, atMs);

  let [poolWaiting, poolAhead, handleSum, handles, answersPerSecond] = [0, 0, 0, 0, 0];
  let [abandons, waitingSeconds] = [priorAbandons, priorWaitingSeconds];
  const shares: Iterable<readonly [string, number]> = served === 0 ? [[line.queueId, 1]] : (staff?.shared ?? []);
  for (const [queueId, count] of shares) {
    const other = queueId === line.queueId ? line : lineOf(centre, queueId, line.mediaType);
    if (other === undefined) continue;
    const share = served === 0 ? 1 : count / served;
    poolWaiting += share * other.waiting;
    poolAhead += share * (other === line ? own : countAhead(headStarts, other, headStart, atMs));
    const pace = paceOf(other, atMs);
    abandons += share * pace.abandons;
    waitingSeconds += share * pace.waitingSeconds;
    answersPerSecond += share * pace.answersPerSecond;
    const weight = share * Math.min(1, other.handleSeconds.count) * (pace.handles + 0.01);
    handleSum += weight * other.handleSeconds.mean;
    handles += weight;
  }
  const told = centre.toldHandleSeconds.get(lineKey(line.queueId, line.mediaType)) ?? null;
  const poolHandleSeconds = handles > 0 ? handleSum / handles : (told ?? handleSecondsDefault);
  const ownHandles = line.handleSeconds.count > ownHandlesMin;
  const longestMs = longestWaitStartMs(line);

  return {
    waiting: line.waiting,
    poolWaiting,
    poolAhead,
    ahead: own,
    agents,
    agentsIdle: counts?.idle ?? staff?.idleSinceMs.size ?? 0,
    agentsKnown: counts !== undefined || centre.staff.agents.size > 0,
    handleSeconds: ownHandles ? line.handleSeconds.mean : (told ?? poolHandleSeconds),
    handleKnown: handles > 0 || told !== null,
    poolHandleSeconds,
    abandonRate: abandons / waitingSeconds,
    ...progressOf(staff, line, atMs),
    answersPerSecond,
    sinceAnswerSeconds: line.lastAnsweredAtMs === null ? null : secondsSince(line.lastAnsweredAtMs, atMs),
    longestWaitSeconds: longestMs === null ? null : secondsSince(longestMs, atMs),
    lastWaitSeconds: line.lastWaitSeconds,
    smoothedWaitSeconds: line.smoothedWaitSeconds,
    headStartSeconds: headStart - meanHeadStartSeconds(headStarts),
    isUsualPriority: priority === usualPriority(line),
  };
}

/** Fewer handle times of its own say less than those of the pool. */
const ownHandlesMin = 3;

const secondsSince = (sinceMs: EpochMs, atMs: EpochMs) => Math.max(0, atMs - sinceMs) / 1000;

/** Those whose time waited plus head start is at least that of somebody who joins now. */
function countAhead(headStarts: HeadStarts, line: Line, headStart: number, atMs: EpochMs): number {
  let ahead = 0;
  for (const [priority, times] of line.enqueuedAtMs) {
    ahead += countUntil(times, atMs + (headStartSeconds(headStarts, priority) - headStart) * 1000);
  }
  return ahead;
}

/** More busy agents than this are taken by a part of them. */
const busyMax = 64;

/** How far the agents are with what they do, by the lognormal distribution of handle times (Brown et al. 2005). */
function progressOf(staff: QueueStaff | undefined, line: Line, atMs: EpochMs) {
  if (staff === undefined || staff.busySinceMs.size === 0) return { endsPerSecond: null, elapsedSecondsMean: null };
  const { count, mean, variance } = line.logHandleSeconds;
  const spread = Math.sqrt(Math.max(0.1, variance));
  let [ends, elapsed, seen] = [0, 0, 0];
  const every = Math.ceil(staff.busySinceMs.size / busyMax);
  let skip = 0;
  for (const sinceMs of staff.busySinceMs.values()) {
    // They stand in the order in which they became busy: the first of them alone would be those who are about to end.
    skip = (skip + 1) % every;
    if (skip !== 0) continue;
    const seconds = secondsSince(sinceMs, atMs);
    ends += count > ownHandlesMin ? lognormalHazard(seconds, mean, spread) : 0;
    elapsed += seconds;
    seen += 1;
  }
  const scale = staff.busySinceMs.size / seen;
  return { endsPerSecond: count > ownHandlesMin ? ends * scale : null, elapsedSecondsMean: elapsed / seen };
}

/** Rate at which something ends that has gone on for `seconds`. */
function lognormalHazard(seconds: number, mean: number, spread: number): number {
  const x = Math.max(1, seconds);
  const z = (Math.log(x) - mean) / spread;
  const beyond = Math.max(1e-6, normalTail(z));
  return Math.exp((-z * z) / 2) / (x * spread * Math.sqrt(2 * Math.PI) * beyond);
}

/** Upper tail of the standard normal distribution, within 7.5e-8 (Abramowitz and Stegun 26.2.17). */
function normalTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const poly = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * poly;
  return z >= 0 ? tail : 1 - tail;
}

/** Mean and variance of the wait by the formula of the pool, with those ahead by priority or with all. */
export function pooledWait(features: Features, ahead: number): { readonly mean: number; readonly variance: number } {
  return queueLengthWithAbandonment({
    ahead,
    agents: features.agents,
    handleSeconds: features.poolHandleSeconds,
    abandonRate: features.abandonRate,
  });
}
