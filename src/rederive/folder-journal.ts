import { join } from 'node:path';
import type { Clock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import { readCheckpointBefore } from '../../sinks/log/checkpoint-before.ts';
import { readLogSummary } from '../../sinks/log/log-summary.ts';
import { type LogRecord, openLogTail } from '../../sinks/log/log-tail.ts';
import { listSegments, type Segment } from '../../sinks/log/segments.ts';
import type { Position } from '../../sinks/sink.ts';
import type { EpochMs } from '../../streams/record.ts';
import { createLogSource } from '../sources/log-source.ts';
import type { Journal, JournalRange } from './journal.ts';

/** The journal of a data folder. */
export function folderJournal(dataDir: string, { batchEventsMax, clock }: FolderReading): Journal {
  const dir = join(dataDir, 'journal');
  const outputs = join(dataDir, 'outputs');
  return {
    name: `the journal in ${dir}`,
    wayOut: 'another data folder (--data-dir)',
    findRange: (fromMs, toMs) => findRange(dir, fromMs, toMs),
    checkpointBefore: (positionMax) => readCheckpointBefore(outputs, positionMax),
    newestCheckpoint: async () => (await readLogSummary({ dir: outputs })).checkpoint?.checkpoint,
    read(fromOffset, toOffset) {
      const source = createLogSource({ dir, fromOffset, batchEventsMax, commitEveryMs: 0, clock });
      source.drain(toOffset);
      return source;
    },
  };
}

interface FolderReading {
  readonly batchEventsMax: number;
  readonly clock: Clock;
}

async function findRange(dir: string, fromMs: EpochMs, toMs: EpochMs): Promise<JournalRange> {
  const { id: journalId, endOffset } = await readLogSummary({ dir, hasCheckpoints: false });
  const segments = await listSegments(dir);
  const [oldest] = segments;
  const first = oldest === undefined ? undefined : await firstRecord(dir, oldest);
  if (journalId === undefined || first === undefined) {
    const message = `There is no journal in ${dir}: name the data folder of a run (--data-dir).`;
    throw new SinkError('QC_SINK_UNAVAILABLE', message);
  }
  const offsetAt = (atMs: EpochMs) => findOffset(dir, segments, atMs, endOffset);
  const startOffset = first.offset;
  return {
    journalId,
    first,
    startOffset,
    fromOffset: await offsetAt(fromMs),
    toOffset: await offsetAt(toMs),
    endOffset,
  };
}

/** Of the first record that is not older than `atMs`; the end if all are. */
async function findOffset(
  dir: string,
  segments: readonly Segment[],
  atMs: EpochMs,
  endOffset: Position,
): Promise<Position> {
  // Segments before `low` begin before it, those from `high` on do not.
  let [low, high] = [0, segments.length];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const segment = segments[middle];
    const record = segment === undefined ? undefined : await firstRecord(dir, segment);
    if (record !== undefined && record.atMs < atMs) low = middle + 1;
    else high = middle;
  }
  const segment = segments[low - 1];
  if (segment === undefined) return segments[0]?.firstOffset ?? 0;
  const tail = openLogTail(dir, segment.firstOffset);
  try {
    for (;;) {
      const records = await tail.read();
      if (records === undefined) return endOffset;
      const found = records.find((each) => each.atMs >= atMs);
      if (found !== undefined) return Math.min(found.offset, endOffset);
    }
  } finally {
    await tail.close();
  }
}

async function firstRecord(dir: string, { firstOffset }: Segment): Promise<LogRecord | undefined> {
  const tail = openLogTail(dir, firstOffset);
  try {
    return (await tail.read())?.[0];
  } finally {
    await tail.close();
  }
}
