import { z } from 'zod';
import { meanSatisfaction } from '../../streams/ranking/csat.ts';
import { assignBatch, rankAll } from '../../streams/ranking/rank.ts';
import { type Candidate, type Required, scoreAgent } from '../../streams/ranking/score.ts';
import { adjustWeights, defaultWeights, type Weights } from '../../streams/ranking/weights.ts';
import { fairnessTolerance, inOrder, judge, withWholeCounts } from './fairness.ts';
import { differenceOf, type GoldenKind } from './kind.ts';

export const goldenWeights = z
  .strictObject({ proficiency: z.number(), language: z.number(), csat: z.number(), threshold: z.number().nullish() })
  .transform((base): Weights => ({ ...base, threshold: base.threshold ?? defaultWeights.threshold }));

export const goldenInteraction = z
  .strictObject({
    id: z.string(),
    requiredSkills: z.array(z.string()).nullish(),
    requiredLanguage: z.string().nullish(),
  })
  .transform(({ id, requiredSkills, requiredLanguage }): Required & { readonly id: string } => ({
    id,
    skills: requiredSkills ?? [],
    language: requiredLanguage ?? null,
  }));

const sla = z
  .strictObject({ target: z.string(), performance: z.number().nullish() })
  .transform(({ target, performance }) => ({ target, performance: performance ?? null }))
  .nullish();
const values = z.record(z.string(), z.number().nullable()).nullish();
const centre = {
  agents: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string().nullish(),
      routingStatus: z.string().nullish(),
      skills: z.record(z.string(), z.number().nullable()).nullish(),
      languages: z.array(z.string()).nullish(),
      idleSince: z.number().nullish(),
    }),
  ),
  csat: values,
  queueTimeSeconds: values,
  weights: goldenWeights.nullish(),
  sla,
};

const rankingCase = z.discriminatedUnion('type', [
  z.object({ type: z.literal('weights'), input: z.strictObject({ base: goldenWeights, sla }) }),
  z.object({
    type: z.literal('csat'),
    input: z.strictObject({
      surveys: z.array(z.strictObject({ agentId: z.string().nullable(), score: z.number().nullable() })),
      scale: z.number(),
    }),
  }),
  z.object({
    type: z.literal('rank'),
    input: z.strictObject({ ...centre, interaction: goldenInteraction, top: z.number().optional() }),
  }),
  z.object({
    type: z.literal('batch'),
    input: z.strictObject({ ...centre, interactions: z.array(goldenInteraction) }),
  }),
]);
type RankingCase = z.infer<typeof rankingCase>;
type Centre = Extract<RankingCase, { type: 'rank' | 'batch' }>['input'];

const near = 1e-9;

export const ranking: GoldenKind = {
  kind: 'ranking',
  // Nobody has a score: an answer like any other.
  mayExpectNothing: (type) => type === 'csat',
  runCase({ type, input, expected }, tolerance) {
    const wanted = z.looseObject({}).parse(expected);
    const actual = compute(rankingCase.parse({ type, input }));
    return differenceOf(whole(wanted, type), whole(actual, type), {
      ...fairnessTolerance,
      ...tolerance,
      proficiency: near,
      language: near,
      csat: near,
      threshold: near,
      raw: near,
      mean: near,
    });
  },
};

/** What has an entry for each agent is compared whole: a list shows one too many. */
function whole(value: Readonly<Record<string, unknown>>, type: string | undefined): unknown {
  if (type === 'csat') return inOrder(value).map(([agentId, mean]) => ({ agentId, mean }));
  const { scores, fairness } = value;
  return {
    ...value,
    ...(typeof scores === 'object' && scores !== null ? { scores: inOrder(scores) } : {}),
    ...(typeof fairness === 'object' && fairness !== null ? { fairness: withWholeCounts(fairness) } : {}),
  };
}

function compute(golden: RankingCase): Readonly<Record<string, unknown>> {
  switch (golden.type) {
    case 'weights':
      return { ...adjustWeights(golden.input.base, golden.input.sla ?? null) };
    case 'csat':
      return Object.fromEntries(meanSatisfaction(golden.input.surveys, golden.input.scale));
    case 'rank':
      return rankOne(golden.input);
    case 'batch':
      return assignAll(golden.input);
  }
}

function rankOne({ interaction, top, ...centreOf }: Extract<RankingCase, { type: 'rank' }>['input']) {
  const weights = weightsOf(centreOf);
  const agents = candidatesOf(centreOf);
  const ranked = rankAll(agents, interaction, weights);
  return {
    weights,
    scores: Object.fromEntries(agents.map((agent) => [agent.id, scoreAgent(agent, interaction, weights)])),
    eligible: ranked.length,
    ranked: ranked.slice(0, top ?? 5).map(({ id, score }) => ({ id, score: score.score })),
    selected: ranked[0]?.id ?? null,
  };
}

function assignAll({ interactions, ...centreOf }: Extract<RankingCase, { type: 'batch' }>['input']) {
  const agents = candidatesOf(centreOf);
  const { assignments, unassigned } = assignBatch(agents, interactions, weightsOf(centreOf));
  const idle = agents.filter((agent) => agent.routingStatus === 'IDLE').map((agent) => agent.id);
  const chosen = assignments.map((assignment) => assignment.agentId);
  return { assignments, unassigned, fairness: judge(chosen, idle) };
}

type CentreInput = Pick<Centre, keyof typeof centre>;

const weightsOf = (input: CentreInput) => adjustWeights(input.weights ?? defaultWeights, input.sla ?? null);

function candidatesOf({ agents, csat, queueTimeSeconds }: CentreInput): Candidate[] {
  return agents.map((agent) => ({
    id: agent.id,
    routingStatus: agent.routingStatus ?? null,
    skills: new Map(Object.entries(agent.skills ?? {}).map(([skill, level]) => [skill, level ?? 0])),
    languages: agent.languages ?? [],
    csat: csat?.[agent.id] ?? null,
    queueTimeSeconds: queueTimeSeconds?.[agent.id] ?? null,
    idleSinceMs: agent.idleSince ?? null,
  }));
}
