/** One answer of a customer. */
export interface Survey {
  readonly agentId: string | null;
  /** On the scale of the survey; null = not answered. */
  readonly score: number | null;
}

/** Satisfaction by agent, 0 to 1: the mean of the scores over the top of their scale. Agents without a score are left out. */
export function meanSatisfaction(surveys: readonly Survey[], scale: number): Map<string, number> {
  const sums = new Map<string, { sum: number; count: number }>();
  for (const { agentId, score } of surveys) {
    if (agentId === null || score === null) continue;
    const { sum, count } = sums.get(agentId) ?? { sum: 0, count: 0 };
    sums.set(agentId, { sum: sum + score, count: count + 1 });
  }
  return new Map(
    Array.from(sums, ([agentId, { sum, count }]) => [agentId, Math.min(1, Math.max(0, sum / count / scale))]),
  );
}
