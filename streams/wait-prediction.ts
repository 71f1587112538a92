import type { Logic } from './logic.ts';
import { type Output, output } from './record.ts';
import type { QueueState } from './records/queue-state.ts';
import { type WaitPrediction, waitPrediction } from './records/wait-prediction.ts';
import { predictSeedWait } from './seed-wait.ts';

/**
 * The wait of somebody who joins the queue now, by the tutorial's formula; one record whenever it has changed.
 *
 *     states$       2 waiting, 1 idle ── 2 waiting, 1 idle, 5 talking ── stale
 *     predictions$  P50 594 s ───────────────────────────────────────── none: gap
 */
export function predictWait(): Logic<Map<string, WaitPrediction>, QueueState, Output> {
  return {
    name: 'wait-prediction',
    version: 1,
    start: () => new Map(),
    step(published, state) {
      const key = `${state.queueId}/${state.mediaType}`;
      const before = published.get(key);
      const after = predict(state);
      if (before !== undefined && isSame(before, after)) return [published, []];
      published.set(key, after);
      return [published, [output(waitPrediction, after, state.observedAtMs)]];
    },
  };
}

function predict(state: QueueState): WaitPrediction {
  const reason = reasonForNone(state);
  const seed = predictSeedWait({
    inQueue: state.waiting,
    agentsAvailable: state.agentsIdle,
    ahtSeconds: state.handleSecondsMean,
    avgWaitSeconds: null,
  });
  const known: WaitPrediction = {
    queueId: state.queueId,
    mediaType: state.mediaType,
    waitSecondsP50: seed.predictedWaitSeconds,
    waitSecondsP80: null,
    waitSecondsP90: null,
    secondsPerPosition: seed.inQueue === 0 ? null : seed.predictedWaitSeconds / seed.inQueue,
    estimator: 'seed',
    confidence: seed.confidence,
    reason,
    capped: seed.capped,
    inputs: {
      waiting: state.waiting,
      agentsIdle: state.agentsIdle,
      agentsOnQueue: state.agentsOnQueue,
      handleSeconds: seed.ahtSeconds,
      handleSource: state.handleSecondsMean === null ? 'default' : 'observed',
    },
    announcementText: seed.announcement,
    observedAtMs: state.observedAtMs,
    issuedAtMs: state.observedAtMs,
  };
  if (reason === null) return known;
  return {
    ...known,
    waitSecondsP50: null,
    secondsPerPosition: null,
    estimator: null,
    confidence: null,
    capped: false,
    announcementText: null,
  };
}

function reasonForNone(state: QueueState): WaitPrediction['reason'] {
  if (state.status === 'stale') return 'gap';
  if (state.waiting === null || state.agentsOnQueue === null) return 'stale';
  // Somebody who does not answer his calls is on queue, but takes none.
  return state.agentsOnQueue === (state.agentsNotResponding ?? 0) ? 'no_agents' : null;
}

function isSame(a: WaitPrediction, b: WaitPrediction): boolean {
  return (
    a.waitSecondsP50 === b.waitSecondsP50 &&
    a.confidence === b.confidence &&
    a.reason === b.reason &&
    a.capped === b.capped &&
    a.inputs.waiting === b.inputs.waiting &&
    a.inputs.agentsIdle === b.inputs.agentsIdle &&
    a.inputs.agentsOnQueue === b.inputs.agentsOnQueue &&
    a.inputs.handleSeconds === b.inputs.handleSeconds
  );
}
