import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

/** How long somebody who joins the queue now will wait, or the reason why nobody can tell. */
export const waitPrediction = defineRecord({
  name: 'wait-prediction',
  version: 1,
  kind: 'state',
  key: ['queueId', 'mediaType'],
  schema: z.object({
    queueId: z.string(),
    mediaType: z.string(),
    waitSecondsP50: z.number().nullable(),
    /** The seed estimator gives one number and no distribution: P80 and P90 stay null. */
    waitSecondsP80: z.number().nullable(),
    waitSecondsP90: z.number().nullable(),
    secondsPerPosition: z.number().nullable(),
    estimator: z.enum(['seed']).nullable(),
    confidence: z.number().nullable(),
    /** Why there is no estimate; null when there is one. */
    reason: z.enum(['no_agents', 'stale', 'gap']).nullable(),
    /** The cap of the estimator was reached: say "more than". */
    capped: z.boolean(),
    inputs: z.object({
      waiting: count().nullable(),
      agentsIdle: count().nullable(),
      agentsOnQueue: count().nullable(),
      handleSeconds: z.number().nullable(),
      handleSource: z.enum(['observed', 'default']).nullable(),
    }),
    announcementText: z.string().nullable(),
    observedAtMs: epochMs(),
    issuedAtMs: epochMs(),
  }),
});

export type WaitPrediction = z.infer<typeof waitPrediction.schema>;
