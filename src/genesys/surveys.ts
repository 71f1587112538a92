import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import type { CallPriority } from './rate-budget.ts';
import type { Rest } from './rest.ts';
import { readAnswer } from './snapshot.ts';

const surveysPath = '/api/v2/analytics/surveys/aggregates/query';
/** What the call needs. */
export const surveysPermission = 'analytics:surveyAggregate:view';
/** Scores of a survey form go so far, unless its author wished otherwise. */
const scoreMax = 100;
const metricName = 'oSurveyTotalScore';

const surveysAnswer = z.object({
  results: z
    .array(
      z.object({
        group: z.object({ userId: z.string().optional() }).optional(),
        data: z.array(
          z.object({
            metrics: z.array(
              z.object({
                metric: z.string(),
                stats: z.object({ count: z.number().optional(), sum: z.number().optional() }).optional(),
              }),
            ),
          }),
        ),
      }),
    )
    .optional(),
});

/**
 * Asks for the satisfaction of all agents, 0 to 1: the mean of the scores that customers gave in a period, by the platform's ids. Who was
 * given none is left out. The answer has no pages. Rejects with a `GenesysError`.
 */
export async function readSatisfaction(
  rest: Rest,
  { startMs, endMs }: { readonly startMs: EpochMs; readonly endMs: EpochMs },
  signal: AbortSignal,
  priority?: CallPriority,
): Promise<ReadonlyMap<string, number>> {
  const query = {
    interval: `${new Date(startMs).toISOString()}/${new Date(endMs).toISOString()}`,
    groupBy: ['userId'],
    metrics: [metricName],
  };
  const answer = readAnswer(surveysAnswer, (await rest.post(surveysPath, query, signal, priority)) ?? {});
  const totals = new Map<string, { count: number; sum: number }>();
  for (const { group, data } of answer.results ?? []) {
    const userId = group?.userId;
    if (userId === undefined || userId === '') continue;
    for (const { metric, stats } of data.flatMap(({ metrics }) => metrics)) {
      if (metric !== metricName) continue;
      const { count, sum } = totals.get(userId) ?? { count: 0, sum: 0 };
      totals.set(userId, { count: count + (stats?.count ?? 0), sum: sum + (stats?.sum ?? 0) });
    }
  }
  const known = [...totals].filter(([, { count }]) => count > 0);
  return new Map(known.map(([userId, { count, sum }]) => [userId, Math.min(1, Math.max(0, sum / count / scoreMax))]));
}
