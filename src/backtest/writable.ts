import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '../config.ts';

/** Throws a `ConfigError` for a file that could not be written: before minutes of work for it, not after them. Writes nothing. */
export async function refuseUnwritable(where: string, path: string): Promise<void> {
  const refuse = (why: string) => {
    throw new ConfigError([
      { where, value: path, allowed: `a file in a folder that is there and may be written (${why})` },
    ]);
  };
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) refuse('it is a folder');
  try {
    await access(found === undefined ? dirname(path) : path, constants.W_OK);
  } catch (error) {
    refuse(error instanceof Error ? error.message : String(error));
  }
}
