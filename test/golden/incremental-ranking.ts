import { z } from 'zod';
import { createRanking } from '../../streams/ranking/live-ranking.ts';
import { adjustWeights } from '../../streams/ranking/weights.ts';
import { differenceOf, type GoldenKind } from './kind.ts';
import { goldenInteraction, goldenWeights } from './ranking.ts';

const about = { agentId: z.string(), at: z.number() };
const incrementalInput = z.strictObject({
  interaction: goldenInteraction,
  weights: goldenWeights,
  events: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('join'), ...about }),
      z.strictObject({ type: z.literal('leave'), ...about }),
      z.strictObject({ type: z.literal('status'), ...about, routingStatus: z.string() }),
      z.strictObject({ type: z.literal('skill'), ...about, skillId: z.string(), level: z.number().nullable() }),
      z.strictObject({ type: z.literal('languages'), ...about, languages: z.array(z.string()) }),
      z.strictObject({ type: z.literal('csat'), ...about, value: z.number().nullable() }),
      z.strictObject({ type: z.literal('queueTime'), ...about, seconds: z.number().nullable() }),
    ]),
  ),
});

/** Pairs of id and score as fields of their own, so that the tolerance of a score holds for scores alone. */
const expectedSteps = z.array(
  z
    .object({ applied: z.boolean(), ranked: z.array(z.tuple([z.string(), z.number()])) })
    .transform(({ applied, ranked }) => ({ applied, ranked: ranked.map(([id, score]) => ({ id, score })) })),
);

export const incrementalRanking: GoldenKind = {
  kind: 'incremental-ranking',
  mayExpectNothing: () => true,
  runCase({ input, expected }, tolerance) {
    const { interaction, weights, events } = incrementalInput.parse(input);
    const ranking = createRanking(interaction, adjustWeights(weights, null));
    const steps = events.map(({ at, ...event }) => ({
      applied: ranking.apply({ ...event, atMs: at }),
      ranked: ranking.first(Infinity).map(({ id, score }) => ({ id, score: score.score })),
    }));
    return differenceOf(expectedSteps.parse(expected), steps, tolerance);
  },
};
