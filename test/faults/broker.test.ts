import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { admin as createAdmin, type KafkaSettings } from '../../sinks/kafka/client.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { queueEvent, type QueueEvent } from '../../streams/event.ts';
import { describeWithOwnKafka, type KafkaCluster, quiet, startKafka } from '../support/kafka.ts';
import { endOf, readTopic } from '../support/kafka-records.ts';
import { type PipelineProcess, simulatorEnv, startProcess, until } from '../support/pipeline-process.ts';

// What a broker may do to us, seen from outside: a real pipeline on a real broker that comes late, goes, hangs, or refuses.

const sample = join(import.meta.dirname, '../../samples/bank-1999-01-05.trace.jsonl.gz');
const describeKafka = describeWithOwnKafka();
let cluster: KafkaCluster;
let simulator: Simulator;
let folder = '';
let runs = 0;
const started: PipelineProcess[] = [];
const login = { clientId: 'broker-test', clientSecret: 'broker-test' };

interface Run {
  readonly process: PipelineProcess;
  readonly kafka: KafkaSettings;
}

/** A pipeline with a prefix of its own, or one that is given. */
function run(args: readonly string[] = [], topicPrefix = `b${(runs += 1)}`, platform = simulator): Run {
  const process = startProcess(['run', '--data-dir', join(folder, `${topicPrefix}-${started.length}`), ...args], {
    ...simulatorEnv(platform.url, login.clientId, login.clientSecret),
    KAFKA_BROKERS: cluster.brokers.join(','),
    QUEUECAST_TOPIC_PREFIX: topicPrefix,
    QUEUECAST_KAFKA_RETENTION_MS: 'none',
    QUEUECAST_KAFKA_SESSION_MS: '3000',
  });
  started.push(process);
  return { process, kafka: { brokers: cluster.brokers, clientId: 'test', ssl: false, topicPrefix } };
}

const says = (process: PipelineProcess, what: RegExp) =>
  until(() => Promise.resolve(what.test(process.output())), process);

/** Ends it in order. */
async function end({ process }: Run): Promise<void> {
  process.child.kill('SIGTERM');
  expect(await process.ended, process.output()).toBe(0);
}

async function journalOf({ kafka }: Run): Promise<readonly QueueEvent[]> {
  const records = await readTopic(kafka, `${kafka.topicPrefix}.queue-event.v1`);
  return records.map(({ value }) => queueEvent.parse(value));
}

const journaled = (run: Run, records: number) => {
  const end = () => endOf(run.kafka, `${run.kafka.topicPrefix}.queue-event.v1`, 0).catch(() => 0);
  return until(async () => (await end()) > records, run.process, 100);
};

const repaired = (events: readonly QueueEvent[], cause: RegExp) =>
  events.filter((event) => event.kind === 'channel-gap' && event.endMs !== null && cause.test(event.cause));

describeKafka('a broker', () => {
  beforeAll(async () => {
    cluster = await startKafka({ nodes: 1 });
    folder = await mkdtemp(join(tmpdir(), 'queuecast-broker-'));
    simulator = await startSimulator({ trace: sample, speed: 60, port: 0, loop: true, ...login });
  });
  afterAll(async () => {
    for (const { child } of started) child.kill('SIGKILL');
    await simulator.close();
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('that is not up yet is waited for, in words, and then all runs', async () => {
    await cluster.kill(0, 'SIGKILL');
    const late = run();
    await says(late.process, /ECONNREFUSED/);
    await cluster.start(0);
    await says(late.process, /predicted wait \d/);
    await end(late);
  });

  test('that dies and comes back leaves a gap that is said and repaired', async () => {
    const lost = run();
    await says(lost.process, /predicted wait \d/);
    await cluster.kill(0, 'SIGKILL');
    await says(lost.process, /"stage":"ingest".*a stage begins anew/);
    await cluster.start(0);
    const { length } = lost.process.output();
    await until(() => Promise.resolve(/channel gap repaired/.test(lost.process.output().slice(length))), lost.process);
    await end(lost);
    expect(repaired(await journalOf(lost), /restart/).length).toBeGreaterThan(0);
  });

  test('that hangs fills what there is room for, then the socket is paused, dropped, and what was missed is a gap', async () => {
    const slow = run(['--role', 'ingest', '--batch-events-max', '20', '--pause-max-ms', '500']);
    await journaled(slow, 100);
    await cluster.kill(0, 'SIGSTOP');
    try {
      await says(slow.process, /"cause":"pressure"/);
    } finally {
      await cluster.kill(0, 'SIGCONT');
    }
    await says(slow.process, /channel gap repaired/);
    await end(slow);
    expect(repaired(await journalOf(slow), /pressure/)).toHaveLength(1);
  });

  test('that hangs does not keep a process from ending: it goes within ten seconds, and says what is left', async () => {
    const stuck = run(['--role', 'ingest']);
    await journaled(stuck, 10);
    await cluster.kill(0, 'SIGSTOP');
    try {
      stuck.process.child.kill('SIGTERM');
      expect(await stuck.process.ended).toBe(1);
      expect(stuck.process.output()).toMatch(/QC_SINK_UNREACHABLE: .*the next start goes on from there/);
    } finally {
      await cluster.kill(0, 'SIGCONT');
    }
  });

  test('knows one ingest at a time: the older one ends, and says who has taken over', async () => {
    const first = run(['--role', 'ingest']);
    await journaled(first, 10);
    const second = run(['--role', 'ingest'], first.kafka.topicPrefix);
    const endedFirst = await Promise.race([
      first.process.ended.then(() => 'first'),
      second.process.ended.then(() => 'second'),
    ]);
    expect(endedFirst, second.process.output()).toBe('first');
    expect(first.process.output()).toMatch(/QC_SINK_FENCED: Another process has taken over/);
    await says(second.process, /channel gap repaired/);
    await end(second);
  });

  test('leaves the journal to the ingest that has it when another may not go on with it', async () => {
    const earlier = await startSimulator({
      trace: sample,
      speed: 60,
      port: 0,
      date: '2020-01-07',
      loop: true,
      ...login,
    });
    try {
      const first = run(['--role', 'ingest']);
      await journaled(first, 10);
      const mistaken = run(['--role', 'ingest'], first.kafka.topicPrefix, earlier);
      expect(await mistaken.process.ended).toBe(1);
      expect(mistaken.process.output()).toMatch(/QC_GENESYS_MISMATCH: .*use another topic prefix/);
      await journaled(first, await endOf(first.kafka, `${first.kafka.topicPrefix}.queue-event.v1`, 0));
      await end(first);
    } finally {
      await earlier.close();
    }
  });

  test('whose topic has the wrong cleanup policy ends the run with the command that mends it', async () => {
    const client = createAdmin({ brokers: cluster.brokers, clientId: 'test', ssl: false, topicPrefix: '' }, quiet);
    await client.connect();
    await client.createTopics({ topics: [{ topic: 'wrong.queue-state.v1', numPartitions: 6 }] });
    await client.disconnect();
    const { process } = run([], 'wrong');
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(/QC_SCHEMA_DRIFT: .*kafka-configs.sh .*wrong.queue-state.v1/);
  });

  test('that takes no record of such a size ends the run with the setting to raise', async () => {
    const client = createAdmin({ brokers: cluster.brokers, clientId: 'test', ssl: false, topicPrefix: '' }, quiet);
    await client.connect();
    const configEntries = [{ name: 'max.message.bytes', value: '300' }];
    await client.createTopics({ topics: [{ topic: 'small.queue-event.v1', numPartitions: 1, configEntries }] });
    await client.disconnect();
    const { process } = run(['--role', 'ingest'], 'small');
    expect(await process.ended).toBe(1);
    expect(process.output()).toMatch(/QC_SINK_FULL: .*max\.message\.bytes/);
  });
});
