import { z } from 'zod';
import { countChoices, uniformFairness } from '../../streams/ranking/fairness.ts';
import { differenceOf, type GoldenKind, type Tolerance } from './kind.ts';

const fairnessInput = z.strictObject({
  selections: z.array(z.string()),
  agentIds: z.array(z.string()).nullable(),
});

/** Counts of all agents, whether expected or not, are to be the same: in a list one too many shows. */
export const withWholeCounts = <Value extends object>(value: Value) =>
  'counts' in value && typeof value.counts === 'object' && value.counts !== null
    ? { ...value, counts: inOrder(value.counts) }
    : value;

export const inOrder = (map: object) => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

export function judge(selections: readonly string[], population: readonly string[] | null) {
  const counts = countChoices(selections, population ?? []);
  return { ...uniformFairness(counts.values()), counts: Object.fromEntries(counts) };
}

/** The file allows a chance to be off by 1e-9, or more where that is a millionth of it: the first alone is stricter. */
export const fairnessTolerance: Tolerance = { chiSquare: 'rel 1e-9', pValue: 1e-9, gini: 1e-9 };

export const fairness: GoldenKind = {
  kind: 'fairness',
  runCase({ input, expected }, tolerance) {
    const { selections, agentIds } = fairnessInput.parse(input);
    const wanted = z.looseObject({}).parse(expected);
    return differenceOf(withWholeCounts(wanted), withWholeCounts(judge(selections, agentIds)), {
      ...tolerance,
      pValue: fairnessTolerance['pValue'] ?? 0,
    });
  },
};
