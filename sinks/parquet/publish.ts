import { basename, dirname, join } from 'node:path';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure, makeFolder } from '../log/durable-file.ts';
import { isLiveProcess } from '../log/writer-lock.ts';
import { fileOperations, type WrittenFile } from './file-operations.ts';

/**
 * Writes a file under a temporary name and gives it its own only when it is whole and on disk. Throws `QC_SINK_FENCED` when
 * there is a file of that name: another writer published the same rows.
 */
export async function publishFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<WrittenFile> {
  const folder = dirname(path);
  const temporary = temporaryName(path);
  try {
    await makeFolder(folder);
    try {
      const published = await fileOperations.write(temporary, chunks);
      await linkNew(temporary, path);
      return published;
    } finally {
      await fileOperations.remove(temporary);
      await fileOperations.syncFolder(folder);
    }
  } catch (error) {
    throw fileFailure(error, path);
  }
}

async function linkNew(temporary: string, path: string): Promise<void> {
  try {
    await fileOperations.link(temporary, path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    throw new SinkError(
      'QC_SINK_FENCED',
      `Another writer has published ${path}: stop one of the two and start again; the archive goes on after what is published.`,
      { cause: error },
    );
  }
}

/** Where this process writes a file before that has its own name. Readers of a folder skip names that begin with a dot. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
}

/**
 * Whether a name in a folder is that of a file which a dead writer, or an earlier life of this process, left unfinished. `start` = what
 * the names of one writer's files begin with.
 */
export function isLeftover(name: string, start: string): boolean {
  const pid = name.startsWith(`.${start}`) ? /\.parquet\.(\d+)\.tmp$/.exec(name)?.[1] : undefined;
  return pid !== undefined && (Number(pid) === process.pid || !isLiveProcess(Number(pid)));
}
