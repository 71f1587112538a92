import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { filterSchema, selects, type Dimensions } from './filter.ts';
import { cutInterval, granularitySchema, intervalSchema, timeZoneSchema, type Interval } from './interval.ts';
import type { Metric } from './interval-ledger.ts';
import { badRequest, fieldType, type RouteAnswer } from './rest.ts';
import { isoTime } from './wire.ts';

/** The body of an aggregates query over these metrics, grouped by some of these dimensions. */
export const aggregatesSchema = <
  const Names extends readonly [string, ...string[]],
  const Groups extends readonly [string, ...string[]],
>(
  metricNames: Names,
  dimensions: Groups,
) =>
  z.object({
    interval: intervalSchema,
    metrics: z.array(fieldType('Metric', metricNames)).min(1),
    granularity: granularitySchema.optional(),
    timeZone: timeZoneSchema.default('UTC'),
    groupBy: z.array(fieldType('Dimension', dimensions)).default([]),
    filter: filterSchema.optional(),
  });

export interface AggregatesQuery {
  readonly interval: Interval;
  readonly metrics: readonly string[];
  readonly granularity?: string | undefined;
  readonly timeZone: string;
  readonly groupBy: readonly string[];
  readonly filter?: z.output<typeof filterSchema> | undefined;
}

/** What is to be added to the sum of one group in one bucket. */
export interface Portion<Sum> {
  readonly dimensions: Dimensions;
  readonly atMs: EpochMs;
  readonly addTo: (sum: Sum) => void;
}

/** What is added up, and how the sum is stated. */
export interface Subject<Sum> {
  readonly createSum: () => Sum;
  readonly metricsOf: (sum: Sum) => readonly Metric[];
}

const bucketsMax = 3_000;
const daysMax = 31;

/** The buckets of a query, or why there are too many. */
export function bucketsOf({ interval, granularity, timeZone }: AggregatesQuery):
  | { readonly buckets: readonly Interval[] }
  | {
      readonly refused: RouteAnswer;
    } {
  // A month in which the clocks go back is an hour longer.
  if (interval.toMs - interval.fromMs > daysMax * 86_400_000 + 3_600_000) {
    return { refused: badRequest(`The interval may not exceed ${daysMax} days.`) };
  }
  const buckets = cutInterval(interval, granularity, timeZone);
  return buckets.length > bucketsMax
    ? { refused: badRequest(`The interval has ${buckets.length} buckets; ${bucketsMax} are allowed.`) }
    : { buckets };
}

/** Adds portions up, each in its group and bucket. A bucket without any is absent, as is a group without buckets. */
export function aggregate<Sum>(
  { filter, groupBy, interval, metrics }: AggregatesQuery,
  buckets: readonly Interval[],
  portions: Iterable<Portion<Sum>>,
  { createSum, metricsOf }: Subject<Sum>,
): object[] {
  const groups = new Map<string, { readonly group: Dimensions; readonly sums: Map<number, Sum> }>();
  for (const { dimensions, atMs, addTo } of portions) {
    if (atMs < interval.fromMs || atMs >= interval.toMs) continue;
    if (filter !== undefined && !selects(filter, dimensions)) continue;
    // What no agent did belongs to no agent's group.
    if (groupBy.includes('userId') && dimensions['userId'] === '') continue;
    const group = Object.fromEntries(groupBy.map((name) => [name, dimensions[name] ?? '']));
    const key = JSON.stringify(group);
    const entry = groups.get(key) ?? { group, sums: new Map<number, Sum>() };
    groups.set(key, entry);
    const index = bucketAt(buckets, atMs);
    const sum = entry.sums.get(index) ?? createSum();
    entry.sums.set(index, sum);
    addTo(sum);
  }
  return Array.from(groups.values(), ({ group, sums }) => ({
    group,
    data: buckets.flatMap(({ fromMs, toMs }, index) => {
      const sum = sums.get(index);
      const shown = sum === undefined ? [] : metricsOf(sum).filter(({ metric }) => metrics.includes(metric));
      return shown.length === 0 ? [] : [{ interval: `${isoTime(fromMs)}/${isoTime(toMs)}`, metrics: shown }];
    }),
  })).filter(({ data }) => data.length > 0);
}

function bucketAt(buckets: readonly Interval[], atMs: EpochMs): number {
  let low = 0;
  for (let high = buckets.length - 1; low < high;) {
    const middle = Math.ceil((low + high) / 2);
    if ((buckets[middle]?.fromMs ?? Infinity) <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
