import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode, fileFailure, makeFolder } from '../../sinks/log/durable-file.ts';
import { openLogTail } from '../../sinks/log/log-tail.ts';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { type Output, topicOf } from '../../streams/record.ts';
import type { Config } from '../config.ts';

/** Where records go, in their order. */
export interface HistoryOutput {
  write(records: readonly Output[]): Promise<void>;
  /** Makes all of it safe. */
  close(): Promise<void>;
  /** Keeps what is safe and lets the rest go: the same question goes on from there. */
  abandon(): Promise<void>;
}

/** The same for the same question to the same organisation as it was read once, and for no other. */
export function questionId(question: unknown): string {
  return createHash('sha256').update(JSON.stringify(question)).digest('hex').slice(0, 16);
}

/** Of a question, in the names of its files and its manifest. */
const partOf = (id: string) => `history-${id}`;

/**
 * Parquet files in a dataset that any number of questions may share: files are named by the question, and one that goes on adds only
 * what is missing. Questions that overlap add rows with the same keys, of which the highest revision counts.
 */
export async function createParquetOutput(
  dir: string,
  id: string,
  type: Output['type'],
  config: Config,
): Promise<HistoryOutput> {
  // Arrow and the encoder are large: only who writes files loads them.
  const [{ createParquetSink }, { parquetOptions }] = await Promise.all([
    import('../../sinks/parquet/parquet-sink.ts'),
    import('../archive.ts'),
  ]);
  const prefix = partOf(id);
  const readId = () => Promise.resolve(id);
  const log = { name: `the answer to question ${id}`, recordTypes: [type], partition: 0, part: prefix, readId };
  const sink = await createParquetSink({ ...parquetOptions(config), dir, log, topicPrefix: prefix });
  let offset = 0;
  return {
    async write(records) {
      const rows = records.map(({ key, value, atMs }) => ({
        record: topicOf(type),
        key,
        value,
        atMs,
        offset: offset++,
      }));
      await sink.archive(rows, offset);
    },
    close: () => sink.close(),
    abandon: () => sink.abandon(),
  };
}

/** Whether a dataset has rows of a type that other questions, or a run, have left there. */
export async function holdsOthers(dir: string, id: string, type: Output['type']): Promise<boolean> {
  const { partsIn, readManifest } = await import('../../sinks/parquet/manifest.ts');
  const others = (await partsIn(dir)).filter((part) => part !== partOf(id));
  for (const part of others) {
    const entries = await readManifest(dir, part);
    if (entries.some(({ topic }) => topic.endsWith(`.${topicOf(type)}`))) return true;
  }
  return false;
}

const progressFile = z.object({ logId: z.string(), fromOffset: z.int().nonnegative() });
const recordsAtOnce = 1_000;

/**
 * Adds records to the output log of a data folder, none of them twice: a note in `workDir` says where in the log the answer
 * to the question begins, and what is there from that place on is not added again.
 */
export async function createLogOutput(settings: {
  readonly dir: string;
  readonly bytesMax: number;
  readonly workDir: string;
  readonly id: string;
}): Promise<HistoryOutput> {
  const { dir, bytesMax, workDir, id } = settings;
  await makeFolder(workDir).catch((error: unknown) => {
    throw fileFailure(error, workDir);
  });
  const log = await openSegmentLog({ dir, bytesMax });
  const { position } = log.found;
  let written: ReadonlySet<string>;
  try {
    written = await alreadyWritten();
  } catch (error) {
    await log.close();
    throw error;
  }

  async function alreadyWritten(): Promise<ReadonlySet<string>> {
    const path = join(workDir, `to-log-${id}.json`);
    const note = await readFile(path, 'utf8').catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return 'null';
      throw fileFailure(error, path);
    });
    const known = progressFile.nullable().catch(null).parse(parseJson(note));
    if (known?.logId === log.id) return readFrom(known.fromOffset);
    const begun: z.output<typeof progressFile> = { logId: log.id, fromOffset: log.endOffset() };
    try {
      await writeFile(`${path}.tmp`, JSON.stringify(begun), { flush: true });
      await rename(`${path}.tmp`, path);
    } catch (error) {
      throw fileFailure(error, path);
    }
    return new Set();
  }

  async function readFrom(fromOffset: number): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    if (log.endOffset() <= fromOffset) return found;
    const tail = openLogTail(dir, fromOffset);
    try {
      for (let read = await tail.read(); read !== undefined; read = await tail.read()) {
        for (const { record, key, value } of read) found.add(identityOf(record, key, value));
      }
    } finally {
      await tail.close();
    }
    return found;
  }

  return {
    async write(records) {
      const missing = records.filter(({ type, key, value }) => !written.has(identityOf(topicOf(type), key, value)));
      for (let at = 0; at < missing.length; at += recordsAtOnce) {
        // The position is how far derive has read its journal: this says nothing of that.
        await log.append({ outputs: missing.slice(at, at + recordsAtOnce), position });
      }
    },
    close: () => log.close(),
    abandon: () => log.close(),
  };
}

const identityOf = (record: string, key: string, value: unknown) => `${record} ${key} ${revisionOf(value)}`;

const revised = z.object({ revision: z.int() });

const revisionOf = (value: unknown): number => revised.safeParse(value).data?.revision ?? -1;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Opens all or none, and writes to each in turn. */
export async function openOutputs(opening: readonly (() => Promise<HistoryOutput>)[]): Promise<HistoryOutput> {
  const outputs: HistoryOutput[] = [];
  try {
    for (const open of opening) outputs.push(await open());
  } catch (error) {
    await Promise.all(outputs.map((each) => each.abandon()));
    throw error;
  }
  const all = async (act: (output: HistoryOutput) => Promise<void>) => {
    for (const each of outputs) await act(each);
  };
  return {
    write: (records) => all((each) => each.write(records)),
    close: () => all((each) => each.close()),
    abandon: () => all((each) => each.abandon()),
  };
}
