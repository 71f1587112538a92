import { type FileHandle, open } from 'node:fs/promises';
import type { EpochMs } from '../../streams/record.ts';
import { errorCode, fileFailure } from './durable-file.ts';
import { type Line, splitLines } from './line.ts';
import { endOf, parseLine } from './log-summary.ts';
import { corrupt, listSegments, type Segment } from './segments.ts';

/** One record of a log. */
export interface LogRecord {
  /** Topic without prefix, for example `queue-state.v1`. */
  readonly record: string;
  readonly key: string;
  readonly atMs: EpochMs;
  readonly value: unknown;
  /** How many records the log holds before it. */
  readonly offset: number;
}

/** A log being followed as it grows. */
export interface LogTail {
  /** The records that were added, made safe on disk; undefined when there are none as yet. */
  read(): Promise<readonly LogRecord[] | undefined>;
  /** After the last record read. */
  offset(): number;
  close(): Promise<void>;
}

const chunkBytes = 1_048_576;

/**
 * Reads a log from an offset on, from segment to segment, whoever writes it. What is not there yet is no failure; damage before
 * its end, and an end before `fromOffset`, is `QC_LOG_CORRUPT`.
 */
export function openLogTail(dir: string, fromOffset: number): LogTail {
  let current: { readonly segment: Segment; readonly file: FileHandle; doneBytes: number } | undefined;
  let nextOffset: number | undefined;

  async function enter(segment: Segment): Promise<void> {
    await current?.file.close();
    current = undefined;
    current = { segment, file: await open(segment.path, 'r'), doneBytes: 0 };
    nextOffset ??= segment.firstOffset;
  }

  /** Whole lines that are new in the current segment. */
  async function readLines(isLast: boolean): Promise<{ readonly lines: readonly Line[]; readonly at: number }> {
    if (current === undefined) return { lines: [], at: 0 };
    const { file, segment, doneBytes } = current;
    const { size } = await file.stat();
    for (let length = chunkBytes; ; length *= 2) {
      const bytes = await readBytes(file, doneBytes, Math.min(length, size - doneBytes));
      const { lines, end, rest } = splitLines(bytes);
      const isWhole = bytes.length < length || doneBytes + bytes.length >= size;
      const hasNewline = bytes.includes(0x0a);
      if (lines.length === 0 && rest === 'torn' && !isWhole && !hasNewline) continue;
      if (lines.length === 0 && (rest === 'damaged' || (rest === 'torn' && !(isWhole && isLast)))) {
        throw corrupt(segment.path, doneBytes, 'the checksum of the line there is wrong, and more follows it');
      }
      if (lines.length > 0) await file.datasync();
      current.doneBytes = doneBytes + end;
      return { lines, at: doneBytes };
    }
  }

  async function read(): Promise<readonly LogRecord[] | undefined> {
    if (current === undefined) {
      const first = (await listSegments(dir)).findLast(
        (segment, index) => index === 0 || segment.firstOffset <= fromOffset,
      );
      if (first === undefined) return undefined;
      if (first.firstOffset > fromOffset)
        throw corrupt(first.path, 0, `it begins after offset ${fromOffset}, which is to be read`);
      await enter(first);
    }
    for (;;) {
      let found = await readLines(true);
      if (found.lines.length === 0) {
        const next = await nextSegment();
        // Listed first, read after: a segment that has a successor grows no more.
        if (next !== undefined) found = await readLines(false);
        if (found.lines.length === 0) {
          if (next === undefined) return undefined;
          if (next.firstOffset !== nextOffset) {
            throw corrupt(
              next.path,
              0,
              `it begins at offset ${next.firstOffset}, the segment before it ends at ${nextOffset ?? 0}`,
            );
          }
          await enter(next);
          continue;
        }
      }
      const records = recordsOf(found.lines, found.at);
      if (records.length > 0) return records;
    }
  }

  async function nextSegment(): Promise<Segment | undefined> {
    const first = current?.segment.firstOffset ?? 0;
    return (await listSegments(dir)).find(({ firstOffset }) => firstOffset > first);
  }

  function recordsOf(lines: readonly Line[], base: number): readonly LogRecord[] {
    const records: LogRecord[] = [];
    if (current === undefined) return records;
    for (const line of lines) {
      const delivery = parseLine(current.segment, line, base);
      if (delivery.offset !== nextOffset) {
        throw corrupt(current.segment.path, base + line.at, `offset ${delivery.offset} follows ${nextOffset ?? 0}`);
      }
      delivery.outputs.forEach((output, index) => {
        const offset = delivery.offset + index;
        if (offset >= fromOffset) records.push({ ...output, offset });
      });
      nextOffset = endOf(delivery);
    }
    return records;
  }

  return {
    async read() {
      try {
        const records = await read();
        if (records === undefined && nextOffset !== undefined && nextOffset < fromOffset && current !== undefined) {
          const what = `the log ends at offset ${nextOffset}, but was read up to ${fromOffset} before`;
          throw corrupt(current.segment.path, current.doneBytes, what);
        }
        return records;
      } catch (error) {
        if (errorCode(error) === 'ENOENT' && current === undefined) return undefined;
        throw fileFailure(error, current?.segment.path ?? dir);
      }
    },
    offset: () => nextOffset ?? 0,
    close: async () => current?.file.close(),
  };
}

async function readBytes(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(length, 0));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
