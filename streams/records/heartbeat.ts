import { z } from 'zod';
import { count, defineRecord, epochMs } from '../record.ts';

/** Every 5 s: proves that silence is silence. */
export const heartbeat = defineRecord({
  name: 'heartbeat',
  version: 1,
  kind: 'state',
  key: ['shard'],
  schema: z.object({
    shard: count(),
    heardUntilMs: epochMs().nullable(),
    tickMs: epochMs(),
    sequence: count(),
  }),
});
