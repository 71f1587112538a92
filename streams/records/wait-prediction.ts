import { z } from 'zod';
import { announcement } from '../announcement.ts';
import { noEstimateReasons } from '../announcements/messages.ts';
import { count, defineRecord, epochMs } from '../record.ts';

/** Seconds in whole numbers; a caller has no use for more. */
const seconds = () => z.number().nonnegative().nullable();

/** How long somebody who joins the queue now will wait, or the reason why nobody can tell. */
export const waitPrediction = defineRecord({
  name: 'wait-prediction',
  version: 1,
  kind: 'state',
  key: ['queueId', 'mediaType'],
  schema: z.object({
    queueId: z.string(),
    mediaType: z.string(),
    /** Half of those who have to wait at all wait at most so long; 0 while somebody is idle and nobody waits. */
    waitSecondsP50: seconds(),
    /** Null for the seed estimator, which gives one number and no distribution. */
    waitSecondsP80: seconds(),
    waitSecondsP90: seconds(),
    /** What each place in the queue adds: a caller at place n waits about n times as long. */
    secondsPerPosition: z.number().nullable(),
    /** The best informed of what is known: docs/prediction.md has the ladder. */
    estimator: z.enum(['seed', 'ql', 'hol', 'les', 'smoothed', 'ql-a', 'ratio', 'regression']).nullable(),
    /** 0 to 1: the tutorial's for `seed`; else from how many waits were learned from and how well they were covered of late. */
    confidence: z.number().nullable(),
    /** Why there is no estimate; null when there is one. */
    reason: z.enum(noEstimateReasons).nullable(),
    /** The cap of the estimator was reached: say "more than". */
    capped: z.boolean(),
    inputs: z.object({
      waiting: count().nullable(),
      /** Those ahead in all queues that the same agents serve, each by the share of them that does. */
      poolWaiting: z.number().nullable(),
      agentsIdle: count().nullable(),
      agentsOnQueue: count().nullable(),
      handleSeconds: z.number().nullable(),
      /** `none`: no handle time was ever seen. */
      handleSource: z.enum(['observed', 'none']),
      /** Whether single interactions were heard, or only counts, from which they were made up. */
      waitingSource: z.enum(['interactions', 'counts']),
      /** Waits of this queue that were learned from. */
      answersLearned: count(),
      /** Share of its latest waits that were within P80. */
      coverageP80: z.number().nullable(),
    }),
    /** What to announce, in no language. */
    announce: announcement,
    /** The same in the queue's locale; also the reason is said in words. */
    announcementText: z.string(),
    /** P80 is longer than is set for the queue, or than it is still open: a callback should be offered. */
    offerCallback: z.boolean(),
    observedAtMs: epochMs(),
    issuedAtMs: epochMs(),
  }),
});

export type WaitPrediction = z.infer<typeof waitPrediction.schema>;
