import { type DayTotals, foldDayTotals } from './day-totals.ts';
import type { EventOf, InstantMetric, QueueEvent } from './event.ts';
import { foldHandleTime, type HandleTime, handleSecondsMean, startHandleTime } from './handle-time.ts';
import type { Logic } from './logic.ts';
import type { EpochMs } from './record.ts';
import type { QueueState } from './records/queue-state.ts';

/** Counts by metric and qualifier. Complete since a snapshot: then an absent count is zero, otherwise it is unknown. */
interface Group {
  complete: boolean;
  counts: Map<string, InstantMetric>;
}

interface MediaGroup extends Group {
  /** Media types nobody ever used are left unsaid, all but voice. */
  used: boolean;
  /** Conversation → when it joined. Known to be whole only after a snapshot named everyone. */
  enqueuedAtMs: Map<string, EpochMs>;
  enqueuedComplete: boolean;
  day: DayTotals | null;
  handleTime: HandleTime;
  published: QueueState | null;
}

/** What is known of one queue, as it is saved. */
interface Queue {
  status: QueueState['status'];
  agents: Group;
  media: Map<string, MediaGroup>;
}

type Queues = Map<string, Queue>;

const startGroup = (): Group => ({ complete: false, counts: new Map() });

const startMediaGroup = (mediaType: string): MediaGroup => ({
  ...startGroup(),
  used: mediaType === 'voice',
  enqueuedAtMs: new Map(),
  enqueuedComplete: false,
  day: null,
  handleTime: startHandleTime(),
  published: null,
});

/**
 * Folds events into what is known of each queue and media type; one output whenever anything but its time has changed.
 * Partial counts are merged, a snapshot replaces, a gap makes everything stale until the queue's next snapshot.
 */
export function followQueues(settings: { readonly timeZone: string }): Logic<Queues, QueueEvent, QueueState> {
  return {
    name: 'queue-state',
    version: 1,
    start: () => new Map(),
    step(queues, event) {
      switch (event.kind) {
        case 'queue-observed': {
          const queue = queueOf(queues, event.queueId);
          const group = event.mediaType === null ? queue.agents : mediaOf(queue, event.mediaType);
          merge(group, event.metrics);
          if (event.mediaType === null) return [queues, changes(queue, event)];
          mediaOf(queue, event.mediaType).used = true;
          return [queues, changes(queue, event, event.mediaType)];
        }
        case 'queue-interval': {
          if (event.mediaType === null) return [queues, []];
          const queue = queueOf(queues, event.queueId);
          foldInterval(mediaOf(queue, event.mediaType), event, settings.timeZone);
          return [queues, changes(queue, event, event.mediaType)];
        }
        case 'queue-snapshot': {
          const queue = queueOf(queues, event.queueId);
          if (event.groups !== null) replaceCounts(queue, event.groups);
          if (event.waiting !== null) replaceWaiting(queue, event.waiting);
          return [queues, changes(queue, event)];
        }
        case 'interaction-changed': {
          const queue = queueOf(queues, event.queueId);
          foldInteraction(mediaOf(queue, event.mediaType), event);
          return [queues, changes(queue, event, event.mediaType)];
        }
        case 'channel-gap': {
          if (event.endMs !== null) return [queues, []];
          const stale: QueueState[] = [];
          for (const queueId of [...queues.keys()].sort()) {
            const queue = queueOf(queues, queueId);
            queue.status = 'stale';
            for (const group of queue.media.values()) group.enqueuedComplete = false;
            stale.push(...changes(queue, { queueId, receivedAtMs: event.receivedAtMs }));
          }
          return [queues, stale];
        }
        case 'agent-status':
        case 'agent-profile':
        case 'queue-profile':
        case 'tick':
        case 'input-rejected':
          return [queues, []];
      }
    },
  };
}

function queueOf(queues: Queues, queueId: string): Queue {
  let queue = queues.get(queueId);
  if (queue === undefined) {
    queue = { status: 'observed', agents: startGroup(), media: new Map() };
    queues.set(queueId, queue);
  }
  return queue;
}

function mediaOf(queue: Queue, mediaType: string): MediaGroup {
  let group = queue.media.get(mediaType);
  if (group === undefined) {
    group = startMediaGroup(mediaType);
    queue.media.set(mediaType, group);
  }
  return group;
}

function merge(group: Group, metrics: readonly InstantMetric[]): void {
  for (const metric of metrics) group.counts.set(metric.metric + '|' + (metric.qualifier ?? ''), metric);
}

function replaceCounts(queue: Queue, groups: NonNullable<EventOf<'queue-snapshot'>['groups']>): void {
  queue.status = 'observed';
  mediaOf(queue, 'voice');
  for (const group of [queue.agents, ...queue.media.values()]) {
    group.complete = true;
    group.counts.clear();
  }
  for (const { mediaType, metrics } of groups) {
    const group = mediaType === null ? queue.agents : mediaOf(queue, mediaType);
    group.complete = true;
    merge(group, metrics);
    if (mediaType !== null && metrics.some((metric) => metric.count > 0)) mediaOf(queue, mediaType).used = true;
  }
}

function replaceWaiting(queue: Queue, waiting: NonNullable<EventOf<'queue-snapshot'>['waiting']>): void {
  for (const { mediaType } of waiting) mediaOf(queue, mediaType).used = true;
  for (const [mediaType, group] of queue.media) {
    group.enqueuedComplete = true;
    group.enqueuedAtMs = new Map(
      waiting.filter((each) => each.mediaType === mediaType).map((each) => [each.conversationId, each.enqueuedAtMs]),
    );
  }
}

function foldInteraction(group: MediaGroup, event: EventOf<'interaction-changed'>): void {
  group.used = true;
  const waiting = event.stays.find((stay) => stay.leftAtMs === null);
  if (waiting === undefined || event.customerLeftAtMs !== null) group.enqueuedAtMs.delete(event.conversationId);
  else group.enqueuedAtMs.set(event.conversationId, waiting.enqueuedAtMs);
}

function foldInterval(group: MediaGroup, event: EventOf<'queue-interval'>, timeZone: string): void {
  group.used = true;
  group.day = foldDayTotals(group.day, event.startMs, event.metrics, timeZone);
  const handled = event.metrics.find((metric) => metric.metric === 'tHandle')?.stats;
  if (handled?.count === undefined || handled.sum === undefined) return;
  foldHandleTime(group.handleTime, event.startMs, handled.count, handled.sum);
}

/** The states of a queue, or of one of its media types, that differ from what was said last. */
function changes(
  queue: Queue,
  event: { readonly queueId: string; readonly receivedAtMs: EpochMs },
  only?: string,
): QueueState[] {
  const changed: QueueState[] = [];
  for (const [mediaType, group] of queue.media) {
    if (!group.used || (only !== undefined && only !== mediaType)) continue;
    const state = describe(queue, group, event.queueId, mediaType, event.receivedAtMs);
    if (group.published !== null && isSame(group.published, state)) continue;
    group.published = state;
    changed.push(state);
  }
  return changed;
}

function describe(
  queue: Queue,
  group: MediaGroup,
  queueId: string,
  mediaType: string,
  observedAtMs: EpochMs,
): QueueState {
  const { agents } = queue;
  const waiting = countOf(group, 'oWaiting|');
  const sums = group.day?.sums ?? null;
  return {
    queueId,
    mediaType,
    status: queue.status,
    waiting,
    longestWaitStartMs: waiting === 0 ? null : longestWaitStartMs(group),
    interacting: countOf(group, 'oInteracting|'),
    agentsOnQueue: sumOf(agents, 'oOnQueueUsers'),
    agentsIdle: countOf(agents, 'oOnQueueUsers|IDLE'),
    agentsInteracting: countOf(agents, 'oOnQueueUsers|INTERACTING'),
    agentsCommunicating: countOf(agents, 'oOnQueueUsers|COMMUNICATING'),
    agentsNotResponding: countOf(agents, 'oOnQueueUsers|NOT_RESPONDING'),
    agentsOffQueue: sumOf(agents, 'oOffQueueUsers'),
    offered: sums?.offered ?? null,
    answered: sums?.answered ?? null,
    abandoned: sums?.abandoned ?? null,
    serviceLevel: sums === null || sums.serviceLevelOf === 0 ? null : sums.withinTarget / sums.serviceLevelOf,
    serviceLevelTarget: group.day?.target ?? null,
    totalsSinceMs: group.day?.sinceMs ?? null,
    handleSecondsMean: handleSecondsMean(group.handleTime),
    observedAtMs,
  };
}

/** `name` = metric|qualifier, as the counts are kept. */
function countOf(group: Group, name: string): number | null {
  return group.counts.get(name)?.count ?? (group.complete ? 0 : null);
}

function sumOf(group: Group, metric: string): number | null {
  if (!group.complete) return null;
  let sum = 0;
  for (const each of group.counts.values()) if (each.metric === metric) sum += each.count;
  return sum;
}

/** From the interactions themselves where all are known, else from the platform's own metric, else unknown. */
function longestWaitStartMs(group: MediaGroup): EpochMs | null {
  if (!group.enqueuedComplete) return group.counts.get('oLongestWaiting|')?.startedAtMs ?? null;
  let oldest: EpochMs | null = null;
  for (const enqueuedAtMs of group.enqueuedAtMs.values()) {
    if (oldest === null || enqueuedAtMs < oldest) oldest = enqueuedAtMs;
  }
  return oldest;
}

function isSame(a: QueueState, b: QueueState): boolean {
  return (
    a.status === b.status &&
    a.waiting === b.waiting &&
    a.longestWaitStartMs === b.longestWaitStartMs &&
    a.interacting === b.interacting &&
    a.agentsOnQueue === b.agentsOnQueue &&
    a.agentsIdle === b.agentsIdle &&
    a.agentsInteracting === b.agentsInteracting &&
    a.agentsCommunicating === b.agentsCommunicating &&
    a.agentsNotResponding === b.agentsNotResponding &&
    a.agentsOffQueue === b.agentsOffQueue &&
    a.offered === b.offered &&
    a.answered === b.answered &&
    a.abandoned === b.abandoned &&
    a.serviceLevel === b.serviceLevel &&
    a.serviceLevelTarget === b.serviceLevelTarget &&
    a.totalsSinceMs === b.totalsSinceMs &&
    a.handleSecondsMean === b.handleSecondsMean
  );
}
