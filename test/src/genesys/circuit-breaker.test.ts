import { expect, test } from 'vitest';
import { createCircuitBreaker } from '../../../src/genesys/circuit-breaker.ts';

const create = () => createCircuitBreaker({ failuresMax: 3, openMs: 10_000, openMsMax: 25_000 });

function opened() {
  const breaker = create();
  for (let each = 0; each < 3; each += 1) breaker.failed(0);
  return breaker;
}

test('opens after so many failures in a row, and not when one call in between went well', () => {
  const breaker = create();
  breaker.failed(0);
  breaker.failed(0);
  breaker.succeeded();
  breaker.failed(0);
  breaker.failed(0);
  expect(breaker.waitMs(0)).toBe(0);
  breaker.failed(0);
  expect(breaker.waitMs(1)).toBe(9_999);
});

test('lets one call try when its time is over, and no second one until that has told', () => {
  const breaker = opened();
  expect(breaker.waitMs(10_000)).toBe(0);
  expect(breaker.waitMs(10_000)).toBe(10_000);
  breaker.succeeded();
  expect(breaker.waitMs(10_000)).toBe(0);
  expect(breaker.waitMs(10_000)).toBe(0);
});

test('a trial that never tells how it went is given up', () => {
  const breaker = opened();
  expect(breaker.waitMs(10_000)).toBe(0);
  expect(breaker.waitMs(20_000)).toBe(0);
});

test('stays open twice as long after each trial that failed, up to a limit', () => {
  const breaker = opened();
  expect(breaker.waitMs(10_000)).toBe(0);
  breaker.failed(10_000);
  expect(breaker.waitMs(10_000)).toBe(20_000);
  expect(breaker.waitMs(30_000)).toBe(0);
  breaker.failed(30_000);
  expect(breaker.waitMs(30_000)).toBe(25_000);
});

test('what was on its way when it opened does not keep it open for longer', () => {
  const breaker = opened();
  breaker.failed(5_000);
  expect(breaker.waitMs(10_000)).toBe(0);
});
