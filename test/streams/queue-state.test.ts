import { describe, expect, test } from 'vitest';
import type { EventOf, QueueEvent } from '../../streams/event.ts';
import { run } from '../../streams/logic.ts';
import { followQueues } from '../../streams/queue-state.ts';

/** Heard from the beginning of time, so that every half hour was heard whole. */
const heard: QueueEvent = { kind: 'tick', receivedAtMs: 0, heardUntilMs: 0 };
const follow = (...events: QueueEvent[]) => run(followQueues({ timeZone: 'UTC' }), [heard, ...events]);
const metric = (name: string, count: number, qualifier: string | null = null) => ({
  metric: name,
  qualifier,
  count,
  startedAtMs: null,
});

const snapshot = (atMs: number): QueueEvent => ({
  kind: 'queue-snapshot',
  receivedAtMs: atMs,
  queueId: 'q',
  groups: [
    { mediaType: null, metrics: [metric('oOnQueueUsers', 2, 'IDLE'), metric('oOffQueueUsers', 3, 'p')] },
    { mediaType: 'voice', metrics: [metric('oWaiting', 1), metric('oInteracting', 4)] },
    { mediaType: 'chat', metrics: [metric('oWaiting', 0)] },
  ],
  waiting: null,
});
const waitingList = (atMs: number, ...enqueued: number[]): QueueEvent => ({
  kind: 'queue-snapshot',
  receivedAtMs: atMs,
  queueId: 'q',
  groups: null,
  waiting: enqueued.map((enqueuedAtMs) => ({
    conversationId: `c${enqueuedAtMs}`,
    mediaType: 'voice',
    enqueuedAtMs,
    priority: null,
    skillIds: [],
    languageId: null,
  })),
});
const observed = (atMs: number, mediaType: string | null, ...metrics: ReturnType<typeof metric>[]) => ({
  kind: 'queue-observed' as const,
  receivedAtMs: atMs,
  queueId: 'q',
  mediaType,
  metrics,
});
const gap = (atMs: number, endMs: number | null): EventOf<'channel-gap'> => ({
  kind: 'channel-gap',
  queueIds: null,
  userIds: null,
  receivedAtMs: atMs,
  channel: 0,
  startMs: 5,
  endMs,
  cause: 'closed',
  repairedBy: endMs === null ? 'none' : 'snapshot',
});
const totals = (atMs: number, startMs: number, stats: Record<string, Record<string, number>>): QueueEvent => ({
  kind: 'queue-interval',
  receivedAtMs: atMs,
  queueId: 'q',
  mediaType: 'voice',
  startMs,
  endMs: startMs + 1_800_000,
  metrics: Object.entries(stats).map(([name, value]) => ({ metric: name, qualifier: null, stats: value })),
});

describe('the state of a queue', () => {
  test('after a snapshot an absent count is zero, and media types nobody uses are left unsaid', () => {
    const states = follow(snapshot(10));
    expect(states).toMatchObject([
      {
        mediaType: 'voice',
        waiting: 1,
        interacting: 4,
        agentsOnQueue: 2,
        agentsIdle: 2,
        agentsInteracting: 0,
        agentsOffQueue: 3,
      },
    ]);
    expect(states[0]?.longestWaitStartMs).toBeNull();
    expect(states[0]?.offered).toBeNull();
  });

  test('without a snapshot what was not said is unknown, not zero', () => {
    expect(follow(observed(10, 'voice', metric('oWaiting', 3)))).toMatchObject([
      { waiting: 3, interacting: null, agentsOnQueue: null, agentsIdle: null },
    ]);
  });

  test('partial counts are merged: what a frame does not name has not changed', () => {
    const states = follow(snapshot(10), observed(11, null, metric('oOnQueueUsers', 1, 'INTERACTING')));
    expect(states.at(-1)).toMatchObject({
      waiting: 1,
      interacting: 4,
      agentsIdle: 2,
      agentsInteracting: 1,
      agentsOnQueue: 3,
    });
  });

  test('a second snapshot replaces: a count it does not list has fallen to zero', () => {
    const states = follow(snapshot(10), observed(11, null, metric('oOnQueueUsers', 1, 'INTERACTING')), snapshot(12));
    expect(states.at(-1)).toMatchObject({ agentsInteracting: 0, agentsOnQueue: 2 });
  });

  test('is said only when something other than its time has changed', () => {
    expect(follow(snapshot(10), observed(11, 'voice', metric('oWaiting', 1)))).toHaveLength(1);
  });

  test('the longest wait is that of the oldest interaction still waiting', () => {
    const left = (atMs: number, enqueuedAtMs: number): QueueEvent => ({
      kind: 'interaction-changed',
      receivedAtMs: atMs,
      queueId: 'q',
      conversationId: `c${enqueuedAtMs}`,
      mediaType: 'voice',
      stays: [{ enqueuedAtMs, leftAtMs: atMs, priority: null, skillIds: [], languageId: null }],
      agents: [],
      customerLeftAtMs: null,
    });
    const states = follow(snapshot(10), waitingList(10, 3, 7), left(11, 3), left(12, 7));
    expect(states.map((state) => state.longestWaitStartMs)).toEqual([null, 3, 7, null]);
  });

  test('who rings at an agent is not the one who waits longest, unless counted among those who wait', () => {
    const rings = (atMs: number, endedAtMs: number | null): QueueEvent => ({
      kind: 'interaction-changed',
      receivedAtMs: atMs,
      queueId: 'q',
      conversationId: 'c3',
      mediaType: 'voice',
      stays: [{ enqueuedAtMs: 3, leftAtMs: null, priority: null, skillIds: [], languageId: null }],
      agents: [{ userId: 'u', connectedAtMs: null, endedAtMs, wrapUpEndedAtMs: null }],
      customerLeftAtMs: null,
    });
    const known = [snapshot(10), observed(10, 'voice', metric('oWaiting', 2)), waitingList(10, 3, 7)];
    const last = (...events: QueueEvent[]) => follow(...known, ...events).at(-1)?.longestWaitStartMs;
    expect(last(rings(11, null))).toBe(3);
    expect(last(rings(11, null), observed(12, 'voice', metric('oWaiting', 1)))).toBe(7);
    const missed = [rings(20, 20), observed(21, 'voice', metric('oWaiting', 2))];
    expect(last(rings(11, null), observed(12, 'voice', metric('oWaiting', 1)), ...missed)).toBe(3);
  });

  test('who waits on as a callback in the same queue waits there, and no more on the phone', () => {
    const stay = (enqueuedAtMs: number, leftAtMs: number | null) => ({ enqueuedAtMs, leftAtMs });
    const now = (mediaType: string, ...stays: ReturnType<typeof stay>[]): QueueEvent => ({
      kind: 'interaction-changed',
      receivedAtMs: 20,
      queueId: 'q',
      conversationId: 'c3',
      mediaType,
      stays: stays.map((each) => ({ ...each, priority: null, skillIds: [], languageId: null })),
      agents: [],
      customerLeftAtMs: null,
    });
    const waiting = [observed(11, 'voice', metric('oWaiting', 1)), observed(11, 'callback', metric('oWaiting', 1))];
    const states = follow(
      snapshot(10),
      waitingList(10, 3, 7),
      ...waiting,
      now('callback', stay(3, 20), stay(20, null)),
    );
    const last = new Map(states.map((state) => [state.mediaType, state.longestWaitStartMs]));
    expect(Object.fromEntries(last)).toEqual({ voice: 7, callback: 20 });
  });

  test('a gap makes it stale until the next snapshot of the queue', () => {
    const states = follow(snapshot(10), waitingList(10, 3), gap(20, null), gap(29, 29), snapshot(30));
    expect(states.map((state) => [state.status, state.longestWaitStartMs])).toEqual([
      ['observed', null],
      ['observed', 3],
      ['stale', null],
      ['observed', null],
    ]);
  });

  test('a gap of one channel makes its queues stale and no other, until it or a gap of all queues is closed', () => {
    const of = (queueId: string): QueueEvent => ({ ...observed(1, 'voice', metric('oWaiting', 2)), queueId });
    const ofChannel = (channel: number, queueIds: string[] | null, endMs: number | null): QueueEvent => ({
      ...gap(6, endMs),
      channel,
      queueIds,
    });
    const known = [of('a'), of('b'), ofChannel(1, ['a'], null), ofChannel(2, ['b'], null)];
    const statusOf = (...events: QueueEvent[]) =>
      follow(...known, ...events)
        .slice(2)
        .map(({ queueId, status }) => `${queueId} ${status}`);
    expect(statusOf()).toEqual(['a stale', 'b stale']);
    expect(statusOf(ofChannel(2, ['b'], 7))).toEqual(['a stale', 'b stale', 'b observed']);
    expect(statusOf(ofChannel(0, null, 7))).toEqual(['a stale', 'b stale', 'a observed', 'b observed']);
    // By its end the channel has other queues.
    expect(statusOf(ofChannel(2, ['c'], 7))).toEqual(['a stale', 'b stale', 'b observed']);
    expect(
      statusOf(ofChannel(0, null, null), ofChannel(1, ['a'], 7), ofChannel(2, [], 7), ofChannel(0, ['a'], 8)),
    ).toEqual(['a stale', 'b stale', 'a observed', 'b observed']);
  });

  test('a queue that comes back is known again in every medium in which something was said of it', () => {
    const removed: QueueEvent = { kind: 'queue-removed', receivedAtMs: 20, queueId: 'q' };
    const states = follow(snapshot(10), observed(11, 'chat', metric('oWaiting', 2)), removed, snapshot(30));
    const last = new Map(states.map((state) => [state.mediaType, [state.status, state.waiting]]));
    expect(Object.fromEntries(last)).toEqual({ voice: ['observed', 1], chat: ['observed', 0] });
  });

  test('a queue that is not watched any more is stale at last, whatever was still on its way', () => {
    const removed: QueueEvent = { kind: 'queue-removed', receivedAtMs: 9, queueId: 'q' };
    const read: QueueEvent = {
      ...{ kind: 'interval-read', receivedAtMs: 11, queueId: 'q', startMs: 0, endMs: 1_800_000 },
      groups: [{ mediaType: 'voice', metrics: [{ metric: 'nOffered', qualifier: null, stats: { count: 3 } }] }],
    };
    const late = [observed(10, 'voice', metric('oInteracting', 1)), totals(10, 0, { nOffered: { count: 3 } }), read];
    const states = follow(observed(1, 'voice', metric('oWaiting', 2)), removed, ...late);
    expect(states.map(({ status, waiting }) => ({ status, waiting }))).toEqual([
      { status: 'observed', waiting: 2 },
      { status: 'stale', waiting: 2 },
    ]);
  });

  test('a queue that comes back is known by its snapshot, and by nothing from before', () => {
    const removed: QueueEvent = { kind: 'queue-removed', receivedAtMs: 9, queueId: 'q' };
    const states = follow(observed(1, 'voice', metric('oWaiting', 2), metric('oAlerting', 1)), removed, snapshot(30));
    expect(states.at(-1)).toMatchObject({ status: 'observed', waiting: 1, interacting: 4, observedAtMs: 30 });
  });

  test('what a snapshot says while a gap is open is stale until the gap is closed', () => {
    const states = follow(gap(20, null), snapshot(25), gap(29, 29));
    expect(states.map(({ status, waiting, observedAtMs }) => [status, waiting, observedAtMs])).toEqual([
      ['stale', 1, 25],
      ['observed', 1, 29],
    ]);
  });

  test('a media type first used after a snapshot has zeros, since the snapshot knew of none', () => {
    const states = follow(snapshot(10), waitingList(10), observed(11, 'email', metric('oWaiting', 1)));
    expect(states.at(-1)).toMatchObject({ mediaType: 'email', waiting: 1, interacting: 0 });
  });

  test("yesterday's totals are not today's: they are unknown until a half hour of today is seen", () => {
    const day = Date.UTC(2026, 2, 1);
    const late = totals(day + 86_300_000, day + 84_600_000, { nOffered: { count: 21 } });
    const states = follow(late, observed(day + 90_000_000, 'voice', metric('oWaiting', 1)));
    expect(states.map(({ offered, totalsSinceMs }) => [offered, totalsSinceMs])).toEqual([
      [21, day + 84_600_000],
      [null, null],
    ]);
  });

  test('a half hour that was let go is not counted into the handle time again', () => {
    const half = 1_800_000;
    const handled = (index: number, count: number) =>
      totals(index, index * half, { tHandle: { count, sum: count * 100_000 } });
    const states = follow(handled(0, 9), handled(1, 1), handled(2, 1), handled(3, 1), handled(4, 1));
    const again = follow(handled(0, 9), handled(1, 1), handled(2, 1), handled(3, 1), handled(4, 1), {
      ...totals(5, 0, { tHandle: { count: 10, sum: 5_000_000 } }),
    });
    expect(again.at(-1)?.handleSecondsMean).toBe(states.at(-1)?.handleSecondsMean);
  });

  test('a half hour that was not heard whole is no part of the totals: at the start, and around a gap', () => {
    const half = 1_800_000;
    const tick = (receivedAtMs: number): QueueEvent => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs });
    const offered = (atMs: number, count: number) => totals(atMs, atMs - (atMs % half), { nOffered: { count } });
    const cut = { ...gap(0, null), startMs: 3 * half + 10 };
    const states = run(followQueues({ timeZone: 'UTC' }), [
      tick(100),
      offered(200, 9),
      offered(half + 1, 1),
      offered(2 * half + 1, 2),
      { ...cut, receivedAtMs: 3 * half + 20 },
      { ...cut, receivedAtMs: 3 * half + 30, endMs: 3 * half + 30, repairedBy: 'snapshot' as const },
      offered(3 * half + 40, 7),
      offered(4 * half + 1, 4),
    ]);
    expect(states.map(({ status, offered: sum, totalsSinceMs }) => [status, sum, totalsSinceMs])).toEqual([
      ['observed', null, null],
      ['observed', 1, half],
      ['observed', 3, half],
      ['stale', null, null],
      ['observed', null, null],
      ['observed', 4, 4 * half],
    ]);
  });

  test('of a day that is read at the start count from midnight on only when the half hour in which it began was read too', () => {
    const half = 1_800_000;
    const joinedMs = 2.5 * half;
    const read = (atMs: number, startMs: number, offered: number): QueueEvent => ({
      ...{ kind: 'interval-read', receivedAtMs: atMs, queueId: 'q', startMs, endMs: startMs + half },
      groups: [{ mediaType: 'voice', metrics: [{ metric: 'nOffered', qualifier: null, stats: { count: offered } }] }],
    });
    const events: QueueEvent[] = [
      snapshot(joinedMs),
      { kind: 'tick', receivedAtMs: joinedMs, heardUntilMs: joinedMs },
      read(joinedMs + 1, 0, 10),
      read(joinedMs + 1, half, 20),
      totals(3.1 * half, 3 * half, { nOffered: { count: 4 } }),
      read(3.6 * half, 2 * half, 30),
    ];
    const voice = run(followQueues({ timeZone: 'UTC' }), events).filter(({ mediaType }) => mediaType === 'voice');
    expect(voice.map(({ offered, totalsSinceMs }) => [offered, totalsSinceMs])).toEqual([
      [null, null],
      [4, 3 * half],
      [64, 0],
    ]);
  });

  test('a half hour that was read again closes its hole, and the totals go back to the one before', () => {
    const half = 1_800_000;
    const tick = (receivedAtMs: number): QueueEvent => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs });
    const offered = (atMs: number, count: number) => totals(atMs, atMs - (atMs % half), { nOffered: { count } });
    const read = (atMs: number, startMs: number, ...counts: number[]): QueueEvent => ({
      kind: 'interval-read',
      receivedAtMs: atMs,
      queueId: 'q',
      startMs,
      endMs: startMs + half,
      groups: counts.map((count) => ({
        mediaType: 'voice',
        metrics: [{ metric: 'nOffered', qualifier: null, stats: { count } }],
      })),
    });
    const cut = { ...gap(0, null), startMs: 13 * half + 10 };
    const states = follow(
      tick(11 * half + 100),
      offered(12 * half + 1, 2),
      { ...cut, receivedAtMs: 13 * half + 20 },
      { ...cut, receivedAtMs: 13 * half + 30, endMs: 13 * half + 30, repairedBy: 'snapshot' as const },
      offered(14 * half + 1, 4),
      read(14 * half + 900_000, 13 * half, 7),
      // Before the first that was heard, and then one that lies apart from all others.
      read(14 * half + 900_001, 11 * half, 5),
      read(14 * half + 900_002, 8 * half, 99),
    );
    expect(states.map(({ offered: sum, totalsSinceMs }) => [sum, totalsSinceMs])).toEqual([
      [2, 12 * half],
      [null, null],
      [null, null],
      [4, 14 * half],
      [13, 12 * half],
      [18, 11 * half],
    ]);
    // Nothing named is nothing counted.
    expect(
      follow(
        offered(1, 2),
        offered(half + 1, 3),
        { ...cut, startMs: half + 5 },
        { ...cut, startMs: half + 5, endMs: half + 9, repairedBy: 'snapshot' as const },
        read(2 * half, half),
      ).at(-1),
    ).toMatchObject({ offered: 2, totalsSinceMs: 0 });
  });

  test('totals of half hours add up over a day, supersede within a half hour, and start anew at midnight', () => {
    const day = Date.UTC(2026, 2, 1);
    const half = 1_800_000;
    const states = follow(
      totals(1, day, { nOffered: { count: 3 }, tAnswered: { count: 1 } }),
      totals(2, day, {
        nOffered: { count: 4 },
        oServiceLevel: { ratio: 1, numerator: 1, denominator: 2, target: 0.8 },
      }),
      totals(3, day + half, { nOffered: { count: 10 }, tAbandon: { count: 2 } }),
      totals(4, day + 48 * half, { nOffered: { count: 1 } }),
    );
    expect(states.map(({ offered, answered, abandoned }) => [offered, answered, abandoned])).toEqual([
      [3, 1, 0],
      [4, 1, 0],
      [14, 1, 2],
      [1, 0, 0],
    ]);
    expect(states[2]).toMatchObject({ serviceLevel: 0.5, serviceLevelTarget: 0.8, totalsSinceMs: day });
  });

  test('handle time is the mean of what was added to the totals, recent ones weighing more', () => {
    const states = follow(
      totals(1, 0, { tHandle: { count: 1, sum: 60_000 } }),
      totals(2, 0, { tHandle: { count: 2, sum: 180_000 } }),
    );
    expect(states[0]?.handleSecondsMean).toBe(60);
    // The second took 120 s; 0.98 and 1 are the weights.
    expect(states[1]?.handleSecondsMean).toBeCloseTo((0.98 * 60 + 120) / 1.98, 9);
  });
});
