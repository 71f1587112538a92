import type { Metric } from './interval-ledger.ts';

/** Metric → its numbers, added up. */
export type Totals = Map<string, Readonly<Record<string, number>>>;

const computed = ['oServiceTarget', 'oServiceLevel'];

/** Adds metrics of one more part to what is known. Those that are computed from others are left out. */
export function addMetrics(totals: Totals, metrics: readonly Metric[]): Totals {
  for (const { metric, stats } of metrics) {
    if (computed.includes(metric)) continue;
    const known = totals.get(metric);
    totals.set(metric, known === undefined ? stats : addStats(known, stats));
  }
  return totals;
}

function addStats(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum = { ...a };
  for (const [name, value] of Object.entries(b)) {
    const known = sum[name];
    if (known === undefined) sum[name] = value;
    else sum[name] = name === 'max' ? Math.max(known, value) : name === 'min' ? Math.min(known, value) : known + value;
  }
  return sum;
}

/** All metrics of a bucket: the plain ones by name, then those that are computed from them. */
export function computedMetrics(totals: Totals, target: number): Metric[] {
  const plain = [...totals]
    .map(([metric, stats]) => ({ metric, stats }))
    .sort((a, b) => (a.metric < b.metric ? -1 : 1));
  const countOf = (metric: string) => totals.get(metric)?.['count'] ?? 0;
  const denominator = countOf('tAnswered') + countOf('tAbandon');
  const numerator = countOf('tAnswered') - countOf('nOverSla');
  return [
    ...plain,
    { metric: 'oServiceTarget', stats: { current: target } },
    ...(denominator === 0
      ? []
      : [{ metric: 'oServiceLevel', stats: { ratio: numerator / denominator, numerator, denominator, target } }]),
  ];
}
