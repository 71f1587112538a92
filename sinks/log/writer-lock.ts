import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure } from './durable-file.ts';

/** The exclusive right to write in a folder. */
export interface WriterLock {
  release(): Promise<void>;
}

/**
 * Takes `<dir>/writer.lock` (or another name), which holds the writer's process id. A lock of a dead process, or of our own id (a container
 * gives the same one at each start), is taken over; that of another live process is `QC_SINK_FENCED`.
 */
export async function takeWriterLock(dir: string, name = 'writer.lock'): Promise<WriterLock> {
  const path = join(dir, name);
  // Written aside and linked, so that a lock is never seen without its owner.
  const own = join(dir, `.lock.${process.pid}.${randomUUID()}`);
  try {
    await writeFile(own, `${process.pid}\n`, { flag: 'wx' });
    for (let attempt = 1; attempt <= 3; attempt++) {
      if (await linkTo(own, path)) return { release: () => rm(path, { force: true }) };
      const found = await readFile(path, 'utf8').catch(() => '');
      const owner = Number.parseInt(found, 10);
      if (isLiveProcess(owner) && owner !== process.pid) break;
      await removeStale(path, found);
    }
  } catch (error) {
    throw fileFailure(error, path);
  } finally {
    await rm(own, { force: true });
  }
  const owner = (await readFile(path, 'utf8').catch(() => '')).trim();
  throw new SinkError(
    'QC_SINK_FENCED',
    `Process ${owner === '' ? '(unknown)' : owner} writes in ${dir}: stop it, or set QUEUECAST_DATA_DIR to another folder. If it is no queuecast, delete ${path}.`,
  );
}

async function linkTo(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Moves a stale lock away. Another process may have done so, and taken the lock, since it was read: then it gets its own back. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = `${path}.stale.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  if ((await readFile(aside, 'utf8')) !== stale) await linkTo(aside, path);
  await rm(aside, { force: true });
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
