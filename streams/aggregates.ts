import { z } from 'zod';
import { extreme, type IntervalTotals } from './kpis.ts';
import type { EpochMs } from './record.ts';

const timed = {
  handle: 'tHandle',
  talk: 'tTalkComplete',
  hold: 'tHeldComplete',
  afterCall: 'tAcw',
  wait: 'tWait',
  answer: 'tAnswered',
  abandon: 'tAbandon',
  shortAbandon: 'tShortAbandon',
  flowOut: 'tFlowOut',
} as const;
const counted = { offered: 'nOffered', overSla: 'nOverSla' } as const;
const serviceLevelMetric = 'oServiceLevel';

type TimedName = keyof typeof timed;

/** What an aggregates query has to ask for. */
export const aggregateMetrics: readonly string[] = [
  ...Object.values(timed),
  ...Object.values(counted),
  serviceLevelMetric,
];

const stat = z.number().nullish();

/** An answer to an aggregates query, or a page of one; only what is read is named, and all of it may be missing. */
export const aggregatesPage = z.object({
  results: z
    .array(
      z.object({
        group: z.object({ queueId: z.string().nullish(), mediaType: z.string().nullish() }).nullish(),
        data: z
          .array(
            z.object({
              interval: z.string(),
              metrics: z
                .array(
                  z.object({
                    metric: z.string(),
                    qualifier: z.string().nullish(),
                    stats: z
                      .object({ count: stat, sum: stat, min: stat, max: stat, numerator: stat, denominator: stat })
                      .nullish(),
                  }),
                )
                .nullish(),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
  cursor: z.string().nullish(),
});

export type AggregatesPage = z.output<typeof aggregatesPage>;
type Stats = NonNullable<
  NonNullable<NonNullable<NonNullable<AggregatesPage['results']>[number]['data']>[number]['metrics']>[number]['stats']
>;

type Mutable<T> = { -readonly [Field in keyof T]: T[Field] };

/** How many, how long together, the shortest and the longest; null = none, or not told. */
export interface Durations {
  readonly count: number;
  readonly sumMs: number;
  readonly minMs: number | null;
  readonly maxMs: number | null;
}

export type AggregateSums = Readonly<Record<TimedName, Durations>> & {
  readonly offered: number;
  readonly overSla: number;
  readonly serviceLevelMet: number;
  readonly serviceLevelOf: number;
};

/** A queue and media type in one interval; null = the platform named none. */
export interface AggregateRow {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  readonly queueId: string | null;
  readonly mediaType: string | null;
  readonly sums: AggregateSums;
}

const none: Durations = { count: 0, sumMs: 0, minMs: null, maxMs: null };

export const noSums: AggregateSums = {
  handle: none,
  talk: none,
  hold: none,
  afterCall: none,
  wait: none,
  answer: none,
  abandon: none,
  shortAbandon: none,
  flowOut: none,
  offered: 0,
  overSla: 0,
  serviceLevelMet: 0,
  serviceLevelOf: 0,
};

/** Rows out of pages. */
export interface AggregateTable {
  /** A metric that comes again for its cell supersedes the one before: a page that is read twice counts once. */
  take(page: AggregatesPage): void;
  /** By start, queue and media type, none last. */
  rows(): readonly AggregateRow[];
}

/** Gathers pages. `take` throws a RangeError that names an interval it cannot read. */
export function createAggregateTable(): AggregateTable {
  const cells = new Map<string, AggregateRow & { readonly sums: Mutable<AggregateSums> }>();
  return {
    take({ results }) {
      for (const { group, data } of results ?? []) {
        const queueId = group?.queueId ?? null;
        const mediaType = group?.mediaType ?? null;
        for (const { interval, metrics } of data ?? []) {
          const { startMs, endMs } = parseInterval(interval);
          const key = JSON.stringify([startMs, endMs, queueId, mediaType]);
          let cell = cells.get(key);
          if (cell === undefined) cells.set(key, (cell = { startMs, endMs, queueId, mediaType, sums: { ...noSums } }));
          for (const { metric, qualifier, stats } of metrics ?? []) {
            // What is told by wrap-up code or status is a part of something else.
            if (qualifier === undefined || qualifier === null || qualifier === '')
              supersede(cell.sums, metric, stats ?? {});
          }
        }
      }
    },
    rows: () => [...cells.values()].sort(inOrder),
  };
}

const fieldOf: ReadonlyMap<string, TimedName | keyof typeof counted> = new Map(
  [...Object.entries(timed), ...Object.entries(counted)].map(([field, metric]) => [
    metric,
    field as TimedName | keyof typeof counted,
  ]),
);

function supersede(sums: Mutable<AggregateSums>, metric: string, stats: Partial<Stats>): void {
  const { count, sum, min, max, numerator, denominator } = stats;
  if (metric === serviceLevelMetric) {
    sums.serviceLevelMet = numerator ?? 0;
    sums.serviceLevelOf = denominator ?? 0;
    return;
  }
  const field = fieldOf.get(metric);
  if (field === undefined) return;
  if (field === 'offered' || field === 'overSla') sums[field] = count ?? 0;
  else sums[field] = { count: count ?? 0, sumMs: sum ?? 0, minMs: min ?? null, maxMs: max ?? null };
}

const instant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

/** `start/end`, each with `Z` or an offset. Throws a RangeError for anything else. */
function parseInterval(interval: string): { readonly startMs: EpochMs; readonly endMs: EpochMs } {
  const [startMs = NaN, endMs = NaN, ...rest] = interval
    .split('/')
    .map((each) => (instant.test(each) ? Date.parse(each) : NaN));
  if (rest.length > 0 || !(startMs <= endMs)) {
    throw new RangeError(`The interval "${interval}" is no pair of instants, the earlier one first.`);
  }
  return { startMs, endMs };
}

function inOrder(a: AggregateRow, b: AggregateRow): number {
  return (
    a.startMs - b.startMs ||
    compareIds(a.queueId, b.queueId) ||
    compareIds(a.mediaType, b.mediaType) ||
    a.endMs - b.endMs
  );
}

/** By code unit; null comes last. */
export function compareIds(a: string | null, b: string | null): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? 1 : -1;
  return a < b ? -1 : 1;
}

/** Adds up; minima and maxima are those of both. */
export function addSums(a: AggregateSums, b: AggregateSums): AggregateSums {
  const both = (name: TimedName): Durations => ({
    count: a[name].count + b[name].count,
    sumMs: a[name].sumMs + b[name].sumMs,
    minMs: extreme(Math.min, a[name].minMs, b[name].minMs),
    maxMs: extreme(Math.max, a[name].maxMs, b[name].maxMs),
  });
  return {
    handle: both('handle'),
    talk: both('talk'),
    hold: both('hold'),
    afterCall: both('afterCall'),
    wait: both('wait'),
    answer: both('answer'),
    abandon: both('abandon'),
    shortAbandon: both('shortAbandon'),
    flowOut: both('flowOut'),
    offered: a.offered + b.offered,
    overSla: a.overSla + b.overSla,
    serviceLevelMet: a.serviceLevelMet + b.serviceLevelMet,
    serviceLevelOf: a.serviceLevelOf + b.serviceLevelOf,
  };
}

/** The same sums as the rest of the product names them. */
export function totalsOf(sums: AggregateSums): IntervalTotals {
  return {
    offered: sums.offered,
    answered: sums.answer.count,
    abandoned: sums.abandon.count,
    shortAbandoned: sums.shortAbandon.count,
    flowedOut: sums.flowOut.count,
    overSla: sums.overSla,
    serviceLevelMet: sums.serviceLevelMet,
    serviceLevelOf: sums.serviceLevelOf,
    waited: sums.wait.count,
    handled: sums.handle.count,
    answerMs: sums.answer.sumMs,
    abandonMs: sums.abandon.sumMs,
    waitMs: sums.wait.sumMs,
    talkMs: sums.talk.sumMs,
    holdMs: sums.hold.sumMs,
    afterCallMs: sums.afterCall.sumMs,
    handleMs: sums.handle.sumMs,
    waitMsMax: sums.wait.maxMs,
  };
}

/** Which page comes next: none after one without a cursor; a cursor that was followed before leads nowhere. */
export function nextPage(
  followed: ReadonlySet<string>,
  cursor: string | null | undefined,
): { readonly kind: 'end' } | { readonly kind: 'page' | 'loop'; readonly cursor: string } {
  if (cursor === undefined || cursor === null || cursor === '') return { kind: 'end' };
  return { kind: followed.has(cursor) ? 'loop' : 'page', cursor };
}
