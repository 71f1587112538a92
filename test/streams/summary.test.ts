import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { backfill, bucketDate, bucketNumber, createGapFiller, type SummarySums } from '../../streams/summary.ts';

const sums = fc.record({
  conversations: fc.nat(500),
  abandoned: fc.nat(100),
  talkSeconds: fc.nat(100_000),
  holdSeconds: fc.nat(10_000),
  workSeconds: fc.nat(10_000),
});
const known = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 20_000, max: 20_040 }), sums), {
    selector: ([bucket]) => bucket,
    minLength: 1,
  })
  .map((all) => all.sort(([a], [b]) => a - b));
const fill = (all: readonly (readonly [number, SummarySums])[], first: number | null, last: number | null) => {
  const filler = createGapFiller(first, last);
  return [...all.flatMap(([bucket, each]) => filler.next(bucket, each)), ...filler.end()];
};

describe('filled buckets', () => {
  test('are a run without holes over the range, in which what was known is as it was', () => {
    const property = fc.property(known, fc.nat(5), fc.nat(5), (all, before, after) => {
      const [first, last] = [all[0]![0] - before, all.at(-1)![0] + after];
      const filled = fill(all, first, last);
      expect(filled.map(({ bucket }) => bucket)).toEqual(
        Array.from({ length: last - first + 1 }, (_, index) => first + index),
      );
      const given = new Map(all);
      for (const each of filled) {
        expect(each.known === null).toBe(!given.has(each.bucket));
        if (each.known !== null) expect(each.sums).toEqual(given.get(each.bucket));
      }
    });
    fc.assert(property);
  });

  test('lie between their neighbours', () => {
    const property = fc.property(known, (all) => {
      const given = new Map(all);
      for (const { bucket, sums: drawn } of fill(all, null, null)) {
        const left = given.get(all.findLast(([at]) => at <= bucket)![0])!;
        const right = given.get(all.find(([at]) => at >= bucket)![0])!;
        for (const name of ['conversations', 'talkSeconds'] as const) {
          expect(drawn?.[name]).toBeGreaterThanOrEqual(Math.min(left[name], right[name]));
          expect(drawn?.[name]).toBeLessThanOrEqual(Math.max(left[name], right[name]));
        }
      }
    });
    fc.assert(property);
  });

  test('owe nothing to one that is not whole: up to it they are as the last whole one, and without any not drawn', () => {
    const of = (conversations: number): SummarySums => ({
      ...{ conversations, abandoned: 0, talkSeconds: 0, holdSeconds: 0, workSeconds: 0 },
    });
    const withoutWhole = createGapFiller(1, 5);
    const late = [...withoutWhole.next(3, of(2), false), ...withoutWhole.end()];
    expect(late.map(({ bucket, sums: drawn }) => [bucket, drawn?.conversations])).toEqual([
      [1, undefined],
      [2, undefined],
      [3, 2],
      [4, undefined],
      [5, undefined],
    ]);
    const filler = createGapFiller(1, 7);
    const some = [...filler.next(2, of(10)), ...filler.next(5, of(1), false), ...filler.end()];
    expect(some.map(({ bucket, sums: drawn }) => [bucket, drawn?.conversations])).toEqual([
      [1, 10],
      [2, 10],
      [3, 10],
      [4, 10],
      [5, 1],
      [6, 10],
      [7, 10],
    ]);
  });

  test('of a queue of which nothing is known are none', () => {
    expect(fill([], 1, 5)).toEqual([]);
  });
});

test('a bucket and its date are the same thing, before 1970 too', () => {
  const property = fc.property(fc.integer({ min: -20_000, max: 40_000 }), (bucket) => {
    for (const granularity of ['day', 'week'] as const)
      expect(bucketNumber(bucketDate(bucket, granularity), granularity)).toBe(bucket);
  });
  fc.assert(property);
});

test('queues do not mix, and one that is not named comes last', () => {
  const at = (date: string, queueId: string | null, conversations: number) => ({
    startMs: Date.parse(`${date}T12:00:00Z`),
    queueId,
    queueName: queueId === null ? null : `the ${queueId}`,
    conversations,
  });
  const rows = backfill(
    [at('2026-01-03', 'b', 9), at('2026-01-01', null, 2), at('2026-01-01', 'b', 3), at('2026-01-02', 'a', 5)],
    { granularity: 'day', timeZone: 'UTC' },
  );
  expect(rows.map((row) => [row.queueId, row.queueName, row.date, row.conversations, row.interpolated])).toEqual([
    ['a', 'the a', '2026-01-02', 5, false],
    ['b', 'the b', '2026-01-01', 3, false],
    ['b', 'the b', '2026-01-02', 6, true],
    ['b', 'the b', '2026-01-03', 9, false],
    [null, null, '2026-01-01', 2, false],
  ]);
});
