import { readFile } from 'node:fs/promises';
import type { Checkpoint } from '../../streams/logic.ts';
import type { Position } from '../sink.ts';
import { fileFailure } from './durable-file.ts';
import { readLogId } from './log-id.ts';
import { type Line, type LoggedDelivery, mayHoldCheckpoint, parseDelivery, splitLines } from './line.ts';
import { corrupt, listSegments, type Segment } from './segments.ts';

export interface CommittedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** How far the input was read for it. */
  readonly position: Position;
  /** How many records the log held with the line that committed it. */
  readonly offset: number;
}

/** What a log holds, as far as its last whole line. */
export interface LogSummary {
  /** Made at the log's creation; undefined as long as no writer was there. */
  readonly id: string | undefined;
  /** Number of records; the offset of the next. */
  readonly endOffset: number;
  /** That of the last delivery; 0 when there is none. */
  readonly position: Position;
  /** The newest, if there is one. */
  readonly checkpoint: CommittedCheckpoint | undefined;
}

export interface FoundLog {
  readonly summary: LogSummary;
  readonly segments: readonly Segment[];
  /** How many bytes of the last segment are whole lines of good checksum. */
  readonly wholeBytes: number;
}

export interface SummarySettings {
  readonly dir: string;
  /** False spares the search for a checkpoint through a log that has none. Default true. */
  readonly hasCheckpoints?: boolean;
}

/** Reads what a log holds without changing it; safe while another process writes. */
export async function readLogSummary(settings: SummarySettings): Promise<LogSummary> {
  return (await readLogEnd(settings)).summary;
}

/**
 * Checks the last segment line by line, and reads backwards from there only until everything is found. Throws
 * `QC_LOG_CORRUPT` for a damaged line that is not the last one of the log.
 */
export async function readLogEnd({ dir, hasCheckpoints = true }: SummarySettings): Promise<FoundLog> {
  const segments = await listSegments(dir);
  let wholeBytes = 0;
  let last: LoggedDelivery | undefined;
  let checkpoint: CommittedCheckpoint | undefined;
  for (const segment of segments.toReversed()) {
    const isLast = segment === segments.at(-1);
    const { lines, end } = await readSegment(segment, isLast);
    if (isLast) wholeBytes = end;
    for (const line of lines.toReversed()) {
      const mayBeCheckpoint = hasCheckpoints && checkpoint === undefined && mayHoldCheckpoint(line.json);
      if (last !== undefined && !mayBeCheckpoint) continue;
      const delivery = parseLine(segment, line);
      last ??= delivery;
      if (delivery.checkpoint !== undefined) checkpoint ??= committed(delivery, delivery.checkpoint);
      if (isComplete()) break;
    }
    if (isComplete()) break;
  }
  function isComplete(): boolean {
    return last !== undefined && (!hasCheckpoints || checkpoint !== undefined);
  }
  const summary: LogSummary = {
    id: await readLogId(dir),
    endOffset: last === undefined ? (segments.at(-1)?.firstOffset ?? 0) : endOf(last),
    position: last?.position ?? 0,
    checkpoint,
  };
  return { summary, segments, wholeBytes };
}

export function parseLine(segment: Segment, line: Line, base = 0): LoggedDelivery {
  try {
    return parseDelivery(line.json);
  } catch (error) {
    throw corrupt(segment.path, base + line.at, `the line is no delivery (${String(error)})`);
  }
}

/** The offset after the last record of a line. */
export function endOf(delivery: LoggedDelivery): number {
  return delivery.offset + delivery.outputs.length;
}

function committed(delivery: LoggedDelivery, checkpoint: Checkpoint): CommittedCheckpoint {
  return { checkpoint, position: delivery.position, offset: endOf(delivery) };
}

export async function readSegment(segment: Segment, isLast: boolean) {
  let bytes: Buffer;
  try {
    bytes = await readFile(segment.path);
  } catch (error) {
    throw fileFailure(error, segment.path);
  }
  const split = splitLines(bytes);
  if (split.rest === 'damaged' || (split.rest === 'torn' && !isLast)) {
    throw corrupt(segment.path, split.end, 'the checksum of the line there is wrong, and more follows it');
  }
  return split;
}
