/**
 * The value at step `step` of `steps` on the straight line between two known neighbours; null if one is not known.
 *
 *     before ──── 1 ──── 2 ──── after      steps = 3
 */
export function interpolateLinearly(
  before: number | null,
  after: number | null,
  step: number,
  steps: number,
): number | null {
  if (before === null || after === null) return null;
  return (before * (steps - step) + after * step) / steps;
}
