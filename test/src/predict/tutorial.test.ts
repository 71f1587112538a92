import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tutorialPayload } from '../../../src/predict/tutorial.ts';
import type { QueueEvent } from '../../../streams/event.ts';
import type { QueueState } from '../../../streams/records/queue-state.ts';
import { predictSeedWait } from '../../../streams/seed-wait.ts';

const nowMs = Date.parse('2026-03-02T10:20:00.000Z');
const halfHourMs = 1_800_000;
const state: QueueState = {
  ...{ queueId: 'q', mediaType: 'voice', status: 'observed', waiting: 3, longestWaitStartMs: null, interacting: 2 },
  ...{ agentsOnQueue: 4, agentsIdle: 2, agentsInteracting: 2, agentsCommunicating: 0, agentsNotResponding: 0 },
  ...{ agentsOffQueue: 0, offered: null, answered: null, abandoned: null, serviceLevel: null },
  ...{ serviceLevelTarget: null, totalsSinceMs: null, handleSecondsMean: 100, observedAtMs: nowMs },
};

/** A half hour of `q` with its totals, in seconds. */
function halfHour(
  start: string,
  mediaType: string,
  totals: Readonly<Record<string, readonly [number, number]>>,
): QueueEvent {
  const startMs = Date.parse(`2026-03-02T${start}:00.000Z`);
  const metrics = Object.entries(totals).map(([metric, [count, seconds]]) => {
    return { metric, qualifier: null, stats: { count, sum: seconds * 1000 } };
  });
  const groups = [{ mediaType, metrics }];
  return { kind: 'interval-read', receivedAtMs: nowMs, queueId: 'q', startMs, endMs: startMs + halfHourMs, groups };
}

test('has the names of the tutorial and the values of its formula, by the half hours that the last hour touched', () => {
  const events = [
    halfHour('08:30', 'voice', { tHandle: [50, 50_000], tWait: [50, 50_000] }),
    halfHour('09:00', 'voice', { tHandle: [2, 300], tWait: [1, 10] }),
    halfHour('09:30', 'chat', { tHandle: [9, 9_000], tWait: [9, 9_000] }),
    halfHour('10:00', 'voice', { tHandle: [2, 100], tWait: [3, 30] }),
  ];
  const { predictedWaitSeconds, confidence } = predictSeedWait({ inQueue: 3, agentsAvailable: 2, ahtSeconds: 100 });
  expect(tutorialPayload(state, events, nowMs)).toEqual({
    queue_id: 'q',
    in_queue_count: 3,
    agents_available: 2,
    effective_agents: 2,
    nobody_available: false,
    avg_handle_time: 100,
    avg_wait_time: 10,
    defaulted: [],
    predicted_wait_seconds: predictedWaitSeconds,
    predicted_wait_formatted: '3:05',
    capped: false,
    confidence_score: confidence,
    announcement_text: 'Your estimated wait time is 3 minutes. There are 3 callers ahead of you.',
    timestamp: '2026-03-02T10:20:00.000Z',
    reason: null,
  });
});

test('tells the true number of agents apart from the divisor, and which times are the defaults', () => {
  const none = tutorialPayload({ ...state, agentsIdle: 0 }, [], nowMs);
  expect(none).toMatchObject({ agents_available: 0, effective_agents: 1, nobody_available: true });
  expect(none).toMatchObject({
    avg_handle_time: 240,
    avg_wait_time: 30,
    defaulted: ['avg_handle_time', 'avg_wait_time'],
  });
});

test('gives no number where counts are not known, in place of that of an empty queue', () => {
  for (const unknown of [{ waiting: null }, { agentsIdle: null }]) {
    const payload = tutorialPayload({ ...state, ...unknown }, [], nowMs);
    expect(payload).toMatchObject({ reason: 'not_read', predicted_wait_seconds: null, predicted_wait_formatted: null });
    expect(payload).toMatchObject({ confidence_score: null, announcement_text: null });
  }
});

test('agrees with the formula for whatever is counted', () => {
  const count = fc.nat({ max: 3_000 });
  const totals = fc.tuple(fc.nat({ max: 500 }), fc.nat({ max: 1_000_000 }));
  fc.assert(
    fc.property(count, count, totals, (waiting, agentsIdle, handled) => {
      const events = [halfHour('10:00', 'voice', { tHandle: handled })];
      const payload = tutorialPayload({ ...state, waiting, agentsIdle }, events, nowMs);
      const ahtSeconds = handled[0] === 0 ? null : handled[1] / handled[0];
      const seed = predictSeedWait({ inQueue: waiting, agentsAvailable: agentsIdle, ahtSeconds });
      expect(payload.predicted_wait_seconds).toBe(seed.predictedWaitSeconds);
      expect(payload.announcement_text).toBe(seed.announcement);
      expect(payload.agents_available).toBe(agentsIdle);
    }),
  );
});
