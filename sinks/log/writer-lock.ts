import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure } from './durable-file.ts';

/** The exclusive right to write in a folder. */
export interface WriterLock {
  release(): Promise<void>;
}

/**
 * Takes `<dir>/writer.lock`, which holds the writer's process id. A lock of a dead process, or of our own id (a container
 * gives the same one at each start), is taken over; that of another live process is `QC_SINK_FENCED`.
 */
export async function takeWriterLock(dir: string): Promise<WriterLock> {
  const path = join(dir, 'writer.lock');
  try {
    if (await createLock(path)) return { release: () => rm(path, { force: true }) };
    const owner = Number.parseInt(await readFile(path, 'utf8'), 10);
    if (!isLiveProcess(owner) || owner === process.pid) {
      await rm(path, { force: true });
      // To fail here is to have lost a race for the stale lock.
      if (await createLock(path)) return { release: () => rm(path, { force: true }) };
    }
  } catch (error) {
    throw fileFailure(error, path);
  }
  const owner = (await readFile(path, 'utf8').catch(() => '')).trim();
  throw new SinkError(
    'QC_SINK_FENCED',
    `Process ${owner === '' ? '(unknown)' : owner} writes in ${dir}: stop it, or set QUEUECAST_DATA_DIR to another folder. If it is no queuecast, delete ${path}.`,
  );
}

async function createLock(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(`${process.pid}\n`);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Whether a process of this id runs. What is no id (a lock torn by a crash) counts as dead. */
export function isLiveProcess(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}
