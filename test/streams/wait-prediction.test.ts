import { from } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { run, toOperator } from '../../streams/logic.ts';
import type { QueueState } from '../../streams/records/queue-state.ts';
import { waitPrediction } from '../../streams/records/wait-prediction.ts';
import { predictWait } from '../../streams/wait-prediction.ts';

const state: QueueState = {
  queueId: 'q',
  mediaType: 'voice',
  status: 'observed',
  waiting: 2,
  longestWaitStartMs: null,
  interacting: 5,
  agentsOnQueue: 6,
  agentsIdle: 1,
  agentsInteracting: 5,
  agentsCommunicating: 0,
  agentsNotResponding: 0,
  agentsOffQueue: 0,
  offered: null,
  answered: null,
  abandoned: null,
  serviceLevel: null,
  serviceLevelTarget: null,
  totalsSinceMs: null,
  handleSecondsMean: null,
  observedAtMs: 1_000,
};

const predict = (...changes: Partial<QueueState>[]) =>
  run(
    predictWait(),
    changes.map((change) => ({ ...state, ...change })),
  ).map(({ value }) => waitPrediction.schema.parse(value));

describe('a wait prediction', () => {
  test("is the tutorial's, with 240 s where no handle time was seen, and says so", () => {
    // 2 * 240 / (1 * 0.8) = 600, times 1 - 2 * 0.005
    expect(predict({})).toMatchObject([
      {
        waitSecondsP50: 594,
        waitSecondsP80: null,
        estimator: 'seed',
        reason: null,
        secondsPerPosition: 297,
        confidence: 0.5,
        inputs: { waiting: 2, agentsIdle: 1, handleSeconds: 240, handleSource: 'default' },
        issuedAtMs: 1_000,
      },
    ]);
    expect(predict({ handleSecondsMean: 120 })).toMatchObject([
      { waitSecondsP50: 297, inputs: { handleSeconds: 120, handleSource: 'observed' } },
    ]);
  });

  test.each([
    ['gap', { status: 'stale' }],
    ['stale', { waiting: null }],
    ['stale', { agentsOnQueue: null }],
    ['no_agents', { agentsOnQueue: 0 }],
    ['no_agents', { agentsOnQueue: 2, agentsNotResponding: 2 }],
  ] as const)('has the reason %s and no number for %o', (reason, change) => {
    expect(predict(change)).toMatchObject([
      { reason, waitSecondsP50: null, estimator: null, confidence: null, announcementText: null },
    ]);
  });

  test('is issued when it changes, and not when something else does', () => {
    expect(predict({}, { interacting: 9, observedAtMs: 2_000 }, { waiting: 3, observedAtMs: 3_000 })).toMatchObject([
      { issuedAtMs: 1_000 },
      { issuedAtMs: 3_000, inputs: { waiting: 3 } },
    ]);
  });

  test('can be piped into code of your own', () => {
    const texts: unknown[] = [];
    from([state])
      .pipe(toOperator(predictWait()))
      .subscribe(({ value }) => texts.push(waitPrediction.schema.parse(value).announcementText));
    expect(texts).toEqual(['Your estimated wait time is 9 minutes. There are 2 callers ahead of you.']);
  });
});
