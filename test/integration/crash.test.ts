import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { from } from 'rxjs';
import { z } from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlatform } from '../../src/simulator/platform.ts';
import { createReplay } from '../../src/simulator/replay.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { readTrace } from '../../src/simulator/trace.ts';
import { type LogRecord } from '../../src/sources/log-source.ts';
import { derive } from '../../streams/derive.ts';
import { queueEvent, type QueueEvent } from '../../streams/event.ts';
import { type Checkpoint } from '../../streams/logic.ts';
import { inOrganization, type Output, topicOf } from '../../streams/record.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueState, type QueueState } from '../../streams/records/queue-state.ts';
import { columnsOf } from '../../sinks/parquet/arrow-schema.ts';
import { channelGap } from '../../streams/records/channel-gap.ts';
import { queueProfile } from '../../streams/records/queue-profile.ts';
import { queueWindow } from '../../streams/records/queue-window.ts';
import { writeBusyTrace } from '../support/busy-trace.ts';
import { findFrames, randomNumbers, type SentFrame } from '../support/oracle.ts';
import { runPython } from '../support/python.ts';
import { deriveSettings } from '../support/derive-settings.ts';
import { readParquetRows } from '../support/parquet.ts';
import { logBytes, readLog, simulatorEnv, startProcess, until } from '../support/pipeline-process.ts';

// One real pipeline against one real simulator, killed ten times at random moments of its work. What it left is then judged.

const kills = 10;
const speed = 120;
const date = '2026-11-17';
const timeZone = 'Asia/Jerusalem';
const client = { id: 'crash-test', secret: 'crash-secret' };
/** What a busy machine may put between a moment and its stamp: 0.25 s, in platform time. */
const slackMs = 250 * speed;

let dataDir = '';
let trace = '';
const sent: SentFrame[] = [];
let journal: readonly LogRecord[] = [];
let events: readonly QueueEvent[] = [];
let outputs: readonly LogRecord[] = [];
let lastExit: number | string = '';

const toJson = `
import datetime, json, sys
epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
def plain(value):
    return (value - epoch) // datetime.timedelta(microseconds=1) if isinstance(value, datetime.datetime) else value
def show(rows): print(json.dumps([{name: plain(value) for name, value in row.items()} for row in rows]))
`;

/** Each prints the rows of the files below a folder as JSON, times in epoch microseconds. */
const readers: Readonly<Record<string, string>> = {
  pyarrow: `${toJson}
import pyarrow.dataset
show(pyarrow.dataset.dataset(sys.argv[1], format='parquet').to_table().sort_by('record_offset').to_pylist())`,
  duckdb: `${toJson}
import duckdb
connection = duckdb.connect()
connection.execute("set timezone = 'UTC'")
found = connection.execute(f"select * from read_parquet('{sys.argv[1]}/*/*.parquet', hive_partitioning = false) order by record_offset")
names = [column[0] for column in found.description]
show([dict(zip(names, row)) for row in found.fetchall()])`,
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'queuecast-crash-'));
  const random = randomNumbers(Number(process.env['QUEUECAST_TEST_SEED'] ?? 1));
  trace = join(dataDir, 'busy.trace.jsonl');
  await writeBusyTrace(trace);
  let simulatedMs = () => 0;
  const simulator = await startSimulator({
    trace,
    speed,
    port: 0,
    date,
    timeZone,
    loop: false,
    clientId: client.id,
    clientSecret: client.secret,
    onFrameSent: (channelId, text) => sent.push({ channelId, text, atMs: simulatedMs() }),
  });
  simulatedMs = () => simulator.clock.nowMs();
  const env = simulatorEnv(simulator.url, client.id, client.secret);
  // Short checkpoints and little patience: more to go wrong in the time there is.
  const args = ['run', '--data-dir', dataDir, '--checkpoint-every-ms', '60000', '--time-zone', timeZone];
  const journalDir = join(dataDir, 'journal');
  try {
    for (let kill = 0; kill < kills; kill++) {
      const running = startProcess(args, env);
      const enough = (await logBytes(journalDir)) + Math.floor(random() * 200_000);
      await until(async () => (await logBytes(journalDir)) > enough, running);
      running.child.kill('SIGKILL');
      await running.ended;
    }
    const last = startProcess(args, env);
    const enough = (await logBytes(journalDir)) + 100_000;
    await until(async () => (await logBytes(journalDir)) > enough, last);
    last.child.kill('SIGTERM');
    lastExit = await last.ended;
    expect(lastExit, last.output()).toBe(0);
  } finally {
    await simulator.close();
  }
  journal = await readLog(journalDir);
  events = journal.map(({ value }) => queueEvent.parse(value));
  outputs = await readLog(join(dataDir, 'outputs'));
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

const settings = { ...deriveSettings, timeZone };

function deriveJournal(
  over: readonly QueueEvent[],
  checkpoint: Checkpoint = {},
): { outputs: Output[]; saved: Checkpoint } {
  const derived: Output[] = [];
  const organizationId = journal[0]!.key.split('/')[0]!;
  const runner = derive(settings, checkpoint);
  from(over)
    .pipe(runner.operator)
    .subscribe((output) => derived.push(inOrganization(output, organizationId)));
  return { outputs: derived, saved: JSON.parse(JSON.stringify(runner.snapshot())) as Checkpoint };
}

interface Written {
  readonly record: string;
  readonly key: string;
  readonly atMs: number;
  readonly value: unknown;
}

const written = (all: readonly Output[]): Written[] =>
  all.map(({ type, ...rest }) => ({ record: topicOf(type), ...rest }));
const states = new Set(recordTypes.filter(({ kind }) => kind === 'state').map(topicOf));
const serialize = ({ record, key, atMs, value }: Written) => JSON.stringify([record, key, atMs, value]);
const facts = (all: readonly Written[]) => all.filter(({ record }) => !states.has(record)).map(serialize);
const lastStates = (all: readonly Written[]) =>
  new Map(all.filter(({ record }) => states.has(record)).map((each) => [each.record + each.key, serialize(each)]));

describe('a pipeline that was killed ten times', () => {
  test('has journaled and derived something to judge', () => {
    expect(lastExit).toBe(0);
    expect(events.filter(({ kind }) => kind === 'channel-gap').length).toBeGreaterThan(kills);
    expect(facts(outputs).length).toBeGreaterThan(100);
  });

  test('wrote what the logics make of the journal: every fact in order, once, and the same last states', () => {
    const derived = written(deriveJournal(events).outputs);
    expect(facts(outputs)).toEqual(facts(derived));
    expect(lastStates(outputs)).toEqual(lastStates(derived));
  });

  test('derives the same bytes again, from scratch and from a checkpoint at any of many places', () => {
    const whole = written(deriveJournal(events).outputs).map(serialize);
    expect(written(deriveJournal(events).outputs).map(serialize)).toEqual(whole);
    for (let part = 1; part < 20; part++) {
      const cut = Math.floor((events.length * part) / 20);
      const before = deriveJournal(events.slice(0, cut));
      const after = deriveJournal(events.slice(cut), before.saved);
      expect(written([...before.outputs, ...after.outputs]).map(serialize)).toEqual(whole);
    }
  });

  test('derives the same bytes again from every checkpoint that it committed', async () => {
    const whole = written(deriveJournal(events).outputs).map(serialize);
    const delivery = z.object({
      position: z.int(),
      checkpoint: z.record(z.string(), z.custom<Checkpoint[string]>()).optional(),
    });
    const dir = join(dataDir, 'outputs');
    const segments = (await readdir(dir)).filter((name) => name.endsWith('.log')).sort();
    let checkpoints = 0;
    for (const segment of segments) {
      for (const line of (await readFile(join(dir, segment), 'utf8')).trim().split('\n')) {
        // A line is its checksum, a space, and JSON.
        const { position, checkpoint } = delivery.parse(JSON.parse(line.slice(line.indexOf(' ') + 1)));
        if (checkpoint === undefined) continue;
        checkpoints += 1;
        const after = written(deriveJournal(events.slice(position), checkpoint).outputs).map(serialize);
        expect(after).toEqual(whole.slice(whole.length - after.length));
        expect(after.length).toBe(whole.length - deriveJournal(events.slice(0, position)).outputs.length);
      }
    }
    expect(checkpoints).toBeGreaterThan(kills);
  });

  test('journaled every frame that the simulator sent, or lies about none: it was sent inside a gap', () => {
    const { found, lost } = findFrames(sent, events, slackMs);
    expect(lost).toEqual([]);
    expect(found).toBeGreaterThan(200);
  });

  test('knew after each repaired gap what the simulator knew', async () => {
    const driver = createReplay(await readTrace(trace), { date, timeZone, loop: false });
    const truth = createPlatform({ driver, clients: [client] });
    const moments: { atMs: number; queues: Map<string, string> }[] = [];
    const endMs = events.at(-1)!.receivedAtMs;
    for (let atMs = driver.startMs; atMs <= endMs; atMs += 1_000) {
      truth.advanceTo(atMs);
      const queues = new Map<string, string>();
      for (const [id, { media, members }] of truth.center.queues) {
        const { waiting, interacting } = media.get('voice')!;
        const onQueue = members.filter((agent) => agent.onQueue);
        const idle = onQueue.filter((agent) => agent.status === 'IDLE').length;
        const oldest = Math.min(...[...waiting.values()].map((call) => call.enqueuedAtMs));
        queues.set(
          id,
          JSON.stringify([waiting.size, interacting.size, onQueue.length, idle, waiting.size === 0 ? null : oldest]),
        );
      }
      moments.push({ atMs, queues });
    }
    const known = new Map<string, QueueState>();
    let judged = 0;
    const runner = derive(settings);
    let event: QueueEvent | undefined;
    from(
      (function* () {
        for (const each of events) {
          event = each;
          yield each;
          if (each.kind !== 'channel-gap' || each.endMs === null) continue;
          const near = moments.filter(({ atMs }) => atMs <= each.endMs! && atMs >= each.endMs! - slackMs);
          for (const [queueId, state] of known) {
            const { waiting, interacting, agentsOnQueue, agentsIdle, longestWaitStartMs } = state;
            const told = JSON.stringify([waiting, interacting, agentsOnQueue, agentsIdle, longestWaitStartMs]);
            expect(
              near.map(({ queues }) => queues.get(queueId)),
              `queue ${queueId} at ${each.endMs}`,
            ).toContain(told);
            judged += 1;
          }
        }
      })(),
    )
      .pipe(runner.operator)
      .subscribe(({ type, value }) => {
        if (type.name !== 'queue-state') return;
        const state = queueState.schema.parse(value);
        known.set(state.queueId, state);
      });
    expect(event).toBeDefined();
    expect(judged).toBeGreaterThan(kills);
  });

  test('left every row of every archived record in its Parquet files, none twice', async () => {
    for (const record of ['queue-window', 'channel-gap', 'queue-profile', 'quarantine']) {
      const rows = await readParquetRows(join(dataDir, 'parquet', record));
      const offsets = rows.map((row) => Number(row['record_offset'])).sort((a, b) => a - b);
      const expected = outputs.filter((each) => each.record === `${record}.v1`).map(({ offset }) => offset);
      expect(offsets, record).toEqual(expected);
    }
  });

  test.each(['pyarrow', 'duckdb'])('left files in which %s reads what the output log says', async (reader) => {
    for (const type of [queueWindow, channelGap, queueProfile]) {
      const folder = join(dataDir, 'parquet', type.name);
      const told = z
        .array(z.record(z.string(), z.unknown()))
        .parse(JSON.parse(await runPython(readers[reader]!, [folder])));
      const columns = columnsOf(type);
      const records = outputs.filter(({ record }) => record === topicOf(type));
      const plain = (kind: string, value: unknown) =>
        kind === 'timestamp' && value !== null ? Number(value) * 1000 : value;
      const rows = records.map((record) =>
        Object.fromEntries(columns.map(({ name, kind, read }) => [name, plain(kind, read(record) ?? null)])),
      );
      expect(told, type.name).toEqual(rows);
    }
  });

  test('let no personal value of a caller out', () => {
    const personal = sent.flatMap(({ text }) =>
      [...text.matchAll(/"(?:name|ani|dnis|address)":"([^"]+)"/g)].map((match) => match[1]!),
    );
    expect(personal.length).toBeGreaterThan(10);
    const everything = JSON.stringify([journal, outputs]);
    for (const value of new Set(personal)) expect(everything).not.toContain(value);
  });
});
