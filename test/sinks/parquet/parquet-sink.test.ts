import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import { columnsOf, rowBytes } from '../../../sinks/parquet/arrow-schema.ts';
import { openSegmentLog } from '../../../sinks/log/segment-log.ts';
import type { LogRecord } from '../../../sinks/log/log-tail.ts';
import { createParquetSink, type ParquetSinkSettings } from '../../../sinks/parquet/parquet-sink.ts';
import { archivedLog, level, logRecord, sample, type Sample, small } from '../../support/archive.ts';
import { readParquetRows } from '../../support/parquet.ts';
import type { RecordType } from '../../../streams/record.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const newFolder = temporaryFolders();
const minuteMs = 60_000;
/** 23:40 on 4 January 2026. */
const startMs = Date.UTC(2026, 0, 4, 23, 40);

/** The folder of a log that has an id, and of an empty dataset. */
async function newDataset() {
  const folder = newFolder();
  const log = await openSegmentLog({ dir: join(folder, 'log'), bytesMax: 1e6 });
  await log.close();
  return { log: join(folder, 'log'), dir: join(folder, 'parquet'), id: log.id };
}

/** `log` is the folder of a log that holds the archived types, unless told otherwise. */
type Dataset = Omit<ParquetSinkSettings, 'log'> & {
  readonly log: string;
  readonly recordTypes?: readonly RecordType[];
};

const openSink = ({ log, recordTypes, ...others }: Dataset) =>
  createParquetSink({ ...others, log: archivedLog(log, recordTypes) });

/** What the archive pipeline does with a log of these records: from where the dataset wants it, in batches. */
async function archiveAll(dataset: Dataset, records: readonly LogRecord[], batchSize = 7): Promise<void> {
  const sink = await openSink(dataset);
  for (let at = sink.resumeOffset; at < records.length; at += batchSize) {
    const batch = records.slice(at, at + batchSize);
    await sink.archive(batch, at + batch.length);
  }
  await sink.close();
}

/** Takes some records, then ends without publishing what it has in memory. */
async function archiveAndDie(
  dataset: Dataset,
  records: readonly LogRecord[],
  until: number,
  batchSize: number,
): Promise<void> {
  const sink = await openSink(dataset);
  for (let at = sink.resumeOffset; at < until; at += batchSize) {
    const batch = records.slice(at, Math.min(at + batchSize, until));
    await sink.archive(batch, at + batch.length);
  }
  await sink.archive([logRecord(small, -1, 0, { n: 0 })], 0).catch(() => undefined);
  await sink.close();
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const filesIn = (dir: string) =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(parquet|tmp)$/.test(name))
    .sort();
const manifestLines = (dir: string) => readFileSync(join(dir, '_manifest-0.jsonl'), 'utf8').trimEnd().split('\n');
const manifestOf = (dir: string) => manifestLines(dir).map((line) => JSON.parse(line));
const contentOf = (dir: string) => filesIn(dir).map((file) => [file, sha256(readFileSync(join(dir, file)))]);

async function offsetsIn(dir: string, record: string): Promise<number[]> {
  const rows = await readParquetRows(join(dir, record));
  return rows.map((row) => Number(row['record_offset'])).sort((a, b) => a - b);
}

const smalls = (howMany: number, stepMs = minuteMs) =>
  Array.from({ length: howMany }, (_, offset) => logRecord(small, offset, startMs + offset * stepMs, { n: offset }));

/** Two archived records and a state, over two days. */
const mixed = (howMany: number) =>
  Array.from({ length: howMany }, (_, offset) => {
    const type = offset % 5 === 0 ? level : offset % 3 === 0 ? sample : small;
    return logRecord(type, offset, startMs + offset * minuteMs, type === sample ? sampleOf(offset) : { n: offset });
  });

const sampleOf = (n: number): Sample => ({
  name: `name ${n}`,
  startMs: n,
  endMs: null,
  day: null,
  waiting: n,
  share: null,
  isLate: null,
  mode: null,
  skillIds: null,
  inputs: null,
});

const samples: fc.Arbitrary<Sample> = fc.record({
  name: fc.oneof(fc.constantFrom('a', 'b', ''), fc.string({ unit: 'grapheme' })),
  startMs: fc.integer({ min: -62e12, max: 253e12 }),
  endMs: fc.option(fc.integer({ min: 0, max: 4e12 })),
  day: fc.option(
    fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
  ),
  waiting: fc.option(fc.maxSafeNat()),
  share: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
  isLate: fc.option(fc.boolean()),
  mode: fc.option(fc.constantFrom('fast' as const, 'slow' as const)),
  skillIds: fc.option(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 })),
  inputs: fc.option(fc.record({ agentsIdle: fc.option(fc.nat()) })),
});

const date = (ms: number | null) => (ms === null ? null : new Date(ms));

describe('the Parquet sink', () => {
  test('rows of any values read back equal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(samples, { minLength: 1, maxLength: 30 }), async (values) => {
        const dataset = await newDataset();
        const records = values.map((value, offset) => logRecord(sample, offset, startMs, value));
        await archiveAll({ ...dataset, rowGroupRowsMax: 8 }, records);
        const rows = await readParquetRows(dataset.dir);
        // hyparquet reads a list that is null as undefined.
        expect(rows.map((row) => ({ ...row, skill_ids: row['skill_ids'] ?? null }))).toEqual(
          values.map((value, offset) => ({
            record_key: `org/${offset % 3}`,
            record_timestamp: new Date(startMs),
            record_offset: BigInt(offset),
            name: value.name,
            start_ms: date(value.startMs),
            end_ms: date(value.endMs),
            day: date(value.day === null ? null : Date.parse(value.day)),
            waiting: value.waiting === null ? null : BigInt(value.waiting),
            share: value.share,
            is_late: value.isLate,
            mode: value.mode,
            skill_ids: value.skillIds,
            inputs_agents_idle: value.inputs?.agentsIdle == null ? null : BigInt(value.inputs.agentsIdle),
          })),
        );
      }),
      { numRuns: 40 },
    );
  });

  test('a file lies under its record and date, and says in footer and manifest what it holds', async () => {
    const { dir, log, id } = await newDataset();
    await archiveAll({ dir, log }, [logRecord(level, 0, startMs, { n: 1 }), ...smalls(3).slice(1)]);
    const file = 'small/dt=2026-01-04/queuecast.small.v1+0+00000000000000000001.parquet';
    expect(filesIn(dir)).toEqual([file]);
    const content = readFileSync(join(dir, file));
    expect(manifestOf(dir)).toEqual([
      {
        file,
        topic: 'queuecast.small.v1',
        partition: 0,
        dt: '2026-01-04',
        firstOffset: 1,
        lastOffset: 2,
        rows: 2,
        bytes: content.length,
        sha256: sha256(content),
        schemaVersion: 1,
        clusterId: id,
        resumeOffset: 3,
      },
    ]);
    const footer = parquetMetadata(new Uint8Array(content).buffer);
    const metadata = footer.key_value_metadata?.find(({ key }) => key === 'queuecast')?.value;
    expect(JSON.parse(metadata!)).toEqual({
      record: 'small',
      schemaVersion: 1,
      topic: 'queuecast.small.v1',
      partition: 0,
      firstOffset: 1,
      lastOffset: 2,
      clusterId: id,
      resumeOffset: 3,
    });
    const column = footer.row_groups[0]?.columns[2]?.meta_data;
    expect(column).toMatchObject({ codec: 'SNAPPY', statistics: { min_value: 1n, max_value: 2n, null_count: 0n } });
  });

  test('a row group holds no more rows than it may, and zstd can be had', async () => {
    const dataset = await newDataset();
    await archiveAll({ ...dataset, rowGroupRowsMax: 4, compression: 'zstd' }, smalls(10, 1));
    const footer = parquetMetadata(new Uint8Array(readFileSync(join(dataset.dir, filesIn(dataset.dir)[0]!))).buffer);
    expect(footer.row_groups.map((group) => Number(group.num_rows))).toEqual([4, 4, 2]);
    expect(footer.row_groups[0]?.columns[0]?.meta_data?.codec).toBe('ZSTD');
  });

  test('a file ends at midnight UTC', async () => {
    const { dir, log } = await newDataset();
    await archiveAll({ dir, log, ageMsMax: 1e9 }, smalls(40));
    expect(manifestOf(dir).map(({ dt, firstOffset, lastOffset }) => [dt, firstOffset, lastOffset])).toEqual([
      ['2026-01-04', 0, 19],
      ['2026-01-05', 20, 39],
    ]);
  });

  test('a file ends at rowsMax', async () => {
    const { dir, log } = await newDataset();
    await archiveAll({ dir, log, rowsMax: 4 }, smalls(10, 1));
    expect(manifestOf(dir).map(({ rows, resumeOffset }) => [rows, resumeOffset])).toEqual([
      [4, 4],
      [4, 8],
      [2, 10],
    ]);
  });

  test('a file ends at bytesMax, wherever the batches are cut, and holds one row at least', async () => {
    // A key of 5 bytes and its length, two times 8 of the record, 8 of the number.
    const rowSize = 4 + 5 + 3 * 8;
    const rowsOf = async (bytesMax: number, batchSize: number) => {
      const { dir, log } = await newDataset();
      await archiveAll({ dir, log, bytesMax }, smalls(10, 1), batchSize);
      return manifestOf(dir).map(({ rows }) => rows);
    };
    expect(await rowsOf(3 * rowSize, 7)).toEqual([3, 3, 3, 1]);
    expect(await rowsOf(3 * rowSize, 1)).toEqual([3, 3, 3, 1]);
    expect(await rowsOf(3 * rowSize + 1, 7)).toEqual([4, 4, 2]);
    expect(await rowsOf(1, 7)).toHaveLength(10);
  });

  test('a text counts with its bytes, and an absent one with nothing but its place', () => {
    const columns = columnsOf(sample);
    const bytesOf = (and: Partial<Sample>) =>
      rowBytes(columns, logRecord(sample, 0, startMs, { ...sampleOf(1), ...and }));
    expect(bytesOf({ name: 'ü' }) - bytesOf({ name: '' })).toBe(2);
    expect(bytesOf({ skillIds: ['abc', ''] }) - bytesOf({ skillIds: null })).toBe(4 + 3 + 4);
    expect(bytesOf({ waiting: 5 })).toBe(bytesOf({ waiting: null }));
  });

  test('a file ends with age, by the time of any record of the log', async () => {
    const { dir, log } = await newDataset();
    const sink = await openSink({ dir, log });
    await sink.archive(smalls(2), 2);
    await sink.archive([logRecord(level, 2, startMs + 14.9 * minuteMs, { n: 0 })], 3);
    expect(filesIn(dir)).toEqual([]);
    await sink.archive([logRecord(level, 3, startMs + 15 * minuteMs, { n: 0 })], 4);
    expect(manifestOf(dir)).toMatchObject([{ rows: 2, resumeOffset: 3 }]);
    await sink.close();
  });

  test('reading goes on where the oldest row in memory is, for all records together', async () => {
    const { dir, log } = await newDataset();
    const records = [
      logRecord(small, 0, startMs, { n: 0 }),
      logRecord(sample, 1, startMs, sampleOf(1)),
      logRecord(small, 2, startMs, { n: 2 }),
    ];
    await archiveAndDie({ dir, log, rowsMax: 2 }, records, 3, 3);
    const sink = await openSink({ dir, log });
    expect(sink.resumeOffset).toBe(1);
    await sink.archive(records.slice(1), 3);
    await sink.close();
    expect([await offsetsIn(dir, 'small'), await offsetsIn(dir, 'sample')]).toEqual([[0, 2], [1]]);
  });

  test('the end of a key is no row', async () => {
    const { dir, log } = await newDataset();
    const values = [{ n: 1 }, { n: 2 }, null];
    const records = values.map((value, offset) => logRecord(level, offset, startMs + offset, value));
    await archiveAll({ dir, log, states: ['level'] }, records);
    expect(await offsetsIn(dir, 'level')).toEqual([0, 1]);
  });

  test('states are archived when they are asked for', async () => {
    const { dir, log } = await newDataset();
    await archiveAll({ dir, log, states: ['level'] }, mixed(6));
    expect(await offsetsIn(dir, 'level')).toEqual([0, 5]);
  });

  test('the same log gives the same files, however it is cut into batches', async () => {
    const records = mixed(60);
    const { dir, log } = await newDataset();
    await archiveAll({ dir, log, rowsMax: 6 }, records, 60);
    const expected = contentOf(dir);
    expect(expected.length).toBeGreaterThan(6);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 60 }), async (batchSize) => {
        const other = join(newFolder(), 'parquet');
        await archiveAll({ dir: other, log, rowsMax: 6 }, records, batchSize);
        expect(contentOf(other)).toEqual(expected);
      }),
      { numRuns: 6 },
    );
  });

  test('deaths at any moments lose no row and double none', async () => {
    const records = mixed(60);
    const expected = {
      small: records.filter(({ record }) => record === 'small.v1').map(({ offset }) => offset),
      sample: records.filter(({ record }) => record === 'sample.v3').map(({ offset }) => offset),
    };
    const lives = fc.array(
      fc.record({ until: fc.nat(60), batchSize: fc.integer({ min: 1, max: 20 }), drains: fc.boolean() }),
      {
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(lives, fc.integer({ min: 1, max: 12 }), async (plan, rowsMax) => {
        const dataset = { ...(await newDataset()), rowsMax };
        for (const { until, batchSize, drains } of plan) {
          if (drains) await archiveAll(dataset, records.slice(0, until), batchSize);
          else await archiveAndDie(dataset, records, until, batchSize);
        }
        await archiveAll(dataset, records);
        expect({
          small: await offsetsIn(dataset.dir, 'small'),
          sample: await offsetsIn(dataset.dir, 'sample'),
        }).toEqual(expected);
      }),
      { numRuns: 12 },
    );
  }, 30_000);

  describe('after a crash', () => {
    const records = mixed(40);

    /** A whole dataset, and one as it was when the file `k` was being published: `crash` says how far that had come. */
    async function crashed(k: number, crash: (dir: string, file: string, line: string) => void) {
      const { dir: whole, log } = await newDataset();
      await archiveAll({ dir: whole, log, rowsMax: 5 }, records);
      const lines = manifestLines(whole);
      const dir = join(dirname(whole), 'crashed');
      mkdirSync(dir);
      for (const line of lines.slice(0, k + 1)) {
        const { file } = JSON.parse(line);
        mkdirSync(join(dir, dirname(file)), { recursive: true });
        copyFileSync(join(whole, file), join(dir, file));
      }
      writeFileSync(
        join(dir, '_manifest-0.jsonl'),
        lines
          .slice(0, k)
          .map((line) => `${line}\n`)
          .join(''),
      );
      crash(dir, JSON.parse(lines[k]!).file, lines[k]!);
      return { whole, dir, log, files: lines.length };
    }

    const temporaryOf = (file: string, pid: number | string) =>
      join(dirname(file), `.${file.slice(dirname(file).length + 1)}.${pid}.tmp`);
    const moments: readonly [string, (dir: string, file: string, line: string) => void][] = [
      [
        'with a temporary file half written',
        (dir, file) => {
          writeFileSync(join(dir, temporaryOf(file, process.pid)), readFileSync(join(dir, file)).subarray(0, 100));
          rmSync(join(dir, file));
        },
      ],
      [
        'with a temporary file of a dead process written',
        (dir, file) => renameSync(join(dir, file), join(dir, temporaryOf(file, 99_999_999))),
      ],
      ['with the file linked', (dir, file) => copyFileSync(join(dir, file), join(dir, temporaryOf(file, process.pid)))],
      ['with the temporary file removed', () => undefined],
      [
        'with the manifest torn',
        (dir, _file, line) =>
          writeFileSync(join(dir, '_manifest-0.jsonl'), line.slice(0, line.length / 2), { flag: 'a' }),
      ],
      [
        'with all but the end of the manifest line written',
        (dir, _file, line) => writeFileSync(join(dir, '_manifest-0.jsonl'), line, { flag: 'a' }),
      ],
    ];

    test.each(moments)('%s, no row is lost and none comes twice', async (_, crash) => {
      for (const k of [0, 1, 4]) {
        const { whole, dir, log, files } = await crashed(k, crash);
        await archiveAll({ dir, log, rowsMax: 5 }, records);
        expect(contentOf(dir)).toEqual(contentOf(whole));
        expect(manifestOf(dir)).toEqual(manifestOf(whole));
        const bytesOf = (each: string) => readFileSync(join(each, '_manifest-0.jsonl'), 'utf8');
        expect(bytesOf(dir)).toBe(bytesOf(whole));
        expect(files).toBeGreaterThan(5);
      }
    });
  });

  test('a temporary file of a live process stays', async () => {
    const { dir, log } = await newDataset();
    const folder = join(dir, 'small/dt=2026-01-04');
    mkdirSync(folder, { recursive: true });
    const temporary = join(folder, `.queuecast.small.v1+0+00000000000000000000.parquet.${process.ppid}.tmp`);
    writeFileSync(temporary, '');
    await archiveAll({ dir, log }, smalls(3));
    expect(filesIn(dir)).toHaveLength(2);
  });

  test('of two writers one is fenced off, and goes on after what the other published', async () => {
    const { dir, log } = await newDataset();
    const records = smalls(10, 1);
    const one = await openSink({ dir, log, rowsMax: 4 });
    const other = await openSink({ dir, log, rowsMax: 6 });
    await one.archive(records.slice(0, 5), 5);
    await expect(other.archive(records, 10)).rejects.toMatchObject({
      code: 'QC_SINK_FENCED',
      message: expect.stringContaining('00000000000000000000.parquet: stop one of the two'),
    });
    await expect(other.archive(records, 10)).rejects.toMatchObject({ code: 'QC_SINK_FENCED' });
    await other.close();
    await one.close();
    await archiveAll({ dir, log }, records);
    expect(await offsetsIn(dir, 'small')).toEqual(records.map(({ offset }) => offset));
    expect(filesIn(dir).some((name) => name.endsWith('.tmp'))).toBe(false);
  });

  test('a second process that archives is refused before it reads', async () => {
    const dataset = await newDataset();
    mkdirSync(dataset.dir);
    // Process 1 is always alive.
    writeFileSync(join(dataset.dir, '.writer-0.lock'), '1\n');
    await expect(openSink(dataset)).rejects.toMatchObject({ code: 'QC_SINK_FENCED' });
  });

  test('a published file that is gone or cut is named, with the way to have its rows again', async () => {
    const dataset = await newDataset();
    await archiveAll(dataset, smalls(3));
    const [file = ''] = filesIn(dataset.dir);
    const content = readFileSync(join(dataset.dir, file));
    writeFileSync(join(dataset.dir, file), content.subarray(0, 100));
    await expect(openSink(dataset)).rejects.toThrow(
      /has 100 bytes instead of \d+: put it back, or move the whole folder/,
    );
    rmSync(join(dataset.dir, file));
    await expect(openSink(dataset)).rejects.toThrow(/is missing: put it back/);
    writeFileSync(join(dataset.dir, file), content);
    await (await openSink(dataset)).close();
  });

  test('a dataset of another log is not written to', async () => {
    const one = await newDataset();
    const other = await newDataset();
    await archiveAll(one, smalls(3));
    await expect(openSink({ dir: one.dir, log: other.log })).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringContaining(`holds rows of the log ${one.id}`),
    });
    expect(manifestOf(one.dir)).toHaveLength(1);
  });

  test('a log that does not exist yet is waited for, and identified with its first file', async () => {
    const folder = newFolder();
    const dataset = { dir: join(folder, 'parquet'), log: join(folder, 'log') };
    const sink = await openSink(dataset);
    const log = await openSegmentLog({ dir: dataset.log, bytesMax: 1e6 });
    await log.close();
    await sink.archive(smalls(1), 1);
    await sink.close();
    expect(manifestOf(dataset.dir)).toMatchObject([{ clusterId: log.id }]);
  });

  test('offsets that run backwards stop the sink, and publish nothing more', async () => {
    const { dir, log } = await newDataset();
    const sink = await openSink({ dir, log });
    const records = smalls(3);
    await sink.archive(records, 3);
    await expect(sink.archive(records.slice(1), 3)).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringContaining('went back from offset 2 to 1'),
    });
    await sink.close();
    expect(filesIn(dir)).toEqual([]);
  });

  test('a topic nobody knows stops the sink', async () => {
    const { dir, log } = await newDataset();
    const sink = await openSink({ dir, log });
    const record = { ...logRecord(small, 0, startMs, { n: 1 }), record: 'small.v2' };
    await expect(sink.archive([record], 1)).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringContaining('small.v2 at offset 0 of the log'),
    });
    await sink.close();
  });

  test.each([
    [{ n: 1.5 }, 'has 1.5 for the column n, which holds integer'],
    [{}, 'has nothing for the column n, which holds integer'],
    [{ n: null }, 'has null for the column n'],
    ['text', 'has nothing for the column n'],
  ])('the value %j that does not fit its column stops the sink', async (value, message) => {
    const { dir, log } = await newDataset();
    const sink = await openSink({ dir, log, rowsMax: 1 });
    await expect(sink.archive([logRecord(small, 0, startMs, value)], 1)).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringContaining(`Record small.v1 at offset 0 ${message}`),
    });
    await sink.close();
    expect(filesIn(dir)).toEqual([]);
  });

  test('a manifest that is damaged before its end is named by file and byte', async () => {
    const { dir, log } = await newDataset();
    await archiveAll({ dir, log, rowsMax: 1 }, smalls(2));
    const path = join(dir, '_manifest-0.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"rows":1', '"rows":x'));
    await expect(openSink({ dir, log })).rejects.toMatchObject({
      code: 'QC_LOG_CORRUPT',
      message: expect.stringContaining(`${path} is damaged at byte 0`),
    });
  });

  test('a foreign file in the dataset is named', async () => {
    const { dir, log } = await newDataset();
    await archiveAll({ dir, log }, smalls(1));
    const foreign = join(dir, 'small/dt=2026-01-04/queuecast.small.v1+0+00000000000000000009.parquet');
    writeFileSync(foreign, 'PAR1 and no more');
    await expect(openSink({ dir, log })).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringContaining(foreign),
    });
  });

  test('a folder that cannot be written says so', async () => {
    const { dir, log } = await newDataset();
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'small'), 'in the way');
    await expect(openSink({ dir, log })).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringContaining('part of this path is a file'),
    });
  });
});
