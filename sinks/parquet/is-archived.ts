import type { RecordType } from '../../streams/record.ts';

/** The journal is never in the output log, and its events have no columns. */
const journal = 'queue-event';

/** Whether the records of a type are archived unasked. */
export function isArchived({ name, kind }: RecordType): boolean {
  return kind !== 'state' && name !== journal;
}
