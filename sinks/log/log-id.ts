import { randomUUID } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fileFailure, syncFolder } from './durable-file.ts';

/** The id of the log or dataset in a folder; undefined when it has none. */
export async function readLogId(dir: string): Promise<string | undefined> {
  const path = join(dir, 'id');
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw fileFailure(error, path);
  }
}

/** The id of the log or dataset in a folder, made when it has none; it appears whole or not at all. */
export async function ensureLogId(dir: string): Promise<string> {
  const found = await readLogId(dir);
  if (found !== undefined) return found;
  const path = join(dir, 'id');
  const id = randomUUID();
  const temporary = `${path}.${id}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(`${id}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    try {
      await link(temporary, path);
    } catch (error) {
      // Another process was faster.
      if (errorCode(error) !== 'EEXIST') throw error;
    }
    await rm(temporary);
    await syncFolder(dir);
  } catch (error) {
    throw fileFailure(error, path);
  }
  return (await readLogId(dir)) ?? id;
}
