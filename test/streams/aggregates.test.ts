import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addSums, aggregatesPage, createAggregateTable, nextPage, noSums, totalsOf } from '../../streams/aggregates.ts';
import { addTotals, kpisOf, noTotals } from '../../streams/kpis.ts';

const day = '2026-03-01';
const interval = (hour: number) => `${day}T0${hour}:00:00.000Z/${day}T0${hour}:30:00.000Z`;
const stats = fc.record({
  count: fc.nat(50),
  sum: fc.nat(1_000_000),
  min: fc.nat(1_000),
  max: fc.nat(100_000),
});
const metrics = fc.uniqueArray(
  fc.record({ metric: fc.constantFrom('nOffered', 'tAnswered', 'tAbandon', 'tWait', 'tHandle', 'nOverSla'), stats }),
  { selector: ({ metric }) => metric },
);
const cells = fc.uniqueArray(
  fc.record({
    queueId: fc.constantFrom('a', 'b'),
    mediaType: fc.constantFrom('voice', 'chat'),
    hour: fc.nat(5),
    metrics,
  }),
  { selector: ({ queueId, mediaType, hour }) => `${queueId} ${mediaType} ${hour}`, minLength: 1 },
);

const pageOf = (each: { queueId: string; mediaType: string; hour: number; metrics: object[] }) =>
  aggregatesPage.parse({
    results: [
      {
        group: { queueId: each.queueId, mediaType: each.mediaType },
        data: [{ interval: interval(each.hour), metrics: each.metrics }],
      },
    ],
  });

const rowsOf = (pages: readonly ReturnType<typeof pageOf>[]) => {
  const table = createAggregateTable();
  for (const page of pages) table.take(page);
  return table.rows();
};

describe('pages of aggregates', () => {
  test('make the same rows in any order, and read more than once', () => {
    const shuffled = cells.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: 2 * all.length })),
    );
    const property = fc.property(shuffled, ([all, again]) => {
      expect(rowsOf(again.map(pageOf))).toEqual(rowsOf(all.map(pageOf)));
    });
    fc.assert(property);
  });

  test('add up to the same totals, whichever rows are added up first', () => {
    const property = fc.property(cells, fc.nat(10), (all, cut) => {
      const sums = rowsOf(all.map(pageOf)).map((row) => row.sums);
      const sumOf = (some: typeof sums) => some.reduce(addSums, noSums);
      const [first, second] = [sums.slice(0, cut), sums.slice(cut)];
      expect(addSums(sumOf(first), sumOf(second))).toEqual(sumOf(sums));
      const totals = sums.map(totalsOf);
      expect(totals.reduce(addTotals, noTotals)).toEqual(totalsOf(sumOf(sums)));
    });
    fc.assert(property);
  });

  test('leave out what is told by qualifier, and know two spellings of an instant as one', () => {
    const metric = (count: number) => ({ metric: 'nOffered', stats: { count } });
    const page = aggregatesPage.parse({
      results: [
        {
          group: { queueId: 'a', mediaType: 'voice' },
          data: [
            { interval: interval(1), metrics: [metric(1)] },
            {
              interval: `${day}T02:00:00.000+01:00/${day}T02:30:00.000+01:00`,
              metrics: [metric(3), { ...metric(5), qualifier: 'x' }],
            },
          ],
        },
      ],
    });
    expect(rowsOf([page]).map(({ sums }) => sums.offered)).toEqual([3]);
  });

  test.each(['', 'x', '2026-03-01', '2026-03-01T00:00:00Z', '2026-03-01T01:00:00Z/2026-03-01T00:00:00Z'])(
    'with the interval %j are refused by its name',
    (bad) => {
      const page = aggregatesPage.parse({ results: [{ group: {}, data: [{ interval: bad }] }] });
      expect(() => rowsOf([page])).toThrow(`The interval "${bad}" is no pair of instants`);
    },
  );
});

describe('a cursor', () => {
  test.each([undefined, null, ''])('that is %j ends the pages', (cursor) => {
    expect(nextPage(new Set(['a']), cursor)).toEqual({ kind: 'end' });
  });

  test('leads on once, and is a loop when it comes again', () => {
    expect(nextPage(new Set(), 'a')).toEqual({ kind: 'page', cursor: 'a' });
    expect(nextPage(new Set(['b', 'a']), 'a')).toEqual({ kind: 'loop', cursor: 'a' });
  });
});

describe('the ratios', () => {
  test('are null where there is nothing to divide by, and made from sums', () => {
    expect(Object.values(kpisOf(noTotals))).toEqual(Array(7).fill(null));
    const [quiet, busy] = [
      { ...noTotals, offered: 1, answered: 1, serviceLevelMet: 1, serviceLevelOf: 1, answerMs: 10 },
      { ...noTotals, offered: 9, answered: 6, abandoned: 3, serviceLevelOf: 9, answerMs: 6_000 },
    ];
    expect(kpisOf(addTotals(quiet, busy))).toMatchObject({
      serviceLevel: 0.1,
      answerRate: 0.7,
      abandonmentRate: 0.3,
      answerMsMean: 6_010 / 7,
      handleMsMean: null,
    });
  });

  test('know the occupancy where the time of agents is known', () => {
    const staff = { agentInteractingMs: 30, agentCommunicatingMs: 10, agentIdleMs: 60 };
    expect(kpisOf(noTotals, staff).occupancy).toBe(0.3);
  });
});
