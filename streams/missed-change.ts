import { type EventOf, type InstantMetric, type QueueEvent, snapshotMetrics, type Tick } from './event.ts';
import type { Logic } from './logic.ts';
import { type EpochMs, type Output, output } from './record.ts';
import { quarantine } from './records/quarantine.ts';

/** A count that a snapshot corrected, unless a frame says the same in time. */
interface Suspicion {
  readonly told: number;
  readonly truth: number;
  readonly sinceMs: EpochMs;
}

interface WatchedQueue {
  /** All counts were said by a snapshot, and every change since was heard. */
  isKnown: boolean;
  /** `mediaType|metric|qualifier` → count. */
  counts: Map<string, number>;
  suspicions: Map<string, Suspicion>;
}

type Watched = Map<string, WatchedQueue>;

/** The platform tells of a change within a second, and gives it in an answer at once. */
const toldWithinMs = 3_000;

/**
 * Notices what a channel never said: when a snapshot that nobody needed differs from what the frames added up to, and no frame says so within
 * a few seconds in which channels were heard, that is a record. After a gap a difference is no surprise.
 */
export function noticeMissedChanges(): Logic<Watched, QueueEvent, Output> {
  return {
    name: 'missed-change',
    version: 2,
    start: () => new Map(),
    step(queues, event) {
      switch (event.kind) {
        case 'queue-observed':
          hear(queueOf(queues, event.queueId), event);
          return [queues, []];
        case 'queue-snapshot':
          if (event.groups !== null) compare(queueOf(queues, event.queueId), event.groups, event.receivedAtMs);
          return [queues, []];
        case 'channel-gap':
          for (const queueId of event.queueIds ?? queues.keys()) {
            const queue = queues.get(queueId);
            if (queue !== undefined) Object.assign(queue, { isKnown: false, suspicions: new Map() });
          }
          return [queues, []];
        case 'queue-removed':
          queues.delete(event.queueId);
          return [queues, []];
        case 'tick':
          return [queues, [...queues].flatMap(([queueId, queue]) => confirmed(queueId, queue, event))];
        case 'queue-interval':
        case 'interval-read':
        case 'interaction-changed':
        case 'agent-status':
        case 'agent-profile':
        case 'agent-removed':
        case 'agent-satisfaction':
        case 'queue-profile':
        case 'input-rejected':
          return [queues, []];
      }
    },
  };
}

function queueOf(queues: Watched, queueId: string): WatchedQueue {
  let queue = queues.get(queueId);
  if (queue === undefined) {
    queue = { isKnown: false, counts: new Map(), suspicions: new Map() };
    queues.set(queueId, queue);
  }
  return queue;
}

const asked: ReadonlySet<string> = new Set(snapshotMetrics);

const keyOf = (mediaType: string | null, { metric, qualifier }: InstantMetric) =>
  `${mediaType ?? ''}|${metric}|${qualifier ?? ''}`;

function hear({ counts, suspicions }: WatchedQueue, { mediaType, metrics }: EventOf<'queue-observed'>): void {
  for (const metric of metrics) {
    if (!asked.has(metric.metric)) continue;
    const key = keyOf(mediaType, metric);
    counts.set(key, metric.count);
    suspicions.delete(key);
  }
}

function compare(
  queue: WatchedQueue,
  groups: NonNullable<EventOf<'queue-snapshot'>['groups']>,
  receivedAtMs: EpochMs,
): void {
  const truth = new Map<string, number>();
  for (const { mediaType, metrics } of groups) {
    for (const metric of metrics) truth.set(keyOf(mediaType, metric), metric.count);
  }
  if (queue.isKnown) {
    for (const key of new Set([...queue.counts.keys(), ...truth.keys()])) {
      const [told, now] = [queue.counts.get(key) ?? 0, truth.get(key) ?? 0];
      if (told === now) queue.suspicions.delete(key);
      else if (!queue.suspicions.has(key)) queue.suspicions.set(key, { told, truth: now, sinceMs: receivedAtMs });
    }
  }
  queue.isKnown = true;
  queue.counts = truth;
}

/** A channel that has said nothing at all since may be one that is lost: then a gap will say so. */
function confirmed(queueId: string, { suspicions }: WatchedQueue, { receivedAtMs, heardUntilMs }: Tick): Output[] {
  const found: Output[] = [];
  for (const [key, { told, truth, sinceMs }] of suspicions) {
    if (heardUntilMs === null || heardUntilMs - sinceMs < toldWithinMs) continue;
    suspicions.delete(key);
    const [mediaType = '', metric = '', qualifier = ''] = key.split('|');
    const what = [metric, qualifier, mediaType].filter((part) => part !== '').join(' ');
    const cause = `missed: frames said ${what} was ${told}, a snapshot says ${truth}`;
    found.push(output(quarantine, { place: `observations/${queueId}`, cause, receivedAtMs: sinceMs }, receivedAtMs));
  }
  return found;
}
