import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SinkError } from '../errors.ts';
import { fileFailure } from '../log/durable-file.ts';
import { takeWriterLock } from '../log/writer-lock.ts';
import { checkFile, type FileContent, footerOf, offsetText, recordOf, startOfName, tidyFolder } from './dataset.ts';
import { type Compression, mergeParquet, readFooter } from './encode.ts';
import { type FileOperations, fileOperations } from './file-operations.ts';
import { lockManifest, type ManifestEntry, partsIn, readManifest, removeAside, replaceManifest } from './manifest.ts';
import { temporaryName } from './publish.ts';

export interface CompactSettings {
  /** The dataset's folder. */
  readonly dir: string;
  /** Only dates before this one, `YYYY-MM-DD`. */
  readonly before: string;
  readonly compression: Compression;
  /** Default 20,000. */
  readonly rowGroupRowsMax?: number;
  /** Told about each record, partition and date when it is done. */
  readonly onDone?: (done: CompactedDate) => void;
  /** Default: those of the system. */
  readonly files?: FileOperations;
}

/** What became of the files of one record, partition and date. */
export interface CompactedDate {
  readonly topic: string;
  readonly partition: number;
  readonly dt: string;
  /** Files and their bytes before. */
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
  /** The one file they are now; null where their columns differ, so that they stay as they are. */
  readonly merged: { readonly file: string; readonly bytes: number } | null;
}

/**
 * Merges the files of each record, partition and date before `before` into one, in the order of offsets; the same files give the same
 * bytes. A reader of the manifest sees the files before or the one after; whatever stops it in between, the next archiver or compaction
 * tidies up. An archiver may go on meanwhile.
 *
 * Rejects with `QC_SINK_FENCED` (another compaction), `QC_SCHEMA_DRIFT` (a file is not what the manifest says), or `QC_SINK_UNAVAILABLE`.
 */
export async function compactDataset(settings: CompactSettings): Promise<readonly CompactedDate[]> {
  const { dir, before, onDone } = settings;
  const parts = await partsIn(dir);
  if (parts.length === 0) {
    throw new SinkError(
      'QC_SINK_UNAVAILABLE',
      `${dir} has no manifest: name the folder "parquet" of a run (--data-dir, --dataset).`,
    );
  }
  const lock = await takeWriterLock(dir, '.compact.lock');
  const all: CompactedDate[] = [];
  try {
    for (const part of parts) {
      await tidy(settings, part);
      for (const group of groupsBefore(await readManifest(dir, part), before)) {
        const done = await compactGroup(settings, part, group);
        all.push(done);
        onDone?.(done);
      }
    }
  } catch (error) {
    throw fileFailure(error, dir);
  } finally {
    await lock.release();
  }
  return all;
}

/** The files of one topic, partition and date, at least two, in the order of offsets. */
type Group = readonly [ManifestEntry, ManifestEntry, ...(readonly ManifestEntry[])];

function groupsBefore(entries: readonly ManifestEntry[], before: string): readonly Group[] {
  const groups = new Map<string, ManifestEntry[]>();
  for (const entry of entries) {
    if (entry.dt >= before) continue;
    const name = `${entry.topic} ${entry.partition} ${entry.dt}`;
    groups.set(name, [...(groups.get(name) ?? []), entry]);
  }
  return [...groups.values()].flatMap((group): Group[] => {
    const [first, second, ...others] = group.sort((a, b) => a.firstOffset - b.firstOffset);
    return first === undefined || second === undefined ? [] : [[first, second, ...others]];
  });
}

/** What another compaction left half done. Files that no manifest lists yet may be those of an archiver at work. */
function tidy({ dir, files = fileOperations }: CompactSettings, part: string): Promise<void> {
  return lockManifest(dir, part, async () => {
    const entries = await readManifest(dir, part);
    await removeAside(dir, part, files);
    for (const entry of entries) await checkFile(dir, entry);
    const folders = new Map(entries.map((entry) => [startOfName(entry.topic, entry.partition), recordOf(entry)]));
    for (const [start, record] of folders) await tidyFolder(dir, record, start, entries, files);
  });
}

async function compactGroup(settings: CompactSettings, part: string, group: Group): Promise<CompactedDate> {
  const { dir, compression, rowGroupRowsMax = 20_000, files = fileOperations } = settings;
  const content = contentOf(group);
  const { topic, partition, dt, rows } = content;
  const bytes = group.reduce((sum, entry) => sum + entry.bytes, 0);
  const found = { topic, partition, dt, files: group.length, bytes, rows };
  if (!(await haveSameColumns(dir, group))) return { ...found, merged: null };
  const temporary = temporaryName(join(dir, content.file));
  const chunks = mergeParquet(
    group.map((entry) => ({ rows: entry.rows, read: () => readChecked(dir, entry) })),
    { compression, rowGroupRowsMax, metadata: footerOf(recordOf(content), content) },
  );
  try {
    const written = await files.write(temporary, chunks);
    await lockManifest(dir, part, () => swap(settings, part, { temporary, group, entry: { ...content, ...written } }));
    return { ...found, merged: { file: content.file, bytes: written.bytes } };
  } catch (error) {
    await files.remove(temporary).catch(() => undefined);
    throw error;
  }
}

/** What a file with the rows of all of them holds. It lies beside them, named by its last offset too, since the first of them has its first. */
function contentOf(group: Group): FileContent {
  const [first] = group;
  const { topic, partition, dt, firstOffset, schemaVersion, clusterId } = first;
  let { lastOffset, resumeOffset, rows } = first;
  for (const entry of group.slice(1)) {
    if (entry.firstOffset <= lastOffset || entry.clusterId !== clusterId) {
      throw new SinkError(
        'QC_SCHEMA_DRIFT',
        `${entry.file} does not follow the file before it (offset ${lastOffset} of ${clusterId}): the manifest was changed by something other than queuecast; put back what was there.`,
      );
    }
    lastOffset = entry.lastOffset;
    resumeOffset = Math.max(resumeOffset, entry.resumeOffset);
    rows += entry.rows;
  }
  const name = `${startOfName(topic, partition)}${offsetText(firstOffset)}-${offsetText(lastOffset)}.parquet`;
  const file = join(dirname(first.file), name);
  return { file, topic, partition, dt, firstOffset, lastOffset, rows, schemaVersion, clusterId, resumeOffset };
}

async function haveSameColumns(dir: string, group: Group): Promise<boolean> {
  const columns = new Set<string>();
  for (const entry of group) columns.add((await readFooter(await readChecked(dir, entry))).columns);
  return columns.size === 1;
}

/** What is merged is removed: it has to be what was published. */
async function readChecked(dir: string, { file, sha256 }: ManifestEntry): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(dir, file);
  const content = await readFile(path).catch((error: unknown) => {
    throw fileFailure(error, path);
  });
  if (createHash('sha256').update(content).digest('hex') === sha256) return content;
  throw new SinkError('QC_SCHEMA_DRIFT', `${path} is not what was published (its checksum differs): put it back.`);
}

interface Swap {
  readonly temporary: string;
  readonly group: Group;
  readonly entry: ManifestEntry;
}

/** The manifest is the moment: before it the merged file is left over, after it those which it was merged of are. */
async function swap(settings: CompactSettings, part: string, { temporary, group, entry }: Swap): Promise<void> {
  const { dir, files = fileOperations } = settings;
  const path = join(dir, entry.file);
  const folder = dirname(path);
  const merged = new Set(group.map(({ file }) => file));
  // An archiver may have added lines since.
  const entries = await readManifest(dir, part);
  const next = entries.flatMap((each) => (each.file === group[0].file ? entry : merged.has(each.file) ? [] : each));
  await files.link(temporary, path);
  try {
    await files.remove(temporary);
    await files.syncFolder(folder);
    await replaceManifest(dir, part, next, files);
  } catch (error) {
    const isListed = (await readManifest(dir, part)).some(({ file }) => file === entry.file);
    if (!isListed) await files.remove(path);
    throw error;
  }
  for (const file of merged) await files.remove(join(dir, file));
  await files.syncFolder(folder);
}
