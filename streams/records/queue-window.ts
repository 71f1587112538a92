import { z } from 'zod';
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

/**
 * One closed window. Means are weighted by time. `coverage` = share of the window in which the queue was observed; in an
 * `interpolated` window nothing was, its means are drawn linearly between its neighbours and all else is null.
 */
export const queueWindow = defineRecord({
  name: 'queue-window',
  version: 1,
  kind: 'revised',
  key: ['queueId', 'mediaType', 'sizeMs', 'startMs'],
  schema: z.object({
    queueId: z.string(),
    mediaType: z.string(),
    sizeMs: count(),
    startMs: epochMs(),
    endMs: epochMs(),
    revision: count(),
    observations: count(),
    coverage: z.number(),
    interpolated: z.boolean(),
    ...column('waiting'),
    ...column('interacting'),
    ...column('agentsOnQueue'),
    ...column('agentsIdle'),
    ...column('agentsInteracting'),
    ...column('agentsCommunicating'),
    ...column('agentsNotResponding'),
  }),
});
