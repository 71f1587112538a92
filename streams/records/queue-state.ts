import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

/** What is known of a queue and media type now; null = not known, never 0. Agent counts are those of the whole queue. */
export const queueState = defineRecord({
  name: 'queue-state',
  version: 1,
  kind: 'state',
  key: ['queueId', 'mediaType'],
  schema: z.object({
    queueId: z.string(),
    mediaType: z.string(),
    /** `stale`: a gap is open, the counts are those of its start. */
    status: z.enum(['observed', 'stale']),
    waiting: count().nullable(),
    longestWaitStartMs: epochMs().nullable(),
    interacting: count().nullable(),
    agentsOnQueue: count().nullable(),
    agentsIdle: count().nullable(),
    agentsInteracting: count().nullable(),
    agentsCommunicating: count().nullable(),
    agentsNotResponding: count().nullable(),
    agentsOffQueue: count().nullable(),
    /**
     * Sums of today's half hours (in the queue's time zone) from that which began at `totalsSinceMs` on. Where one was not heard whole
     * they begin after it, until it was read again.
     */
    offered: count().nullable(),
    answered: count().nullable(),
    abandoned: count().nullable(),
    serviceLevel: z.number().nullable(),
    serviceLevelTarget: z.number().nullable(),
    totalsSinceMs: epochMs().nullable(),
    /** Mean of recent handle times, later ones weighing more; null before the first. */
    handleSecondsMean: z.number().nullable(),
    observedAtMs: epochMs(),
  }),
});

export type QueueState = z.infer<typeof queueState.schema>;
