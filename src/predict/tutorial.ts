import type { QueueEvent } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { QueueState } from '../../streams/records/queue-state.ts';
import { predictSeedWait } from '../../streams/seed-wait.ts';

/**
 * The tutorial's payload, with its names and its formula. Where it could not tell, it said something all the same; here a number that
 * rests on nothing is null.
 */
export interface TutorialPayload {
  readonly queue_id: string;
  readonly in_queue_count: number | null;
  /** As counted; the tutorial said 1 where there was none. */
  readonly agents_available: number | null;
  /** The divisor of the formula: at least 1. */
  readonly effective_agents: number | null;
  readonly nobody_available: boolean | null;
  /** Seconds, over the half hours that the last hour touched. */
  readonly avg_handle_time: number | null;
  /** Seconds. Read, as the tutorial does, and not used by the formula. */
  readonly avg_wait_time: number | null;
  /** Of the two times, those nobody told: they are the tutorial's 240 s and 30 s. */
  readonly defaulted: readonly ('avg_handle_time' | 'avg_wait_time')[];
  /** Whole seconds, 0 to 1800. */
  readonly predicted_wait_seconds: number | null;
  /** `m:ss`. */
  readonly predicted_wait_formatted: string | null;
  /** The formula gave more than half an hour. */
  readonly capped: boolean | null;
  /** 0 to 1. */
  readonly confidence_score: number | null;
  readonly announcement_text: string | null;
  /** When the counts were read, ISO 8601. */
  readonly timestamp: string | null;
  /** Why there is no prediction; null when there is one. */
  readonly reason: 'not_read' | null;
}

const hourMs = 3_600_000;

/** What the tutorial would have said of a queue and medium; `events` hold its half hours. */
export function tutorialPayload(state: QueueState, events: readonly QueueEvent[], atMs: EpochMs): TutorialPayload {
  const handle = meanSeconds(state, events, 'tHandle', atMs);
  const wait = meanSeconds(state, events, 'tWait', atMs);
  const { queueId: queue_id, waiting, agentsIdle } = state;
  const seed = predictSeedWait({
    inQueue: waiting,
    agentsAvailable: agentsIdle,
    ahtSeconds: handle,
    avgWaitSeconds: wait,
  });
  const times = {
    avg_handle_time: seed.ahtSeconds,
    avg_wait_time: seed.avgWaitSeconds,
    defaulted: [
      ...(handle === null ? (['avg_handle_time'] as const) : []),
      ...(wait === null ? (['avg_wait_time'] as const) : []),
    ],
  };
  if (waiting === null || agentsIdle === null) {
    // The formula would take it for an empty queue.
    return {
      ...{ queue_id, in_queue_count: waiting, agents_available: agentsIdle, effective_agents: null },
      ...{ nobody_available: null, ...times, predicted_wait_seconds: null, predicted_wait_formatted: null },
      ...{ capped: null, confidence_score: null, announcement_text: null, timestamp: null, reason: 'not_read' },
    };
  }
  return {
    queue_id,
    in_queue_count: seed.inQueue,
    agents_available: seed.agentsAvailable,
    effective_agents: seed.effectiveAgents,
    nobody_available: seed.agentsAvailable === 0,
    ...times,
    predicted_wait_seconds: seed.predictedWaitSeconds,
    predicted_wait_formatted: seed.predictedWaitFormatted,
    capped: seed.capped,
    confidence_score: seed.confidence,
    announcement_text: seed.announcement,
    timestamp: new Date(atMs).toISOString(),
    reason: null,
  };
}

/** Of what ended in the half hours that the last hour touched; null where nothing did, or nobody may tell. */
function meanSeconds(
  { queueId, mediaType }: QueueState,
  events: readonly QueueEvent[],
  metric: string,
  atMs: EpochMs,
): number | null {
  let [count, sumMs] = [0, 0];
  for (const event of events) {
    if (event.kind !== 'interval-read' || event.queueId !== queueId || event.endMs <= atMs - hourMs) continue;
    for (const group of event.groups) {
      if (group.mediaType !== mediaType) continue;
      for (const each of group.metrics) {
        if (each.metric !== metric || each.qualifier !== null) continue;
        count += each.stats.count ?? 0;
        sumMs += each.stats.sum ?? 0;
      }
    }
  }
  return count > 0 ? sumMs / count / 1000 : null;
}
