import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

/** An interval that was not seen. `endMs` null: not repaired yet. */
export const channelGap = defineRecord({
  name: 'channel-gap',
  version: 1,
  kind: 'revised',
  key: ['channel', 'startMs'],
  schema: z.object({
    channel: count(),
    startMs: epochMs(),
    endMs: epochMs().nullable(),
    cause: z.string(),
    repairedBy: z.enum(['snapshot', 'aggregate', 'none']),
    revision: count(),
  }),
});
