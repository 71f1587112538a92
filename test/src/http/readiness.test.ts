import { expect, test } from 'vitest';
import { readinessOf, readinessTopics } from '../../../src/http/readiness.ts';
import { createLatest } from '../../../src/latest.ts';

const [topic = ''] = readinessTopics;
const slackMs = 10_000;

/** What is said at 100 s of shards that beat at these times and were heard until those. */
function readiness(...beats: readonly (readonly [tickMs: number, heardUntilMs: number | null])[]) {
  const latest = createLatest(readinessTopics);
  for (const [shard, [tickMs, heardUntilMs]] of beats.entries()) {
    const value = { shard, tickMs, heardUntilMs, sequence: 1 };
    latest.take({ record: topic, key: String(shard), atMs: tickMs, value });
  }
  return readinessOf(latest, 100_000, slackMs);
}

test('nothing is ready before a heartbeat, nor before the platform was heard', () => {
  expect(readiness()).toEqual({ isReady: false, heartbeatAgeSeconds: null, heardAgeSeconds: null });
  expect(readiness([99_000, null])).toEqual({ isReady: false, heartbeatAgeSeconds: 1, heardAgeSeconds: null });
  expect(readiness([99_000, 98_000], [99_000, null])).toMatchObject({ isReady: false });
});

test('a silent platform makes answers old, not the process unready', () => {
  expect(readiness([99_000, 10_000])).toEqual({ isReady: true, heartbeatAgeSeconds: 1, heardAgeSeconds: 90 });
});

test('a pipeline that stands still is not ready: the shard that is behind tells of all', () => {
  expect(readiness([60_000, 60_000])).toMatchObject({ isReady: true });
  expect(readiness([59_999, 59_999])).toMatchObject({ isReady: false });
  expect(readiness([99_000, 99_000], [50_000, 50_000])).toEqual({
    isReady: false,
    heartbeatAgeSeconds: 50,
    heardAgeSeconds: 50,
  });
});
