import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

/** Of those who had to wait; null where there were none. */
const span = z.object({
  answered: count(),
  /** Mean of the distance from P50 to the wait, and of P50 minus the wait. */
  errorSecondsMean: z.number().nullable(),
  biasSecondsMean: z.number().nullable(),
  /** Mean pinball loss of the three quantiles. */
  pinballSecondsMean: z.number().nullable(),
  coverageP80: z.number().nullable(),
  coverageP90: z.number().nullable(),
  /** Share of those who waited over 30 s longer than P50. */
  late30: z.number().nullable(),
  /** Those who gave up would have waited longer than they did: they are no part of the figures above. */
  abandoned: count(),
  /** Share of these who had waited longer than P90 by then. */
  abandonedAfterP90: z.number().nullable(),
});

/** How an estimator did against the waits that then happened, over the last hour and the last day. */
export const predictionScore = defineRecord({
  name: 'prediction-score',
  version: 1,
  kind: 'state',
  key: ['queueId', 'mediaType', 'estimator'],
  schema: z.object({
    queueId: z.string(),
    mediaType: z.string(),
    estimator: z.string(),
    lastHour: span,
    lastDay: span,
    observedAtMs: epochMs(),
  }),
});

export type PredictionScore = z.infer<typeof predictionScore.schema>;
export type ScoreSpan = z.infer<typeof span>;
