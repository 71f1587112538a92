import { type FileHandle, open, stat } from 'node:fs/promises';
import { topicOf } from '../../streams/record.ts';
import { SinkError } from '../errors.ts';
import type { Delivery } from '../sink.ts';
import { fileFailure, makeFolder, syncFolder } from './durable-file.ts';
import { encodeLine } from './line.ts';
import { ensureLogId } from './log-id.ts';
import { type LogSummary, type FoundLog, readLogEnd } from './log-summary.ts';
import { segmentAt } from './segments.ts';
import { takeWriterLock, type WriterLock } from './writer-lock.ts';

export interface SegmentLogSettings {
  readonly dir: string;
  /** A segment that has grown to this is followed by the next. Default 64 MiB. */
  readonly segmentBytesMax?: number;
  /** What all segments together may take; then the log takes no more. Nothing is ever deleted. */
  readonly bytesMax: number;
  /** False for a log whose deliveries never carry one: spares looking for it at open. Default true. */
  readonly hasCheckpoints?: boolean;
  /** Appends bytes to a file. Default: the file's own way; tests put failures here. */
  readonly write?: (file: FileHandle, bytes: Buffer) => Promise<void>;
}

/** An append-only log of deliveries in a folder, open for its one writer. */
export interface SegmentLog {
  /** A UUID made at the log's creation. */
  readonly id: string;
  /** What it held when it was opened. */
  readonly found: LogSummary;
  /** Number of records now; the offset of the next. */
  endOffset(): number;
  /**
   * Resolved: the line is on disk. Rejected with a `SinkError` (`QC_SINK_UNAVAILABLE`, `QC_SINK_FULL`): it does not count, and
   * the log takes no more.
   */
  append(delivery: Delivery): Promise<void>;
  close(): Promise<void>;
}

const mebibyte = 1_048_576;

function removed(path: string): SinkError {
  const message = `${path} was deleted while it was written to: what was written since then is lost. Start again, with another folder or this one.`;
  return new SinkError('QC_SINK_UNAVAILABLE', message);
}

/**
 * Opens a log for writing, and makes it if there is none. A torn last line, which was never acknowledged, is cut. Rejects with
 * `QC_SINK_FENCED` (another writer), `QC_LOG_CORRUPT` (a damaged line before the end) or `QC_SINK_UNAVAILABLE`.
 */
export async function openSegmentLog(settings: SegmentLogSettings): Promise<SegmentLog> {
  const { dir } = settings;
  let lock: WriterLock | undefined;
  try {
    await makeFolder(dir);
    lock = await takeWriterLock(dir);
    const id = await ensureLogId(dir);
    const tail = await readLogEnd(settings);
    return startWriting(settings, { id, lock, found: tail.summary, last: await openLastSegment(tail) });
  } catch (error) {
    await lock?.release();
    throw fileFailure(error, dir);
  }
}

interface OpenedLog {
  readonly id: string;
  readonly lock: WriterLock;
  readonly found: LogSummary;
  readonly last: OpenedSegment;
}

function startWriting(settings: SegmentLogSettings, { id, lock, found, last }: OpenedLog): SegmentLog {
  const { dir, bytesMax, segmentBytesMax = 64 * mebibyte, write = appendBytes } = settings;
  let { file, path, firstOffset, segmentBytes, totalBytes } = last;
  let { endOffset } = found;
  let failure: SinkError | undefined;
  let previous: Promise<void> = Promise.resolve();

  async function appendNow(delivery: Delivery): Promise<void> {
    if (failure !== undefined) throw failure;
    try {
      await appendLine(delivery);
    } catch (error) {
      failure = fileFailure(error, path);
      throw failure;
    }
  }

  async function appendLine({ outputs, position, checkpoint }: Delivery): Promise<void> {
    const line = encodeLine({
      offset: endOffset,
      position,
      outputs: outputs.map(({ type, key, atMs, value }) => ({
        record: topicOf(type),
        key,
        atMs,
        value: value ?? null,
      })),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    });
    if (totalBytes + line.length > bytesMax) throw full(dir, totalBytes + line.length, bytesMax);
    // A segment without records is never followed: both would have the same name.
    if (file === undefined || (segmentBytes >= segmentBytesMax && endOffset > firstOffset)) await startSegment();
    if (file === undefined) return;
    await write(file, line);
    await file.datasync();
    if ((await file.stat()).nlink === 0) throw removed(path);
    totalBytes += line.length;
    segmentBytes += line.length;
    endOffset += outputs.length;
  }

  async function startSegment(): Promise<void> {
    await file?.close();
    file = undefined;
    ({ path, firstOffset } = segmentAt(dir, endOffset));
    segmentBytes = 0;
    file = await open(path, 'ax');
    await syncFolder(dir);
  }

  return {
    id,
    found,
    endOffset: () => endOffset,
    append(delivery) {
      const appended = previous.then(() => appendNow(delivery));
      previous = appended.catch(() => undefined);
      return appended;
    },
    async close() {
      await previous;
      failure ??= new SinkError('QC_SINK_UNAVAILABLE', `The log in ${dir} was closed: open it again to write.`);
      await file?.close();
      file = undefined;
      await lock.release();
    },
  };
}

interface OpenedSegment {
  readonly file: FileHandle | undefined;
  readonly path: string;
  readonly firstOffset: number;
  readonly segmentBytes: number;
  readonly totalBytes: number;
}

/** Opens the last segment for appending, and cuts a torn last line off it. */
async function openLastSegment({ segments, wholeBytes }: FoundLog): Promise<OpenedSegment> {
  const last = segments.at(-1);
  if (last === undefined) return { file: undefined, path: '', firstOffset: 0, segmentBytes: 0, totalBytes: 0 };
  let totalBytes = wholeBytes;
  for (const segment of segments.slice(0, -1)) totalBytes += (await stat(segment.path)).size;
  const file = await open(last.path, 'a');
  try {
    if ((await file.stat()).size > wholeBytes) {
      await file.truncate(wholeBytes);
      await file.sync();
    }
  } catch (error) {
    await file.close();
    throw fileFailure(error, last.path);
  }
  return { file, path: last.path, firstOffset: last.firstOffset, segmentBytes: wholeBytes, totalBytes };
}

function full(dir: string, bytes: number, bytesMax: number): SinkError {
  return new SinkError(
    'QC_SINK_FULL',
    `The log in ${dir} would take ${bytes} bytes, over its limit of ${bytesMax} (QUEUECAST_JOURNAL_BYTES_MAX): raise that limit, or set QUEUECAST_DATA_DIR to a new folder. Nothing was deleted.`,
  );
}

async function appendBytes(file: FileHandle, bytes: Buffer): Promise<void> {
  await file.appendFile(bytes);
}
