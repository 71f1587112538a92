import { z } from 'zod';
import { defineRecord, epochMs } from '../record.ts';

/** What became of somebody who waited, beside what was said when they joined; written once the interaction is over. */
export const waitOutcome = defineRecord({
  name: 'wait-outcome',
  version: 1,
  kind: 'fact',
  key: ['queueId', 'mediaType', 'conversationId'],
  schema: z.object({
    queueId: z.string(),
    mediaType: z.string(),
    conversationId: z.string(),
    enqueuedAtMs: epochMs(),
    /** Until the agent or the hanging up. */
    waitSeconds: z.number(),
    outcome: z.enum(['answered', 'abandoned']),
    agentId: z.string().nullable(),
    /** Null for who gave up, and where the end was not heard. */
    handleSeconds: z.number().nullable(),
    /** Null, as the quantiles are, for somebody whose joining was not seen. */
    estimator: z.string().nullable(),
    waitSecondsP50: z.number().nullable(),
    waitSecondsP80: z.number().nullable(),
    waitSecondsP90: z.number().nullable(),
    observedAtMs: epochMs(),
  }),
});

export type WaitOutcome = z.infer<typeof waitOutcome.schema>;
