import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import { createLogSink } from '../../sinks/log/log-sink.ts';
import { readLogId } from '../../sinks/log/log-id.ts';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import type { Position } from '../../sinks/sink.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { readJournalTail } from '../journal-tail.ts';
import { createLogSource, type LogRecord } from '../sources/log-source.ts';
import type { Source } from '../sources/source.ts';
import { type Ending, type Logs, whenAborted } from './logs.ts';

export interface EmbeddedLogsSettings {
  readonly dataDir: string;
  /** What each of the two logs may take. */
  readonly journalBytesMax: number;
  readonly batchEventsMax: number;
  readonly commitEveryMs: number;
}

/** Both logs as segments in a data folder, for one shard. */
export function createEmbeddedLogs(settings: EmbeddedLogsSettings, clock: Clock = systemClock): Logs {
  const { dataDir, journalBytesMax: bytesMax, batchEventsMax } = settings;
  const journal = join(dataDir, 'journal');
  const outputs = join(dataDir, 'outputs');

  function follow(dir: string, fromOffset: Position, commitEveryMs: number, { drained }: Ending): Source<LogRecord> {
    const source = createLogSource({ dir, fromOffset, batchEventsMax, commitEveryMs, clock });
    whenAborted(drained, () => source.drain());
    return source;
  }

  return {
    journal: {
      name: `The journal in ${dataDir}`,
      wayOut: 'use another data folder (--data-dir, QUEUECAST_DATA_DIR)',
    },
    async openJournal(accept) {
      const log = await openSegmentLog({ dir: journal, bytesMax, hasCheckpoints: false });
      const source = (fromOffset: Position) => {
        const tail = createLogSource({ dir: journal, fromOffset, batchEventsMax, commitEveryMs: 0, clock });
        tail.drain(log.found.endOffset);
        return tail;
      };
      const sink = createLogSink(log);
      try {
        const tail = await readJournalTail(source, log.found.endOffset);
        await accept(tail);
        return { sink, tail };
      } catch (error) {
        await sink.close();
        throw error;
      }
    },
    async deriveShards(work, ending) {
      const journalId = await untilThere(journal, ending, clock);
      if (journalId === undefined) return;
      const log = await openSegmentLog({ dir: outputs, bytesMax });
      const sink = createLogSink(log);
      try {
        await tieToJournal(outputs, { dir: journal, id: journalId });
        const { position: committed, checkpoint: saved } = log.found;
        const source = (from: Position) => follow(journal, from, settings.commitEveryMs, ending);
        await work({ shard: 0, sink, committed, saved, source }, ending.signal);
      } finally {
        await sink.close();
      }
    },
    archiveOutputs: (_datasetId, work, ending) =>
      work(
        {
          log: { name: `the log ${outputs}`, recordTypes, partition: 0, part: '0', readId: () => readLogId(outputs) },
          source: (from) => follow(outputs, from, 0, ending),
        },
        ending.signal,
      ),
    readOutputs: (_topics, onBatch, ending) => follow(outputs, 0, 0, ending).run(onBatch, ending.signal),
  };
}

/** Waits until a log has been made; undefined when asked to end before. */
async function untilThere(dir: string, { drained, signal }: Ending, clock: Clock): Promise<string | undefined> {
  const either = AbortSignal.any([drained, signal]);
  for (;;) {
    const id = await readLogId(dir);
    if (id !== undefined || either.aborted) return id;
    await clock.sleep(20, either).catch(() => undefined);
  }
}

/** Outputs go on with the journal they began with: another one's positions mean other events. */
async function tieToJournal(outputs: string, journal: { readonly dir: string; readonly id: string }): Promise<void> {
  const path = join(outputs, 'journal-id');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known === journal.id) return;
  if (known === '') return writeFile(path, journal.id);
  const message = `${outputs} was derived from the journal ${known}, but ${journal.dir} is ${journal.id}: move ${outputs} (and the Parquet files made of it) away, or bring the journal back`;
  throw new SinkError('QC_SCHEMA_DRIFT', message);
}
