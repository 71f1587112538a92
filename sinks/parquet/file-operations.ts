import { createHash } from 'node:crypto';
import { link, open, rename, rm } from 'node:fs/promises';
import { syncFolder } from '../log/durable-file.ts';

export interface WrittenFile {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/** All that changes the files of a dataset. Each call is a step that a crash may come before; tests put crashes there. */
export interface FileOperations {
  /** Resolved: the file is whole and on disk, though its name may not be yet. */
  write(path: string, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<WrittenFile>;
  /** Fails with `EEXIST` for a name that is taken. */
  link(from: string, to: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** A file that is gone already is no failure. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder survive a loss of power. */
  syncFolder(dir: string): Promise<void>;
}

export const fileOperations: FileOperations = {
  write: writeWhole,
  link,
  rename,
  remove: (path) => rm(path, { force: true }),
  syncFolder,
};

async function writeWhole(...[path, chunks]: Parameters<FileOperations['write']>): Promise<WrittenFile> {
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
