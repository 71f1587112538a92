import type { EventOf, InstantMetric, IntervalMetric, QueueEvent } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import { followQueues } from '../../streams/queue-state.ts';
import type { WaitInput } from '../../streams/wait/wait-model.ts';
import { foldWorld, startWorld, type World } from './world.ts';

/**
 * What observations tell of the queues of a centre: how many wait and talk, how many agents are idle and busy, and the running totals of
 * each half hour; whenever one of them changes.
 */
export function createCounts() {
  const world = startWorld();
  const totals = startTotals();
  const told = new Map<string, string>();
  return (events: readonly QueueEvent[], atMs: EpochMs): readonly QueueEvent[] => {
    const heard: QueueEvent[] = [];
    for (const event of events) foldWorld(world, event);
    for (const event of events) heard.push(...totals.fold(event, world, atMs));
    for (const queueId of world.queueIds) {
      if (!told.has(queueId)) heard.unshift(nothingYet(queueId, atMs));
      for (const event of countsOf(world, queueId, atMs)) {
        const key = `${queueId}/${event.mediaType ?? ''}`;
        const counts = JSON.stringify(event.metrics);
        if (told.get(key) === counts) continue;
        told.set(key, counts).set(queueId, '');
        heard.push(event);
      }
    }
    return heard;
  };
}

/** What the wait model takes in of each event: itself, and how a queue stands by then. */
export function createFollower(): (event: QueueEvent) => readonly WaitInput[] {
  const logic = followQueues({ timeZone: 'UTC' });
  let queues = logic.start();
  return (event) => {
    const [after, states] = logic.step(queues, event);
    queues = after;
    return [event, ...states.map((state): WaitInput => ({ kind: 'queue-state', state }))];
  };
}

/** The first answer about a queue: what it does not name is zero. */
const nothingYet = (queueId: string, atMs: EpochMs): QueueEvent => ({
  kind: 'queue-snapshot',
  receivedAtMs: atMs,
  queueId,
  groups: [],
  waiting: null,
});

function countsOf(
  { waiting, talking, agents }: World,
  queueId: string,
  receivedAtMs: EpochMs,
): readonly EventOf<'queue-observed'>[] {
  let [waits, talks, idle, busy] = [0, 0, 0, 0];
  for (const each of waiting.values()) if (each.queueId === queueId) waits += 1;
  for (const each of talking.values()) if (each === queueId) talks += 1;
  for (const { activeQueueIds, routingStatus } of agents.values()) {
    if (routingStatus === 'OFF_QUEUE' || activeQueueIds?.includes(queueId) !== true) continue;
    if (routingStatus === 'IDLE') idle += 1;
    else busy += 1;
  }
  const of = (mediaType: string | null, metrics: readonly InstantMetric[]): EventOf<'queue-observed'> => ({
    kind: 'queue-observed',
    receivedAtMs,
    queueId,
    mediaType,
    metrics: [...metrics],
  });
  return [
    of('voice', [count('oWaiting', null, waits), count('oInteracting', null, talks)]),
    of(null, [count('oOnQueueUsers', 'IDLE', idle), count('oOnQueueUsers', 'INTERACTING', busy)]),
  ];
}

const count = (metric: string, qualifier: string | null, value: number): InstantMetric => ({
  metric,
  qualifier,
  count: value,
  startedAtMs: null,
});

const halfHourMs = 1_800_000;
type TotalName = 'tAnswered' | 'tAbandon' | 'tHandle';

/** Running totals by queue and half hour, told anew whenever one grows. */
function startTotals() {
  const totals = new Map<string, { startMs: EpochMs; sums: Map<TotalName, { count: number; sum: number }> }>();
  /** Conversations whose answer is counted already. */
  const answered = new Set<string>();
  return {
    fold(event: QueueEvent, { waiting }: World, atMs: EpochMs): readonly QueueEvent[] {
      if (event.kind !== 'interaction-changed' || waiting.has(event.conversationId)) return [];
      const { conversationId, queueId, agents, stays, customerLeftAtMs } = event;
      const enqueuedAtMs = stays[0]?.enqueuedAtMs ?? atMs;
      const [agent] = agents;
      const grown: [TotalName, number][] = [];
      if (agent?.connectedAtMs == null) grown.push(['tAbandon', (customerLeftAtMs ?? atMs) - enqueuedAtMs]);
      else if (!answered.has(conversationId)) grown.push(['tAnswered', agent.connectedAtMs - enqueuedAtMs]);
      if (agent?.connectedAtMs != null) answered.add(conversationId);
      if (agent?.connectedAtMs != null && agent.endedAtMs !== null) {
        grown.push(['tHandle', agent.endedAtMs - agent.connectedAtMs]);
        answered.delete(conversationId);
      }
      const startMs = atMs - (atMs % halfHourMs);
      let ofQueue = totals.get(queueId);
      if (ofQueue?.startMs !== startMs) totals.set(queueId, (ofQueue = { startMs, sums: new Map() }));
      for (const [name, ms] of grown) {
        const { count: before, sum } = ofQueue.sums.get(name) ?? { count: 0, sum: 0 };
        ofQueue.sums.set(name, { count: before + 1, sum: sum + ms });
      }
      const metrics = Array.from(ofQueue.sums, ([metric, stats]): IntervalMetric => ({
        metric,
        qualifier: null,
        stats,
      }));
      const endMs = startMs + halfHourMs;
      return [{ kind: 'queue-interval', receivedAtMs: atMs, queueId, mediaType: 'voice', startMs, endMs, metrics }];
    },
  };
}
