import { z } from 'zod';
import { kpiFields, totalsFields } from '../interval-fields.ts';
import { calendarDate, count, defineRecord, epochMs } from '../record.ts';

/** A day or a week (from Monday) of a queue and media type in a time zone, from the platform's aggregates. */
export const queueSummary = defineRecord({
  name: 'queue-summary',
  version: 1,
  kind: 'revised',
  // The same date is another day in another zone: no revision of it.
  key: ['queueId', 'mediaType', 'granularity', 'timeZone', 'date'],
  schema: z.object({
    queueId: z.string(),
    queueName: z.string().nullable(),
    mediaType: z.string(),
    granularity: z.enum(['P1D', 'P1W']),
    /** Of a week its Monday. */
    date: calendarDate(),
    /** The Sunday of a week; null for days. */
    weekEnd: calendarDate().nullable(),
    timeZone: z.string(),
    startMs: epochMs(),
    endMs: epochMs(),
    /** Seconds from the start of the bucket to the answer it was made of: what was read later outranks what was read before. */
    revision: count(),
    conversations: count(),
    abandoned: count(),
    talkSeconds: count(),
    holdSeconds: count(),
    workSeconds: count(),
    /** Per conversation offered; `kpi.handleMsMean` is per interaction handled. */
    ahtSeconds: z.number().nullable(),
    /** Share not abandoned, 0 to 1; `kpi.answerRate` is the share answered. */
    answerRate: z.number().nullable(),
    abandonmentRate: z.number().nullable(),
    /** Nothing was told of this bucket: the five sums above are drawn between its neighbours, `totals` and `kpi` are null. */
    interpolated: z.boolean(),
    /** False: it was not over, or not for long enough, when it was read; its numbers will still grow. */
    complete: z.boolean(),
    totals: totalsFields().nullable(),
    kpi: kpiFields().nullable(),
    kpiVersion: count(),
    /** Arrival of the last answer that went in. */
    observedAtMs: epochMs(),
  }),
});

export type QueueSummary = z.infer<typeof queueSummary.schema>;
