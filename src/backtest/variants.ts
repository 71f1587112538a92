import type { QueueEvent } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { TraceLine } from '../simulator/trace.ts';
import { createCounts, createFollower } from './counts.ts';
import type { Hearing } from './hearing.ts';
import { traceTimeMs } from './trace.ts';
import { foldWorld, mergeStatus, snapshotOf, startWorld } from './world.ts';

/** Worse conditions that a trace can be replayed under. */
export const variants = ['coalesced', 'no-ids', 'lossy', 'blind'] as const;
export type Variant = (typeof variants)[number];

/** How much larger the pinball loss may be than with everything heard. */
export const variantTargets: Readonly<Record<Variant, number>> = {
  coalesced: 1.05,
  'no-ids': 1.35,
  lossy: 1.15,
  blind: 1.1,
};

export function createHearing(variant: Variant, lines: readonly TraceLine[], random: () => number): Hearing {
  switch (variant) {
    case 'coalesced':
      return hearOncePerSecond();
    case 'no-ids':
      return hearCounts();
    case 'lossy':
      return hearMost(random);
    case 'blind':
      return hearNothingDuring(blindWindows(lines));
  }
}

/** Of each conversation and agent how it stands at the end of each second. */
function hearOncePerSecond(): Hearing {
  const pending = new Map<string, QueueEvent>();
  let secondEndsAtMs = 0;
  return {
    until(atMs) {
      if (atMs < secondEndsAtMs || pending.size === 0) return [];
      const heard = Array.from(pending.values(), (event) => ({ ...event, receivedAtMs: secondEndsAtMs }));
      pending.clear();
      return heard;
    },
    hear(events, atMs) {
      secondEndsAtMs = (Math.floor(atMs / 1000) + 1) * 1000;
      for (const event of events) {
        const subject = subjectOf(event);
        const before = pending.get(subject);
        // The order is that of the last changes.
        pending.delete(subject);
        const isStatus = event.kind === 'agent-status' && before?.kind === 'agent-status';
        pending.set(subject, isStatus ? mergeStatus(before, event) : event);
      }
      return [];
    },
  };
}

const subjectOf = (event: QueueEvent) =>
  event.kind === 'interaction-changed'
    ? event.conversationId
    : 'userId' in event
      ? `agent ${event.userId}`
      : event.kind;

/** Without the ids of conversations and agents. */
function hearCounts(): Hearing {
  const countsOf = createCounts();
  const follow = createFollower();
  return { until: () => [], hear: (events, atMs) => countsOf(events, atMs).flatMap(follow) };
}

const lossShare = 0.05;

/** Of conversations, agents and counts one event in twenty never arrives. What was asked for does. */
function hearMost(random: () => number): Hearing {
  const countsOf = createCounts();
  const follow = createFollower();
  const isHeard = ({ kind }: QueueEvent) => kind === 'queue-snapshot' || random() >= lossShare;
  return {
    until: () => [],
    hear: (events, atMs) => [...events, ...countsOf(events, atMs)].filter(isHeard).flatMap(follow),
  };
}

interface Window {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
}

/** Nothing while a window lasts; when it is over, a snapshot. */
function hearNothingDuring(windows: readonly Window[]): Hearing {
  const world = startWorld();
  const gap = (window: Window, endMs: EpochMs | null): QueueEvent => ({
    kind: 'channel-gap',
    receivedAtMs: endMs ?? window.startMs,
    channel: 0,
    queueIds: null,
    userIds: null,
    startMs: window.startMs,
    endMs,
    cause: 'backtest',
    repairedBy: endMs === null ? 'none' : 'snapshot',
  });
  let next = 0;
  let isBlind = false;
  return {
    until(atMs) {
      const heard: QueueEvent[] = [];
      for (let window = windows[next]; window !== undefined && atMs >= window.startMs; window = windows[next]) {
        if (!isBlind) heard.push(gap(window, null));
        isBlind = atMs < window.endMs;
        if (isBlind) break;
        heard.push(...snapshotOf(world, window.endMs), gap(window, window.endMs));
        next += 1;
      }
      return heard;
    },
    hear(events) {
      for (const event of events) foldWorld(world, event);
      return isBlind ? [] : events;
    },
  };
}

const hourSeconds = 3600;
const blindSeconds = 600;

/** Ten minutes in the middle of the busiest hour of each day. */
export function blindWindows(lines: readonly TraceLine[]): readonly Window[] {
  const arrivals = new Map<number, number>();
  for (const line of lines) {
    if (line.ev !== 'arrival') continue;
    const hour = Math.floor(line.t / hourSeconds);
    arrivals.set(hour, (arrivals.get(hour) ?? 0) + 1);
  }
  const busiest = new Map<number, number>();
  for (const [hour, count] of arrivals) {
    const day = Math.floor(hour / 24);
    const before = busiest.get(day);
    if (before === undefined || count > (arrivals.get(before) ?? 0)) busiest.set(day, hour);
  }
  return Array.from(busiest.values(), (hour) => {
    const start = (hour + 0.5) * hourSeconds - blindSeconds / 2;
    return { startMs: traceTimeMs(start), endMs: traceTimeMs(start + blindSeconds) };
  });
}
