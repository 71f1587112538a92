/** What each part of a score counts for, and the least score that is worth routing to. */
export interface Weights {
  readonly proficiency: number;
  readonly language: number;
  readonly csat: number;
  readonly threshold: number;
}

/** A service-level target in the platform's manner of speech, for example `80/20`, and the level reached, 0 to 1; null = not known. */
export interface SlaStanding {
  readonly target: string;
  readonly performance: number | null;
}

/** A target that shifts the weights while its level is on the wrong, or on the right side. */
interface SlaPolicy {
  readonly target: string;
  holds(performance: number): boolean;
  readonly shift: Omit<Weights, 'threshold'>;
}

export const defaultWeights: Weights = { proficiency: 0.4, language: 0.3, csat: 0.3, threshold: 0.5 };

const policies: readonly SlaPolicy[] = [
  // Callers are answered too late: whoever speaks their language saves a transfer.
  {
    target: '80/20',
    holds: (performance) => performance < 0.75,
    shift: { proficiency: -0.075, language: 0.15, csat: -0.075 },
  },
  // There is time enough to look at how callers liked it.
  {
    target: '95/30',
    holds: (performance) => performance >= 0.9,
    shift: { proficiency: -0.05, language: -0.05, csat: 0.1 },
  },
];

/** The target whose policy shifts the weights at this level; null if none does. */
export function policyOf(sla: SlaStanding | null): string | null {
  return policyFor(sla)?.target ?? null;
}

/** The weights in force: shifted by the policy of the target, none below zero, with a sum of 1. The threshold stays. */
export function adjustWeights(base: Weights, sla: SlaStanding | null): Weights {
  const shift = policyFor(sla)?.shift ?? { proficiency: 0, language: 0, csat: 0 };
  const proficiency = Math.max(0, base.proficiency + shift.proficiency);
  const language = Math.max(0, base.language + shift.language);
  const csat = Math.max(0, base.csat + shift.csat);
  const sum = proficiency + language + csat;
  const { threshold } = base;
  if (!(sum > 0)) return { ...defaultWeights, threshold };
  return { proficiency: proficiency / sum, language: language / sum, csat: csat / sum, threshold };
}

function policyFor(sla: SlaStanding | null): SlaPolicy | undefined {
  if (sla === null || sla.performance === null) return undefined;
  const { target, performance } = sla;
  return policies.find((policy) => policy.target === target && policy.holds(performance));
}
