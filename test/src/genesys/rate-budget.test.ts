import { expect, test } from 'vitest';
import { createRateBudget } from '../../../src/genesys/rate-budget.ts';
import { manualClock } from '../../support/manual-clock.ts';

const never = new AbortController().signal;

/** Asks for so many calls at once; answers with the times at which they were granted. */
function asking(count: number) {
  const clock = manualClock();
  const budget = createRateBudget(clock);
  const grantedMs: number[] = [];
  for (let each = 0; each < count; each += 1) void budget.acquire(never).then(() => grantedMs.push(clock.nowMs()));
  return { clock, budget, grantedMs };
}

test('in no minute more calls are granted than the platform allows', async () => {
  const { clock, grantedMs } = asking(1_000);
  await clock.advance(5 * 60_000);
  expect(grantedMs).toHaveLength(1_000);
  for (const fromMs of grantedMs) {
    expect(grantedMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 60_000).length).toBeLessThanOrEqual(300);
  }
});

test('calls are granted in the order in which they were asked for', async () => {
  const clock = manualClock();
  const budget = createRateBudget(clock);
  const granted: number[] = [];
  for (let each = 0; each < 100; each += 1) void budget.acquire(never).then(() => granted.push(each));
  await clock.advance(60_000);
  expect(granted).toEqual(Array.from({ length: 100 }, (_, each) => each));
});

test('a window that is used up lets nobody through until the next', async () => {
  const { clock, budget, grantedMs } = asking(0);
  budget.heard({ allowed: 300, count: 300, resetMs: 17_000 });
  void budget.acquire(never).then(() => grantedMs.push(clock.nowMs()));
  await clock.advance(16_999);
  expect(grantedMs).toEqual([]);
  await clock.advance(1);
  expect(grantedMs).toEqual([17_000]);
});

test('what the platform counted is believed: two calls that are left are two', async () => {
  const { clock, budget, grantedMs } = asking(0);
  budget.heard({ allowed: 300, count: 298, resetMs: 60_000 });
  for (let each = 0; each < 4; each += 1) void budget.acquire(never).then(() => grantedMs.push(clock.nowMs()));
  await clock.advance(1_000);
  expect(grantedMs).toEqual([0, 0, 250, 500]);
});

test('a lower limit of the platform is kept to from then on', async () => {
  const { clock, budget, grantedMs } = asking(0);
  budget.heard({ allowed: 60, count: 1, resetMs: 60_000 });
  for (let each = 0; each < 200; each += 1) void budget.acquire(never).then(() => grantedMs.push(clock.nowMs()));
  await clock.advance(60_000);
  expect(grantedMs.length).toBeLessThanOrEqual(60);
  expect(grantedMs.length).toBeGreaterThan(50);
});

test('a call that is given up leaves its turn to the next', async () => {
  const { clock, budget, grantedMs } = asking(0);
  budget.holdUntil(1_000);
  const givenUp = new AbortController();
  const lost = budget.acquire(givenUp.signal);
  void budget.acquire(never).then(() => grantedMs.push(clock.nowMs()));
  givenUp.abort(new Error('no more'));
  await expect(lost).rejects.toThrow('no more');
  await clock.advance(1_000);
  expect(grantedMs).toEqual([1_000]);
});

test('a call of low priority is made only when nobody else waits, whoever came first', async () => {
  const { clock, budget } = asking(0);
  budget.holdUntil(1_000);
  const granted: string[] = [];
  void budget.acquire(never, 'low').then(() => granted.push('low'));
  await clock.advance(500);
  for (let each = 0; each < 3; each += 1) void budget.acquire(never).then(() => granted.push('usual'));
  await clock.advance(60_000);
  expect(granted).toEqual(['usual', 'usual', 'usual', 'low']);
});

test('a call of low priority that is given up while others wait is not made', async () => {
  const { clock, budget } = asking(0);
  budget.holdUntil(1_000);
  const givenUp = new AbortController();
  void budget.acquire(never);
  const lost = budget.acquire(givenUp.signal, 'low');
  lost.catch(() => undefined);
  givenUp.abort(new Error('no more'));
  await clock.advance(1_000);
  await expect(lost).rejects.toThrow('no more');
});
