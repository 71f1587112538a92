import { type Candidate, compareStandings, type Required, type Standing, standingOf } from './score.ts';
import type { Weights } from './weights.ts';

/** All who are idle and pass the threshold, best first: made from scratch, whatever the order of the agents. */
export function rankAll(agents: Iterable<Candidate>, required: Required, weights: Weights): Standing[] {
  return standings(agents, required, weights).sort(compareStandings);
}

/** The best of all; null if nobody is idle and passes. */
export function pickAgent(agents: Iterable<Candidate>, required: Required, weights: Weights): Standing | null {
  let best: Standing | null = null;
  for (const agent of agents) {
    const standing = standingOf(agent, required, weights);
    if (standing !== null && (best === null || compareStandings(standing, best) < 0)) best = standing;
  }
  return best;
}

function standings(agents: Iterable<Candidate>, required: Required, weights: Weights): Standing[] {
  const eligible: Standing[] = [];
  for (const agent of agents) {
    const standing = standingOf(agent, required, weights);
    if (standing !== null) eligible.push(standing);
  }
  return eligible;
}

export interface BatchInteraction extends Required {
  readonly id: string;
}

export interface Assignment {
  readonly interactionId: string;
  readonly agentId: string;
  readonly score: number;
}

/** Ranks for each interaction on its own: nobody becomes busy. Those whom nobody may take are named, in their order. */
export function assignBatch(
  agents: readonly Candidate[],
  interactions: Iterable<BatchInteraction>,
  weights: Weights,
): { readonly assignments: readonly Assignment[]; readonly unassigned: readonly string[] } {
  const chosen = new Map<string, Standing | null>();
  const assignments: Assignment[] = [];
  const unassigned: string[] = [];
  for (const interaction of interactions) {
    // Agents stay as they are, so whoever asks for the same gets the same.
    const asked = JSON.stringify([interaction.skills, interaction.language]);
    let best = chosen.get(asked);
    if (best === undefined) {
      best = pickAgent(agents, interaction, weights);
      chosen.set(asked, best);
    }
    if (best === null) unassigned.push(interaction.id);
    else assignments.push({ interactionId: interaction.id, agentId: best.id, score: best.score.score });
  }
  return { assignments, unassigned };
}
