import type { Platform } from '../../src/simulator/platform.ts';
import { addTotals, type IntervalTotals, noTotals } from '../../streams/kpis.ts';

type Conversations = ReturnType<Platform['center']['history']['all']>;

/** Sums of each queue and medium, keyed `queueId mediaType`, as the log of single calls has them for some time. */
export function totalsOfCalls(
  conversations: Conversations,
  fromMs: number,
  untilMs: number,
): Map<string, IntervalTotals> {
  const sums = new Map<string, IntervalTotals>();
  for (const { calls } of conversations) {
    for (const { queueId, mediaType, emissions } of calls) {
      for (const { metric, value, atMs } of emissions) {
        if (atMs < fromMs || atMs >= untilMs) continue;
        const key = `${queueId} ${mediaType}`;
        sums.set(key, addTotals(sums.get(key) ?? noTotals, { ...noTotals, ...totalsOf(metric, value) }));
      }
    }
  }
  return sums;
}

function totalsOf(metric: string, value: number): Partial<IntervalTotals> {
  const waited = { waited: 1, waitMs: value, waitMsMax: value };
  switch (metric) {
    case 'nOffered':
      return { offered: 1 };
    case 'nOverSla':
      return { overSla: 1, serviceLevelMet: -1 };
    case 'tAnswered':
      return { ...waited, answered: 1, answerMs: value, serviceLevelMet: 1, serviceLevelOf: 1 };
    case 'tAbandon':
      return { ...waited, abandoned: 1, abandonMs: value, serviceLevelOf: 1 };
    case 'tFlowOut':
      return { ...waited, flowedOut: 1 };
    case 'tHandle':
      return { handled: 1, handleMs: value };
    case 'tTalkComplete':
      return { talkMs: value };
    case 'tHeldComplete':
      return { holdMs: value };
    case 'tAcw':
      return { afterCallMs: value };
    default:
      return {};
  }
}
