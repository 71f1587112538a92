import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gammaQuantiles, queueLengthSeconds, queueLengthWithAbandonment } from '../../../streams/wait/queueing.ts';

const load = fc.record({
  ahead: fc.double({ min: 0, max: 20_000, noNaN: true }),
  agents: fc.double({ min: 0, max: 5_000, noNaN: true }),
  handleSeconds: fc.double({ min: 1, max: 7_200, noNaN: true }),
  abandonRate: fc.double({ min: 1e-9, max: 0.1, noNaN: true }),
});

describe('the textbook wait', () => {
  test('is the sum of one stage for each departure that has to come first', () => {
    fc.assert(
      fc.property(load, (each) => {
        const rate = Math.max(each.agents, 0.5) / each.handleSeconds;
        let [mean, variance] = [0, 0];
        for (let j = 0; j <= Math.floor(each.ahead); j += 1) {
          mean += 1 / (rate + j * each.abandonRate);
          variance += 1 / (rate + j * each.abandonRate) ** 2;
        }
        const next = rate + (Math.floor(each.ahead) + 1) * each.abandonRate;
        const part = each.ahead - Math.floor(each.ahead);
        const told = queueLengthWithAbandonment(each);
        expect(told.mean / (mean + part / next)).toBeCloseTo(1, 3);
        expect(told.variance / (variance + part / next ** 2)).toBeCloseTo(1, 3);
      }),
    );
  });

  test('is shorter when callers ahead give up, and the same when nobody does', () => {
    const each = { ahead: 10, agents: 4, handleSeconds: 200 };
    expect(queueLengthSeconds({ ...each, abandonRate: 0 })).toBe(550);
    expect(queueLengthWithAbandonment({ ...each, abandonRate: 1e-12 }).mean).toBeCloseTo(550, 3);
    expect(queueLengthWithAbandonment({ ...each, abandonRate: 0.001 }).mean).toBeLessThan(550);
  });
});

test('gamma quantiles of one stage are those of the exponential distribution within two in a hundred', () => {
  const { p50, p80, p90 } = gammaQuantiles(100, 10_000);
  expect(p50 / (100 * Math.LN2)).toBeCloseTo(1, 1);
  expect(p80 / (100 * Math.log(5))).toBeCloseTo(1, 1);
  expect(p90 / (100 * Math.log(10))).toBeCloseTo(1, 1);
});
