import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { estimatePatience } from '../../../src/backtest/patience.ts';
import { scoreCalls } from '../../../src/backtest/score.ts';
import { readTruth, type TrueCall } from '../../../src/backtest/truth.ts';
import { readTrace } from '../../../src/simulator/trace.ts';

// What the scoring script of the public traces says (--json --by-queue) of the sample day and the predictions of `toldTo`.
const expected = JSON.parse(readFileSync(new URL('score-of-sample.json', import.meta.url), 'utf8')) as Record<
  string,
  Record<string, number>
>;

function toldTo(index: number) {
  if (index % 50 === 7) return null;
  const p50 = (index * 37) % 120;
  const p80 = p50 * 1.5 + 10;
  return { p50, p80, p90: index % 40 === 3 ? p80 - 5 : p50 * 2 + 20 };
}

test('every measure is the one that the scoring script gives', async () => {
  const calls = readTruth((await readTrace('samples/bank-1999-01-05.trace.jsonl.gz')).lines);
  const told = new Map(calls.map(({ id }, index) => [id, toldTo(index)]));
  const { subsets, ...checks } = scoreCalls(calls, estimatePatience(calls), ({ id }) => told.get(id) ?? null);
  const { checks: expectedChecks, ...expectedSubsets } = expected;
  expect([...subsets.keys()].sort()).toEqual(Object.keys(expectedSubsets).sort());
  for (const [name, measures] of subsets) {
    expect(Object.keys(measures).sort(), name).toEqual(Object.keys(expected[name]!).sort());
    for (const [measure, value] of Object.entries(measures))
      expect(value, `${name} ${measure}`).toBeCloseTo(expected[name]![measure]!, 8);
  }
  expect(checks.missing).toBe(expectedChecks!['missing']);
  expect(checks.outOfOrder).toBe(expectedChecks!['quantiles_out_of_order']);
  expect(checks.abandoned).toBe(expectedChecks!['abandoned']);
  expect(checks.abandonedAfterP90).toBeCloseTo(expectedChecks!['abandoned_after_p90']!, 8);
});

const call = (id: string, fields: Partial<TrueCall>): TrueCall => ({
  id,
  queueId: 'q',
  t: 0,
  outcome: 'answered',
  waitSeconds: 60,
  recentSeconds: null,
  agentIdle: false,
  ...fields,
});

test('days count as a whole in the standard error', () => {
  const calls = [0, 1, 2].map((day) => call(`c${day}`, { t: day * 86_400, waitSeconds: 60 + 10 * day }));
  const { subsets } = scoreCalls(
    calls,
    () => 1,
    () => ({ p50: 60, p80: 60, p90: 60 }),
  );
  // Errors 0, 10 and 20: off their mean by -10, 0 and 10.
  expect(subsets.get('waited')?.mae_se).toBeCloseTo(Math.sqrt((200 * 3) / 2) / 3, 9);
});

test('who would have waited longer than those who gave up counts for them too', () => {
  const calls = [
    call('gone', { outcome: 'abandoned', waitSeconds: 30 }),
    call('short', { waitSeconds: 20 }),
    call('long', { waitSeconds: 100 }),
  ];
  const patience = estimatePatience(calls);
  expect([20, 30, 31, 100].map((seconds) => patience('q', seconds))).toEqual([1, 1, 0.5, 0.5]);
  expect(patience('another', 50)).toBe(1);
  const { subsets } = scoreCalls(calls, patience, () => ({ p50: 20, p80: 20, p90: 20 }));
  expect(subsets.get('waited')?.mae).toBe(40);
  expect(subsets.get('waited')?.mae_c).toBeCloseTo((0 + 2 * 80) / 3, 9);
});

test('a perfect prediction loses nothing, and no other loses less', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
      fc.integer({ min: 0, max: 900 }),
      (waits, off) => {
        const calls = waits.map((waitSeconds, index) => call(`c${index}`, { waitSeconds }));
        const lossOf = (shift: number) =>
          scoreCalls(
            calls,
            () => 1,
            ({ waitSeconds: w }) => ({ p50: w + shift, p80: w + shift, p90: w + shift }),
          ).subsets.get('all')!.pin;
        expect(lossOf(0)).toBe(0);
        expect(lossOf(off)).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});
