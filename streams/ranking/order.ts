import { createOrderedSet } from './ordered-set.ts';
import { type Candidate, compareStandings, type Required, type Standing, standingOf } from './score.ts';
import type { Weights } from './weights.ts';

/** Why an agent is not ranked: the first of these that holds. */
type LeftOutReason = 'offQueue' | 'notIdle' | 'missingSkill' | 'missingLanguage' | 'belowThreshold';

/** The ranking of one profile, kept up to date. */
export interface Order {
  readonly eligible: number;
  /** How many are left out for each reason. */
  readonly leftOut: Readonly<Record<LeftOutReason, number>>;
  /** An agent has changed, comes (nothing before) or goes (nothing after); costs the logarithm of the number of agents. */
  replace(before: Candidate | undefined, after: Candidate | undefined): void;
  first(count: number): Standing[];
}

export function createOrder(required: Required, weights: Weights, agents: Iterable<Candidate> = []): Order {
  const standings = createOrderedSet(compareStandings, ({ id }) => id);
  const leftOut = { offQueue: 0, notIdle: 0, missingSkill: 0, missingLanguage: 0, belowThreshold: 0 };
  const order: Order = {
    get eligible() {
      return standings.size;
    },
    leftOut,
    replace(before, after) {
      if (before !== undefined) {
        const standing = standingOf(before, required, weights);
        if (standing !== null) standings.remove(standing);
        else leftOut[reasonFor(before, required)] -= 1;
      }
      if (after !== undefined) {
        const standing = standingOf(after, required, weights);
        if (standing !== null) standings.add(standing);
        else leftOut[reasonFor(after, required)] += 1;
      }
    },
    first: (count) => standings.first(count),
  };
  for (const agent of agents) order.replace(undefined, agent);
  return order;
}

/** Of one who is not ranked. */
function reasonFor({ routingStatus, skills, languages }: Candidate, required: Required): LeftOutReason {
  if (routingStatus === 'OFF_QUEUE') return 'offQueue';
  if (routingStatus !== 'IDLE') return 'notIdle';
  if (required.skills.some((skill) => !skills.has(skill))) return 'missingSkill';
  if (required.language !== null && !languages.includes(required.language)) return 'missingLanguage';
  return 'belowThreshold';
}
