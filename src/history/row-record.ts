import { kpisOf, kpiVersion, noTotals } from '../../streams/kpis.ts';
import { type Output, output } from '../../streams/record.ts';
import { queueSummary } from '../../streams/records/queue-summary.ts';
import { kpisFromMs, summaryKpis } from '../../streams/summary.ts';
import { queueInterval } from './interval-record.ts';
import type { Question } from './question.ts';
import { isComplete, type Row } from './roll-up.ts';

/** What a question is answered in. */
export const recordTypeOf = ({ granularity }: Question) =>
  granularity === 'P1D' || granularity === 'P1W' ? queueSummary : queueInterval;

/** The record of a row, its key without the organisation; null for a hole, of which there is nothing to say. */
export function toRecord(row: Row, question: Question, queueNames: ReadonlyMap<string, string>): Output | null {
  const { bucket, queueId, mediaType, totals, sums, observedAtMs } = row;
  const { granularity, timeZone } = question;
  if (sums === null) return null;
  const { startMs, endMs, date, weekEnd } = bucket;
  const always = {
    queueId,
    queueName: queueNames.get(queueId) ?? null,
    mediaType,
    timeZone,
    startMs,
    endMs,
    revision: Math.max(0, Math.floor((observedAtMs - startMs) / 1000)),
    complete: isComplete(row),
    kpiVersion,
    observedAtMs,
  };
  if (granularity === 'PT30M' || granularity === 'PT1H') {
    const known = totals ?? noTotals;
    const value = { ...always, granularity, totals: known, kpi: kpisOf(known) };
    return output(queueInterval, value, observedAtMs);
  }
  const ratios =
    totals === null
      ? summaryKpis(sums)
      : kpisFromMs(totals.offered, totals.abandoned, totals.talkMs + totals.holdMs + totals.afterCallMs);
  const value = {
    ...always,
    granularity,
    date: date ?? '',
    weekEnd,
    ...sums,
    ...ratios,
    interpolated: totals === null,
    totals,
    kpi: totals === null ? null : kpisOf(totals),
  };
  return output(queueSummary, value, observedAtMs);
}
