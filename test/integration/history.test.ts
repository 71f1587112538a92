import { readdir } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { scaledClock, systemClock } from '../../sinks/clock.ts';
import { createModel } from '../../src/simulator/model/model.ts';
import { createPlatform, type Platform } from '../../src/simulator/platform.ts';
import { startSimulatorServer, type SimulatorServer } from '../../src/simulator/server.ts';
import { dayOf } from '../../streams/calendar.ts';
import { addTotals, type IntervalTotals, noTotals } from '../../streams/kpis.ts';
import { queueSummary } from '../../streams/records/queue-summary.ts';
import { queueInterval } from '../../src/history/interval-record.ts';
import { totalsOfCalls } from '../support/call-totals.ts';
import { readParquetRows } from '../support/parquet.ts';
import { readLog, simulatorEnv, startProcess } from '../support/pipeline-process.ts';

// `queuecast history` as a person meets it, on a centre whose days are over, held against the log of what happened there.

const timeZone = 'Europe/Berlin';
const hourMs = 3_600_000;
/** The clocks go forward in the night to the third day. */
const days = ['2026-03-27', '2026-03-28', '2026-03-29', '2026-03-30'];
const [first = '', last = ''] = [days[0], days.at(-1)];
const startMs = dayOf(first, timeZone).startMs + 7 * hourMs;
const endMs = dayOf(last, timeZone).endMs;

let folder = '';
let platform: Platform;
let server: SimulatorServer;
/** Bodies of aggregates queries and jobs since the test began. */
let asked: string[] = [];
let onAsked: () => void = () => undefined;
let isCircular = false;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-history-'));
  const driver = createModel({ seed: 5, queues: 16, agents: 60, startMs, durationMs: endMs - startMs, timeZone });
  platform = createPlatform({ driver, clients: [{ id: 'id', secret: 'secret' }] });
  const nowMs = endMs + 90 * 24 * hourMs;
  platform.advanceTo(nowMs);
  const clockSettings = { epochMs: nowMs, baseMs: systemClock.nowMs(), speed: 120 };
  server = await startSimulatorServer({
    platform: {
      ...platform,
      handle(request, atMs) {
        if (request.method === 'POST' && request.path.includes('/conversations/aggregates/')) {
          asked.push(request.body);
          onAsked();
        }
        if (!isCircular || !request.path.endsWith('/results')) return platform.handle(request, atMs);
        const answer = platform.handle({ ...request, query: new URLSearchParams() }, atMs);
        return { ...answer, body: { ...Object(answer.body), cursor: 'round' } as unknown };
      },
    },
    clock: scaledClock(clockSettings),
    clockSettings,
    port: 0,
  });
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(() => {
  asked = [];
  onAsked = () => undefined;
  isCircular = false;
});

function start(name: string, ...args: readonly string[]) {
  const all = ['history', '--data-dir', join(folder, name), '--timezone', timeZone, ...args];
  return startProcess(all, simulatorEnv(server.url, 'id', 'secret'));
}

async function history(name: string, ...args: readonly string[]) {
  const running = start(name, ...args);
  return { exit: await running.ended, told: running.output() };
}

async function recordsOf(name: string, ...args: readonly string[]) {
  const { exit, told } = await history(name, '--json', ...args);
  expect(exit, told).toBe(0);
  const lines = told.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): unknown => JSON.parse(line));
}

const range = ['--from', first, '--to', last];

/** Sums of a local day, a queue and a medium, as the log of single calls has them. */
function happened(): ReadonlyMap<string, IntervalTotals> {
  const calls = [...platform.center.history.all()];
  return new Map(
    days.flatMap((date) => {
      const day = dayOf(date, timeZone);
      const totals = totalsOfCalls(calls, day.startMs, day.endMs);
      return [...totals].map(([key, sums]) => [`${date} ${key}`, sums] as const);
    }),
  );
}

const byKey = <T>(entries: readonly (readonly [string, T])[]) =>
  Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

describe('the totals of days', () => {
  test('are the sums of their half hours, and those of what happened, to the millisecond', async () => {
    const daily = (await recordsOf('days', ...range)).map((each) => queueSummary.schema.parse(each));
    const summed = byKey(
      daily.map(({ date, queueId, mediaType, totals }) => [`${date} ${queueId} ${mediaType}`, totals!]),
    );
    expect(Object.keys(summed).length).toBeGreaterThan(100);
    expect(summed).toEqual(byKey([...happened()]));

    const halves = (await recordsOf('halves', ...range, '--granularity', 'PT30M')).map((each) =>
      queueInterval.schema.parse(each),
    );
    const added = new Map<string, IntervalTotals>();
    for (const { startMs: atMs, queueId, mediaType, totals } of halves) {
      const day = days.find((date) => atMs < dayOf(date, timeZone).endMs) ?? '';
      const key = `${day} ${queueId} ${mediaType}`;
      added.set(key, addTotals(added.get(key) ?? noTotals, totals));
    }
    expect(byKey([...added])).toEqual(summed);
    for (const { complete, queueName } of [...daily, ...halves]) {
      expect(complete).toBe(true);
      expect(queueName).toMatch(/ 00\d\d$/);
    }
    const short = daily.find(({ date }) => date === '2026-03-29');
    expect((short!.endMs - short!.startMs) / hourMs).toBe(23);
  });

  test('of a zone off the half hour come from the platform as days, and those of weeks are their sums', async () => {
    const odd = ['--timezone', 'Asia/Kathmandu', '--from', '2026-03-23', '--to', '2026-04-05'];
    const daily = (await recordsOf('odd', ...odd)).map((each) => queueSummary.schema.parse(each));
    expect(asked.map((body) => JSON.parse(body) as { granularity: string; timeZone?: string })).toMatchObject([
      { granularity: 'P1D', timeZone: 'Asia/Kathmandu' },
    ]);
    const weekly = (await recordsOf('odd', ...odd, '--granularity', 'P1W')).map((each) =>
      queueSummary.schema.parse(each),
    );
    expect(asked).toHaveLength(1);
    expect(new Set(weekly.map(({ date, weekEnd }) => `${date} ${weekEnd}`))).toEqual(
      new Set(['2026-03-23 2026-03-29', '2026-03-30 2026-04-05']),
    );
    const sum = (all: typeof daily) =>
      all.reduce((total, { totals }) => addTotals(total, totals ?? noTotals), noTotals);
    expect(sum(weekly)).toEqual(sum(daily));
    const ever = totalsOfCalls(platform.center.history.all(), -Infinity, Infinity);
    expect(sum(daily)).toEqual([...ever.values()].reduce(addTotals, noTotals));
  });

  test('can be had of some queues and media, and are then the same', async () => {
    const all = (await recordsOf('some', ...range)).map((each) => queueSummary.schema.parse(each));
    const name = all[0]?.queueName ?? '';
    const some = await recordsOf('some', ...range, '--queue', name, '--media', 'voice', '--media', 'chat');
    const wanted = all.filter(
      ({ queueName, mediaType }) => queueName === name && ['voice', 'chat'].includes(mediaType),
    );
    const withoutTimes = (records: readonly unknown[]) =>
      records.map((each) => ({ ...queueSummary.schema.parse(each), observedAtMs: 0, revision: 0 }));
    expect(wanted.length).toBeGreaterThan(4);
    expect(withoutTimes(some)).toEqual(withoutTimes(wanted));
  });
});

describe('a history that is killed', () => {
  const long = ['--from', '2026-03-02', '--to', '2026-04-05', '--granularity', 'P1D', '--fill', 'linear'];

  test('goes on from what it has: no piece that was read is asked for again, and the answer is the same', async () => {
    const undisturbed = await recordsOf('undisturbed', ...long);
    const pieces = [...asked];
    expect(new Set(pieces).size).toBe(5);
    asked = [];
    const running = start('killed', ...long, '--json');
    onAsked = () => {
      if (asked.length === 3) running.child.kill('SIGKILL');
    };
    expect(await running.ended).toBe('SIGKILL');
    expect(asked).toEqual(pieces.slice(0, 3));
    asked = [];
    onAsked = () => undefined;
    const resumed = await recordsOf('killed', ...long);
    expect(asked).toEqual(pieces.slice(2));
    asked = [];
    expect(await recordsOf('killed', ...long)).toEqual(resumed);
    expect(asked).toEqual([]);
    const withoutTimes = (records: readonly unknown[]) =>
      records.map((each) => ({ ...queueSummary.schema.parse(each), observedAtMs: 0, revision: 0 }));
    expect(withoutTimes(resumed)).toEqual(withoutTimes(undisturbed));
    await recordsOf('killed', ...long, '--fresh');
    expect(asked).toEqual(pieces);
  });

  test('has written Parquet rows and log records once when it is run again, and again', async () => {
    const out = join(folder, 'dataset');
    const args = [...long, '--json', '--out', out, '--to-log'];
    const running = start('written', ...args);
    onAsked = () => {
      if (asked.length === 5) running.child.kill('SIGKILL');
    };
    expect(await running.ended).toBe('SIGKILL');
    onAsked = () => undefined;
    const loggedBefore = (await readLog(join(folder, 'written', 'outputs'))).length;
    expect(loggedBefore).toBeGreaterThan(0);
    const records = (await recordsOf('written', ...args)).map((each) => queueSummary.schema.parse(each));
    const again = await history('written', ...args);
    expect(again.exit, again.told).toBe(0);
    expect(records.length).toBeGreaterThan(loggedBefore);
    const keys = records.map(({ queueId, mediaType, date }) => `${queueId}/${mediaType}/P1D/${timeZone}/${date}`);
    expect(records.filter(({ interpolated }) => interpolated).length).toBeGreaterThan(100);
    const rows = await readParquetRows(join(out, 'queue-summary'));
    expect(rows.map((row) => String(row['record_key']).replace(/^[^/]+\//, '')).sort()).toEqual([...keys].sort());
    const [row] = rows.filter((each) => each['date'] instanceof Date && each['interpolated'] === false);
    const [same] = records.filter(
      ({ date, queueId, mediaType }) =>
        row!['queue_id'] === queueId &&
        row!['media_type'] === mediaType &&
        (row!['date'] as Date).toISOString().startsWith(date),
    );
    expect(row).toMatchObject({
      conversations: BigInt(same!.conversations),
      abandonment_rate: same!.abandonmentRate,
      kpi_service_level: same!.kpi!.serviceLevel,
      time_zone: timeZone,
    });
    const logged = await readLog(join(folder, 'written', 'outputs'));
    expect(logged.map(({ key }) => key.replace(/^[^/]+\//, ''))).toEqual(keys);
    expect((await readdir(out)).filter((name) => name.startsWith('_manifest-history-'))).toHaveLength(1);
  });
});

describe('a folder that several answers share', () => {
  const out = () => join(folder, 'shared');
  const into = async (name: string, ...args: readonly string[]) => {
    const { exit, told } = await history(name, '--json', '--out', out(), ...args);
    expect(exit, told).toBe(0);
    return told;
  };

  /** As docs/examples/latest-days.sql has it. */
  async function latest() {
    const rows = await readParquetRows(join(out(), 'queue-summary'));
    const byKey = new Map<string, (typeof rows)[number]>();
    for (const row of rows) {
      const key = String(row['record_key']);
      const known = byKey.get(key);
      if (known === undefined || Number(known['revision']) < Number(row['revision'])) byKey.set(key, row);
    }
    return { rows: rows.length, byKey };
  }

  const sumsOf = ({ byKey }: Awaited<ReturnType<typeof latest>>) =>
    Object.fromEntries([...byKey].map(([key, row]) => [key, row['totals_offered']]).sort());

  const week = ['--from', first, '--to', '2026-04-02'];

  test('holds each day with its highest revision, whatever days they have in common, and says that it is shared', async () => {
    expect(await into('sharing', ...week)).not.toMatch(/other answers/);
    const whole = await latest();
    expect(whole.byKey.size).toBe(whole.rows);
    asked = [];
    const longer = await into('sharing', '--from', first, '--to', '2026-04-05');
    expect(longer).toMatch(
      /Parquet: .*shared, with other answers: of each record_key the highest revision counts\.\n$/,
    );
    // Made of the same piece and a new one: the rows of the first week are there again, to the word.
    expect(asked).toHaveLength(1);
    expect((await latest()).rows).toBe(2 * whole.rows);
    await into('sharing', '--from', '2026-03-26', '--to', '2026-03-28');
    const all = await latest();
    expect(all.rows).toBeGreaterThan(2 * whole.rows);
    expect(sumsOf(all)).toEqual(sumsOf(whole));
    await into('sharing', ...week);
    expect((await latest()).rows).toBe(all.rows);
  });

  test('has a new revision of each day that is asked for anew, from whose answer no row is left out', async () => {
    const before = await latest();
    await into('sharing', ...week, '--fresh');
    const after = await latest();
    expect(after.rows - before.rows).toBe(before.byKey.size);
    expect(sumsOf(after)).toEqual(sumsOf(before));
    for (const [key, row] of after.byKey)
      expect(Number(row['revision'])).toBeGreaterThan(Number(before.byKey.get(key)?.['revision']));
    await into('sharing', ...week);
    expect((await latest()).rows).toBe(after.rows);
  });
});

describe('what goes wrong is one clear line', () => {
  test('a job whose cursors run in a circle', async () => {
    isCircular = true;
    const { exit, told } = await history('circle', '--from', '2026-03-23', '--to', '2026-03-29');
    expect(exit).toBe(1);
    expect(told).toMatch(/^queuecast: QC_GENESYS_REFUSED: .*aggregates\/jobs\/.*cursor round twice.*\n$/m);
    isCircular = false;
    expect((await history('circle', '--from', '2026-03-23', '--to', '2026-03-29')).exit).toBe(0);
  });

  test('a question that means nothing, or is about what is yet to come', async () => {
    for (const [args, message] of [
      [['--granularity', 'P1M'], /--granularity=P1M: allowed: PT30M, PT1H, P1D, P1W/],
      [['--queue', 'Nowhere'], /--queue=Nowhere: allowed: id or name of a queue.* 00\d\d/],
      [['--from', '2096-01-01', '--to', '2096-01-02'], /--from=2096-01-01: allowed: before now/],
      [['--to', '2030-01-01', '--out', join(folder, 'x')], /--to=2030-01-01: allowed: at most 2026-/],
      [['--to-log', '--granularity', 'PT1H'], /--to-log with --granularity=PT1H: allowed: P1D or P1W/],
      [['--json', '--csv'], /--json and --csv exclude each other/],
    ] as const) {
      const { exit, told } = await history('wrong', ...range, ...args);
      expect({ exit, told }).toMatchObject({ exit: 2, told: expect.stringMatching(message) as unknown });
    }
  });
});

test('the table has a line for each row, holes among them, and totals at its end', async () => {
  const { exit, told } = await history('table', '--from', '2026-03-26', '--to', '2026-03-28', '--media', 'voice');
  expect(exit, told).toBe(0);
  expect(told).toMatch(/^day +queue +media +offered +answered/);
  expect(told).toMatch(/^2026-03-27 .* \d+:\d\d$/m);
  expect(told).toMatch(/^2026-03-26 .* - +no data$/m);
  expect(told).toMatch(/^total +all +\d+ /m);
  expect(told).toMatch(/16 queues, 2026-03-26 to 2026-03-28, Europe\/Berlin\.\n$/);
});
