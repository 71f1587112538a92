import { z } from 'zod';
import { kpiFields, totalsFields } from '../../streams/interval-fields.ts';
import { count, defineRecord, epochMs } from '../../streams/record.ts';

/** A half hour or an hour of a queue and media type. It has no topic: what runs live publishes windows. */
export const queueInterval = defineRecord({
  name: 'queue-interval',
  version: 1,
  kind: 'revised',
  key: ['queueId', 'mediaType', 'granularity', 'startMs'],
  schema: z.object({
    queueId: z.string(),
    queueName: z.string().nullable(),
    mediaType: z.string(),
    granularity: z.enum(['PT30M', 'PT1H']),
    startMs: epochMs(),
    endMs: epochMs(),
    timeZone: z.string(),
    /** As in `queue-summary`. */
    revision: count(),
    complete: z.boolean(),
    totals: totalsFields(),
    kpi: kpiFields(),
    kpiVersion: count(),
    observedAtMs: epochMs(),
  }),
});
