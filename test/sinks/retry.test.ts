import { describe, expect, test } from 'vitest';
import { retry } from '../../sinks/retry.ts';
import { advanceUntil, manualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;
const failing = (times: number) => {
  let attempts = 0;
  return {
    attempts: () => attempts,
    attempt: () => ((attempts += 1) > times ? Promise.resolve('done') : Promise.reject(new Error(`no. ${attempts}`))),
  };
};

describe('a retry', () => {
  test('goes on until it succeeds', async () => {
    const clock = manualClock();
    const { attempt, attempts } = failing(3);
    let result = '';
    void retry(attempt, { isPassing: () => true, everyMs: 10, withinMs: 100, clock }, never).then(
      (got) => (result = got),
    );
    await advanceUntil(clock, () => result !== '');
    expect([result, attempts(), clock.nowMs()]).toEqual(['done', 4, 30]);
  });

  test('ends with the failure of the last attempt when the time is over', async () => {
    const clock = manualClock();
    let failure: unknown;
    retry(failing(99).attempt, { isPassing: () => true, everyMs: 10, withinMs: 25, clock }, never).catch(
      (error: unknown) => (failure = error),
    );
    await advanceUntil(clock, () => failure !== undefined);
    expect(failure).toMatchObject({ message: 'no. 4' });
  });

  test('is not made for what does not pass', async () => {
    const settings = { isPassing: () => false, everyMs: 10, withinMs: 100, clock: manualClock() };
    await expect(retry(failing(1).attempt, settings, never)).rejects.toThrow('no. 1');
  });
});
