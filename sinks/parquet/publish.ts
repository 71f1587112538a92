import { createHash } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure, makeFolder, syncFolder } from '../log/durable-file.ts';
import { isLiveProcess } from '../log/writer-lock.ts';

export interface PublishedFile {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/**
 * Writes a file under a temporary name and gives it its own only when it is whole and on disk. Throws `QC_SINK_FENCED` when
 * there is a file of that name: another writer published the same rows.
 */
export async function publishFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<PublishedFile> {
  const folder = dirname(path);
  const temporary = temporaryName(path, process.pid);
  try {
    await makeFolder(folder);
    try {
      const published = await writeWhole(temporary, chunks);
      await linkNew(temporary, path);
      return published;
    } finally {
      await rm(temporary, { force: true });
      await syncFolder(folder);
    }
  } catch (error) {
    throw fileFailure(error, path);
  }
}

async function writeWhole(path: string, chunks: AsyncIterable<Uint8Array>): Promise<PublishedFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'w');
  try {
    for await (const chunk of chunks) {
      await file.appendFile(chunk);
      hash.update(chunk);
      bytes += chunk.length;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function linkNew(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new SinkError(
      'QC_SINK_FENCED',
      `Another writer has published ${path}: stop one of the two and start again; the archive goes on after what is published.`,
      { cause: error },
    );
  }
}

/** Readers of a folder skip names that begin with a dot. */
function temporaryName(path: string, pid: number): string {
  return join(dirname(path), `.${basename(path)}.${pid}.tmp`);
}

/**
 * Whether a name in a folder is that of a file which a dead writer, or an earlier life of this process, left unfinished. `start` = what
 * the names of one writer's files begin with.
 */
export function isLeftover(name: string, start: string): boolean {
  const pid = name.startsWith(`.${start}`) ? /\.parquet\.(\d+)\.tmp$/.exec(name)?.[1] : undefined;
  return pid !== undefined && (Number(pid) === process.pid || !isLiveProcess(Number(pid)));
}
