import { describe, expect, test } from 'vitest';
import { interpolateLinearly } from '../../streams/interpolate.ts';

describe('interpolateLinearly', () => {
  test('puts each step on the straight line between its ends', () => {
    expect([0, 1, 2, 3, 4].map((step) => interpolateLinearly(2, 12, step, 4))).toEqual([2, 4.5, 7, 9.5, 12]);
    expect([1, 2].map((step) => interpolateLinearly(3, -3, step, 3))).toEqual([1, -1]);
  });

  test('invents nothing where one end is not known', () => {
    expect(interpolateLinearly(null, 4, 1, 2)).toBeNull();
    expect(interpolateLinearly(4, null, 1, 2)).toBeNull();
  });
});
