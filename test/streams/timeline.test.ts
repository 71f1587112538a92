import { describe, expect, test } from 'vitest';
import {
  addObservation,
  dropBefore,
  effectUntilMs,
  endHold,
  firstInEffect,
  indexAt,
  measure,
  type Timeline,
} from '../../streams/timeline.ts';

//   time    10   20   30   40   50
//   value    1────    x    4────────       held for 20 at the longest
const sample = (): Timeline => {
  const timeline: Timeline = [];
  addObservation(timeline, 40, [4]);
  addObservation(timeline, 10, [1]);
  endHold(timeline, 30);
  return timeline;
};

describe('a timeline', () => {
  test('stands in order of time, one entry for each instant', () => {
    const timeline = sample();
    expect(timeline.map((entry) => entry.atMs)).toEqual([10, 30, 40]);
    expect([9, 10, 39, 99].map((atMs) => indexAt(timeline, atMs))).toEqual([-1, 0, 1, 2]);
    addObservation(timeline, 30, [3]);
    endHold(timeline, 40);
    expect(timeline).toEqual([
      { atMs: 10, values: [1], ended: false },
      { atMs: 30, values: [3], ended: false },
      { atMs: 40, values: [4], ended: true },
    ]);
  });

  test('has an observation in effect until the next, the end of its hold or its longest hold', () => {
    const timeline = sample();
    expect([0, 1, 2, 3].map((index) => effectUntilMs(timeline, index, 15))).toEqual([25, -Infinity, 55, -Infinity]);
    expect([0, 2].map((index) => effectUntilMs(timeline, index, Infinity))).toEqual([30, Infinity]);
  });

  test('finds what is in effect after an instant', () => {
    const timeline = sample();
    expect([0, 29, 30, 59, 60].map((atMs) => firstInEffect(timeline, atMs, 20)?.atMs)).toEqual([
      10,
      10,
      40,
      40,
      undefined,
    ]);
  });

  test('sums up a stretch: what reaches in, what was not known, and nothing else', () => {
    expect(measure(sample(), 20, 50, 20, 1)).toEqual({
      count: 1,
      coverageMs: 20,
      covered: { fromMs: 20, untilMs: 50 },
      levels: [50, 20, 1, 4, 4],
    });
    expect(measure(sample(), 30, 40, 20, 1)).toEqual({
      count: 0,
      coverageMs: 0,
      covered: null,
      levels: [0, 0, 0, 0, 0],
    });
  });

  test('counts an observation whose hold ended at once, but not its value', () => {
    const timeline = sample();
    endHold(timeline, 40);
    expect(measure(timeline, 40, 50, 20, 1)).toMatchObject({ count: 1, coverageMs: 0 });
  });

  test('forgets what is old, unless it is still in effect', () => {
    const left = (oldestMs: number) => {
      const timeline = sample();
      dropBefore(timeline, oldestMs, 20);
      return timeline.map((entry) => entry.atMs);
    };
    expect([10, 29, 30, 35, 40, 59, 60].map(left)).toEqual([
      [10, 30, 40],
      [10, 30, 40],
      [30, 40],
      [40],
      [40],
      [40],
      [],
    ]);
  });
});
