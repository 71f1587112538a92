import { z } from 'zod';
import { defineRecord, epochMs } from '../record.ts';

/** Something that arrived and did not validate, without its content; or something that never arrived, as a snapshot shows (`missed: …`). */
export const quarantine = defineRecord({
  name: 'quarantine',
  version: 1,
  kind: 'fact',
  key: ['place'],
  schema: z.object({
    place: z.string(),
    cause: z.string(),
    receivedAtMs: epochMs(),
  }),
});
