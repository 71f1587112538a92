import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

/** Over an hour: whether the platform chose agents as a lot among those who could be chosen would have done. */
export const routingFairness = defineRecord({
  name: 'routing-fairness',
  version: 1,
  kind: 'fact',
  key: ['queueId', 'group', 'windowStartMs'],
  schema: z.object({
    queueId: z.string(),
    /** `all`, or the id of a skill: the choices for interactions that asked for it. */
    group: z.string(),
    windowStartMs: epochMs(),
    windowEndMs: epochMs(),
    /**
     * `uniform`: the same agents could be chosen each time. `eligible-sets`: these differed, and an agent was expected 1/n times for each
     * choice in which he was one of n; the chance then comes out too large rather than too small.
     */
    test: z.enum(['uniform', 'eligible-sets']),
    /** Choices that were heard. */
    total: count(),
    /** Those who could be chosen at least once. */
    agents: count(),
    chiSquare: z.number(),
    degreesOfFreedom: count(),
    pValue: z.number(),
    /** Of choices over expectations: 0 = each as often as expected. */
    gini: z.number(),
    /** False with fewer than two agents: there is nothing to object to then. */
    testable: z.boolean(),
    /** Somebody was expected fewer than five times: the chance is rough. */
    lowExpectedCounts: z.boolean(),
    isFair: z.boolean(),
    /** By id, zeros too; of many those who are furthest from what was expected. */
    counts: z.array(z.object({ agentId: z.string(), chosen: count(), expected: z.number() })),
    /** How many agents are not among `counts`. */
    countsLeftOut: count(),
    /** Share of the hour in which no gap was open. */
    coverage: z.number(),
  }),
});

export type RoutingFairness = z.infer<typeof routingFairness.schema>;
