import { createHash } from 'node:crypto';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type EpochMs, type RecordType, topicOf } from '../../streams/record.ts';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure, makeFolder } from '../log/durable-file.ts';
import { readFooter } from './encode.ts';
import { takeWriterLock } from '../log/writer-lock.ts';
import { type Manifest, type ManifestEntry, openManifest } from './manifest.ts';
import { isLeftover } from './publish.ts';

/** Which rows a file holds: all of its manifest entry that is known before it is written. */
export type FileContent = Omit<ManifestEntry, 'bytes' | 'sha256'>;

/** What all file names of one writer have in common. */
export interface Place {
  readonly prefix: string;
  readonly partition: number;
  /** Which part of the output log they hold. */
  readonly part: string;
}

/** The UTC date of a record, as its folder says it. */
export function dateOf(atMs: EpochMs): string {
  return new Date(atMs).toISOString().slice(0, 10);
}

/** `queue-window/dt=2026-01-05/queuecast.queue-window.v1+0+<first offset>.parquet`, below the dataset's folder. */
export function fileOf(type: RecordType, place: Place, date: string, firstOffset: number): string {
  const name = `${startOfName(type, place)}${String(firstOffset).padStart(20, '0')}.parquet`;
  return join(type.name, `dt=${date}`, name);
}

const startOfName = (type: RecordType, { prefix, partition }: Place) => `${prefix}.${topicOf(type)}+${partition}+`;

const footerKey = 'queuecast';

const footerFields = z.object({
  record: z.string(),
  schemaVersion: z.int(),
  topic: z.string(),
  partition: z.int(),
  firstOffset: z.int(),
  lastOffset: z.int(),
  clusterId: z.string(),
  resumeOffset: z.int(),
});

/**
 * What a file says of itself in its footer: JSON under the one key `queuecast`, for the encoder writes several keys in any order,
 * and the same rows shall give the same bytes.
 */
export function footerOf(type: RecordType, content: FileContent): ReadonlyMap<string, string> {
  const { schemaVersion, topic, partition, firstOffset, lastOffset, clusterId, resumeOffset } = content;
  const fields: z.output<typeof footerFields> = {
    record: type.name,
    schemaVersion,
    topic,
    partition,
    firstOffset,
    lastOffset,
    clusterId,
    resumeOffset,
  };
  return new Map([[footerKey, JSON.stringify(fields)]]);
}

/**
 * Opens the manifest of a dataset, removes unfinished files, and adds the files that a crash between their publication and their
 * manifest line left out.
 */
export async function openDataset(dir: string, place: Place, types: readonly RecordType[]): Promise<Manifest> {
  await makeFolder(dir);
  // Two archivers of one part would publish the same rows; the second is refused before it reads any.
  const lock = await takeWriterLock(dir, `.writer-${place.part}.lock`);
  try {
    const manifest = await openManifest(join(dir, `_manifest-${place.part}.jsonl`), dir);
    const close = async () => {
      await manifest.close();
      await lock.release();
    };
    try {
      for (const entry of manifest.entries) await checkFile(dir, entry);
      const known = new Set(manifest.entries.map(({ file }) => file));
      for (const type of types) {
        for (const { file, date } of await listFiles(dir, type, place)) {
          if (!known.has(file)) await manifest.append(await entryOf(dir, file, date));
        }
      }
      return { ...manifest, close };
    } catch (error) {
      await manifest.close();
      throw error;
    }
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A published file that is gone or cut would leave a hole that nobody sees: reading goes on after its rows. */
async function checkFile(dir: string, { file, bytes }: ManifestEntry): Promise<void> {
  const path = join(dir, file);
  const size = await stat(path).then(
    (found) => found.size,
    (error: unknown) => {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw fileFailure(error, path);
    },
  );
  if (size === bytes) return;
  const fault = size === undefined ? 'is missing' : `has ${size} bytes instead of ${bytes}`;
  throw new SinkError('QC_SCHEMA_DRIFT', `${path} ${fault}: put it back, or ${rebuild(dir)}.`);
}

/** The log still has every row. */
const rebuild = (dir: string) => `move the whole folder ${dir} away, and it is made anew from the output log`;

/** The files of one record type; removes leftovers on the way. */
async function listFiles(dir: string, type: RecordType, place: Place) {
  const found: { readonly file: string; readonly date: string }[] = [];
  for (const partitionFolder of await namesIn(join(dir, type.name))) {
    const date = /^dt=(\d{4}-\d{2}-\d{2})$/.exec(partitionFolder)?.[1];
    if (date === undefined) continue;
    for (const name of await namesIn(join(dir, type.name, partitionFolder))) {
      const file = join(type.name, partitionFolder, name);
      if (isLeftover(name, startOfName(type, place))) await rm(join(dir, file), { force: true });
      else if (name.startsWith(startOfName(type, place)) && name.endsWith('.parquet')) found.push({ file, date });
    }
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function entryOf(dir: string, file: string, date: string): Promise<ManifestEntry> {
  const path = join(dir, file);
  const content = await readFile(path).catch((error: unknown) => {
    throw fileFailure(error, path);
  });
  try {
    const footer = await readFooter(content);
    const { record: _, ...fields } = footerFields.parse(JSON.parse(footer.metadata.get(footerKey) ?? 'null'));
    const sha256 = createHash('sha256').update(content).digest('hex');
    return { file, dt: date, rows: footer.rows, bytes: content.length, sha256, ...fields };
  } catch (error) {
    throw foreign(dir, path, error);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileFailure(error, folder);
  }
}

function foreign(dir: string, path: string, cause: unknown): SinkError {
  const message = `${path} was not written by queuecast, or is damaged: put back what was there, or ${rebuild(dir)}.`;
  return new SinkError('QC_SCHEMA_DRIFT', message, { cause });
}
