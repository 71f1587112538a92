import { join } from 'node:path';
import type { RecordBatch, Schema } from 'apache-arrow';
import { type EpochMs, type RecordType, topicOf } from '../../streams/record.ts';
import { type Clock, systemClock } from '../clock.ts';
import { SinkError } from '../errors.ts';
import { fileFailure } from '../log/durable-file.ts';
import type { LogRecord } from '../log/log-tail.ts';
import type { Position } from '../sink.ts';
import { arrowSchemaOf, type Column, columnsOf, rowBytes } from './arrow-schema.ts';
import { toRecordBatch } from './columns.ts';
import { dateOf, fileOf, footerOf, openDataset, topicIn } from './dataset.ts';
import { type Compression, encodeParquet } from './encode.ts';
import { isArchived } from './is-archived.ts';
import { publishFile } from './publish.ts';

/** Records with one space of offsets, whose rows are archived. */
export interface ArchivedLog {
  /** For people. */
  readonly name: string;
  /** Every type that the log may hold. Its facts and revised facts are archived. */
  readonly recordTypes: readonly RecordType[];
  /** Of its topics, in file names. */
  readonly partition: number;
  /** Says which of the parts of the output log this is, in the names of manifest and lock. */
  readonly part: string;
  /** Which log this is, for a dataset goes on with the one it began with; undefined while it is not there yet. */
  readId(): Promise<string | undefined>;
}

export interface ParquetSinkSettings {
  /** The dataset's folder. */
  readonly dir: string;
  readonly log: ArchivedLog;
  /** Names of state records that are archived too. Default none. */
  readonly states?: readonly string[];
  /** Names of the only records that are archived, states or not. Default: facts, revised facts, and `states`. */
  readonly only?: readonly string[];
  /** Before a record's topic in file names. Default `queuecast`. */
  readonly topicPrefix?: string;
  /** A file ends at so many rows. Default 100,000. */
  readonly rowsMax?: number;
  /** A file ends when a record comes that is so much later than its first, in journal time. Default 15 minutes. */
  readonly ageMsMax?: number;
  /** A file ends with the row that makes its rows so large, before they are packed. Default 128 MiB. */
  readonly bytesMax?: number;
  /** System time. */
  readonly clock?: Clock;
  /** Default 20,000. */
  readonly rowGroupRowsMax?: number;
  /** Default `snappy`. */
  readonly compression?: Compression;
}

/**
 * Archives the records of a log as Parquet files, none lost and none twice. What is not in a published file yet is in memory
 * only, and is read again from the log after a crash.
 */
export interface ParquetSink {
  /** Where the log is to be read from: every archived record before it is published. */
  readonly resumeOffset: Position;
  /**
   * Takes the next records of the log, up to `position`. Rejected with a `SinkError`: the sink takes no more.
   */
  archive(records: readonly LogRecord[], position: Position): Promise<void>;
  /** Publishes what is in memory, unless a failure came before. */
  close(): Promise<void>;
  /** Publishes files that have waited for `ageMsMax` by the system's clock: a log may say nothing for hours. */
  roll(): Promise<void>;
  /** Forgets what is in memory: another writer takes it from the log. */
  abandon(): Promise<void>;
}

const mebibyte = 1_048_576;

/** A file whose rows are being gathered. */
interface OpenFile {
  readonly archived: ArchivedType;
  readonly date: string;
  readonly firstOffset: number;
  readonly firstAtMs: EpochMs;
  /** When its first row came here, in system time. */
  readonly takenAtMs: EpochMs;
  lastOffset: number;
  rows: number;
  /** Of its rows, before they are packed. */
  bytes: number;
  batches: RecordBatch[];
  /** Rows that are not in a batch yet. */
  pending: LogRecord[];
}

interface ArchivedType {
  readonly type: RecordType;
  readonly columns: readonly Column[];
  readonly schema: Schema;
  /** Rows before it are published. */
  nextOffset: number;
}

/**
 * Opens a dataset, and makes it if there is none: removes unfinished files, and lists files that a crash left out of the manifest.
 * Rejects with `QC_SCHEMA_DRIFT` when the dataset belongs to another log.
 */
export async function createParquetSink(settings: ParquetSinkSettings): Promise<ParquetSink> {
  const { dir, log, topicPrefix = 'queuecast' } = settings;
  const { recordTypes, partition, part } = log;
  const { rowsMax = 100_000, ageMsMax = 900_000, rowGroupRowsMax = 20_000, compression = 'snappy' } = settings;
  const { clock = systemClock, bytesMax = 128 * mebibyte } = settings;
  const place = { prefix: topicPrefix, partition, part };
  const archivedTypes = archivedOf(recordTypes, settings);
  const otherTopics = new Set(recordTypes.map(topicOf).filter((topic) => !archivedTypes.has(topic)));
  const manifest = await openDataset(
    dir,
    place,
    Array.from(archivedTypes.values(), ({ type }) => type),
  );
  const { entries } = manifest;
  for (const { topic, lastOffset } of entries) {
    const archived = archivedTypes.get(topic.slice(topicPrefix.length + 1));
    if (archived !== undefined) archived.nextOffset = Math.max(archived.nextOffset, lastOffset + 1);
  }
  const resumeOffset = entries.reduce((offset, entry) => Math.max(offset, entry.resumeOffset), 0);

  let files: readonly OpenFile[] = [];
  let clusterId: string | undefined;
  let seenOffset = -1;
  let failure: SinkError | undefined;

  async function identifyLog(): Promise<string> {
    const id = await log.readId();
    if (id === undefined)
      throw new SinkError(
        'QC_SCHEMA_DRIFT',
        `The id of ${log.name} is missing: restore it, it says which log this is.`,
      );
    const other = entries.find((entry) => entry.clusterId !== id);
    if (other !== undefined) {
      throw new SinkError(
        'QC_SCHEMA_DRIFT',
        `${dir} holds rows of the log ${other.clusterId}, but ${log.name} is ${id}: archive it into another folder, or move ${dir} away.`,
      );
    }
    return id;
  }
  try {
    // A log that is not there yet is identified when there is something to publish.
    if ((await log.readId()) !== undefined) clusterId = await identifyLog();
  } catch (error) {
    await manifest.close();
    throw error;
  }

  async function take(record: LogRecord): Promise<void> {
    if (record.offset <= seenOffset) {
      throw new SinkError(
        'QC_SCHEMA_DRIFT',
        `Reading ${log.name} went back from offset ${seenOffset} to ${record.offset}: it is not the log that it was. Archive it into another folder.`,
      );
    }
    seenOffset = record.offset;
    // Every record moves time on, so that the same log gives the same files however it was cut into batches.
    for (const file of files.filter(({ firstAtMs }) => record.atMs - firstAtMs >= ageMsMax)) {
      await publish(file, record.offset);
    }
    const archived = archivedTypes.get(record.record);
    if (archived === undefined) {
      if (otherTopics.has(record.record)) return;
      throw new SinkError(
        'QC_SCHEMA_DRIFT',
        `Record ${record.record} at offset ${record.offset} of ${log.name} is one which this version of queuecast does not know: use the version that wrote it, or a later one.`,
      );
    }
    // A tombstone says nothing that a row could hold: the last state of its key stays the last.
    if (record.value === null || record.offset < archived.nextOffset) return;
    const date = dateOf(record.atMs);
    let file = files.find((each) => each.archived === archived);
    if (file !== undefined && file.date !== date) {
      await publish(file, record.offset);
      file = undefined;
    }
    if (file === undefined) {
      const { offset, atMs } = record;
      file = {
        archived,
        date,
        firstOffset: offset,
        firstAtMs: atMs,
        takenAtMs: clock.nowMs(),
        lastOffset: offset,
        rows: 0,
        bytes: 0,
        batches: [],
        pending: [],
      };
      files = [...files, file];
    }
    file.pending.push(record);
    file.rows += 1;
    file.bytes += rowBytes(archived.columns, record);
    file.lastOffset = record.offset;
    if (file.pending.length >= rowGroupRowsMax) toBatch(file);
    if (file.rows >= rowsMax || file.bytes >= bytesMax) await publish(file, record.offset + 1);
  }

  /** `takenOffset`: every record before it was taken. */
  async function publish(file: OpenFile, takenOffset: number): Promise<void> {
    const { archived, date, firstOffset, lastOffset, rows } = file;
    const others = files.filter((each) => each !== file);
    clusterId ??= await identifyLog();
    toBatch(file);
    const content = {
      file: fileOf(archived.type, place, date, firstOffset),
      topic: topicIn(place, archived.type),
      partition,
      dt: date,
      firstOffset,
      lastOffset,
      rows,
      schemaVersion: archived.type.version,
      clusterId,
      resumeOffset: others.reduce((offset, other) => Math.min(offset, other.firstOffset), takenOffset),
    };
    const chunks = encodeParquet(file.batches, {
      compression,
      rowGroupRowsMax,
      metadata: footerOf(archived.type.name, content),
    });
    const published = await publishFile(join(dir, content.file), chunks);
    await manifest.append({ ...content, ...published });
    archived.nextOffset = lastOffset + 1;
    files = others;
  }

  let previous: Promise<void> = Promise.resolve();

  /** One after the other; after a failure nothing more. */
  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = previous.then(async () => {
      if (failure !== undefined) throw failure;
      try {
        await work();
      } catch (error) {
        failure = fileFailure(error, dir);
        throw failure;
      }
    });
    previous = done.catch(() => undefined);
    return done;
  }

  async function leave(lastWork: () => Promise<void>): Promise<void> {
    try {
      await previous;
      if (failure !== undefined) return;
      await inTurn(lastWork);
      failure = new SinkError('QC_SINK_UNAVAILABLE', `The dataset ${dir} was closed: open it again to write.`);
    } finally {
      await manifest.close();
    }
  }

  const publishAll = async (which: readonly OpenFile[]) => {
    for (const file of which) await publish(file, seenOffset + 1);
  };

  return {
    resumeOffset,
    archive: (records, position) =>
      inTurn(async () => {
        for (const record of records) await take(record);
        seenOffset = Math.max(seenOffset, position - 1);
      }),
    roll: () => inTurn(() => publishAll(files.filter(({ takenAtMs }) => clock.nowMs() - takenAtMs >= ageMsMax))),
    close: () => leave(() => publishAll(files)),
    abandon: () => leave(() => Promise.resolve()),
  };
}

function archivedOf(
  recordTypes: readonly RecordType[],
  { states = [], only }: Pick<ParquetSinkSettings, 'states' | 'only'>,
): ReadonlyMap<string, ArchivedType> {
  const chosen = recordTypes.filter((type) => only?.includes(type.name) ?? isArchived(type, states));
  return new Map(
    chosen.map((type) => {
      const columns = columnsOf(type);
      return [topicOf(type), { type, columns, schema: arrowSchemaOf(columns), nextOffset: 0 }];
    }),
  );
}

function toBatch(file: OpenFile): void {
  if (file.pending.length === 0) return;
  file.batches.push(toRecordBatch(file.archived.columns, file.archived.schema, file.pending));
  file.pending = [];
}
