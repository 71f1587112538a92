import { crc32 } from 'node:zlib';
import { z } from 'zod';

/**
 * One delivery as one line of a log: `<crc32 of the JSON, 8 hex digits> <JSON>\n`. `offset` = number of records that the log
 * held before this line.
 */
const loggedDelivery = z.object({
  offset: z.int().nonnegative(),
  position: z.number(),
  outputs: z.array(z.object({ record: z.string(), key: z.string(), atMs: z.number(), value: z.unknown() })),
  checkpoint: z.record(z.string(), z.object({ version: z.number(), state: z.unknown() })).optional(),
});

export type LoggedDelivery = z.output<typeof loggedDelivery>;

const newline = 0x0a;
const space = 0x20;
const checksumLength = 8;

export function encodeLine(delivery: LoggedDelivery): Buffer {
  const json = Buffer.from(JSON.stringify(delivery));
  return Buffer.concat([Buffer.from(`${checksumOf(json)} `), json, Buffer.of(newline)]);
}

/** Throws when the JSON, whose checksum was right, is not a delivery. */
export function parseDelivery(json: Buffer): LoggedDelivery {
  return loggedDelivery.parse(JSON.parse(json.toString()));
}

/** True for every line with a checkpoint, and for hardly any other: spares parsing the rest. */
export function mayHoldCheckpoint(json: Buffer): boolean {
  return json.includes('],"checkpoint":{');
}

export interface Line {
  /** Where it begins, in bytes from the start of what was split. */
  readonly at: number;
  /** Its JSON, of good checksum. */
  readonly json: Buffer;
}

export interface SplitLines {
  /** The whole lines of good checksum up to the first that is not. */
  readonly lines: readonly Line[];
  /** Where the last of them ends. */
  readonly end: number;
  /**
   * What follows them: nothing; a `torn` last line, incomplete or of bad checksum, as a crash leaves it; or a `damaged` line
   * that others follow.
   */
  readonly rest: 'none' | 'torn' | 'damaged';
}

export function splitLines(bytes: Buffer): SplitLines {
  const lines: Line[] = [];
  let at = 0;
  while (at < bytes.length) {
    const next = bytes.indexOf(newline, at);
    if (next === -1) return { lines, end: at, rest: 'torn' };
    const json = bytes.subarray(at + checksumLength + 1, next);
    const isGood =
      bytes[at + checksumLength] === space && bytes.toString('latin1', at, at + checksumLength) === checksumOf(json);
    if (!isGood) return { lines, end: at, rest: next + 1 === bytes.length ? 'torn' : 'damaged' };
    lines.push({ at, json });
    at = next + 1;
  }
  return { lines, end: at, rest: 'none' };
}

function checksumOf(json: Buffer): string {
  return crc32(json).toString(16).padStart(checksumLength, '0');
}
