import { type AggregateRow, type AggregatesPage, compareIds, createAggregateTable } from './aggregates.ts';
import { addDays, dateOfDay, dayNumber, mondayOf } from './calendar.ts';
import { interpolateLinearly } from './interpolate.ts';
import type { EpochMs } from './record.ts';
import { roundHalfEven } from './rounding.ts';
import { localDate } from './time-zone.ts';

/** What a summary adds up; only these are interpolated. */
export interface SummarySums {
  readonly conversations: number;
  readonly abandoned: number;
  readonly talkSeconds: number;
  readonly holdSeconds: number;
  readonly workSeconds: number;
}

/** Rounded to 2 and 4 places, and null where there were no conversations. */
export interface SummaryKpis {
  /** Talk, hold and after-call work per conversation offered. */
  readonly ahtSeconds: number | null;
  /** Share of the conversations that were not abandoned: no time limit is in it, so it is no service level. */
  readonly answerRate: number | null;
  readonly abandonmentRate: number | null;
}

/** The ratios of a summary, from sums of whole or exact seconds. */
export function summaryKpis(sums: SummarySums): SummaryKpis {
  const { conversations, abandoned, talkSeconds, holdSeconds, workSeconds } = sums;
  return kpisFromMs(conversations, abandoned, (talkSeconds + holdSeconds + workSeconds) * 1000);
}

/** The same from milliseconds, of which seconds may already have lost a part. */
export function kpisFromMs(conversations: number, abandoned: number, workMs: number): SummaryKpis {
  if (conversations <= 0) return { ahtSeconds: null, answerRate: null, abandonmentRate: null };
  const share = (count: number) => roundHalfEven(Math.min(1, Math.max(0, count / conversations)), 4);
  return {
    ahtSeconds: roundHalfEven(workMs / (1000 * conversations), 2),
    answerRate: share(conversations - abandoned),
    abandonmentRate: share(abandoned),
  };
}

export const wholeSeconds = (ms: number): number => roundHalfEven(ms / 1000, 0);

export interface FlatRecord extends SummarySums, SummaryKpis {
  readonly date: string;
  readonly queueId: string | null;
  readonly queueName: string | null;
}

/** One record a queue and interval of a daily answer, all media of it together, by date of its start and queue. */
export function flattenDaily(
  page: AggregatesPage,
  timeZone: string,
  queueNames: ReadonlyMap<string, string>,
): readonly FlatRecord[] {
  const table = createAggregateTable();
  table.take(page);
  const records = new Map<string, AggregateRow[]>();
  for (const row of table.rows()) {
    const key = JSON.stringify([row.startMs, row.endMs, row.queueId]);
    records.set(key, [...(records.get(key) ?? []), row]);
  }
  return Array.from(records.values(), (rows) => {
    const sum = (of: (row: AggregateRow) => number) => rows.reduce((total, row) => total + of(row), 0);
    const conversations = sum(({ sums }) => sums.offered);
    const abandoned = sum(({ sums }) => sums.abandon.count);
    const [talkMs, holdMs, workMs] = (['talk', 'hold', 'afterCall'] as const).map((name) =>
      sum(({ sums }) => sums[name].sumMs),
    ) as [number, number, number];
    const [{ startMs, queueId } = { startMs: 0, queueId: null }] = rows;
    return {
      date: localDate(startMs, timeZone),
      queueId,
      queueName: queueId === null ? null : (queueNames.get(queueId) ?? null),
      conversations,
      abandoned,
      talkSeconds: wholeSeconds(talkMs),
      holdSeconds: wholeSeconds(holdMs),
      workSeconds: wholeSeconds(workMs),
      ...kpisFromMs(conversations, abandoned, talkMs + holdMs + workMs),
    };
  });
}

export type SummaryGranularity = 'day' | 'week';

/** A calendar bucket: a run of whole numbers, one after the other; a week by its Monday. */
export function bucketNumber(date: string, granularity: SummaryGranularity): number {
  return granularity === 'day' ? dayNumber(date) : (dayNumber(mondayOf(date)) - firstMonday) / 7;
}

/** The date of a bucket: of a week its Monday. */
export function bucketDate(bucket: number, granularity: SummaryGranularity): string {
  return granularity === 'day' ? dateOfDay(bucket) : dateOfDay(bucket * 7 + firstMonday);
}

/** 1970-01-05. */
const firstMonday = 4;

/** A bucket with its sums: known ones as they were given, the others drawn between them. */
export interface FilledBucket<Known extends SummarySums> {
  readonly bucket: number;
  /** Null where there is nothing to draw from. */
  readonly sums: SummarySums | null;
  /** Null where nothing is known: the sums are interpolated. */
  readonly known: Known | null;
}

/** The buckets of one queue, in their order, without holes. */
export interface GapFiller<Known extends SummarySums> {
  /**
   * A known bucket, later than the one before; gives what is settled with it, itself included. Nothing is drawn from one that is not
   * whole, because it still grows.
   */
  next(bucket: number, known: Known, isWhole?: boolean): readonly FilledBucket<Known>[];
  /** What is left up to the end of the range; nothing where no bucket was known. */
  end(): readonly FilledBucket<Known>[];
}

/**
 * Fills holes: on the straight line between two known buckets, and with the nearest one before the first and after the last. The
 * range includes its last bucket; an end that is null is the first or last known bucket.
 */
export function createGapFiller<Known extends SummarySums>(
  first: number | null,
  last: number | null,
): GapFiller<Known> {
  let whole: { readonly bucket: number; readonly known: Known } | null = null;
  let given: number | null = null;

  /** Up to `end`, towards it if it is known. */
  function* holesBefore(end: number, known: Known | null) {
    const from = given === null ? (first ?? end) : given + 1;
    const [a, b] = [whole?.known ?? known, known ?? whole?.known ?? null];
    const start = whole?.bucket ?? from - 1;
    for (let bucket = from; bucket < end; bucket++) {
      const at = (name: keyof SummarySums) =>
        roundHalfEven(interpolateLinearly(a?.[name] ?? null, b?.[name] ?? null, bucket - start, end - start) ?? 0, 0);
      yield { bucket, sums: a === null ? null : sumsOf(at), known: null };
    }
  }

  return {
    next(bucket, known, isWhole = true) {
      const holes = [...holesBefore(bucket, isWhole ? known : null)];
      if (isWhole) whole = { bucket, known };
      given = bucket;
      return [...holes, { bucket, sums: sumsOf((name) => roundHalfEven(known[name], 0)), known }];
    },
    end: () => (given === null || last === null ? [] : [...holesBefore(last + 1, null)]),
  };
}

function sumsOf(at: (name: keyof SummarySums) => number): SummarySums {
  return {
    conversations: at('conversations'),
    abandoned: at('abandoned'),
    talkSeconds: at('talkSeconds'),
    holdSeconds: at('holdSeconds'),
    workSeconds: at('workSeconds'),
  };
}

/** What is missing counts as 0. */
export interface SummaryRecord extends Readonly<Partial<Record<keyof SummarySums, number | null | undefined>>> {
  readonly startMs: EpochMs;
  readonly queueId: string | null;
  readonly queueName?: string | null | undefined;
}

export interface SummaryRow extends SummarySums, SummaryKpis {
  readonly queueId: string | null;
  readonly queueName: string | null;
  /** Of a week its Monday. */
  readonly date: string;
  /** The Sunday of a week; null for days. */
  readonly weekEnd: string | null;
  readonly interpolated: boolean;
}

interface BackfillSettings {
  readonly granularity: SummaryGranularity;
  readonly timeZone: string;
  /** The dates of the first and the last bucket, or dates in them; without one, the first or last of each queue. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** Records of any times as daily or weekly rows of each queue, without holes, by queue and date. */
export function backfill(records: readonly SummaryRecord[], settings: BackfillSettings): readonly SummaryRow[] {
  const { granularity, timeZone, from, to } = settings;
  const first = from === undefined ? null : bucketNumber(from, granularity);
  const last = to === undefined ? null : bucketNumber(to, granularity);
  const queues = new Map<string | null, QueueBuckets>();
  for (const record of [...records].sort((a, b) => a.startMs - b.startMs)) {
    const bucket = bucketNumber(localDate(record.startMs, timeZone), granularity);
    if (bucket < (first ?? -Infinity) || bucket > (last ?? Infinity)) continue;
    const queue = queues.get(record.queueId) ?? { name: null, buckets: new Map<number, SummarySums>() };
    queues.set(record.queueId, queue);
    queue.name = record.queueName ?? queue.name;
    const known = queue.buckets.get(bucket);
    queue.buckets.set(
      bucket,
      sumsOf((name) => (known?.[name] ?? 0) + (record[name] ?? 0)),
    );
  }
  return [...queues]
    .sort(([a], [b]) => compareIds(a, b))
    .flatMap(([queueId, { name, buckets }]) => {
      const filler = createGapFiller(first, last);
      const known = [...buckets].sort(([a], [b]) => a - b);
      const filled = [...known.flatMap(([bucket, sums]) => filler.next(bucket, sums)), ...filler.end()];
      return filled.map(({ bucket, sums: drawn, known: told }) => {
        const date = bucketDate(bucket, granularity);
        // All that is known here is whole.
        const sums = drawn ?? sumsOf(() => 0);
        return {
          queueId,
          queueName: name,
          date,
          weekEnd: granularity === 'week' ? addDays(date, 6) : null,
          ...sums,
          ...summaryKpis(sums),
          interpolated: told === null,
        };
      });
    });
}

interface QueueBuckets {
  name: string | null;
  readonly buckets: Map<number, SummarySums>;
}
