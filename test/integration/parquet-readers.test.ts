import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { from, mergeMap } from 'rxjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { dateOf } from '../../sinks/parquet/dataset.ts';
import { createParquetSink, type ParquetSinkSettings } from '../../sinks/parquet/parquet-sink.ts';
import { decodeArrival } from '../../src/genesys/decode.ts';
import type { PlannedFault } from '../../src/simulator/faults.ts';
import { createModel } from '../../src/simulator/model/model.ts';
import { derive } from '../../streams/derive.ts';
import { count, defineRecord, type RecordType } from '../../streams/record.ts';
import { queueWindow } from '../../streams/records/queue-window.ts';
import { archivedLog, logRecord, sample } from '../support/archive.ts';
import { deriveSettings } from '../support/derive-settings.ts';
import { type KindNames, parquetReaders } from '../support/parquet-readers.ts';
import { runPython } from '../support/python.ts';
import { expectedRow, sampleRecord, samples } from '../support/sample-rows.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { startVirtualRun } from '../support/virtual-subscriber.ts';

// Whole datasets, many files in folders by date, as one table: what pyarrow, DuckDB, polars and Spark say of them is what was put in.

type Window = z.infer<typeof queueWindow.schema>;

const hourMs = 3_600_000;

/** The sample with a list of objects too, which is a text. */
const kinds = defineRecord({
  ...sample,
  key: ['name'],
  schema: sample.schema.extend({ parts: z.array(z.object({ name: z.string(), ms: count() })).nullable() }),
});
const values = samples.map((value, index) => ({
  ...value,
  waiting: index === 1 ? Number.MAX_SAFE_INTEGER : value.waiting,
  parts: index % 3 === 0 ? null : [{ name: 'ü "1"', ms: index }],
}));
const sampled = values.map((value, offset) => ({ ...sampleRecord(value, offset), value }));
const expected = values.map((value, offset) => {
  const row = expectedRow(value, offset);
  const { parts } = value;
  return { ...row, parts: parts && JSON.stringify(parts), dt: dateOf(row.record_timestamp / 1000) };
});

/** The types of the columns, as a reader names them. */
const kindsBy = ({ text, texts, timestamp, date, integer, number, boolean }: KindNames) => ({
  ...{ record_key: text, record_timestamp: timestamp, record_offset: integer },
  ...{ name: text, start_ms: timestamp, end_ms: timestamp, day: date, waiting: integer, share: number },
  ...{ is_late: boolean, mode: text, skill_ids: texts, inputs_agents_idle: integer, parts: text },
});

const rows = z.array(z.record(z.string(), z.unknown()));
const answer = z.object({
  totals: rows,
  folders: z.array(z.object({ types: z.record(z.string(), z.string()), rows })),
});

/** The folder of one record in a new dataset. */
async function archive(
  dir: string,
  type: RecordType,
  records: readonly LogRecord[],
  and: Partial<ParquetSinkSettings>,
) {
  const logDir = join(dir, 'log');
  await (await openSegmentLog({ dir: logDir, bytesMax: 1e6 })).close();
  const sink = await createParquetSink({ dir: join(dir, 'parquet'), log: archivedLog(logDir, [type]), ...and });
  await sink.archive(records, records.length);
  await sink.close();
  return join(dir, 'parquet', type.name);
}

/** Every window of a small centre on an evening, over midnight in UTC, with five minutes unheard. */
async function hearWindows(): Promise<readonly LogRecord[]> {
  const startMs = Date.UTC(2026, 0, 5, 21);
  const durationMs = 5 * hourMs;
  const outage = { atMs: startMs + 1.3 * hourMs, forMs: hourMs / 12 };
  const driver = createModel({ seed: 5, queues: 2, agents: 6, startMs, durationMs, timeZone: 'America/New_York' });
  const faultPlan: readonly PlannedFault[] = [
    { atMs: outage.atMs, fault: { kind: 'refuse-sockets', forMs: outage.forMs, status: 503 } },
    { atMs: outage.atMs + 1, fault: { kind: 'drop-socket' } },
  ];
  const run = startVirtualRun({ driver, random: () => 0.5, options: { faultPlan } });
  try {
    await run.runUntil(startMs + durationMs);
  } finally {
    await run.stop();
  }
  const found: LogRecord[] = [];
  from(run.arrivals)
    .pipe(
      mergeMap((arrival) => decodeArrival(arrival)),
      derive(deriveSettings).operator,
    )
    .subscribe(({ type, atMs, value }) => {
      if (type === queueWindow) found.push(logRecord(type, found.length, atMs, value));
    });
  return found;
}

/** What a reader shall say of the windows, from the records themselves. */
function totalsOf(records: readonly LogRecord[]) {
  const groups = new Map<string, { readonly dt: string; readonly size: string; readonly of: Window[] }>();
  for (const { atMs, value } of records) {
    const window = queueWindow.schema.parse(value);
    const [dt, { size }] = [dateOf(atMs), window];
    const group = groups.get(`${dt} ${size}`) ?? { dt, size, of: [] };
    group.of.push(window);
    groups.set(`${dt} ${size}`, group);
  }
  const inOrder = [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
  return inOrder.map(([, { dt, size, of }]) => {
    const known = (read: (window: Window) => number | null) => of.map(read).filter((value) => value !== null);
    const sum = (read: (window: Window) => number | null) =>
      known(read).reduce<number | null>((total, value) => (total ?? 0) + value, null);
    return {
      ...{ dt, size, windows: of.length, known: known(({ offered }) => offered).length },
      ...{ offered: sum(({ offered }) => offered), wait_ms: sum(({ waitMs }) => waitMs) },
      observations: sum(({ observations }) => observations),
      coverage: expect.closeTo(sum(({ coverage }) => coverage) ?? NaN, 9),
      waiting_mean: highest(known(({ waitingMean }) => waitingMean)),
      interpolated: of.filter(({ interpolated }) => interpolated).length,
      start_ms: Math.min(...of.map(({ startMs }) => startMs)) * 1000,
      end_ms: Math.max(...of.map(({ endMs }) => endMs)) * 1000,
    };
  });
}

const highest = (values: readonly number[]) => (values.length === 0 ? null : Math.max(...values));

const folder = temporaryFolders();
const folders: string[] = [];
let windows: readonly LogRecord[] = [];
let windowsFolder = '';

beforeAll(async () => {
  for (const compression of ['snappy', 'zstd'] as const)
    folders.push(await archive(folder(), kinds, sampled, { compression, rowsMax: 7, rowGroupRowsMax: 4 }));
  windows = await hearWindows();
  windowsFolder = await archive(folder(), queueWindow, windows, { rowsMax: 200, ageMsMax: hourMs });
});

test('the datasets have several files on each of two days, with nulls in them, and windows seen and not', async () => {
  for (const each of [...folders, windowsFolder]) {
    const dates = await readdir(each);
    expect(dates).toEqual(['dt=2026-01-05', 'dt=2026-01-06']);
    for (const date of dates) expect((await readdir(join(each, date))).length, each).toBeGreaterThan(1);
  }
  const told = totalsOf(windows);
  expect(told.some(({ offered }) => offered === null)).toBe(true);
  expect(told.some(({ offered }) => offered !== null && offered > 0)).toBe(true);
  expect(told.some(({ interpolated }) => interpolated > 0)).toBe(true);
});

describe.each(Object.entries(parquetReaders))('%s', (_name, { script, pins, kinds: names, partition }) => {
  let said: z.infer<typeof answer>;

  // The first time its Python is made: Spark's has 500 MB.
  beforeAll(async () => {
    said = answer.parse(JSON.parse(await runPython(script, [windowsFolder, ...folders], pins)));
  }, 900_000);

  test.each([
    ['snappy', 0],
    ['zstd', 1],
  ])('reads files packed by %s with the same values, nulls and dates', (_compression, at) => {
    expect(said.folders[at]?.rows).toEqual(expected);
  });

  test('knows the type of every column, and of the date in the folder names', () => {
    for (const { types } of said.folders) expect(types).toEqual({ ...kindsBy(names), dt: partition });
  });

  test('counts and sums the windows of each date and size as they were derived', () => {
    expect(said.totals).toEqual(totalsOf(windows));
  });
});
