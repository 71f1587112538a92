import { describe, expect, test } from 'vitest';
import { startPump } from '../../../src/simulator/pump.ts';
import { manualClock } from '../../support/manual-clock.ts';

/** Something that happens at given times, and when it was told that time had come. */
function timetable(dueMs: number[]) {
  const advancedMs: number[] = [];
  return {
    advancedMs,
    dueMs,
    advanceTo(nowMs: number) {
      advancedMs.push(nowMs);
      while ((dueMs[0] ?? Infinity) <= nowMs) dueMs.shift();
    },
    nextWakeMs: () => dueMs[0] ?? Infinity,
  };
}

describe('the pump', () => {
  test('wakes at each due time and not in between', async () => {
    const clock = manualClock();
    const timed = timetable([70, 300]);
    const pump = startPump(timed, clock);
    await clock.advance(1000);
    expect(timed.advancedMs).toEqual([0, 70, 300]);
    await pump.stop();
  });

  test('wakes earlier when a due time comes nearer', async () => {
    const clock = manualClock();
    const timed = timetable([300]);
    const pump = startPump(timed, clock);
    await clock.advance(20);
    timed.dueMs.unshift(50);
    pump.rearm();
    await clock.advance(100);
    expect(timed.advancedMs).toEqual([0, 20, 50]);
    await pump.stop();
    expect(clock.sleepers()).toBe(0);
  });

  test('sleeps on when nothing came nearer', async () => {
    const clock = manualClock();
    const timed = timetable([300]);
    const pump = startPump(timed, clock);
    await clock.advance(20);
    pump.rearm();
    await clock.advance(100);
    expect(timed.advancedMs).toEqual([0]);
    await pump.stop();
  });

  test('tells a failure to whoever waits for it, and to whoever stops it', async () => {
    const clock = manualClock();
    const timed = timetable([10]);
    const pump = startPump({ ...timed, advanceTo: () => thrown(clock.nowMs()) }, clock);
    await clock.advance(100);
    await expect(pump.stopped).rejects.toThrow('broken at 10');
    await expect(pump.stop()).rejects.toThrow('broken at 10');
  });
});

function thrown(nowMs: number): void {
  if (nowMs > 0) throw new Error(`broken at ${nowMs}`);
}
