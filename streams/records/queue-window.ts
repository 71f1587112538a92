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

type Statistic = 'Mean' | 'Min' | 'Max' | 'Last';

function column<Name extends string>(
  name: Name,
): { readonly [Key in `${Name}${Statistic}`]: z.ZodNullable<z.ZodNumber> };
function column(name: string): Record<string, z.ZodNullable<z.ZodNumber>> {
  const statistics: readonly Statistic[] = ['Mean', 'Min', 'Max', 'Last'];
  return Object.fromEntries(statistics.map((statistic) => [name + statistic, z.number().nullable()]));
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
