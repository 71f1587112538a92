import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../sinks/clock.ts';
import { topicName } from '../../sinks/kafka/topics.ts';
import { isArchived } from '../../sinks/parquet/is-archived.ts';
import { disturbFrames } from '../../src/simulator/faults.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { queueEvent as eventSchema } from '../../streams/event.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { writeBusyTrace } from '../support/busy-trace.ts';
import { deriveSettings } from '../support/derive-settings.ts';
import { describeWithOwnKafka, type KafkaCluster, startKafka } from '../support/kafka.ts';
import { committedOf, deleteTopics, endOf, readTopic } from '../support/kafka-records.ts';
import { compareOutputs, deriveWritten, findFrames, randomNumbers, type SentFrame } from '../support/oracle.ts';
import { readParquetRows } from '../support/parquet.ts';
import { simulatorEnv, until } from '../support/pipeline-process.ts';
import { type Fleet, type Role, roles, startFleet } from './fleet.ts';
import { faultOptions, type FaultOptions } from './options.ts';

// The pipeline as four processes on a real Kafka, fed by a simulator that sends frames twice and in the wrong order. They, and the
// brokers, are killed and stopped at moments that a seed decides. Then the outputs must be what the logics make of the journal.

const speed = 120;
const timeZone = 'Asia/Jerusalem';
const client = { id: 'fault-test', secret: 'fault-secret' };
/** What a busy machine may put between a moment and its stamp: 0.5 s, in platform time. */
const slackMs = 500 * speed;
const faultsARun = 3;
/** Longer than a session, so that another takes over. */
const stoppedMs = 3_000;
const settledWithinMs = 60_000;
/** Each question is a connection of its own. */
const askEveryMs = 100;
const never = new AbortController().signal;

const given = process.env['QUEUECAST_TEST_FAULTS'];
const options = faultOptions.parse(given === undefined ? {} : JSON.parse(given));
const describeKafka = describeWithOwnKafka();
let cluster: KafkaCluster;
let folder = '';
let trace = '';

interface Verdict {
  readonly faults: readonly string[];
  /** What was there to judge. */
  readonly events: number;
  readonly facts: number;
  readonly rows: number;
  readonly frames: number;
  readonly done: readonly string[];
}

type Fault = (fleet: Fleet, random: () => number) => Promise<string>;

function kill(role: Role): Fault {
  return async (fleet, random) => {
    const candidates = fleet.members.filter((member) => member.role === role);
    const member = candidates[Math.floor(random() * candidates.length)]!;
    await fleet.kill(member);
    return `killed ${role} ${candidates.indexOf(member)}`;
  };
}

function stop(role: Role): Fault {
  return async (fleet, random) => {
    const candidates = fleet.members.filter((member) => member.role === role);
    const member = candidates[Math.floor(random() * candidates.length)]!;
    fleet.pause(member);
    await systemClock.sleep(stoppedMs, never);
    fleet.resume(member);
    return `stopped ${role} ${candidates.indexOf(member)}`;
  };
}

const loseBroker: Fault = async (_fleet, random) => {
  const node = Math.floor(random() * cluster.brokers.length);
  await cluster.kill(node, 'SIGKILL');
  await systemClock.sleep(random() * 3_000, never);
  await cluster.start(node);
  return `lost broker ${node}`;
};

const stopBroker: Fault = async (_fleet, random) => {
  const node = Math.floor(random() * cluster.brokers.length);
  await cluster.kill(node, 'SIGSTOP');
  await systemClock.sleep(500 + random() * 1_500, never);
  await cluster.kill(node, 'SIGCONT');
  return `stopped broker ${node}`;
};

function faultsOf(what: FaultOptions['kill']): readonly Fault[] {
  if (what === 'broker') return [loseBroker, stopBroker];
  if (what === 'all') return [...roles.flatMap((role) => faultsOf(role)), loseBroker, stopBroker];
  // Those of test/faults/files.test.ts.
  if (what === 'compact' || what === 'replay' || what === 'history') return [];
  return [kill(what), stop(what)];
}

/** One run: a new prefix, some faults, an end in order, the judgement. */
async function runOnce(
  name: string,
  seed: number,
  act: (fleet: Fleet, random: () => number) => Promise<string[]>,
  sink: 'whole' | 'broken' = 'whole',
): Promise<Verdict> {
  const random = randomNumbers(seed);
  const dataDir = join(folder, name);
  const settings = { brokers: cluster.brokers, clientId: 'fault-test', ssl: false, topicPrefix: name };
  const journalTopic = topicName(name, queueEvent);
  const sent: SentFrame[] = [];
  let simulatedMs = () => 0;
  const simulator = await startSimulator({
    ...{ trace, speed, port: 0, timeZone, loop: true, clientId: client.id, clientSecret: client.secret },
    frameFaults: disturbFrames({ twiceShare: 0.05, swappedShare: 0.05, random: randomNumbers(seed + 1) }),
    onFrameSent: (channelId, text) => sent.push({ channelId, text, atMs: simulatedMs() }),
  });
  simulatedMs = () => simulator.clock.nowMs();
  const fleet = startFleet({
    ...{ kafka: settings, dataDir, timeZone, sink },
    env: simulatorEnv(simulator.url, client.id, client.secret),
  });
  const journalEnd = () => endOf(settings, journalTopic, 0).catch(() => 0);
  const derived = () => committedOf(settings, `${name}.derive`, journalTopic, 0).catch(() => 0);
  const grown = async (by: number) => {
    const enough = (await journalEnd()) + by;
    await until(async () => (await journalEnd()) >= enough, undefined, askEveryMs);
  };
  try {
    await until(async () => (await derived()) > 200, undefined, askEveryMs);
    const done = await act(fleet, random);
    await grown(300);
    const unclean = [...(await fleet.drain('ingest'))];
    const endMs = systemClock.nowMs() + settledWithinMs;
    const isSettled = async () => (await derived()) >= (await journalEnd()) || systemClock.nowMs() > endMs;
    await until(isSettled, undefined, askEveryMs);
    const left = (await journalEnd()) - (await derived());
    if (left > 0) unclean.push(`derive is ${left} offsets behind after ${settledWithinMs} ms`);
    unclean.push(...(await fleet.drain('derive')), ...(await fleet.drain('archive')));
    // What has ended by itself was started anew, but nothing here is a reason to.
    unclean.push(...fleet.members.flatMap(({ exits }) => exits));
    return await judge(settings.topicPrefix, { unclean, sent, done, dataDir });
  } finally {
    fleet.destroy();
    await simulator.close();
    await deleteTopics(settings);
  }
}

async function judge(
  prefix: string,
  {
    unclean,
    sent,
    done,
    dataDir,
  }: { unclean: readonly string[]; sent: readonly SentFrame[]; done: readonly string[]; dataDir: string },
): Promise<Verdict> {
  const settings = { brokers: cluster.brokers, clientId: 'fault-test', ssl: false, topicPrefix: prefix };
  const journal = await readTopic(settings, topicName(prefix, queueEvent));
  const events = journal.map(({ value }) => eventSchema.parse(value));
  const outputTypes = recordTypes.filter((type) => type !== queueEvent);
  const written = await Promise.all(outputTypes.map((type) => readTopic(settings, topicName(prefix, type))));
  const expected = deriveWritten(journal, { ...deriveSettings, timeZone });
  const { found, lost } = findFrames(sent, events, slackMs);
  const faults = [
    ...unclean,
    ...compareOutputs(written.flat(), expected),
    ...lost
      .slice(0, 5)
      .map(
        ({ atMs, text }) =>
          `one of ${lost.length} frames: a frame of ${atMs} is neither journaled nor in a gap: ${text.slice(0, 200)}`,
      ),
  ];
  let facts = 0;
  let rows = 0;
  for (const [index, type] of outputTypes.entries()) {
    if (!isArchived(type)) continue;
    const records = written[index] ?? [];
    facts += records.length;
    const archived = await readParquetRows(join(dataDir, 'archive', 'parquet', type.name));
    rows += archived.length;
    const rowOf = (key: unknown, offset: unknown, atMs: unknown) => `${String(key)} ${String(offset)} ${Number(atMs)}`;
    const wanted = records.map(({ key, offset, atMs }) => rowOf(key, offset, atMs)).sort();
    const got = archived.map((row) => rowOf(row['record_key'], row['record_offset'], row['record_timestamp'])).sort();
    if (JSON.stringify(got) !== JSON.stringify(wanted)) {
      faults.push(
        `Parquet ${type.name}: ${got.length} rows (${new Set(got).size} different) of ${wanted.length} records`,
      );
    }
  }
  return { faults, events: events.length, facts, rows, frames: found, done };
}

describeKafka('a pipeline on Kafka', () => {
  beforeAll(async () => {
    cluster = await startKafka({ nodes: options.brokers });
    folder = await mkdtemp(join(tmpdir(), 'queuecast-faults-'));
    trace = join(folder, 'busy.trace.jsonl');
    await writeBusyTrace(trace);
  });
  afterAll(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const seeds = Array.from({ length: options.runs }, (_, index) => options.seed * 1_000 + index);
  const faults = faultsOf(options.kill);

  test.each(seeds)(`of which ${options.kill} is killed and stopped does everything once (seed %i)`, async (seed) => {
    const verdict = await runOnce(
      `faults-${seed}`,
      seed,
      async (fleet, random) => {
        const done: string[] = [];
        for (let at = 0; at < faultsARun; at += 1) {
          await systemClock.sleep(random() * 1_000, never);
          done.push(await faults[Math.floor(random() * faults.length)]!(fleet, random));
        }
        return done;
      },
      options.sink,
    );
    expect(verdict.faults, verdict.done.join(', ')).toEqual([]);
    expect(verdict.events).toBeGreaterThan(500);
    expect(verdict.facts).toBeGreaterThan(10);
    expect(verdict.rows).toBe(verdict.facts);
    expect(verdict.frames).toBeGreaterThan(50);
  });

  test('whose sink commits its position outside of the transaction is found out', async () => {
    const verdict = await runOnce(
      'broken',
      1,
      async (fleet) => {
        const done: string[] = [];
        for (let at = 0; at < 2; at += 1) {
          const told = /the position is committed, the records are not\n$/;
          const derives = fleet.members.filter(({ role }) => role === 'derive');
          let caught: (typeof derives)[number] | undefined;
          await until(() => {
            caught = derives.find(({ running }) => told.test(running.output()));
            return Promise.resolve(caught !== undefined);
          });
          await fleet.kill(caught!);
          done.push('killed derive between position and records');
        }
        return done;
      },
      'broken',
    );
    expect(verdict.faults.join('\n')).toMatch(/missing/);
  });
});
