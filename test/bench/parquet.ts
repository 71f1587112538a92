import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { createParquetSink } from '../../sinks/parquet/parquet-sink.ts';
import { nothingMeasured, addLevel } from '../../streams/measured.ts';
import { gauges, queueWindow } from '../../streams/records/queue-window.ts';
import { windowRecord } from '../../streams/window-records.ts';
import { parseWindowSizes } from '../../streams/window-size.ts';
import { archivedLog, logRecord } from '../support/archive.ts';
import { runPython } from '../support/python.ts';

// Windows into Parquet: rows a second and bytes a row, beside pyarrow and DuckDB writing the same rows to the same disk, from memory.

const rows = 100_000;
const rounds = 3;
const startMs = Date.UTC(2026, 2, 2);
const minuteMs = 60_000;

function rowAt(index: number) {
  const measured = { ...nothingMeasured(gauges.length), count: index % 9, coverageMs: minuteMs };
  for (const gauge of gauges.keys()) addLevel(measured.levels, gauge, (index * (gauge + 3)) % 11, minuteMs);
  const [size] = parseWindowSizes('1m') ?? [];
  if (size === undefined) throw new Error('1m is a size');
  const from = startMs + Math.floor(index / 500) * minuteMs;
  const of = { startMs: from, endMs: from + minuteMs, size, measured, totals: null, totalsCoverage: 0, filled: null };
  return windowRecord(`queue-${index % 500}`, 'voice', { ...of, revision: 0 }, from + minuteMs);
}

const told = z.array(z.object({ name: z.string(), seconds: z.number(), bytes: z.number() }));

const others = `
import glob, json, os, sys, tempfile, time
import duckdb, pyarrow.dataset, pyarrow.parquet
table = pyarrow.dataset.dataset(sys.argv[1], format='parquet').to_table()
duckdb.sql('SET threads TO 1')
out = []
for round in range(int(sys.argv[2])):
    for name in ('pyarrow', 'duckdb'):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'rows.parquet')
            began = time.perf_counter()
            if name == 'pyarrow': pyarrow.parquet.write_table(table, path, compression='snappy', row_group_size=20000)
            else: duckdb.from_arrow(table).write_parquet(path, compression='snappy', row_group_size=20480)
            out.append({'name': name, 'seconds': time.perf_counter() - began, 'bytes': os.path.getsize(path)})
print(json.dumps(out))
`;

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export async function measureParquet(say: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'queuecast-bench-'));
  try {
    const log = await openSegmentLog({ dir: join(folder, 'log'), bytesMax: 1e6 });
    await log.close();
    const records = Array.from({ length: rows }, (_, index) => {
      const { atMs, value } = rowAt(index);
      return logRecord(queueWindow, index, atMs, value);
    });
    const ours: number[] = [];
    let dir = '';
    for (let round = 0; round < rounds; round += 1) {
      dir = join(folder, `parquet-${round}`);
      const sink = await createParquetSink({
        ...{ dir, log: archivedLog(join(folder, 'log'), [queueWindow]), ageMsMax: 1e12 },
      });
      const beganMs = performance.now();
      await sink.archive(records, records.length);
      await sink.close();
      ours.push((performance.now() - beganMs) / 1000);
    }
    const files = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.parquet'));
    const sizes = await Promise.all(files.map(async (name) => (await stat(join(dir, name))).size));
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    const answer = await runPython(others, [join(dir, queueWindow.name), String(rounds)]);
    const written = told.parse(JSON.parse(answer));
    const seconds = median(ours);
    say(
      `Parquet, ${rows} windows of ${Object.keys(queueWindow.schema.shape).length} columns: ${Math.round(rows / seconds)} rows/s from records, ${(bytes / rows).toFixed(1)} bytes a row`,
    );
    for (const name of ['pyarrow', 'duckdb']) {
      const of = written.filter((each) => each.name === name);
      const theirs = median(of.map((each) => each.seconds));
      const size = median(of.map((each) => each.bytes));
      say(
        `  ${name}, from columns in memory, one thread: we take ${(seconds / theirs).toFixed(1)} times its time and ${(bytes / size).toFixed(2)} times its bytes`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
