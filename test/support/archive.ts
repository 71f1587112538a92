import { z } from 'zod';
import { readLogId } from '../../sinks/log/log-id.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import type { ArchivedLog } from '../../sinks/parquet/parquet-sink.ts';
import {
  calendarDate,
  count,
  defineRecord,
  epochMs,
  type EpochMs,
  type RecordType,
  topicOf,
} from '../../streams/record.ts';

/** A fact with a column of every kind. */
export const sample = defineRecord({
  name: 'sample',
  version: 3,
  kind: 'fact',
  key: ['name'],
  schema: z.object({
    name: z.string(),
    startMs: epochMs(),
    endMs: epochMs().nullable(),
    day: calendarDate().nullable(),
    waiting: count().nullable(),
    share: z.number().nullable(),
    isLate: z.boolean().nullable(),
    mode: z.enum(['fast', 'slow']).nullable(),
    skillIds: z.array(z.string()).nullable(),
    inputs: z.object({ agentsIdle: count().nullable() }).nullable(),
  }),
});

export type Sample = z.infer<typeof sample.schema>;

export const small = defineRecord({
  name: 'small',
  version: 1,
  kind: 'revised',
  key: ['n'],
  schema: z.object({ n: z.int() }),
});

export const level = defineRecord({
  name: 'level',
  version: 1,
  kind: 'state',
  key: ['n'],
  schema: z.object({ n: z.int() }),
});

const archivedTypes: readonly RecordType[] = [sample, small, level];

export function logRecord(type: RecordType, offset: number, atMs: EpochMs, value: unknown): LogRecord {
  return { record: topicOf(type), key: `org/${offset % 3}`, atMs, value, offset };
}

/** The log in a folder, as a dataset sees it. */
export function archivedLog(dir: string, recordTypes = archivedTypes): ArchivedLog {
  return { name: `the log ${dir}`, recordTypes, partition: 0, part: '0', readId: () => readLogId(dir) };
}
