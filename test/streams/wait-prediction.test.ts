import { from } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { QueueEvent } from '../../streams/event.ts';
import { run, toOperator } from '../../streams/logic.ts';
import type { Output } from '../../streams/record.ts';
import { predictionScore } from '../../streams/records/prediction-score.ts';
import type { QueueState } from '../../streams/records/queue-state.ts';
import { waitOutcome } from '../../streams/records/wait-outcome.ts';
import { waitPrediction } from '../../streams/records/wait-prediction.ts';
import type { WaitInput } from '../../streams/wait/wait-model.ts';
import { predictWaits } from '../../streams/wait-prediction.ts';

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
  handleSecondsMean: 120,
  observedAtMs: 1_000,
};

const settings = { announcementMode: 'approximate', announcementLocale: 'en' } as const;
const asState = (change: Partial<QueueState>): WaitInput => ({ kind: 'queue-state', state: { ...state, ...change } });
const tick = (receivedAtMs: number): WaitInput => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs });

const predictionsOf = (outputs: readonly Output[]) =>
  outputs.filter(({ type }) => type === waitPrediction).map(({ value }) => waitPrediction.schema.parse(value));
const predict = (...inputs: WaitInput[]) => predictionsOf(run(predictWaits(settings), inputs));

/** A conversation as it stands: joined, answered after so long, and handled for so long. */
function interaction(
  id: string,
  enqueuedAtMs: number,
  { answeredAtMs, endedAtMs, gaveUpAtMs }: { answeredAtMs?: number; endedAtMs?: number; gaveUpAtMs?: number } = {},
): QueueEvent {
  return {
    kind: 'interaction-changed',
    receivedAtMs: endedAtMs ?? answeredAtMs ?? gaveUpAtMs ?? enqueuedAtMs,
    queueId: 'q',
    conversationId: id,
    mediaType: 'voice',
    stays: [
      { enqueuedAtMs, leftAtMs: answeredAtMs ?? gaveUpAtMs ?? null, priority: 0, skillIds: [], languageId: null },
    ],
    agents:
      answeredAtMs === undefined
        ? []
        : [
            {
              userId: 'agent',
              connectedAtMs: answeredAtMs,
              endedAtMs: endedAtMs ?? null,
              wrapUpEndedAtMs: endedAtMs ?? null,
            },
          ],
    customerLeftAtMs: gaveUpAtMs ?? null,
  };
}

describe('a wait prediction', () => {
  test('is a distribution with its reasons, and says what it was made of', () => {
    const [prediction] = predict(asState({ agentsIdle: 0 }));
    expect(prediction).toMatchObject({
      estimator: 'regression',
      reason: null,
      inputs: { waiting: 2, agentsIdle: 0, handleSeconds: 120, handleSource: 'observed', waitingSource: 'counts' },
      issuedAtMs: 1_000,
    });
    const { waitSecondsP50, waitSecondsP80, waitSecondsP90 } = prediction ?? {};
    expect(waitSecondsP50).toBeGreaterThan(0);
    expect(waitSecondsP80).toBeGreaterThan(waitSecondsP50 ?? NaN);
    expect(waitSecondsP90).toBeGreaterThan(waitSecondsP80 ?? NaN);
  });

  test('is 0 for most while somebody is idle and nobody waits', () => {
    expect(predict(asState({ waiting: 0 }))).toMatchObject([{ waitSecondsP50: 0, announce: { kind: 'next' } }]);
  });

  test.each([
    ['gap', { status: 'stale' }],
    ['stale', { waiting: null }],
    ['no_agents', { agentsOnQueue: 0 }],
    ['no_agents', { agentsOnQueue: 2, agentsNotResponding: 2 }],
    ['no_history', { handleSecondsMean: null }],
  ] as const)('has the reason %s and no number for %o', (reason, change) => {
    const [prediction, ...more] = predict(asState(change));
    expect(more).toEqual([]);
    expect(prediction).toMatchObject({ reason, waitSecondsP50: null, estimator: null, confidence: null });
    expect(prediction?.announce.kind).toBe(reason);
    expect(prediction?.announcementText).not.toBe('');
  });

  test("is the tutorial's where nothing is known of the agents", () => {
    // 2 * 120 / (1 * 0.8) = 300, times 1 - 2 * 0.005
    expect(predict(asState({ agentsOnQueue: null, agentsIdle: null }))).toMatchObject([
      { estimator: 'seed', reason: null, waitSecondsP50: 297, confidence: 0.5 },
    ]);
  });

  test('is said at most once a second, the tick after a word at once included', () => {
    const inputs = [
      asState({ observedAtMs: 1_000 }),
      asState({ waiting: 3, observedAtMs: 1_600 }),
      tick(1_700),
      tick(2_003),
      tick(3_001),
    ];
    const issued = predictionsOf(run(predictWaits({}), inputs)).map(({ issuedAtMs }) => issuedAtMs);
    expect(issued).toEqual([1_000, 2_003]);
  });

  test("speaks the tutorial's words where they are wanted", () => {
    const outputs = run(predictWaits({ announcementMode: 'seed', announcementLocale: 'de' }), [asState({})]);
    // 2 * 120 / (1 * 0.8) = 300, times 1 - 2 * 0.005
    expect(predictionsOf(outputs)[0]?.announcementText).toBe(
      'Your estimated wait time is 4 minutes. There are 2 callers ahead of you.',
    );
  });

  test('announces its own P80, not the seed formula, where the seed text gives way because priorities apply', () => {
    const joined = (id: string, priority: number): WaitInput => {
      const event = interaction(id, 0);
      return event.kind === 'interaction-changed'
        ? { ...event, stays: event.stays.map((stay) => ({ ...stay, priority })) }
        : event;
    };
    // 2 * 120 s and nobody idle: the tutorial says 297 s.
    const inputs = [joined('a', 0), joined('b', 1), asState({ agentsIdle: 0, agentsOnQueue: 60 })];
    const said = (announcementMode: 'seed' | 'approximate') =>
      predictionsOf(run(predictWaits({ announcementMode, announcementLocale: 'en' }), inputs))[0];
    expect(said('seed')?.waitSecondsP80).toBeLessThan(120);
    expect(said('seed')?.announce).toEqual(said('approximate')?.announce);
  });

  test('is issued when it changes, not when something else does, and at most once a second while somebody waits', () => {
    // Nobody waits at first: time alone would change what they can expect.
    const busy = (change: Partial<QueueState>) => asState({ agentsIdle: 0, ...change });
    const issued = predict(
      busy({ waiting: 0 }),
      busy({ waiting: 0, interacting: 9, observedAtMs: 2_000 }),
      busy({ waiting: 1, observedAtMs: 2_500 }),
      busy({ waiting: 2, observedAtMs: 2_900 }),
      tick(3_500),
    );
    expect(issued).toMatchObject([
      { issuedAtMs: 1_000 },
      { issuedAtMs: 2_500, inputs: { waiting: 1 } },
      { issuedAtMs: 3_500, inputs: { waiting: 2 } },
    ]);
  });

  test('says a gap at once', () => {
    const issued = predict(asState({}), asState({ status: 'stale', observedAtMs: 1_100 }));
    expect(issued).toMatchObject([{ reason: null }, { reason: 'gap', issuedAtMs: 1_100 }]);
  });

  test('can be piped into code of your own', () => {
    const medians: unknown[] = [];
    from([asState({ waiting: 0 })])
      .pipe(toOperator(predictWaits(settings)))
      .subscribe(({ value }) => medians.push(waitPrediction.schema.parse(value).waitSecondsP50));
    expect(medians).toEqual([0]);
  });
});

describe('what became of a wait', () => {
  const inputs: WaitInput[] = [
    asState({ agentsIdle: 0, waiting: 0, observedAtMs: 0 }),
    interaction('answered', 10_000),
    interaction('abandoned', 11_000),
    interaction('answered', 10_000, { answeredAtMs: 50_000 }),
    interaction('abandoned', 11_000, { gaveUpAtMs: 61_000 }),
    interaction('answered', 10_000, { answeredAtMs: 50_000, endedAtMs: 170_000 }),
    tick(180_000),
  ];
  const outputs = run(predictWaits(settings), inputs);

  test('is told once it is over, beside what was said when it began', () => {
    const outcomes = outputs
      .filter(({ type }) => type === waitOutcome)
      .map(({ value }) => waitOutcome.schema.parse(value));
    expect(outcomes).toMatchObject([
      { conversationId: 'abandoned', outcome: 'abandoned', waitSeconds: 50, handleSeconds: null, agentId: null },
      { conversationId: 'answered', outcome: 'answered', waitSeconds: 40, handleSeconds: 120, agentId: 'agent' },
    ]);
    for (const { waitSecondsP50, waitSecondsP90, estimator } of outcomes) {
      expect(estimator).toBe('regression');
      expect(waitSecondsP50).toBeGreaterThan(0);
      expect(waitSecondsP90).toBeGreaterThan(waitSecondsP50 ?? NaN);
    }
  });

  const waitsOf = (...more: WaitInput[]) =>
    run(predictWaits(settings), [interaction('a', 0), interaction('a', 0, { answeredAtMs: 40_000 }), ...more])
      .filter(({ type }) => type === waitOutcome)
      .map(({ value }) => waitOutcome.schema.parse(value));

  test('is told without a handle time once the end has not been heard for half a day', () => {
    expect(waitsOf(tick(43_239_000))).toEqual([]);
    expect(waitsOf(tick(43_239_000), tick(43_240_000))).toMatchObject([
      { outcome: 'answered', waitSeconds: 40, handleSeconds: null, observedAtMs: 43_240_000 },
    ]);
  });

  test('is told for each stay of an interaction that comes back to the queue', () => {
    const again = { answeredAtMs: 230_000 };
    expect(
      waitsOf(
        ...[interaction('a', 200_000), interaction('a', 200_000, again)],
        interaction('a', 200_000, { ...again, endedAtMs: 290_000 }),
      ),
    ).toMatchObject([
      { enqueuedAtMs: 0, waitSeconds: 40, handleSeconds: null },
      { enqueuedAtMs: 200_000, waitSeconds: 30, handleSeconds: 60 },
    ]);
  });

  test('scores every estimator, with those who gave up apart', () => {
    const scores = outputs
      .filter(({ type }) => type === predictionScore)
      .map(({ value }) => predictionScore.schema.parse(value));
    expect(scores.map(({ estimator }) => estimator)).toEqual([...['hol', 'ql', 'ql-a', 'ratio', 'regression', 'seed']]);
    const seed = scores.find(({ estimator }) => estimator === 'seed');
    // The tutorial's formula promises the first caller no wait at all: 40 s off, at every level.
    expect(seed?.lastHour).toMatchObject({
      ...{ answered: 1, errorSecondsMean: 40, biasSecondsMean: -40, coverageP80: 0, late30: 1 },
      ...{ abandoned: 1, pinballSecondsMean: Number(((40 * (0.5 + 0.8 + 0.9)) / 3).toFixed(3)) },
    });
  });

  test('leaves the scores of the hour again', () => {
    const later = run(predictWaits(settings), [...inputs, tick(2 * 3_600_000), tick(26 * 3_600_000)]);
    const seeds = later
      .filter(({ type, key }) => type === predictionScore && key.endsWith('/seed'))
      .map(({ value }) => predictionScore.schema.parse(value));
    expect(seeds.map(({ lastHour, lastDay }) => [lastHour.answered, lastDay.answered])).toEqual([
      [1, 1],
      [0, 1],
      [0, 0],
    ]);
    expect(seeds[2]?.lastDay.errorSecondsMean).toBeNull();
  });
});
