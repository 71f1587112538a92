import type { IntervalMetric } from './event.ts';
import { extreme, type IntervalTotals } from './kpis.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const counts = {
  nOffered: 'offered',
  nOverSla: 'overSla',
  tAnswered: 'answered',
  tAbandon: 'abandoned',
  tShortAbandon: 'shortAbandoned',
  tFlowOut: 'flowedOut',
  tWait: 'waited',
  tHandle: 'handled',
} as const;
const sums = {
  tAnswered: 'answerMs',
  tAbandon: 'abandonMs',
  tWait: 'waitMs',
  tTalkComplete: 'talkMs',
  tHeldComplete: 'holdMs',
  tAcw: 'afterCallMs',
  tHandle: 'handleMs',
} as const;
const countOf = new Map<string, (typeof counts)[keyof typeof counts]>(Object.entries(counts));
const sumOf = new Map<string, (typeof sums)[keyof typeof sums]>(Object.entries(sums));

/** The platform's running totals of one half hour: each metric that is named supersedes what it said before. */
export function supersedeTotals(totals: IntervalTotals, metrics: readonly IntervalMetric[]): IntervalTotals {
  const next: Mutable<IntervalTotals> = { ...totals };
  for (const { metric, qualifier, stats } of metrics) {
    if (qualifier !== null) continue;
    const count = countOf.get(metric);
    if (count !== undefined) next[count] = stats.count ?? next[count];
    const sum = sumOf.get(metric);
    if (sum !== undefined) next[sum] = stats.sum ?? next[sum];
    if (metric === 'tWait') next.waitMsMax = extreme(Math.max, next.waitMsMax, stats.max ?? null);
    if (metric === 'oServiceLevel') {
      next.serviceLevelMet = stats.numerator ?? next.serviceLevelMet;
      next.serviceLevelOf = stats.denominator ?? next.serviceLevelOf;
    }
  }
  return next;
}
