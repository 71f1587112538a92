import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { createParquetSink } from '../../sinks/parquet/parquet-sink.ts';
import { decodeArrival } from '../../src/genesys/decode.ts';
import { type RecordType, topicOf } from '../../streams/record.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueProfile } from '../../streams/records/queue-profile.ts';
import { queueWindow, windowColumns } from '../../streams/records/queue-window.ts';
import { queueSummary } from '../../streams/records/queue-summary.ts';
import { waitOutcome } from '../../streams/records/wait-outcome.ts';
import { archivedLog } from '../support/archive.ts';
import { arrivalsAmong } from '../support/border-faults.ts';
import { writeEmbeddedRun } from '../support/embedded-run.ts';
import { runPython } from '../support/python.ts';

// The SQL of docs/examples, run by DuckDB as it stands there: on a small dataset whose answers are known, and on that of a real run.

const examples = join(import.meta.dirname, '../../docs/examples');
/** Midnight in Berlin on a day in winter. */
const midnightMs = Date.parse('2026-01-05T00:00:00+01:00');
const halfHourMs = 1_800_000;
let folder = '';
let made = '';
let real = '';

const nothing = Object.fromEntries(Object.keys(windowColumns).map((name) => [name, null]));

/** The half hour of a number of the day; what is not said of it is not known. */
function halfHour(queueId: string, number: number, revision: number, and: Readonly<Record<string, unknown>> = {}) {
  const startMs = midnightMs + number * halfHourMs;
  const value = {
    ...{ ...nothing, queueId, mediaType: 'voice', size: 'PT30M', startMs, endMs: startMs + halfHourMs, revision },
    ...{ observations: 1, coverage: 1, totalsCoverage: 1, kpiVersion: 1, interpolated: false, ...and },
  };
  return { type: queueWindow, atMs: startMs + halfHourMs + revision * 900_000, value };
}

/** The window of the day, whose totals are all known. */
function wholeDay(queueId: string, and: Readonly<Record<string, unknown>>) {
  const last = halfHour(queueId, 47, 0, and);
  return { ...last, value: { ...last.value, size: 'P1D', startMs: midnightMs } };
}

/** A day of a queue as history tells it. */
const summary = (date: string, revision: number, conversations: number) => ({
  ...{ type: queueSummary, atMs: midnightMs + revision * 1_000 },
  value: {
    ...{ queueId: 'a', queueName: 'Sales', mediaType: 'voice', granularity: 'P1D', timeZone: 'Europe/Berlin', date },
    ...{
      weekEnd: null,
      startMs: midnightMs,
      endMs: midnightMs + 48 * halfHourMs,
      revision,
      conversations,
      abandoned: 0,
    },
    ...{ talkSeconds: 0, holdSeconds: 0, workSeconds: 0, ahtSeconds: null, answerRate: null, abandonmentRate: null },
    ...{ interpolated: false, complete: true, totals: null, kpi: null, kpiVersion: 1, observedAtMs: midnightMs },
  },
});

const profile = (
  queueId: string,
  revision: number,
  name: string,
  validFromMs: number,
  serviceLevelMs: number | null,
) => ({
  ...{ type: queueProfile, atMs: validFromMs },
  value: { queueId, revision, validFromMs, name, voiceServiceLevelTarget: 0.8, voiceServiceLevelMs: serviceLevelMs },
});

function outcome(queueId: string, n: number, and: Readonly<Record<string, unknown>>) {
  const enqueuedAtMs = midnightMs + n * 60_000;
  const value = {
    ...{ queueId, mediaType: 'voice', conversationId: `c${n}`, enqueuedAtMs, waitSeconds: 10, outcome: 'answered' },
    ...{ agentId: null, handleSeconds: null, estimator: 'regression', waitSecondsP50: 10, waitSecondsP80: 20 },
    ...{ waitSecondsP90: 30, observedAtMs: enqueuedAtMs + 30_000, ...and },
  };
  return { type: waitOutcome, atMs: value.observedAtMs, value };
}

const totals = (offered: number, met: number, of: number) => ({
  ...{ offered, answered: of, abandoned: 1, serviceLevelMet: met, serviceLevelOf: of, serviceLevel: met / of },
  ...{ answerMs: of * 5_000, handled: 2, handleMs: 300_000, waitMsMax: offered * 1_000 },
});

const records: readonly { readonly type: RecordType; readonly atMs: number; readonly value: object }[] = [
  profile('a', 0, 'Sales', midnightMs + 3 * halfHourMs, 20_000),
  profile('a', 1, 'Sales Berlin', midnightMs + 6 * halfHourMs, 15_000),
  // Of the day before, and of the day itself: one seen in part, one without totals, one revised.
  halfHour('a', -1, 0, totals(100, 1, 100)),
  halfHour('a', 0, 0, totals(10, 8, 8)),
  halfHour('a', 4, 0, { ...totals(30, 3, 9), coverage: 0.5 }),
  halfHour('a', 8, 0, { ...totals(1, 1, 1), waitingMean: 2.5 }),
  halfHour('a', 8, 1, { ...totals(4, 1, 3), waitingMean: 1.5 }),
  halfHour('a', 9, 0, { coverage: 0, totalsCoverage: 0, interpolated: true, waitingMean: 0.75 }),
  halfHour('nameless', 0, 0, { totalsCoverage: 0 }),
  // Of 48 half hours that were read one has a row: in the others nothing happened.
  halfHour('quiet', 20, 0, totals(2, 1, 1)),
  wholeDay('quiet', totals(2, 1, 1)),
  {
    ...halfHour('a', 0, 0, totals(500, 1, 2)),
    value: { ...halfHour('a', 0, 0, totals(500, 1, 2)).value, size: 'PT1H' },
  },
  // One day told three times, twice of them by the same answer.
  ...[summary('2026-01-05', 90_000, 7), summary('2026-01-05', 99_000, 8), summary('2026-01-05', 99_000, 8)],
  summary('2026-01-06', 99_000, 9),
  outcome('a', 1, { waitSeconds: 5 }),
  outcome('a', 2, { waitSeconds: 15 }),
  outcome('a', 3, { waitSeconds: 25 }),
  outcome('a', 4, {
    waitSeconds: 7,
    waitSecondsP50: null,
    waitSecondsP80: null,
    waitSecondsP90: null,
    estimator: null,
  }),
  outcome('a', 5, { waitSeconds: 60, outcome: 'abandoned' }),
  outcome('a', 24 * 60 + 5, { waitSeconds: 999 }),
];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-examples-'));
  made = join(folder, 'made');
  const log = join(folder, 'log');
  await (await openSegmentLog({ dir: log, bytesMax: 1e6 })).close();
  const sink = await createParquetSink({ dir: made, log: archivedLog(log, recordTypes) });
  const inOrder = records.toSorted((a, b) => a.atMs - b.atMs);
  const logged = inOrder.map(({ type, atMs, value }, offset): LogRecord => ({
    ...{ record: topicOf(type), key: `org/${type.keyOf(value)}`, atMs, value, offset },
  }));
  await sink.archive(logged, logged.length);
  await sink.close();
  real = join(folder, 'real');
  const events = (await arrivalsAmong(['drop-socket'], 7)).flatMap(decodeArrival);
  await writeEmbeddedRun({ dataDir: real, events });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

async function runExample(name: string, variables: Readonly<Record<string, string>>) {
  const read = await runPython(
    `import datetime, json, sys, duckdb
connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")
for name, value in json.loads(sys.argv[2]).items():
    connection.execute(f"set variable {name} = '{value}'")
found = connection.execute(open(sys.argv[1]).read())
names = [column[0] for column in found.description]
plain = lambda value: value.isoformat() if isinstance(value, (datetime.datetime, datetime.date)) else value
print(json.dumps([{name: plain(value) for name, value in zip(names, row)} for row in found.fetchall()]))`,
    [join(examples, name), JSON.stringify(variables)],
  );
  return rowsSchema.parse(JSON.parse(read));
}

describe('the SQL in docs/examples', () => {
  test('answers with the highest revision of each window, once', async () => {
    const rows = await runExample('latest-windows.sql', { dataset: made });
    expect(rows.map((row) => [row['queue_id'], row['size'], row['start_ms'], row['revision'], row['offered']])).toEqual(
      [
        ['a', 'PT30M', '2026-01-04T22:30:00+00:00', 0, 100],
        ['a', 'PT1H', '2026-01-04T23:00:00+00:00', 0, 500],
        ['a', 'PT30M', '2026-01-04T23:00:00+00:00', 0, 10],
        ['nameless', 'PT30M', '2026-01-04T23:00:00+00:00', 0, null],
        ['quiet', 'P1D', '2026-01-04T23:00:00+00:00', 0, 2],
        ['a', 'PT30M', '2026-01-05T01:00:00+00:00', 0, 30],
        ['a', 'PT30M', '2026-01-05T03:00:00+00:00', 1, 4],
        ['a', 'PT30M', '2026-01-05T03:30:00+00:00', 0, null],
        ['quiet', 'PT30M', '2026-01-05T09:00:00+00:00', 0, 2],
      ],
    );
  });

  test('takes each day as it was told last, once', async () => {
    const rows = await runExample('latest-days.sql', { dataset: made });
    expect(rows.map((row) => [row['date'], row['queue_name'], row['conversations']])).toEqual([
      ['2026-01-05', 'Sales', 8],
      ['2026-01-06', 'Sales', 9],
    ]);
  });

  test('names each half hour as the queue was named then', async () => {
    const rows = await runExample('windows-with-names.sql', { dataset: made });
    expect(rows.map((row) => [row['queue'], row['start_ms'], row['waiting_mean'], row['interpolated']])).toEqual([
      ['Sales', '2026-01-04T22:30:00+00:00', null, false],
      ['Sales', '2026-01-04T23:00:00+00:00', null, false],
      ['Sales', '2026-01-05T01:00:00+00:00', null, false],
      ['Sales Berlin', '2026-01-05T03:00:00+00:00', 1.5, false],
      ['Sales Berlin', '2026-01-05T03:30:00+00:00', 0.75, true],
      [null, '2026-01-04T23:00:00+00:00', null, false],
      [null, '2026-01-05T09:00:00+00:00', null, false],
    ]);
  });

  test('holds what was told against what was waited', async () => {
    const rows = await runExample('waits-and-predictions.sql', { dataset: made });
    expect(rows).toEqual([
      {
        ...{
          queue: 'Sales Berlin',
          media_type: 'voice',
          waits: 6,
          abandoned: 1,
          wait_seconds_p50: 20,
          wait_seconds_p80: 60,
        },
        // Told: 5, 15, 25 and 999 s. In time, within 15 s: 5, 15 and 7 s.
        ...{ told: 4, within_p50: 0.25, within_p80: 0.5, in_time: 0.5 },
      },
    ]);
  });

  test('reports a day in its zone, by sums, and says how much of it was seen', async () => {
    const rows = await runExample('day-report.sql', { dataset: made, day: '2026-01-05', zone: 'Europe/Berlin' });
    expect(rows).toEqual([
      {
        ...{ queue: 'Sales Berlin', media_type: 'voice', offered: 44, answered: 20, abandoned: 3 },
        ...{ service_level: 0.6, answer_seconds_mean: 5, handle_seconds_mean: 150, wait_seconds_max: 30 },
        // 5 and 15 of 5, 15 and 25 s; 2.5 and 3 of 48 half hours.
        ...{ within_p80: 0.667, seen: 0.052, totals_seen: 0.063 },
      },
      {
        ...{
          queue: 'nameless',
          media_type: 'voice',
          offered: null,
          answered: null,
          abandoned: null,
          service_level: null,
        },
        ...{ answer_seconds_mean: null, handle_seconds_mean: null, wait_seconds_max: null, within_p80: null },
        ...{ seen: 0.021, totals_seen: 0 },
      },
      expect.objectContaining({ queue: 'quiet', offered: 2, seen: 0.021, totals_seen: 1 }),
    ]);
    // Days of another zone have no window: what is known of them is at least this.
    const elsewhere = await runExample('day-report.sql', { dataset: made, day: '2026-01-05', zone: 'UTC' });
    expect(elsewhere.at(-1)).toMatchObject({ queue: 'quiet', offered: 2, totals_seen: 0.021 });
  });

  test('runs on the dataset of a real run, each file of it', async () => {
    const names = (await readdir(examples)).filter((name) => name.endsWith('.sql')).sort();
    expect(names).toHaveLength(5);
    const dataset = join(real, 'parquet');
    for (const name of names) {
      expect(await readFile(join(examples, name), 'utf8'), name).toContain('set variable dataset = ');
      // A run makes no summaries.
      if (name === 'latest-days.sql') continue;
      const rows = await runExample(name, { dataset, day: '2026-03-02', zone: 'UTC' });
      if (name === 'latest-windows.sql' || name === 'waits-and-predictions.sql')
        expect(rows.length, name).toBeGreaterThan(0);
    }
  });
});
