import type { EpochMs } from '../record.ts';
import type { Weights } from './weights.ts';

/** What an agent is ranked by. */
export interface Candidate {
  readonly id: string;
  readonly routingStatus: string | null;
  /** Proficiencies 0 to 5 by the id of the skill. */
  readonly skills: ReadonlyMap<string, number>;
  readonly languages: readonly string[];
  /** Satisfaction of those he served, 0 to 1; null = not known. */
  readonly csat: number | null;
  readonly queueTimeSeconds: number | null;
  readonly idleSinceMs: EpochMs | null;
}

/** What an interaction asks of an agent. */
export interface Required {
  readonly skills: readonly string[];
  readonly language: string | null;
}

/** The terms are 0 to 1, before they are weighed; `score` is 0 below the threshold. */
export interface Score {
  readonly proficiency: number;
  readonly language: number;
  readonly csat: number;
  readonly raw: number;
  readonly score: number;
}

/** A place in the order. */
export interface Standing {
  readonly id: string;
  /** The score in steps of the grid: what is compared. */
  readonly key: number;
  readonly score: Score;
  readonly queueTimeSeconds: number | null;
  readonly idleSinceMs: EpochMs | null;
}

const stepsOfGrid = 1e9;
const proficiencyMax = 5;
/** Of an agent nobody has judged yet. */
const csatUnknown = 0.5;

/** The step of the grid next to a score: neither drops the noise of floats who is right on the threshold, nor does it split a tie. */
export const gridOf = (score: number): number => Math.floor(score * stepsOfGrid + 0.5);

const clamp = (share: number) => Math.min(1, Math.max(0, share));

/** Scores an agent, whether idle or not. What is not required is fulfilled. */
export function scoreAgent(agent: Candidate, required: Required, weights: Weights): Score {
  const proficiency = proficiencyOf(agent.skills, required.skills);
  const language = required.language === null || agent.languages.includes(required.language) ? 1 : 0;
  const csat = clamp(agent.csat ?? csatUnknown);
  const raw = weights.proficiency * proficiency + weights.language * language + weights.csat * csat;
  const key = gridOf(raw);
  return { proficiency, language, csat, raw, score: passes(key, weights) ? key / stepsOfGrid : 0 };
}

function proficiencyOf(levels: Candidate['skills'], required: readonly string[]): number {
  if (required.length === 0) return 1;
  let sum = 0;
  for (const skill of required) sum += clamp((levels.get(skill) ?? 0) / proficiencyMax);
  return sum / required.length;
}

const passes = (key: number, { threshold }: Weights) => key >= gridOf(threshold);

/** The place of an agent in the order; null for whoever is not idle or does not pass the threshold. */
export function standingOf(agent: Candidate, required: Required, weights: Weights): Standing | null {
  if (agent.routingStatus !== 'IDLE') return null;
  const score = scoreAgent(agent, required, weights);
  // Below the threshold, or nothing at all where that is zero.
  if (score.score === 0) return null;
  const { id, queueTimeSeconds, idleSinceMs } = agent;
  return { id, key: gridOf(score.raw), score, queueTimeSeconds, idleSinceMs };
}

/** A total order: the higher score, the shorter queue time, the longer idle, the lower id. What is not known comes last. */
export function compareStandings(a: Standing, b: Standing): number {
  return (
    b.key - a.key ||
    ascending(a.queueTimeSeconds, b.queueTimeSeconds) ||
    ascending(a.idleSinceMs, b.idleSinceMs) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}

function ascending(a: number | null, b: number | null): number {
  if (a === b) return 0;
  if (a === null) return 1;
  return b === null ? -1 : a - b;
}
