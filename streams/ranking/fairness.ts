import { chiSquareTail } from './chi-square.ts';

/** How often an agent was chosen, beside how often he would have been by lot. `expected` is above 0. */
export interface Share {
  readonly chosen: number;
  readonly expected: number;
}

/** Whether agents were chosen as a lot would have chosen them. */
export interface Fairness {
  readonly total: number;
  readonly agents: number;
  readonly chiSquare: number;
  readonly degreesOfFreedom: number;
  /** Chance of a chi-square at least so large when it is left to the lot. */
  readonly pValue: number;
  /** 0 = each as often as expected, towards 1 = one takes all. */
  readonly gini: number;
  /** False with fewer than two agents or without a choice: there is nothing to object to then. */
  readonly testable: boolean;
  /** Somebody was expected fewer than five times: `pValue` is rough. */
  readonly lowExpectedCounts: boolean;
  readonly isFair: boolean;
}

const expectedMin = 5;
const pValueMax = 0.05;
const giniMax = 0.3;

/** How often each was chosen: all of the population, zeros too, and whoever was chosen from outside it. */
export function countChoices(chosen: Iterable<string>, population: Iterable<string> = []): Map<string, number> {
  const counts = new Map<string, number>();
  for (const id of population) counts.set(id, 0);
  for (const id of chosen) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

/** Against a lot in which all of them had the same chance each time. */
export function uniformFairness(counts: Iterable<number>): Fairness {
  const all = [...counts];
  const expected = all.reduce((sum, chosen) => sum + chosen, 0) / all.length;
  return fairnessOf(all.map((chosen) => ({ chosen, expected })));
}

/**
 * Against a lot among those who could be chosen each time. Where these differ from time to time the chi-square comes out
 * smaller on average than its degrees of freedom: the test then errs on the side of "fair".
 */
export function fairnessOf(shares: readonly Share[]): Fairness {
  const total = shares.reduce((sum, { chosen }) => sum + chosen, 0);
  const agents = shares.length;
  const degreesOfFreedom = Math.max(0, agents - 1);
  const testable = agents >= 2 && total > 0;
  const chiSquare = testable
    ? shares.reduce((sum, { chosen, expected }) => sum + (chosen - expected) ** 2 / expected, 0)
    : 0;
  const pValue = testable ? chiSquareTail(chiSquare, degreesOfFreedom) : 1;
  const gini = testable ? giniOf(shares) : 0;
  return {
    total,
    agents,
    chiSquare,
    degreesOfFreedom,
    pValue,
    gini,
    testable,
    lowExpectedCounts: total > 0 && shares.some(({ expected }) => expected < expectedMin),
    isFair: pValue > pValueMax && gini < giniMax,
  };
}

/** Of choices over expectations, so that who could be chosen less often is expected less often; the plain one if all are expected alike. */
function giniOf(shares: readonly Share[]): number {
  const ascending = shares.toSorted((a, b) => a.chosen / a.expected - b.chosen / b.expected);
  let chosenSum = 0;
  let expectedSum = 0;
  let area = 0;
  for (const { chosen, expected } of ascending) {
    area += chosen * (2 * expectedSum + expected);
    chosenSum += chosen;
    expectedSum += expected;
  }
  return Math.max(0, area / (expectedSum * chosenSum) - 1);
}
