import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure } from './durable-file.ts';

/** A file of a log, named by the offset of its first record. */
export interface Segment {
  readonly firstOffset: number;
  readonly path: string;
}

const segmentName = /^\d{20}\.log$/;

export function segmentAt(dir: string, firstOffset: number): Segment {
  return { firstOffset, path: join(dir, `${String(firstOffset).padStart(20, '0')}.log`) };
}

/** The segments in a folder in order; none when the folder does not exist. */
export async function listSegments(dir: string): Promise<readonly Segment[]> {
  try {
    const names = (await readdir(dir)).filter((name) => segmentName.test(name)).sort();
    return names.map((name) => ({ firstOffset: Number(name.slice(0, 20)), path: join(dir, name) }));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileFailure(error, dir);
  }
}

/** Stored data that is wrong before its end; `at` in bytes. */
export function corrupt(path: string, at: number, what: string): SinkError {
  return new SinkError(
    'QC_LOG_CORRUPT',
    `${path} is damaged at byte ${at}: ${what}. Restore the file from a backup, or move the folder away and begin anew; nothing was changed.`,
  );
}
