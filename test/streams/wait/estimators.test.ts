import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { learnWait, quote, startLearned } from '../../../streams/wait/estimators.ts';
import type { Features } from '../../../streams/wait/features.ts';

const quiet: Features = {
  waiting: 0,
  poolWaiting: 0,
  poolAhead: 0,
  ahead: 0,
  agents: 10,
  agentsIdle: 0,
  agentsKnown: true,
  handleSeconds: 200,
  handleKnown: true,
  poolHandleSeconds: 200,
  abandonRate: 0.001,
  endsPerSecond: null,
  elapsedSecondsMean: null,
  answersPerSecond: 0,
  sinceAnswerSeconds: null,
  longestWaitSeconds: null,
  lastWaitSeconds: null,
  smoothedWaitSeconds: null,
  headStartSeconds: 0,
  isUsualPriority: true,
};

const count = fc.nat({ max: 20_000 });
const seconds = fc.double({ min: 0, max: 1e9, noNaN: true });
const perSecond = fc.double({ min: 0, max: 1e3, noNaN: true });
const orNull = <T>(some: fc.Arbitrary<T>) => fc.option(some, { nil: null });
const features: fc.Arbitrary<Features> = fc.record({
  waiting: count,
  poolWaiting: seconds,
  poolAhead: count,
  ahead: count,
  agents: count,
  agentsIdle: count,
  agentsKnown: fc.boolean(),
  handleSeconds: seconds.map((some) => some + 1),
  handleKnown: fc.boolean(),
  poolHandleSeconds: seconds.map((some) => some + 1),
  abandonRate: perSecond.map((some) => some + 1e-9),
  endsPerSecond: orNull(perSecond),
  elapsedSecondsMean: orNull(seconds),
  answersPerSecond: perSecond,
  sinceAnswerSeconds: orNull(seconds),
  longestWaitSeconds: orNull(seconds),
  lastWaitSeconds: orNull(seconds),
  smoothedWaitSeconds: orNull(seconds),
  headStartSeconds: seconds,
  isUsualPriority: fc.boolean(),
});

describe('what was learned', () => {
  test('stays finite and in order whatever was seen and however long was waited', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(features, seconds), { maxLength: 80 }), (waits) => {
        const learned = startLearned(null);
        for (const [each, waitSeconds] of waits) {
          const told = quote(learned, 'q', each);
          for (const quantiles of Object.values(told.estimates)) {
            if (quantiles === null) continue;
            const { p50, p80, p90 } = quantiles;
            expect(0 <= p50 && p50 <= p80 && p80 <= p90 && p90 < Infinity, JSON.stringify(told)).toBe(true);
          }
          learnWait(learned, 'q', told, waitSeconds);
        }
        const { weights, squares } = learned.regression;
        expect([...weights, ...squares].every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  test('P50 does not run away where callers wait though an agent seems to be idle', () => {
    const learned = startLearned(null);
    const idle = { ...quiet, agentsIdle: 1 };
    for (let calls = 0; calls < 3_000; calls += 1) learnWait(learned, 'q', quote(learned, 'q', idle), 30);
    const { ratio, regression } = quote(learned, 'q', quiet).estimates;
    expect(ratio?.p50).toBeLessThan(1_000);
    expect(regression?.p50).toBeLessThan(1_000);
  });

  test('hundreds who were told the same before any of them was answered do not set it right hundreds of times', () => {
    const learned = startLearned(null);
    const crowd = { ...quiet, agents: 200, waiting: 200, poolWaiting: 200, poolAhead: 200, ahead: 200 };
    const [before, beside] = [quote(learned, 'q', crowd), quote(learned, 'other', crowd)];
    const waitSeconds = (before.estimates.ratio?.p50 ?? NaN) * 1.1;
    for (let calls = 0; calls < 200; calls += 1) learnWait(learned, 'q', before, waitSeconds);
    const after = quote(learned, 'q', crowd);
    const grown = (after.estimates.ratio?.p50 ?? NaN) / (before.estimates.ratio?.p50 ?? NaN);
    expect(grown).toBeGreaterThan(1);
    expect(grown).toBeLessThan(1.1);
    // Both share what the regression learned; the steps of the queue itself differ.
    const shifted =
      (after.estimates.regression?.p50 ?? NaN) / (quote(learned, 'other', crowd).estimates.regression?.p50 ?? NaN);
    expect(beside.estimates).toEqual(before.estimates);
    expect(shifted).toBeGreaterThan(1);
    expect(shifted).toBeLessThan(1.1);
  });

  test('the share of waits within each quantile becomes what it should be', () => {
    const learned = startLearned(null);
    let within = [0, 0, 0];
    let state = 1;
    const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let calls = 0; calls < 4_000; calls += 1) {
      const told = quote(learned, 'q', { ...quiet, waiting: 3, poolWaiting: 3, poolAhead: 3, ahead: 3 });
      const waitSeconds = -90 * Math.log(1 - random());
      const { p50 = 0, p80 = 0, p90 = 0 } = told.estimates[told.published] ?? {};
      if (calls >= 2_000) within = [p50, p80, p90].map((each, at) => (within[at] ?? 0) + (waitSeconds <= each ? 1 : 0));
      learnWait(learned, 'q', told, waitSeconds);
    }
    [0.5, 0.8, 0.9].forEach((level, at) => expect((within[at] ?? 0) / 2_000).toBeCloseTo(level, 1));
  });
});

describe('which estimator is published', () => {
  test('is the seed where no agents are known, the textbook before anything was learned, and the regression after', () => {
    const learned = startLearned(null);
    expect(quote(learned, 'q', { ...quiet, agentsKnown: false }).published).toBe('seed');
    expect(quote(learned, 'q', quiet).published).toBe('ql-a');
    for (let calls = 0; calls < 20; calls += 1) learnWait(learned, 'q', quote(learned, 'q', quiet), 30);
    expect(quote(learned, 'q', quiet).published).toBe('ratio');
    for (let calls = 0; calls < 30; calls += 1) learnWait(learned, 'q', quote(learned, 'q', quiet), 30);
    expect(quote(learned, 'r', quiet).published).toBe('regression');
  });
});
