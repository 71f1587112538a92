import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { columnsOf } from '../../sinks/parquet/arrow-schema.ts';
import { queueSummary } from '../../streams/records/queue-summary.ts';

const golden = z.object({
  parquetSchema: z.object({
    columns: z.array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean() })),
  }),
});

const kinds: Readonly<Record<string, string>> = {
  date32: 'date',
  utf8: 'text',
  int64: 'integer',
  float64: 'number',
  bool: 'boolean',
};

test('a queue summary has every column that the reference names, of its type', () => {
  const text = readFileSync(join(import.meta.dirname, '../golden/summaries.json'), 'utf8');
  const { columns } = golden.parse(JSON.parse(text)).parquetSchema;
  expect(columns.length).toBeGreaterThan(10);
  const ours = new Map(columnsOf(queueSummary).map((column) => [column.name, column]));
  for (const { name, type, nullable } of columns) {
    expect(ours.get(name), name).toMatchObject({ kind: kinds[type.split(' ')[0] ?? ''], isNullable: nullable });
  }
});

test('a queue summary has sums and ratios as columns of their own', () => {
  const names = columnsOf(queueSummary).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['totals_offered', 'totals_wait_ms_max', 'kpi_service_level']));
});
