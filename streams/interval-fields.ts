import { z } from 'zod';
import type { IntervalTotals, Kpis } from './kpis.ts';
import { count } from './record.ts';

const totals = {
  offered: count(),
  answered: count(),
  abandoned: count(),
  shortAbandoned: count(),
  flowedOut: count(),
  overSla: count(),
  serviceLevelMet: z.int(),
  serviceLevelOf: count(),
  waited: count(),
  handled: count(),
  answerMs: count(),
  abandonMs: count(),
  waitMs: count(),
  talkMs: count(),
  holdMs: count(),
  afterCallMs: count(),
  handleMs: count(),
  waitMsMax: count().nullable(),
} satisfies Record<keyof IntervalTotals, z.ZodType>;

const ratio = () => z.number().nullable();

const kpis = {
  serviceLevel: ratio(),
  answerRate: ratio(),
  abandonmentRate: ratio(),
  handleMsMean: ratio(),
  answerMsMean: ratio(),
  waitMsMean: ratio(),
  occupancy: ratio(),
} satisfies Record<keyof Kpis, z.ZodType>;

/** The sums of a stretch of time in a record. */
export const totalsFields = () => z.object(totals);

/** The ratios of a stretch of time in a record. */
export const kpiFields = () => z.object(kpis);
