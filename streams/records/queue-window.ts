import { z } from 'zod';
import { kpiFields } from '../interval-fields.ts';
import { count, defineRecord, epochMs } from '../record.ts';

/** The levels of a queue that windows average over time; each is a field of `queue-state`. */
export const gauges = [
  'waiting',
  'interacting',
  'agentsOnQueue',
  'agentsIdle',
  'agentsInteracting',
  'agentsCommunicating',
  'agentsNotResponding',
] as const;

interface Statistics {
  readonly Mean: z.ZodNullable<z.ZodNumber>;
  readonly Min: z.ZodNullable<z.ZodInt>;
  readonly Max: z.ZodNullable<z.ZodInt>;
  readonly Last: z.ZodNullable<z.ZodInt>;
}

/** The columns of one gauge: a mean may have a fraction, a level that was observed has none. */
function column<Name extends string>(name: Name): { readonly [S in keyof Statistics as `${Name}${S}`]: Statistics[S] };
function column(name: string): Record<string, z.ZodNullable<z.ZodNumber>> {
  const level = () => z.int().nullable();
  return {
    [`${name}Mean`]: z.number().nullable(),
    [`${name}Min`]: level(),
    [`${name}Max`]: level(),
    [`${name}Last`]: level(),
  };
}

const total = () => count().nullable();

/** What open and closed windows have in common. */
export const windowColumns = {
  queueId: z.string(),
  mediaType: z.string(),
  /** ISO 8601 duration: `PT1M`, `P1D`; with a hop shorter than the size `PT1H-PT15M`. */
  size: z.string(),
  startMs: epochMs(),
  endMs: epochMs(),
  observations: count(),
  /** Share of the window in which the levels were observed. */
  coverage: z.number(),
  /**
   * Share of the window whose totals are known: half hours that were heard whole or have been read since. The totals are those of
   * this share, null where it is 0, and in windows that are not made of half hours.
   */
  totalsCoverage: z.number(),
  offered: total(),
  answered: total(),
  abandoned: total(),
  shortAbandoned: total(),
  flowedOut: total(),
  overSla: total(),
  serviceLevelMet: total(),
  serviceLevelOf: total(),
  waited: total(),
  handled: total(),
  answerMs: total(),
  abandonMs: total(),
  waitMs: total(),
  talkMs: total(),
  holdMs: total(),
  afterCallMs: total(),
  handleMs: total(),
  waitMsMax: total(),
  ...kpiFields().shape,
  /** Of the definitions in docs/kpis.md. */
  kpiVersion: count(),
  ...column('waiting'),
  ...column('interacting'),
  ...column('agentsOnQueue'),
  ...column('agentsIdle'),
  ...column('agentsInteracting'),
  ...column('agentsCommunicating'),
  ...column('agentsNotResponding'),
};

/**
 * One closed window. Means are weighted by time. In an `interpolated` window nothing was observed, its means are drawn linearly
 * between its neighbours, and what else there is of levels is null; totals are never interpolated.
 */
export const queueWindow = defineRecord({
  name: 'queue-window',
  version: 1,
  kind: 'revised',
  key: ['queueId', 'mediaType', 'size', 'startMs'],
  schema: z.object({ ...windowColumns, revision: count(), interpolated: z.boolean() }),
});
