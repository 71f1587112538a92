import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { EventOf } from '../../../streams/event.ts';
import { lineOf, startCentre } from '../../../streams/wait/centre.ts';
import { featuresOf } from '../../../streams/wait/features.ts';
import { startLine } from '../../../streams/wait/line.ts';
import { recallTotals } from '../../../streams/wait/recall.ts';

const halfHourMs = 1_800_000;

function read(
  startMs: number,
  totals: Readonly<Record<string, readonly [count: number, seconds: number]>>,
): EventOf<'interval-read'> {
  const metrics = Object.entries(totals).map(([metric, [count, seconds]]) => {
    return { metric, qualifier: null, stats: { count, sum: seconds * 1000 } };
  });
  const endMs = startMs + halfHourMs;
  const groups = [{ mediaType: 'voice', metrics }];
  return { kind: 'interval-read', receivedAtMs: endMs, queueId: 'q', startMs, endMs, groups };
}

function featuresAfter(events: readonly EventOf<'interval-read'>[], atMs: number) {
  const centre = startCentre();
  for (const event of events) recallTotals(centre, event, atMs);
  const line = lineOf(centre, 'q', 'voice') ?? startLine('q', 'voice', atMs);
  return { line, features: featuresOf(centre, line, 0, atMs) };
}

test('a model that was told totals knows pace, handle time and waits as if it had listened', () => {
  const busy = [0, 1, 2, 3].map((n) => {
    return read(n * halfHourMs, { tAnswered: [30, 900], tAbandon: [6, 900], tHandle: [30, 5400] });
  });
  const { features, line } = featuresAfter(busy, 4 * halfHourMs);
  // One a minute, of which the last was half a minute ago.
  expect(features.answersPerSecond).toBeCloseTo(1 / 60, 2);
  expect(features.sinceAnswerSeconds).toBe(30);
  expect(features.lastWaitSeconds).toBe(30);
  expect(features.smoothedWaitSeconds).toBeCloseTo(30);
  expect(features.handleSeconds).toBeCloseTo(180);
  expect(features.handleKnown).toBe(true);
  // Six in half an hour of waiting, between that and the prior.
  expect(features.abandonRate).toBeGreaterThan(1 / 330);
  expect(features.abandonRate).toBeLessThan(1 / 290);
  expect(line.waiting).toBe(0);
});

test('of an interval that is not over nothing is taken to have happened after now', () => {
  const { features } = featuresAfter([read(0, { tAnswered: [10, 100] })], 600_000);
  expect(features.sinceAnswerSeconds).toBe(30);
  expect(
    featuresAfter([read(halfHourMs, { tAnswered: [10, 100] })], halfHourMs).features.sinceAnswerSeconds,
  ).toBeNull();
});

test('totals that mean nothing leave nothing behind that is no number', () => {
  const odd = fc.oneof(fc.nat({ max: 5_000 }), fc.constantFrom(-1, NaN, Infinity, 0, 1e300));
  const total = fc.tuple(odd, odd);
  fc.assert(
    fc.property(total, total, total, fc.nat({ max: 3 * halfHourMs }), (tAnswered, tAbandon, tHandle, atMs) => {
      const { features } = featuresAfter([read(0, { tAnswered, tAbandon, tHandle })], atMs);
      for (const [name, value] of Object.entries(features)) {
        if (typeof value === 'number') expect(value, name).toSatisfy(Number.isFinite);
      }
    }),
    { numRuns: 50 },
  );
});
