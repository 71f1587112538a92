import { type FileHandle, open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { systemClock } from '../clock.ts';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure, syncFolder } from '../log/durable-file.ts';
import { corrupt } from '../log/segments.ts';
import { takeWriterLock } from '../log/writer-lock.ts';
import { retry } from '../retry.ts';
import { type FileOperations, fileOperations } from './file-operations.ts';

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

/**
 * The list of the published files of one part of the output log: one JSON line each. Archivers add lines, each opening it anew, for
 * compaction puts another file in its place; both hold `lockManifest` while they do.
 */
export interface Manifest {
  /** Grows with `append`. */
  readonly entries: readonly ManifestEntry[];
  /** Resolved: on disk. */
  append(entry: ManifestEntry): Promise<void>;
}

const nameOf = (part: string) => `_manifest-${part}.jsonl`;

/** The parts whose manifests lie in a dataset's folder. */
export async function partsIn(dir: string): Promise<readonly string[]> {
  try {
    return (await readdir(dir)).flatMap((name) => /^_manifest-(.+)\.jsonl$/.exec(name)?.[1] ?? []).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileFailure(error, dir);
  }
}

/** Who else changes a manifest is done soon. */
const lockPatience = { everyMs: 20, withinMs: 60_000, clock: systemClock };

/** Does what nobody may do at the same time to a manifest and the files that it lists. */
export async function lockManifest<Result>(dir: string, part: string, work: () => Promise<Result>): Promise<Result> {
  const isPassing = (error: unknown) => error instanceof SinkError && error.code === 'QC_SINK_FENCED';
  const take = () => takeWriterLock(dir, `.manifest-${part}.lock`);
  const lock = await retry(take, { ...lockPatience, isPassing }, new AbortController().signal);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** Opens a manifest, makes it if there is none, and cuts a torn last line. Throws `QC_LOG_CORRUPT` for damage before that. */
export async function openManifest(dir: string, part: string): Promise<Manifest> {
  const path = join(dir, nameOf(part));
  try {
    const { entries, wholeBytes } = await readEntries(path);
    await change(path, async (file) => {
      if ((await file.stat()).size > wholeBytes) await file.truncate(wholeBytes);
      await file.sync();
    });
    await removeAside(dir, part, fileOperations);
    await syncFolder(dir);
    return {
      entries,
      async append(entry) {
        try {
          await change(path, async (file) => {
            await file.appendFile(lineOf(entry));
            await file.datasync();
          });
          entries.push(entry);
        } catch (error) {
          throw fileFailure(error, path);
        }
      },
    };
  } catch (error) {
    throw fileFailure(error, path);
  }
}

/** The entries as they are now; a torn last line is none. */
export async function readManifest(dir: string, part: string): Promise<readonly ManifestEntry[]> {
  const path = join(dir, nameOf(part));
  try {
    return (await readEntries(path)).entries;
  } catch (error) {
    throw fileFailure(error, path);
  }
}

/** Puts other entries in the place of all: a reader sees those before or these. */
export async function replaceManifest(
  dir: string,
  part: string,
  entries: readonly ManifestEntry[],
  files: FileOperations,
): Promise<void> {
  const path = join(dir, nameOf(part));
  const aside = asideOf(dir, part);
  await files.write(aside, [Buffer.from(entries.map(lineOf).join(''))]);
  await files.rename(aside, path);
  await files.syncFolder(dir);
}

const asideOf = (dir: string, part: string) => join(dir, `.${nameOf(part)}.new`);

/** A manifest that was not put in its place. */
export const removeAside = (dir: string, part: string, files: FileOperations) => files.remove(asideOf(dir, part));

/** In the order of the schema, whoever made the entry: a file that a crash left out is listed by the same bytes. */
const lineOf = (entry: ManifestEntry) => `${JSON.stringify(manifestEntry.parse(entry))}\n`;

async function change(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'a');
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

async function readEntries(path: string) {
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
