import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openSegmentLog } from '../../../sinks/log/segment-log.ts';
import type { LogRecord } from '../../../sinks/log/log-tail.ts';
import { compactDataset, type CompactSettings } from '../../../sinks/parquet/compact.ts';
import { type FileOperations, fileOperations } from '../../../sinks/parquet/file-operations.ts';
import { createParquetSink } from '../../../sinks/parquet/parquet-sink.ts';
import { defineRecord, type RecordType } from '../../../streams/record.ts';
import { archivedLog, logRecord, sample, type Sample, small } from '../../support/archive.ts';
import { readParquetRows } from '../../support/parquet.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const newFolder = temporaryFolders();
const minuteMs = 60_000;
/** 23:40 on 4 January 2026. */
const startMs = Date.UTC(2026, 0, 4, 23, 40);
const later = '2026-01-06';

const sampleOf = (n: number): Sample => ({
  ...{ name: `name ${n % 4}`, startMs: n, endMs: n % 3 === 0 ? null : n, day: n % 2 === 0 ? '2026-01-04' : null },
  ...{ waiting: n % 5 === 0 ? null : n, share: n % 2 === 0 ? n / 7 : null, isLate: n % 3 === 0, mode: null },
  ...{ skillIds: n % 4 === 0 ? null : ['a', `${n}`], inputs: n % 6 === 0 ? null : { agentsIdle: n } },
});

/** Two records over two dates. */
const records = Array.from({ length: 60 }, (_, offset) => {
  const type = offset % 3 === 0 ? sample : small;
  return logRecord(type, offset, startMs + offset * minuteMs, type === sample ? sampleOf(offset) : { n: offset });
});

let log = '';

beforeAll(async () => {
  log = join(newFolder(), 'log');
  await (await openSegmentLog({ dir: log, bytesMax: 1e6 })).close();
});

async function archive(
  dir: string,
  rowsMax: number,
  some: readonly LogRecord[] = records,
  types?: readonly RecordType[],
) {
  const sink = await createParquetSink({ dir, log: archivedLog(log, types), rowsMax, ageMsMax: 1e9 });
  const open = some.filter(({ offset }) => offset >= sink.resumeOffset);
  await sink.archive(open, (open.at(-1)?.offset ?? -1) + 1);
  await sink.close();
}

async function newDataset(rowsMax = 3): Promise<string> {
  const dir = join(newFolder(), 'parquet');
  await archive(dir, rowsMax);
  return dir;
}

const compact = (dir: string, and: Partial<CompactSettings> = {}) =>
  compactDataset({ dir, before: later, compression: 'snappy', ...and });

const listed = z.object({ file: z.string(), rows: z.int() });
const manifestOf = (dir: string) =>
  readFileSync(join(dir, '_manifest-0.jsonl'), 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => listed.parse(JSON.parse(line)));
const filesIn = (dir: string) =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(parquet|tmp|new)$/.test(name))
    .sort();
const contentOf = (dir: string) => filesIn(dir).map((file) => [file, readFileSync(join(dir, file)).toString('hex')]);

/** What a reader of the manifest sees, by offset; the files have to be there. */
async function rowsListed(dir: string): Promise<readonly unknown[]> {
  const copy = newFolder();
  for (const { file } of manifestOf(dir)) {
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    cpSync(join(dir, file), join(copy, file));
  }
  return rowsIn(copy);
}

async function rowsIn(dir: string): Promise<readonly unknown[]> {
  const rows = await readParquetRows(dir);
  return rows.toSorted((a, b) => Number(a['record_offset']) - Number(b['record_offset']));
}

describe('compaction', () => {
  test('leaves one file for each record, partition and date, with the same rows in the order of offsets', async () => {
    const dir = await newDataset();
    const before = await rowsIn(dir);
    expect(filesIn(dir).length).toBeGreaterThan(15);
    const done = await compact(dir);
    expect(filesIn(dir)).toEqual([
      'sample/dt=2026-01-04/queuecast.sample.v3+0+00000000000000000000-00000000000000000018.parquet',
      'sample/dt=2026-01-05/queuecast.sample.v3+0+00000000000000000021-00000000000000000057.parquet',
      'small/dt=2026-01-04/queuecast.small.v1+0+00000000000000000001-00000000000000000019.parquet',
      'small/dt=2026-01-05/queuecast.small.v1+0+00000000000000000020-00000000000000000059.parquet',
    ]);
    expect(
      manifestOf(dir)
        .map(({ file }) => file)
        .sort(),
    ).toEqual(filesIn(dir));
    expect(await rowsIn(dir)).toEqual(before);
    const smallRows = await readParquetRows(join(dir, 'small'));
    expect(smallRows.map((row) => Number(row['n']))).toEqual(
      records.flatMap((each) => (each.offset % 3 === 0 ? [] : each.offset)),
    );
    expect(done.map(({ topic, dt, rows }) => [topic, dt, rows]).sort()).toEqual([
      ['queuecast.sample.v3', '2026-01-04', 7],
      ['queuecast.sample.v3', '2026-01-05', 13],
      ['queuecast.small.v1', '2026-01-04', 13],
      ['queuecast.small.v1', '2026-01-05', 27],
    ]);
  });

  test('makes the bytes that one large file would have had, however the small ones were cut', async () => {
    // Where reading goes on after a file depends on the others that were open at its end; lengths follow from it.
    const bytesOf = (dir: string) =>
      filesIn(dir).map((file) => [
        file.replace(/(-\d+)?\.parquet$/, ''),
        readFileSync(join(dir, file), 'latin1')
          .slice(0, -8)
          .replace(/[^]{2}(\{"record".*),"resumeOffset":\d+\}/, '$1'),
      ]);
    const whole = await newDataset(1_000);
    for (const rowsMax of [1, 4, 7]) {
      const dir = await newDataset(rowsMax);
      await compact(dir);
      expect(Object.fromEntries(bytesOf(dir))).toEqual(Object.fromEntries(bytesOf(whole)));
    }
  });

  test('takes only dates before the one it is given, and finds nothing to do a second time', async () => {
    const dir = await newDataset();
    await compact(dir, { before: '2026-01-05' });
    const dates = filesIn(dir).map((file) => file.split('/')[1]);
    expect(dates.filter((date) => date === 'dt=2026-01-04')).toHaveLength(2);
    expect(dates.filter((date) => date === 'dt=2026-01-05').length).toBeGreaterThan(10);
    const content = contentOf(dir);
    expect(await compact(dir, { before: '2026-01-05' })).toEqual([]);
    expect(contentOf(dir)).toEqual(content);
  });

  test('merges what was merged with what came later', async () => {
    const dir = join(newFolder(), 'parquet');
    await archive(dir, 3, records.slice(0, 30));
    await compact(dir);
    await archive(dir, 3);
    await compact(dir);
    expect(filesIn(dir)).toHaveLength(4);
    const other = await newDataset();
    await compact(other);
    expect(await rowsListed(dir)).toEqual(await rowsListed(other));
  });

  test('an archiver goes on after it as if nothing had been, and beside it loses no line of the manifest', async () => {
    const dir = join(newFolder(), 'parquet');
    const sink = await createParquetSink({ dir, log: archivedLog(log), rowsMax: 3, ageMsMax: 1e9 });
    await sink.archive(records.slice(0, 40), 40);
    await compact(dir);
    await sink.archive(records.slice(40), 60);
    await sink.close();
    const whole = await newDataset(1_000);
    expect(await rowsListed(dir)).toEqual(await rowsListed(whole));
    const content = contentOf(dir);
    await archive(dir, 3);
    expect(contentOf(dir)).toEqual(content);
  });

  test('beside another one is refused before it reads', async () => {
    const dir = await newDataset();
    // Process 1 is always alive.
    writeFileSync(join(dir, '.compact.lock'), '1\n');
    await expect(compact(dir)).rejects.toMatchObject({ code: 'QC_SINK_FENCED' });
    expect(filesIn(dir).length).toBeGreaterThan(15);
  });

  test('leaves files as they are whose columns differ, and says so', async () => {
    const wider = defineRecord({ ...small, key: ['n'], schema: z.object({ n: z.int(), more: z.string().nullable() }) });
    const dir = join(newFolder(), 'parquet');
    await archive(dir, 3, records.slice(0, 3), [small, sample]);
    await archive(dir, 3, records.slice(0, 9), [wider, sample]);
    const before = contentOf(dir).filter(([file = '']) => file.startsWith('small'));
    const done = await compact(dir);
    expect(done.map(({ topic, merged }) => [topic, merged === null])).toEqual([
      ['queuecast.sample.v3', false],
      ['queuecast.small.v1', true],
    ]);
    expect(contentOf(dir).filter(([file = '']) => file.startsWith('small'))).toEqual(before);
  });

  test('merges no file that is not what was published', async () => {
    const dir = await newDataset();
    const [{ file } = { file: '' }] = manifestOf(dir);
    const content = readFileSync(join(dir, file));
    content[50] = content[50]! ^ 1;
    writeFileSync(join(dir, file), content);
    await expect(compact(dir)).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringContaining(`${file} is not what was published`),
    });
    expect(existsSync(join(dir, file))).toBe(true);
  });

  test('says that a folder is no dataset', async () => {
    await expect(compact(newFolder())).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringContaining('has no manifest'),
    });
  });

  test('a file that holds rows of the manifest and others is named, not removed', async () => {
    const dir = await newDataset(3);
    const other = await newDataset(1_000);
    const [file = ''] = filesIn(other).filter((name) => name.startsWith('small/dt=2026-01-05'));
    const strange = file.replace('.parquet', '9.parquet');
    cpSync(join(other, file), join(dir, strange));
    // Without one of its lines the manifest knows a part of the rows.
    const path = join(dir, '_manifest-0.jsonl');
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    const left = lines.filter((line) => line !== lines.findLast((each) => each.includes('small/dt=2026-01-05')));
    writeFileSync(path, left.map((line) => `${line}\n`).join(''));
    await expect(compact(dir)).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringContaining(strange),
    });
    expect(existsSync(join(dir, strange))).toBe(true);
  });
});

describe('compaction that is killed', () => {
  let template = '';
  let steps = 0;
  let expected: readonly unknown[] = [];
  let whole: ReturnType<typeof contentOf> = [];

  /** A process that dies at the step of a number, which is half done if it can be, and then does nothing any more. */
  function dying(atStep: number, half: boolean): FileOperations & { steps(): number } {
    let done = 0;
    const step = async (work: () => Promise<unknown>, partly?: () => Promise<unknown>) => {
      done += 1;
      if (done === atStep && half) await partly?.();
      if (done >= atStep) throw new Error('killed');
      return work();
    };
    return {
      steps: () => done,
      async write(path, chunks) {
        await step(
          () => Promise.resolve(),
          async () => {
            const all: Uint8Array[] = [];
            for await (const chunk of chunks) all.push(chunk);
            const bytes = Buffer.concat(all);
            writeFileSync(path, bytes.subarray(0, bytes.length / 2));
          },
        );
        return fileOperations.write(path, chunks);
      },
      link: (from, to) => step(() => fileOperations.link(from, to)) as Promise<void>,
      rename: (from, to) => step(() => fileOperations.rename(from, to)) as Promise<void>,
      remove: (path) => step(() => fileOperations.remove(path)) as Promise<void>,
      syncFolder: (dir) => step(() => fileOperations.syncFolder(dir)) as Promise<void>,
    };
  }

  const copyOf = (dir: string) => {
    const copy = join(newFolder(), 'parquet');
    cpSync(dir, copy, { recursive: true });
    return copy;
  };

  beforeAll(async () => {
    template = await newDataset(4);
    expected = await rowsIn(template);
    const dir = copyOf(template);
    const counting = dying(Infinity, false);
    await compact(dir, { files: counting });
    steps = counting.steps();
    whole = contentOf(dir);
    expect(steps).toBeGreaterThan(30);
  }, 60_000);

  test('at any step, whatever comes next: the manifest never shows a row twice or none, and in the end all is merged', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ step: fc.integer({ min: 1, max: steps }), half: fc.boolean(), archives: fc.boolean() }), {
          minLength: 1,
          maxLength: 3,
        }),
        async (lives) => {
          const dir = copyOf(template);
          for (const { step, half, archives } of lives) {
            await compact(dir, { files: dying(step, half) }).catch((error: unknown) =>
              expect(String(error)).toContain('killed'),
            );
            expect(await rowsListed(dir)).toEqual(expected);
            if (!archives) continue;
            await archive(dir, 4);
            expect(await rowsListed(dir)).toEqual(expected);
            expect(await rowsIn(dir)).toEqual(expected);
            expect(filesIn(dir).sort()).toEqual(
              manifestOf(dir)
                .map(({ file }) => file)
                .sort(),
            );
          }
          await compact(dir);
          expect(contentOf(dir)).toEqual(whole);
          expect(await rowsListed(dir)).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  }, 120_000);

  test('at each step once', async () => {
    for (let step = 1; step <= steps; step += 1) {
      const dir = copyOf(template);
      await expect(compact(dir, { files: dying(step, true) }), `step ${step}`).rejects.toThrow('killed');
      expect(await rowsListed(dir), `step ${step}`).toEqual(expected);
      await compact(dir);
      expect(contentOf(dir), `step ${step}`).toEqual(whole);
    }
  }, 120_000);
});
