import {
  countChoices,
  type Fairness,
  fairnessOf,
  type Share,
  uniformFairness,
} from '../../streams/ranking/fairness.ts';
import { pickAgent } from '../../streams/ranking/rank.ts';
import type { Candidate, Standing } from '../../streams/ranking/score.ts';
import type { Weights } from '../../streams/ranking/weights.ts';
import { createCapacity } from './capacity.ts';
import type { Interaction, SimulatedAssignment, Unassigned } from './interaction.ts';

export interface CapacityRules {
  /** Of interactions that do not say. */
  readonly handleSeconds: number;
  readonly waitSecondsMax: number | null;
}

export interface SimulationSettings {
  readonly agents: readonly Candidate[];
  /** As they are in force. */
  readonly weights: Weights;
  /** Null = agents never become busy. */
  readonly capacity: CapacityRules | null;
}

export interface Simulated {
  readonly assignments: readonly SimulatedAssignment[];
  readonly unassigned: readonly Unassigned[];
  /** How often each agent was chosen, and would have been by lot: of all who were idle at the start, zeros too. */
  readonly shares: ReadonlyMap<string, Share>;
  readonly fairness: Fairness;
  /** Against whom: all who are idle each time, or only those of them who are eligible and not busy. */
  readonly test: 'uniform' | 'eligible-sets';
}

export interface Simulation {
  /** Does some of what has to be done before an interaction is taken, or before the end; returns whether that was all. */
  settle(before?: Interaction): boolean;
  /** With capacity in the order of their times. */
  take(interaction: Interaction): void;
  finish(): Simulated;
}

/** The same agents take one interaction after the other. */
export function createSimulation(settings: SimulationSettings): Simulation {
  return settings.capacity === null ? withoutCapacity(settings) : withCapacity(settings, settings.capacity);
}

/** As `assignBatch`, one at a time: agents stay as they are, so whoever asks for the same gets the same. */
function withoutCapacity({ agents, weights }: SimulationSettings): Simulation {
  const idle = agents.filter(({ routingStatus }) => routingStatus === 'IDLE');
  const chosen = new Map<string, Standing | null>();
  const assignments: SimulatedAssignment[] = [];
  const unassigned: Unassigned[] = [];
  return {
    settle: () => true,
    take(interaction) {
      const { id, skills, language } = interaction;
      const asked = JSON.stringify([skills, language]);
      let best = chosen.get(asked);
      if (best === undefined) chosen.set(asked, (best = pickAgent(idle, interaction, weights)));
      if (best === null) unassigned.push({ interactionId: id, reason: 'none-eligible' });
      else assignments.push({ interactionId: id, agentId: best.id, score: best.score.score, waitSeconds: null });
    },
    finish() {
      const counts = countChoices(
        assignments.map(({ agentId }) => agentId),
        idle.map(({ id }) => id),
      );
      const expected = assignments.length / idle.length;
      const shares = new Map(Array.from(counts, ([id, times]) => [id, { chosen: times, expected }]));
      return { assignments, unassigned, shares, fairness: uniformFairness(counts.values()), test: 'uniform' };
    },
  };
}

function withCapacity({ agents, weights }: SimulationSettings, rules: CapacityRules): Simulation {
  const assignments: SimulatedAssignment[] = [];
  const unassigned: Unassigned[] = [];
  const capacity = createCapacity({
    ...{ agents, weights, waitSecondsMax: rules.waitSecondsMax },
    onAssigned: (assignment) => assignments.push(assignment),
    onUnassigned: (each) => unassigned.push(each),
  });
  return {
    settle: (before) => capacity.settle(before === undefined ? Infinity : (before.startMs ?? 0)),
    take(interaction) {
      const { startMs, handleSeconds } = interaction;
      if (startMs === null)
        throw new TypeError(`Interaction ${interaction.id} has no start: with capacity each needs one.`);
      capacity.take({ ...interaction, startMs, handleSeconds: handleSeconds ?? rules.handleSeconds });
    },
    finish() {
      capacity.finish();
      const shares = capacity.shares();
      const could = [...shares.values()].filter(({ expected }) => expected > 0);
      return { assignments, unassigned, shares, fairness: fairnessOf(could), test: 'eligible-sets' };
    },
  };
}
