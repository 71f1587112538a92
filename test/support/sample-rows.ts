import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { logRecord, sample, type Sample } from './archive.ts';

// Rows with a value and a null in every column, from ten minutes before midnight on, and what readers of their files shall say.

const startMs = Date.UTC(2026, 0, 5, 23, 50, 0, 123);
const minuteMs = 60_000;

const some: Sample = {
  name: 'Süd "2"\n',
  startMs,
  endMs: startMs + 1,
  day: '2024-02-29',
  waiting: Number.MAX_SAFE_INTEGER,
  share: 0.1,
  isLate: true,
  mode: 'slow',
  skillIds: ['a', '', 'ü'],
  inputs: { agentsIdle: 0 },
};
const none: Sample = {
  name: '',
  startMs: 0,
  endMs: null,
  day: null,
  waiting: null,
  share: null,
  isLate: null,
  mode: null,
  skillIds: null,
  inputs: null,
};
export const samples: readonly Sample[] = Array.from({ length: 30 }, (_, index) =>
  index % 3 === 0
    ? none
    : {
        ...some,
        waiting: index,
        isLate: index % 2 === 0,
        skillIds: index % 5 === 0 ? [] : some.skillIds,
        startMs: startMs + index,
      },
);

/** The record of a row: a minute after that before it. */
export function sampleRecord(value: Sample, offset: number): LogRecord {
  return logRecord(sample, offset, startMs + offset * minuteMs, value);
}

/** The row as `plainValues` has it: epoch microseconds for timestamps, ISO for dates, the rest as it is. */
export function expectedRow(value: Sample, offset: number) {
  return {
    record_key: `org/${offset % 3}`,
    record_timestamp: (startMs + offset * minuteMs) * 1000,
    record_offset: offset,
    name: value.name,
    start_ms: value.startMs * 1000,
    end_ms: value.endMs === null ? null : value.endMs * 1000,
    day: value.day,
    waiting: value.waiting,
    share: value.share,
    is_late: value.isLate,
    mode: value.mode,
    skill_ids: value.skillIds,
    inputs_agents_idle: value.inputs?.agentsIdle ?? null,
  };
}

/** Python: a function that makes a value of a row fit into JSON. */
export const plainValues = `
import datetime, json, sys
epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
def plain(value):
    if isinstance(value, datetime.datetime): return (value - epoch) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date): return value.isoformat()
    return value
`;
