import { open, readFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode, fileFailure, syncFolder } from '../log/durable-file.ts';
import { corrupt } from '../log/segments.ts';

const manifestEntry = z.object({
  /** Below the dataset's folder. */
  file: z.string(),
  topic: z.string(),
  partition: z.int().nonnegative(),
  dt: z.string(),
  firstOffset: z.int().nonnegative(),
  lastOffset: z.int().nonnegative(),
  rows: z.int().positive(),
  bytes: z.int().positive(),
  sha256: z.string(),
  schemaVersion: z.int(),
  /** Of the log that the rows are from. */
  clusterId: z.string(),
  /** Every archived record of a lower offset is in a published file. */
  resumeOffset: z.int().nonnegative(),
});

/** One published file. */
export type ManifestEntry = z.output<typeof manifestEntry>;

/** The list of published files: one JSON line each, in the order of publication. */
export interface Manifest {
  /** Grows with `append`. */
  readonly entries: readonly ManifestEntry[];
  /** Resolved: on disk. */
  append(entry: ManifestEntry): Promise<void>;
  close(): Promise<void>;
}

/** Opens a manifest, makes it if there is none, and cuts a torn last line. Throws `QC_LOG_CORRUPT` for damage before that. */
export async function openManifest(path: string, dir: string): Promise<Manifest> {
  try {
    const { entries, wholeBytes } = await readManifest(path);
    const file = await open(path, 'a');
    try {
      if ((await file.stat()).size > wholeBytes) await file.truncate(wholeBytes);
      await file.sync();
      await syncFolder(dir);
    } catch (error) {
      await file.close();
      throw error;
    }
    return {
      entries,
      async append(entry) {
        try {
          await file.appendFile(`${JSON.stringify(entry)}\n`);
          await file.datasync();
          entries.push(entry);
        } catch (error) {
          throw fileFailure(error, path);
        }
      },
      close: () => file.close(),
    };
  } catch (error) {
    throw fileFailure(error, path);
  }
}

async function readManifest(path: string) {
  const bytes = await readFile(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return Buffer.of();
    throw error;
  });
  const entries: ManifestEntry[] = [];
  let wholeBytes = 0;
  for (let end = bytes.indexOf('\n'); end !== -1; end = bytes.indexOf('\n', wholeBytes)) {
    const entry = parseEntry(bytes.toString('utf8', wholeBytes, end));
    if (entry === undefined && end + 1 === bytes.length) break;
    if (entry === undefined)
      throw corrupt(path, wholeBytes, 'the line there is no entry of a manifest, and more follows it');
    entries.push(entry);
    wholeBytes = end + 1;
  }
  return { entries, wholeBytes };
}

function parseEntry(line: string): ManifestEntry | undefined {
  try {
    return manifestEntry.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
