import { z } from 'zod';
import { defineRecord, epochMs } from '../record.ts';
import { windowColumns } from './queue-window.ts';

/**
 * A window that is still open, from its start as far as `heardUntilMs`; `coverage` and `totalsCoverage` are shares of that. Told when
 * something was observed, and once a window has begun.
 */
export const queueWindowLive = defineRecord({
  name: 'queue-window-live',
  version: 1,
  kind: 'state',
  key: ['queueId', 'mediaType', 'size'],
  schema: z.object({ ...windowColumns, heardUntilMs: epochMs() }),
});
