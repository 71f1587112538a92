import { describe, expect, test } from 'vitest';
import { manualClock } from './manual-clock.ts';

const never = new AbortController().signal;

describe('the manual clock', () => {
  test('wakes sleepers in the order of time, each at its own time, those of one time first come first', async () => {
    const clock = manualClock(100);
    const woken: string[] = [];
    const sleep = async (name: string, ms: number, again = 0) => {
      await clock.sleep(ms, never);
      woken.push(`${name}@${clock.nowMs()}`);
      if (again > 0) await sleep(name, ms, again - 1);
    };
    void Promise.all([sleep('late', 30), sleep('a', 10, 2), sleep('b', 10)]);
    await clock.advance(29);
    expect(woken).toEqual(['a@110', 'b@110', 'a@120']);
    await clock.advance(1);
    expect(woken.slice(3)).toEqual(['late@130', 'a@130']);
    expect(clock.nowMs()).toBe(130);
  });

  test('an abort wakes a sleeper with its reason', async () => {
    const clock = manualClock();
    const stop = new AbortController();
    const reason = new Error('stopped');
    const sleeping = clock.sleep(10, stop.signal);
    stop.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.sleepers()).toBe(0);
    await expect(clock.sleep(10, stop.signal)).rejects.toBe(reason);
  });
});
