import { compareIds } from '../../streams/aggregates.ts';
import { dayOf, weekOf } from '../../streams/calendar.ts';
import { addTotals, type IntervalTotals } from '../../streams/kpis.ts';
import type { EpochMs } from '../../streams/record.ts';
import {
  bucketDate,
  bucketNumber,
  createGapFiller,
  type FilledBucket,
  type GapFiller,
  type SummarySums,
  wholeSeconds,
} from '../../streams/summary.ts';
import type { PieceAnswer } from './cells.ts';
import { settledAfterMs } from '../genesys/half-hours.ts';
import { type Bucket, bucketAround, type Question } from './question.ts';

/** One queue and media type in one bucket. */
export interface Row {
  readonly bucket: Bucket;
  readonly queueId: string;
  readonly mediaType: string;
  /** Null where nothing was told. */
  readonly totals: IntervalTotals | null;
  /** Of what was told, or drawn between the neighbours; null in a hole that is not to be filled. */
  readonly sums: SummarySums | null;
  /** Arrival of the last answer that went in. */
  readonly observedAtMs: EpochMs;
}

/** Whether the numbers of a row can grow no more, as of when it was read. */
export const isComplete = ({ bucket, observedAtMs }: Pick<Row, 'bucket' | 'observedAtMs'>): boolean =>
  bucket.endMs + settledAfterMs <= observedAtMs;

/** Rows out of the pieces of some queues, in the order of time. */
export interface RollUp {
  take(answer: PieceAnswer): readonly Row[];
  end(): readonly Row[];
}

interface Known extends SummarySums {
  readonly row: Row;
}

/**
 * Adds cells up to buckets. A bucket comes when the next one begins; holes of days and weeks when the next known bucket does, or
 * with the end. What still grows is no end of a line. Holds one bucket of each queue, whatever the range.
 */
export function createRollUp(question: Question): RollUp {
  const { granularity, timeZone, startMs, endMs } = question;
  const isCalendar = granularity === 'P1D' || granularity === 'P1W';
  const unit = granularity === 'P1W' ? 'week' : 'day';
  const numberOf = ({ date }: Bucket) => bucketNumber(date ?? '', unit);
  const bucketOf = createBucketOf(question);
  const range = isCalendar
    ? { first: numberOf(bucketOf(startMs)), last: numberOf(bucketAround(endMs - 1, granularity, timeZone)) }
    : { first: 0, last: 0 };
  const fillers = new Map<string, { readonly filler: GapFiller<Known>; last: Row }>();
  let open = new Map<string, Row & { readonly totals: IntervalTotals }>();
  let openStartMs = -Infinity;
  let observedAtMs = 0;

  function close(): Row[] {
    const rows = [...open.values()].sort(byQueue).map((row) => ({ ...row, sums: sumsOf(row.totals) }));
    open = new Map();
    return isCalendar ? rows.flatMap(fill) : rows;
  }

  function fill(row: Row & { readonly sums: SummarySums }): Row[] {
    const key = keyOf(row);
    const known = fillers.get(key) ?? { filler: createGapFiller<Known>(range.first, range.last), last: row };
    fillers.set(key, known);
    known.last = row;
    const filled = known.filler.next(numberOf(row.bucket), { ...row.sums, row }, isComplete(row));
    return filled.map((each) => rowOf(each, row));
  }

  function rowOf({ bucket: index, sums, known }: FilledBucket<Known>, near: Row): Row {
    if (known !== null) return known.row;
    const bucket = bucketOfDate(bucketDate(index, unit), question);
    const hole = { ...near, bucket, totals: null, sums: null, observedAtMs };
    // Of a day that runs there may yet be something to tell.
    return question.fill === 'linear' && isComplete(hole) ? { ...hole, sums } : hole;
  }

  return {
    take(answer) {
      const rows: Row[] = [];
      observedAtMs = Math.max(observedAtMs, answer.observedAtMs);
      for (const { startMs: atMs, queueId, mediaType, totals } of answer.cells) {
        const bucket = bucketOf(atMs);
        if (bucket.startMs > openStartMs) {
          rows.push(...close());
          openStartMs = bucket.startMs;
        }
        const key = keyOf({ queueId, mediaType });
        const before = open.get(key);
        open.set(key, {
          bucket,
          queueId,
          mediaType,
          totals: before === undefined ? totals : addTotals(before.totals, totals),
          sums: null,
          observedAtMs: Math.max(before?.observedAtMs ?? 0, answer.observedAtMs),
        });
      }
      return rows;
    },
    end() {
      const rows = close();
      const all = [...fillers.values()].sort((a, b) => byQueue(a.last, b.last));
      return [...rows, ...all.flatMap(({ filler, last }) => filler.end().map((each) => rowOf(each, last)))];
    },
  };
}

/** Moments come in order, and many fall into one bucket. */
function createBucketOf({ granularity, timeZone }: Question): (atMs: EpochMs) => Bucket {
  let bucket: Bucket | undefined;
  return (atMs) => {
    if (bucket === undefined || atMs < bucket.startMs || atMs >= bucket.endMs)
      bucket = bucketAround(atMs, granularity, timeZone);
    return bucket;
  };
}

function bucketOfDate(date: string, { granularity, timeZone }: Question): Bucket {
  if (granularity === 'P1D') return { ...dayOf(date, timeZone), weekEnd: null };
  const { lastDate, startMs, endMs } = weekOf(date, timeZone);
  return { date, startMs, endMs, weekEnd: lastDate };
}

const keyOf = ({ queueId, mediaType }: Pick<Row, 'queueId' | 'mediaType'>) => `${queueId}\n${mediaType}`;

const byQueue = (a: Pick<Row, 'queueId' | 'mediaType'>, b: Pick<Row, 'queueId' | 'mediaType'>) =>
  compareIds(a.queueId, b.queueId) || compareIds(a.mediaType, b.mediaType);

function sumsOf(totals: IntervalTotals): SummarySums {
  return {
    conversations: totals.offered,
    abandoned: totals.abandoned,
    talkSeconds: wholeSeconds(totals.talkMs),
    holdSeconds: wholeSeconds(totals.holdMs),
    workSeconds: wholeSeconds(totals.afterCallMs),
  };
}
