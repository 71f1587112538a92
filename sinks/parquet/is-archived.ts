import type { RecordType } from '../../streams/record.ts';

/** The journal is never in the output log, and its events have no columns. */
const journal = 'queue-event';
/** Told anew every few seconds until `queue-window` says the same for good. */
const passing = 'queue-window-live';

/** Whether the records of a type are archived: all but states, and those of `states`. */
export function isArchived({ name, kind }: RecordType, states: readonly string[] = []): boolean {
  return name !== journal && (kind !== 'state' || states.includes(name));
}

/** Whether the records of a type are archived if that is asked for. */
export const isArchivable = ({ name, kind }: RecordType): boolean => kind === 'state' && name !== passing;
