import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type EpochMs, type RecordType, topicOf } from '../../streams/record.ts';
import { SinkError } from '../errors.ts';
import { errorCode, fileFailure, makeFolder } from '../log/durable-file.ts';
import { readFooter } from './encode.ts';
import { takeWriterLock } from '../log/writer-lock.ts';
import { type FileOperations, fileOperations } from './file-operations.ts';
import { lockManifest, type Manifest, type ManifestEntry, openManifest } from './manifest.ts';
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
  const name = `${startOfName(topicIn(place, type), place.partition)}${offsetText(firstOffset)}.parquet`;
  return join(type.name, `dt=${date}`, name);
}

/** The record that a file holds: the folder of its date is in that of the record. */
export const recordOf = ({ file }: { readonly file: string }) => dirname(dirname(file));

/** With the configured prefix. */
export const topicIn = ({ prefix }: Place, type: RecordType) => `${prefix}.${topicOf(type)}`;

/** What the names of all files of one partition of a topic begin with. */
export const startOfName = (topic: string, partition: number) => `${topic}+${partition}+`;

export const offsetText = (offset: number) => String(offset).padStart(20, '0');

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
export function footerOf(record: string, content: FileContent): ReadonlyMap<string, string> {
  const { schemaVersion, topic, partition, firstOffset, lastOffset, clusterId, resumeOffset } = content;
  const fields: z.output<typeof footerFields> = {
    record,
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

/** The manifest of a dataset, with the exclusive right to archive into it. */
export interface OpenDataset extends Manifest {
  close(): Promise<void>;
}

/**
 * Opens the manifest of a dataset, removes unfinished files, and adds the files that a crash between their publication and their
 * manifest line left out.
 */
export async function openDataset(dir: string, place: Place, types: readonly RecordType[]): Promise<OpenDataset> {
  await makeFolder(dir);
  const { part } = place;
  // Two archivers of one part would publish the same rows; the second is refused before it reads any.
  const lock = await takeWriterLock(dir, `.writer-${part}.lock`);
  try {
    const manifest = await lockManifest(dir, part, async () => {
      const opened = await openManifest(dir, part);
      for (const entry of opened.entries) await checkFile(dir, entry);
      for (const type of types) {
        const start = startOfName(topicIn(place, type), place.partition);
        for (const entry of await tidyFolder(dir, type.name, start, opened.entries)) await opened.append(entry);
      }
      return opened;
    });
    return {
      entries: manifest.entries,
      append: (entry) => lockManifest(dir, part, () => manifest.append(entry)),
      close: () => lock.release(),
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Removes what a crash left half done below the folder of a record: files that were never finished, and those whose rows are in other
 * files of the manifest. Answers with the entries of the rest that the manifest does not list.
 */
export async function tidyFolder(
  dir: string,
  record: string,
  start: string,
  entries: readonly ManifestEntry[],
  files: FileOperations = fileOperations,
): Promise<readonly ManifestEntry[]> {
  const listed = new Set(entries.map(({ file }) => file));
  const unlisted: ManifestEntry[] = [];
  for (const { file, date } of await listFiles(dir, record, start, files)) {
    if (listed.has(file)) continue;
    const entry = await entryOf(dir, file, date);
    const place = placeAmong(entry, entries);
    if (place === 'overlaps') throw doubled(dir, file);
    if (place === 'within') await files.remove(join(dir, file));
    else unlisted.push(entry);
  }
  return unlisted;
}

/** Whether the rows of a file are new, in listed files already, or partly so. */
function placeAmong(file: ManifestEntry, entries: readonly ManifestEntry[]): 'new' | 'within' | 'overlaps' {
  const same = entries.filter(
    (each) => each.topic === file.topic && each.partition === file.partition && each.dt === file.dt,
  );
  const met = same.filter((each) => each.firstOffset <= file.lastOffset && each.lastOffset >= file.firstOffset);
  if (met.length === 0) return 'new';
  const isIn = (inner: ManifestEntry, outer: ManifestEntry) =>
    inner.firstOffset >= outer.firstOffset && inner.lastOffset <= outer.lastOffset;
  // Merged out of these and not listed yet, or one of those which a listed file was merged of.
  const isMerged = met.every((each) => isIn(each, file)) && met.reduce((sum, { rows }) => sum + rows, 0) === file.rows;
  const isOfMerged = met.length === 1 && met.every((each) => isIn(file, each) && file.rows <= each.rows);
  return isMerged || isOfMerged ? 'within' : 'overlaps';
}

/** A published file that is gone or cut would leave a hole that nobody sees: reading goes on after its rows. */
export async function checkFile(dir: string, { file, bytes }: ManifestEntry): Promise<void> {
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
async function listFiles(dir: string, record: string, start: string, files: FileOperations) {
  const found: { readonly file: string; readonly date: string }[] = [];
  for (const partitionFolder of await namesIn(join(dir, record))) {
    const date = /^dt=(\d{4}-\d{2}-\d{2})$/.exec(partitionFolder)?.[1];
    if (date === undefined) continue;
    for (const name of await namesIn(join(dir, record, partitionFolder))) {
      const file = join(record, partitionFolder, name);
      if (isLeftover(name, start)) await files.remove(join(dir, file));
      else if (name.startsWith(start) && name.endsWith('.parquet')) found.push({ file, date });
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

function doubled(dir: string, file: string): SinkError {
  const message = `${join(dir, file)} holds rows of files in the manifest and others: it was not written by queuecast, or the manifest is an old one. Put back what was there, or ${rebuild(dir)}.`;
  return new SinkError('QC_SCHEMA_DRIFT', message);
}

function foreign(dir: string, path: string, cause: unknown): SinkError {
  const message = `${path} was not written by queuecast, or is damaged: put back what was there, or ${rebuild(dir)}.`;
  return new SinkError('QC_SCHEMA_DRIFT', message, { cause });
}
