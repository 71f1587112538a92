import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

/** The dimension of a queue: its name and targets from `validFromMs` on. */
export const queueProfile = defineRecord({
  name: 'queue-profile',
  version: 1,
  kind: 'revised',
  key: ['queueId'],
  schema: z.object({
    queueId: z.string(),
    revision: count(),
    validFromMs: epochMs(),
    name: z.string(),
    voiceServiceLevelTarget: z.number().nullable(),
    voiceServiceLevelMs: count().nullable(),
  }),
});

export type QueueProfile = z.infer<typeof queueProfile.schema>;
