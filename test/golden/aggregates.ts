import { z } from 'zod';
import {
  addSums,
  aggregatesPage,
  type AggregateRow,
  type AggregateSums,
  compareIds,
  createAggregateTable,
  type Durations,
  nextPage,
  noSums,
  totalsOf,
} from '../../streams/aggregates.ts';
import { kpisOf } from '../../streams/kpis.ts';
import { differenceOf, type GoldenKind } from './kind.ts';

const aggregatesInput = z.strictObject({
  pages: z.record(z.string(), aggregatesPage),
  queueNames: z.record(z.string(), z.string().nullable()).default({}),
});

/** Ratios have a tolerance, everything else has to be the same. */
const ratioTolerance = Object.fromEntries(
  ['ahtMs', 'avgWaitMs', 'answerRate', 'abandonRate', 'serviceLevel'].map((name) => [name, 'rel 1e-12']),
);

export const aggregates: GoldenKind = {
  kind: 'aggregates',
  runCase: ({ input, expected }) => differenceOf(expected, read(aggregatesInput.parse(input)), ratioTolerance),
};

function read({ pages, queueNames }: z.infer<typeof aggregatesInput>) {
  const table = createAggregateTable();
  const followed = new Set<string>();
  let pagesRead = 0;
  for (let cursor = ''; ;) {
    const page = pages[cursor];
    if (page === undefined) throw new Error(`there is no page ${cursor}`);
    table.take(page);
    pagesRead += 1;
    const next = nextPage(followed, page.cursor);
    if (next.kind === 'end') break;
    if (next.kind === 'loop') return { error: 'cursor-loop' };
    followed.add((cursor = next.cursor));
  }
  const rows = table.rows();
  return {
    pagesRead,
    rows: rows.map((row) => ({
      intervalStart: iso(row.startMs),
      intervalEnd: iso(row.endMs),
      queueId: row.queueId,
      queueName: row.queueId === null ? null : (queueNames[row.queueId] ?? null),
      mediaType: row.mediaType,
      ...columns(row.sums),
    })),
    totals: {
      byQueueMedia: totals(rows, ['queueId', 'mediaType']),
      byQueue: totals(rows, ['queueId']),
      byMedia: totals(rows, ['mediaType']),
      all: columns(rows.reduce((sums, row) => addSums(sums, row.sums), noSums)),
    },
  };
}

function totals(rows: readonly AggregateRow[], by: readonly ('queueId' | 'mediaType')[]) {
  const groups = new Map<string, { readonly row: AggregateRow; sums: AggregateSums }>();
  for (const row of rows) {
    const key = JSON.stringify(by.map((name) => row[name]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { row, sums: row.sums });
    else group.sums = addSums(group.sums, row.sums);
  }
  return [...groups.values()]
    .sort((a, b) => by.reduce((order, name) => order || compareIds(a.row[name], b.row[name]), 0))
    .map(({ row, sums }) => ({ ...Object.fromEntries(by.map((name) => [name, row[name]])), ...columns(sums) }));
}

function columns(sums: AggregateSums) {
  const kpis = kpisOf(totalsOf(sums));
  return {
    ...durations('handle', sums.handle),
    ...durations('talk', sums.talk),
    ...durations('hold', sums.hold),
    ...durations('acw', sums.afterCall),
    ...durations('wait', sums.wait),
    ...durations('answer', sums.answer),
    ...durations('abandon', sums.abandon),
    offeredCount: sums.offered,
    slNumerator: sums.serviceLevelMet,
    slDenominator: sums.serviceLevelOf,
    ahtMs: kpis.handleMsMean,
    avgWaitMs: kpis.waitMsMean,
    answerRate: kpis.answerRate,
    abandonRate: kpis.abandonmentRate,
    serviceLevel: kpis.serviceLevel,
  };
}

function durations(name: string, { count, sumMs, minMs, maxMs }: Durations) {
  return { [`${name}Ms`]: sumMs, [`${name}Count`]: count, [`${name}MinMs`]: minMs, [`${name}MaxMs`]: maxMs };
}

const iso = (ms: number) => new Date(ms).toISOString();
