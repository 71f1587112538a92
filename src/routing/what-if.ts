import { countChoices, type Fairness, uniformFairness } from '../../streams/ranking/fairness.ts';
import { rankAll } from '../../streams/ranking/rank.ts';
import type { Candidate, Required, Standing } from '../../streams/ranking/score.ts';
import { adjustWeights, policyOf, type SlaStanding, type Weights } from '../../streams/ranking/weights.ts';

export interface Question {
  readonly required: Required;
  /** As they are before the service level shifts them. */
  readonly weights: Weights;
  readonly sla: SlaStanding | null;
}

/** The weights in force, and the target whose policy shifted them. */
export interface WeightsUsed {
  readonly weights: Weights;
  readonly slaPolicy: string | null;
}

interface Ranked extends WeightsUsed {
  readonly kind: 'ranked';
  /** Best first; at least one. */
  readonly ranked: readonly Standing[];
  readonly top: Standing;
  readonly available: number;
  /** Of this one choice, among all who are available. */
  readonly fairness: Fairness;
}

export type WhatIf =
  | Ranked
  | { readonly kind: 'none-available' }
  | { readonly kind: 'none-eligible'; readonly available: number; readonly threshold: number };

export const weightsUsed = ({ weights, sla }: Pick<Question, 'weights' | 'sla'>): WeightsUsed => ({
  weights: adjustWeights(weights, sla),
  slaPolicy: policyOf(sla),
});

/** Who would be given an interaction that asks for this. */
export function rankFor(agents: readonly Candidate[], question: Question): WhatIf {
  const available = agents.filter(({ routingStatus }) => routingStatus === 'IDLE');
  if (available.length === 0) return { kind: 'none-available' };
  const used = weightsUsed(question);
  const ranked = rankAll(available, question.required, used.weights);
  const [top] = ranked;
  if (top === undefined) {
    return { kind: 'none-eligible', available: available.length, threshold: used.weights.threshold };
  }
  const counts = countChoices(
    [top.id],
    available.map(({ id }) => id),
  );
  return {
    kind: 'ranked',
    ...used,
    ranked,
    top,
    available: available.length,
    fairness: uniformFairness(counts.values()),
  };
}
