import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { createParquetSink } from '../../sinks/parquet/parquet-sink.ts';
import { archivedLog } from '../support/archive.ts';
import { runPython } from '../support/python.ts';
import { expectedRow, plainValues, sampleRecord, samples } from '../support/sample-rows.ts';

// What other programs see in our files: the values, types and nulls that were put in.

const expected = samples.map(expectedRow);

let folder = '';
let dir = '';

const answer = z.object({
  types: z.record(z.string(), z.string()),
  nullable: z.array(z.string()).optional(),
  rows: z.array(z.unknown()),
  metadata: z.string().optional(),
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-parquet-'));
  dir = join(folder, 'parquet');
  const log = await openSegmentLog({ dir: join(folder, 'log'), bytesMax: 1e6 });
  await log.close();
  const sink = await createParquetSink({
    dir,
    log: archivedLog(join(folder, 'log')),
    rowGroupRowsMax: 4,
  });
  const records = samples.map(sampleRecord);
  await sink.archive(records, records.length);
  await sink.close();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the archive', () => {
  test('reads in pyarrow with the same values, types and nulls', async () => {
    const read = await runPython(
      `${plainValues}
import pyarrow.dataset, pyarrow.parquet
dataset = pyarrow.dataset.dataset(sys.argv[1], format='parquet')
table = dataset.to_table().sort_by('record_offset')
first = pyarrow.parquet.ParquetFile(dataset.files[0]).metadata.metadata[b'queuecast'].decode()
print(json.dumps({
    'types': {field.name: str(field.type) for field in table.schema},
    'nullable': [field.name for field in table.schema if field.nullable],
    'rows': [{name: plain(value) for name, value in row.items()} for row in table.to_pylist()],
    'metadata': first,
}))`,
      [join(dir, 'sample')],
    );
    const { types, nullable, rows, metadata } = answer.parse(JSON.parse(read));
    expect(rows).toEqual(expected);
    const text = 'dictionary<values=string, indices=int32, ordered=0>';
    expect(types).toEqual({
      record_key: text,
      record_timestamp: 'timestamp[us, tz=UTC]',
      record_offset: 'int64',
      name: text,
      start_ms: 'timestamp[us, tz=UTC]',
      end_ms: 'timestamp[us, tz=UTC]',
      day: 'date32[day]',
      waiting: 'int64',
      share: 'double',
      is_late: 'bool',
      mode: text,
      skill_ids: expect.stringMatching(/^list<item: string/),
      inputs_agents_idle: 'int64',
    });
    expect(nullable).toEqual([
      'end_ms',
      'day',
      'waiting',
      'share',
      'is_late',
      'mode',
      'skill_ids',
      'inputs_agents_idle',
    ]);
    expect(JSON.parse(metadata!)).toMatchObject({ record: 'sample', schemaVersion: 3, firstOffset: 0 });
  });

  test('reads in DuckDB with the same values, types and nulls, and is found by date', async () => {
    const read = await runPython(
      `${plainValues}
import duckdb
connection = duckdb.connect()
connection.execute("set timezone = 'America/New_York'")
pattern = sys.argv[1] + '/sample/*/*.parquet'
query = "select * exclude (dt) replace (epoch_us(record_timestamp) as record_timestamp, epoch_us(start_ms) as start_ms, epoch_us(end_ms) as end_ms) from read_parquet(?, hive_partitioning = true) order by record_offset"
cursor = connection.execute(query, [pattern])
names = [each[0] for each in cursor.description]
rows = [{name: plain(value) for name, value in zip(names, row)} for row in cursor.fetchall()]
types = {row[0]: row[1] for row in connection.execute('describe select * from read_parquet(?, hive_partitioning = true)', [pattern]).fetchall()}
days = connection.execute("select dt::varchar, count(*) from read_parquet(?, hive_partitioning = true) group by dt order by dt", [pattern]).fetchall()
print(json.dumps({'types': types, 'rows': rows, 'metadata': json.dumps(days)}))`,
      [dir],
    );
    const { types, rows, metadata } = answer.parse(JSON.parse(read));
    expect(rows).toEqual(expected);
    expect(types).toEqual({
      record_key: 'VARCHAR',
      record_timestamp: 'TIMESTAMP WITH TIME ZONE',
      record_offset: 'BIGINT',
      name: 'VARCHAR',
      start_ms: 'TIMESTAMP WITH TIME ZONE',
      end_ms: 'TIMESTAMP WITH TIME ZONE',
      day: 'DATE',
      waiting: 'BIGINT',
      share: 'DOUBLE',
      is_late: 'BOOLEAN',
      mode: 'VARCHAR',
      skill_ids: 'VARCHAR[]',
      inputs_agents_idle: 'BIGINT',
      dt: 'DATE',
    });
    expect(JSON.parse(metadata!)).toEqual([
      ['2026-01-05', 10],
      ['2026-01-06', 20],
    ]);
  });
});
