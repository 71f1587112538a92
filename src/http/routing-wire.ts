import { z } from 'zod';
import type { Fairness } from '../../streams/ranking/fairness.ts';
import type { Standing } from '../../streams/ranking/score.ts';
import type { Weights } from '../../streams/ranking/weights.ts';
import type { NamedAgent, Period, Roster } from '../routing/roster.ts';
import type { Question, WeightsUsed } from '../routing/what-if.ts';

// The tutorial's names; camelCase is taken too.

const id = () => z.string().min(1).max(200);
const share = () => z.number().min(0).max(1);
const moment = () => z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
/** Of a table of skills: no more than anybody has. */
const skillsMax = 1_000;
const agentsMax = 10_000;

export const agentWire = z.strictObject({
  id: id(),
  name: z.string().max(200).nullish(),
  routing_status: z
    .string()
    .max(50)
    .nullish()
    .describe('IDLE, which it is unless told, or any other: only who is idle is available'),
  skills: z
    .record(id(), z.number().min(0).max(5).nullable())
    .refine((skills) => Object.keys(skills).length <= skillsMax, `at most ${skillsMax} skills`)
    .nullish()
    .describe('Proficiency, 0 to 5, by id of the skill'),
  languages: z.array(id()).max(200).nullish(),
  csat: share().nullish().describe('Satisfaction of customers; 0.5 while nothing is known of it'),
  queue_time_seconds: z.number().min(0).nullish(),
  idle_since: z.iso.datetime({ offset: true }).nullish(),
});

const weight = () => z.number().min(0).max(1_000).optional();
const weightsWire = z.strictObject({
  proficiency: weight(),
  language_match: weight(),
  historical_csat: weight(),
  min_score_threshold: share().optional(),
});

/** However it is written, `80/20` is one target. */
export const slaTarget = z
  .string()
  .regex(/^0{0,2}([1-9]\d?|100)\/0{0,4}[1-9]\d{0,4}$/, 'percent from 1 to 100 and seconds from 1, as 80/20')
  .transform((text) => text.split('/').map(Number).join('/'));

/** What every question about routing may say. */
export const questionWire = {
  queue_id: id().describe('Whose agents are ranked, unless agents are given'),
  sla_target: slaTarget.default('80/20').describe('Percent/seconds; 80/20 and 95/30 have a policy'),
  current_performance: share().default(0.8).describe('The service level reached'),
  start_date: moment()
    .nullish()
    .describe('Surveys count that were answered from then on; without both dates those that the live ranking goes by'),
  end_date: moment().nullish(),
  weights: weightsWire.nullish().describe('What is not said is as the live ranking has it'),
  agents: z.array(agentWire).max(agentsMax).nullish(),
};

const requiredWire = {
  required_skill: z
    .union([z.string().max(200), z.array(id()).max(50)])
    .nullish()
    .describe('Id of a skill, or of several; none = nothing is required'),
  required_language: z.string().max(200).nullish(),
};

export const whatIfRequest = z.strictObject({ ...questionWire, ...requiredWire });

const rankedAgent = z.object({
  id: z.string(),
  name: z.string().nullable(),
  score: z.number(),
  proficiency: z.number(),
  language_match: z.number(),
  historical_csat: z.number(),
  csat_known: z.boolean(),
  idle_since: z.string().nullable(),
});

export const fairnessWire = z.object({
  total_interactions: z.int(),
  agents: z.int().describe('Those who could be chosen, and those who were'),
  agent_distribution: z
    .record(z.string(), z.int())
    .describe('How often each was chosen; who never was may be left out'),
  chi2_statistic: z.number(),
  degrees_of_freedom: z.int(),
  p_value: z.number(),
  gini_coefficient: z.number(),
  testable: z.boolean(),
  low_expected_counts: z.boolean(),
  is_fair: z.boolean(),
});

export const usedWire = {
  weights_used: z.object({
    proficiency: z.number(),
    language_match: z.number(),
    historical_csat: z.number(),
    min_score_threshold: z.number(),
  }),
  sla_policy: z.string().nullable().describe('The target whose policy shifted the weights'),
};

export const basisWire = z.object({
  source: z.enum(['request', 'live', 'platform']),
  stale: z.boolean().describe('The platform does not answer: this is what was known last'),
  as_of: z.string(),
  age_seconds: z.number(),
  csat: z.enum(['request', 'period', 'ranking', 'unknown']),
});

export const whatIfAnswer = z.object({
  top_agent: rankedAgent,
  ranked_agents: z.array(rankedAgent),
  ...usedWire,
  fairness_metrics: fairnessWire,
  available: z.int(),
  eligible: z.int(),
  basis: basisWire,
});

export type AgentWire = z.output<typeof agentWire>;

export function agentOf(wire: AgentWire): NamedAgent {
  const { id: agentId, name = null, routing_status: status, skills, languages, idle_since: idleSince } = wire;
  const levels = Object.entries(skills ?? {}).flatMap(([skill, level]) =>
    level === null ? [] : [[skill, level] as const],
  );
  return {
    id: agentId,
    name,
    routingStatus: status ?? 'IDLE',
    skills: new Map(levels),
    languages: languages ?? [],
    csat: wire.csat ?? null,
    queueTimeSeconds: wire.queue_time_seconds ?? null,
    idleSinceMs: idleSince == null ? null : Date.parse(idleSince),
  };
}

export function requiredOf(wire: {
  readonly required_skill?: string | readonly string[] | null | undefined;
  readonly required_language?: string | null | undefined;
}): Question['required'] {
  const { required_skill: skill, required_language: language } = wire;
  const skills = typeof skill === 'string' ? [skill] : (skill ?? []);
  return {
    skills: skills.filter((each) => each !== ''),
    language: language == null || language === '' ? null : language,
  };
}

export function weightsOf(wire: z.output<typeof weightsWire> | null | undefined, base: Weights): Weights {
  return {
    proficiency: wire?.proficiency ?? base.proficiency,
    language: wire?.language_match ?? base.language,
    csat: wire?.historical_csat ?? base.csat,
    threshold: wire?.min_score_threshold ?? base.threshold,
  };
}

/** Null unless both ends are given. A date without a time is the beginning of that day in UTC, as the end its end. */
export function periodOf(start: string | null | undefined, end: string | null | undefined): Period | null {
  if (start == null || end == null) return null;
  const endMs = Date.parse(end);
  const dayMs = 86_400_000;
  return { startMs: Date.parse(start), endMs: end.includes('T') ? endMs : endMs + dayMs };
}

const toIso = (ms: number) => new Date(ms).toISOString();

export function rankedWire(
  { id: agentId, score, idleSinceMs }: Standing,
  agent: NamedAgent | undefined,
): z.input<typeof rankedAgent> {
  return {
    id: agentId,
    name: agent?.name ?? null,
    score: score.score,
    proficiency: score.proficiency,
    language_match: score.language,
    historical_csat: score.csat,
    csat_known: agent?.csat != null,
    idle_since: idleSinceMs === null ? null : toIso(idleSinceMs),
  };
}

export const usedOf = ({
  weights,
  slaPolicy,
}: WeightsUsed): { weights_used: z.input<typeof usedWire.weights_used>; sla_policy: string | null } => ({
  weights_used: {
    proficiency: weights.proficiency,
    language_match: weights.language,
    historical_csat: weights.csat,
    min_score_threshold: weights.threshold,
  },
  sla_policy: slaPolicy,
});

export function fairnessOf(
  fairness: Fairness,
  counts: Iterable<readonly [string, number]>,
): z.input<typeof fairnessWire> {
  return {
    total_interactions: fairness.total,
    agents: fairness.agents,
    agent_distribution: Object.fromEntries(counts),
    chi2_statistic: fairness.chiSquare,
    degrees_of_freedom: fairness.degreesOfFreedom,
    p_value: fairness.pValue,
    gini_coefficient: fairness.gini,
    testable: fairness.testable,
    low_expected_counts: fairness.lowExpectedCounts,
    is_fair: fairness.isFair,
  };
}

export function basisOf({ origin, isStale, asOfMs, csat }: Roster, nowMs: number): z.input<typeof basisWire> {
  return {
    source: origin,
    stale: isStale,
    as_of: toIso(asOfMs),
    age_seconds: Math.max(0, nowMs - asOfMs) / 1000,
    csat,
  };
}
