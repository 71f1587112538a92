import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SinkError } from '../errors.ts';

/** Makes the names in a folder survive a loss of power. */
export async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder and the ones above it that are missing, durably. Others may do the same at the same time. */
export async function makeFolder(dir: string): Promise<void> {
  // One by one: where nothing can be made, as in /proc, Node's recursive way never comes back.
  try {
    await makeOne(dir);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const above = dirname(resolve(dir));
    if (!(await exists(above))) await makeFolder(above);
    await makeOne(dir);
  }
  await syncFolder(dirname(resolve(dir)));
}

async function makeOne(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(dir)).isDirectory()) return;
    throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** The system's name for a failure (`ENOSPC`, `EACCES`), when it has one. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const waysOut: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free space there, or set QUEUECAST_DATA_DIR to a folder on another disk',
  EDQUOT: 'the quota is used up: free space there, or set QUEUECAST_DATA_DIR to a folder on another disk',
  EACCES: 'permission denied: let this user write there, or set QUEUECAST_DATA_DIR to a folder that it may write',
  EPERM: 'not permitted: let this user write there, or set QUEUECAST_DATA_DIR to a folder that it may write',
  EROFS: 'the file system is read-only: mount it writable, or set QUEUECAST_DATA_DIR to a folder on another one',
  ENOENT: 'it is gone: do not move or delete it during a run; start again',
  ENOTDIR: 'part of this path is a file: move that file away, or set QUEUECAST_DATA_DIR to another folder',
  EEXIST: 'a file of this name is in the way: move it away, or set QUEUECAST_DATA_DIR to another folder',
  EMFILE: 'too many open files: raise the limit of open files (ulimit -n)',
};

/** A failed file operation as `QC_SINK_UNAVAILABLE`, with the path and the way out; a `SinkError` stays as it is. */
export function fileFailure(error: unknown, path: string): SinkError {
  if (error instanceof SinkError) return error;
  const code = errorCode(error);
  const cause = error instanceof Error ? error.message : String(error);
  const wayOut = (code === undefined ? undefined : waysOut[code]) ?? `${cause}: check the disk, then start again`;
  return new SinkError('QC_SINK_UNAVAILABLE', `Cannot use ${path} (${code ?? 'error'}): ${wayOut}.`, { cause: error });
}
