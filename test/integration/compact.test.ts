import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { createParquetSink } from '../../sinks/parquet/parquet-sink.ts';
import { archivedLog, logRecord, small } from '../support/archive.ts';
import { startProcess } from '../support/pipeline-process.ts';
import { runPython } from '../support/python.ts';

// The command as a person uses it, and what others read afterwards.

const startMs = Date.UTC(2026, 0, 5, 23, 0);
const minuteMs = 60_000;
let dataDir = '';

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'queuecast-compact-'));
  await (await openSegmentLog({ dir: join(dataDir, 'log'), bytesMax: 1e6 })).close();
  const sink = await createParquetSink({
    dir: join(dataDir, 'parquet'),
    log: archivedLog(join(dataDir, 'log')),
    rowsMax: 10,
  });
  const records = Array.from({ length: 90 }, (_, n) => logRecord(small, n, startMs + n * minuteMs, { n }));
  await sink.archive(records, records.length);
  await sink.close();
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function compact(...args: readonly string[]) {
  const running = startProcess(['compact', '--data-dir', dataDir, ...args]);
  return { exit: await running.ended, told: running.output() };
}

const filesOf = async (date: string) =>
  (await readdir(join(dataDir, 'parquet/small', `dt=${date}`))).filter((name) => name.endsWith('.parquet'));

describe('queuecast compact', () => {
  test.each([
    ['--before', 'yesterday'],
    ['--before', '2026-02-30'],
    ['--parquet-compression', 'gzip'],
  ])('refuses %s %s as usage, and says what is allowed', async (...args) => {
    const { exit, told } = await compact(...args);
    expect(exit).toBe(2);
    expect(told).toMatch(/allowed: (a date YYYY-MM-DD|snappy, or zstd)/);
  });

  test('names a folder that is no dataset, and fails', async () => {
    const { exit, told } = await compact('--dataset', join(dataDir, 'nowhere'));
    expect(exit).toBe(1);
    expect(told).toMatch(/QC_SINK_UNAVAILABLE: .*nowhere has no manifest: name the folder/);
  });

  test('merges what is before a date, then the rest, in words and in JSON', async () => {
    const first = await compact('--before', '2026-01-06');
    expect(first.exit, first.told).toBe(0);
    expect(first.told).toMatch(
      /^queuecast\.small\.v1\+0 dt=2026-01-05: \d+ files, 60 rows, \d+ bytes -> 1 file, \d+ bytes$/m,
    );
    expect(first.told).toMatch(/parquet: merged \d+ files into 1 \(\d+ bytes are now \d+\)\.$/m);
    expect([(await filesOf('2026-01-05')).length, (await filesOf('2026-01-06')).length > 1]).toEqual([1, true]);
    const second = await compact('--json', '--parquet-compression', 'zstd');
    const json = z
      .object({ dates: z.array(z.object({ dt: z.string(), rows: z.int() })) })
      .parse(JSON.parse(second.told.trim().split('\n').at(-1) ?? ''));
    expect(json.dates).toEqual([{ dt: '2026-01-06', rows: 30 }]);
  });

  test('leaves a dataset that pyarrow and DuckDB read as before', async () => {
    const read = await runPython(
      `import json, sys, duckdb, pyarrow.dataset
table = pyarrow.dataset.dataset(sys.argv[1], format='parquet').to_table().sort_by('record_offset')
rows = duckdb.connect().execute(f"select n, dt::varchar from read_parquet('{sys.argv[1]}/*/*.parquet', hive_partitioning = true) order by record_offset").fetchall()
print(json.dumps([table['n'].to_pylist(), rows, str(table.schema.field('record_key').type)]))`,
      [join(dataDir, 'parquet/small')],
    );
    const [arrow, duck, keyType] = z
      .tuple([z.array(z.int()), z.array(z.tuple([z.int(), z.string()])), z.string()])
      .parse(JSON.parse(read));
    expect(arrow).toEqual(Array.from({ length: 90 }, (_, n) => n));
    expect(duck).toEqual(Array.from({ length: 90 }, (_, n) => [n, n < 60 ? '2026-01-05' : '2026-01-06']));
    expect(keyType).toBe('dictionary<values=string, indices=int32, ordered=0>');
  });
});
