import { expect, test } from 'vitest';
import { createGapCount } from '../../src/gap-count.ts';
import type { ChannelGap } from '../../streams/event.ts';

const gap = (
  channel: number,
  startMs: number,
  endMs: number | null,
  queueIds: string[] | null = ['q'],
): ChannelGap => ({
  ...{ kind: 'channel-gap', receivedAtMs: endMs ?? startMs, channel, queueIds, userIds: queueIds, startMs, endMs },
  ...{ cause: 'silent', repairedBy: endMs === null ? 'none' : 'snapshot' },
});
const counted = (...gaps: ChannelGap[]) => gaps.filter(createGapCount()).length;

test('a gap counts once, however often it is found to be wider, and whether it ends or not', () => {
  expect(counted(gap(1, 5, null), gap(1, 5, null, ['q', 'r']), gap(1, 5, null, ['q', 'r', 's']), gap(1, 5, 9))).toBe(1);
});

test('gaps of two channels, and two of one channel, count as two', () => {
  expect(counted(gap(1, 5, null), gap(2, 5, null))).toBe(2);
  expect(counted(gap(1, 5, null), gap(1, 5, 9), gap(1, 10, null))).toBe(2);
  expect(counted(gap(0, 5, null, null), gap(1, 7, null), gap(0, 5, 9, null), gap(1, 7, null))).toBe(3);
});
