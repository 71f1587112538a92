import { queueEvent as event, subjectOf } from '../event.ts';
import type { RecordType } from '../record.ts';

/** The journal itself. One shard as yet, so its number is always 0. */
export const queueEvent: RecordType<typeof event> = {
  name: 'queue-event',
  version: 1,
  kind: 'fact',
  key: ['queueId | userId | shard'],
  schema: event,
  keyOf: (value) => subjectOf(value, 0),
};
