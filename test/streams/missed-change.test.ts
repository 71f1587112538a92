import { describe, expect, test } from 'vitest';
import type { QueueEvent } from '../../streams/event.ts';
import { run } from '../../streams/logic.ts';
import { noticeMissedChanges } from '../../streams/missed-change.ts';

const waiting = (count: number) => [{ metric: 'oWaiting', qualifier: null, count, startedAtMs: null }];
const snapshot = (receivedAtMs: number, count: number): QueueEvent => ({
  kind: 'queue-snapshot',
  receivedAtMs,
  queueId: 'q',
  groups: [{ mediaType: 'voice', metrics: waiting(count) }],
  waiting: null,
});
const frame = (receivedAtMs: number, count: number): QueueEvent => ({
  kind: 'queue-observed',
  receivedAtMs,
  queueId: 'q',
  mediaType: 'voice',
  metrics: waiting(count),
});
const tick = (receivedAtMs: number, heardUntilMs = receivedAtMs): QueueEvent => ({
  kind: 'tick',
  receivedAtMs,
  heardUntilMs,
});
const gap = (receivedAtMs: number, endMs: number | null): QueueEvent => ({
  ...{ kind: 'channel-gap', receivedAtMs, channel: 0, queueIds: ['q'], userIds: [], endMs },
  ...{ startMs: receivedAtMs, cause: 'closed' },
  repairedBy: endMs === null ? 'none' : 'snapshot',
});
const noticed = (...events: QueueEvent[]) => run(noticeMissedChanges(), events).map(({ value }) => value);

describe('a change that was never said', () => {
  test('is a record once: a count that fell to zero without a frame, found by a snapshot', () => {
    const events = [snapshot(0, 0), frame(1_000, 2), snapshot(60_000, 0), tick(61_000), tick(64_000), tick(70_000)];
    expect(noticed(...events)).toEqual([
      {
        place: 'observations/q',
        cause: 'missed: frames said oWaiting voice was 2, a snapshot says 0',
        receivedAtMs: 60_000,
      },
    ]);
  });

  test('is none when a frame says it a moment later', () => {
    expect(noticed(snapshot(0, 0), snapshot(60_000, 3), frame(60_800, 3), tick(70_000))).toEqual([]);
  });

  test('is none on a channel that had fallen silent, which the gap says, and one when it had not', () => {
    const silent = [snapshot(0, 1), snapshot(60_000, 7), tick(70_000, 59_000)];
    expect(noticed(...silent, gap(80_000, null), snapshot(81_000, 7), gap(82_000, 82_000), tick(90_000))).toEqual([]);
    expect(noticed(...silent, tick(71_000, 70_500))).toHaveLength(1);
  });

  test('is none after a gap, and before the first snapshot', () => {
    expect(noticed(frame(0, 5), snapshot(1_000, 1), tick(9_000))).toEqual([]);
    const lost = [gap(10_000, null), snapshot(11_000, 7), gap(12_000, 12_000), tick(20_000)];
    expect(noticed(snapshot(0, 1), ...lost)).toEqual([]);
  });
});
