import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildProcess, spawn } from 'node:child_process';
import { systemClock } from '../../sinks/clock.ts';
import {
  admin as createAdmin,
  consumer as createConsumer,
  type KafkaSettings,
  producer,
  runBatches,
} from '../../sinks/kafka/client.ts';
import { ensureTopics, topicName, topicPlan } from '../../sinks/kafka/topics.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { waitPrediction } from '../../streams/records/wait-prediction.ts';
import { packageFolder } from '../../src/commands/settings.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { writeBusyTrace } from '../support/busy-trace.ts';
import { quiet, startKafka } from '../support/kafka.ts';
import { committedOf, endOf } from '../support/kafka-records.ts';
import { simulatorEnv, until } from '../support/pipeline-process.ts';
import { fillJournal, observation, snapshots, tick } from './journal.ts';
import { usageOf } from './usage.ts';

// npm run bench -- --only kafka: what derive does on a real broker of its own, in one run; processes of their own, as in production.

const never = new AbortController().signal;
const root = packageFolder();
const rounds = 3;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

let made = 0;

async function newPlace(brokers: readonly string[]): Promise<KafkaSettings> {
  const topicPrefix = `bench-${(made += 1)}`;
  const kafka = { brokers, clientId: 'bench', ssl: false, topicPrefix };
  const client = createAdmin(kafka, quiet);
  await client.connect();
  const plan = { prefix: topicPrefix, partitions: 6, replicationFactor: 1, factRetentionMs: -1 };
  await ensureTopics(client, topicPlan(recordTypes, plan));
  await client.disconnect();
  return kafka;
}

const journalOf = ({ topicPrefix }: KafkaSettings) => topicName(topicPrefix, queueEvent);

function start(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  const stdio = ['ignore', 'ignore', 'inherit'] as const;
  return spawn(process.execPath, [join(root, script), ...args], {
    stdio: [...stdio],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
}

interface Folder {
  readonly path: string;
  remove(): void;
}

function newFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'queuecast-bench-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Waits for something a child is to do; a child that fails ends the wait. */
const untilDone = (child: ChildProcess, isDone: () => Promise<boolean>) =>
  until(() => {
    if (child.exitCode !== null && child.exitCode !== 0)
      throw new Error(`A measured process ended with ${child.exitCode}.`);
    return isDone();
  });

function startRole(kafka: KafkaSettings, role: string, dataDir: string, env: Readonly<Record<string, string>> = {}) {
  return start('dist/src/main.js', ['run', '--role', role, '--data-dir', dataDir, '--log-level', 'error'], {
    KAFKA_BROKERS: kafka.brokers.join(','),
    QUEUECAST_TOPIC_PREFIX: kafka.topicPrefix,
    QUEUECAST_KAFKA_RETENTION_MS: 'none',
    ...env,
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

/** Derives a journal that lies there; from the first commit to the last, for starting is not deriving. */
async function deriveAll(kafka: KafkaSettings) {
  const folder = newFolder();
  const topic = journalOf(kafka);
  const end = await endOf(kafka, topic, 0);
  const committed = () => committedOf(kafka, `${kafka.topicPrefix}.derive`, topic, 0);
  const child = startRole(kafka, 'derive', folder.path);
  try {
    let beganAt = 0;
    await untilDone(child, async () => (beganAt = await committed()) > 0);
    const beganMs = performance.now();
    const before = usageOf(child);
    await untilDone(child, async () => (await committed()) >= end);
    const tookMs = performance.now() - beganMs;
    const { cpuSeconds, peakMb } = usageOf(child);
    return { perSecond: ((end - beganAt) / tookMs) * 1000, cpuSeconds: cpuSeconds - before.cpuSeconds, peakMb };
  } finally {
    await stop(child);
    folder.remove();
  }
}

async function bareLoop(kafka: KafkaSettings) {
  const topic = journalOf(kafka);
  const end = await endOf(kafka, topic, 0);
  const output = `${kafka.topicPrefix}.bare-${(made += 1)}`;
  const client = createAdmin(kafka, quiet);
  await client.connect();
  await client.createTopics({ topics: [{ topic: output, numPartitions: 6 }], waitForLeaders: true });
  await client.disconnect();
  const committed = () => committedOf(kafka, `${output}.group`, topic, 0);
  const child = start('dist/test/bench/bare-loop.js', [kafka.brokers.join(','), topic, output, String(end)]);
  let beganAt = 0;
  await untilDone(child, async () => (beganAt = await committed()) > 0);
  const beganMs = performance.now();
  const before = usageOf(child);
  let after = before;
  await untilDone(child, async () => {
    if (child.exitCode === null) after = usageOf(child);
    return (await committed()) >= end;
  });
  const tookMs = performance.now() - beganMs;
  await stop(child);
  return { perSecond: ((end - beganAt) / tookMs) * 1000, cpuSeconds: after.cpuSeconds - before.cpuSeconds };
}

/** Hears every committed record of a topic; resolves once it listens. */
async function listen(kafka: KafkaSettings, topic: string, onRecord: (atMs: number, key: string) => void) {
  const reader = createConsumer(kafka, quiet, { groupId: `bench-reader-${(made += 1)}` });
  await reader.connect();
  await reader.subscribe({ topic, fromBeginning: false });
  await runBatches(reader, ({ batch, resolveOffset }) => {
    for (const { timestamp, key } of batch.messages) onRecord(Number(timestamp), key?.toString() ?? '');
    resolveOffset(batch.lastOffset());
    return Promise.resolve();
  });
  return () => reader.disconnect();
}

/** Journal records at a rate; how long each prediction took to be there for a reader of committed records. */
async function latency(brokers: readonly string[], perSecond: number, commitEveryMs: number, forMs: number) {
  const kafka = await newPlace(brokers);
  const folder = newFolder();
  const topic = journalOf(kafka);
  const queues = 200;
  const writer = producer(kafka, quiet);
  await writer.connect();
  await writer.send({ topic, messages: [...snapshots(queues, systemClock.nowMs())] });
  const child = startRole(kafka, 'derive', folder.path, { QUEUECAST_COMMIT_EVERY_MS: String(commitEveryMs) });
  const tookMs: number[] = [];
  let isWarm = false;
  await until(async () => (await committedOf(kafka, `${kafka.topicPrefix}.derive`, topic, 0)) > 0);
  const forget = await listen(kafka, topicName(kafka.topicPrefix, waitPrediction), (atMs) => {
    if (isWarm) tookMs.push(systemClock.nowMs() - atMs);
  });
  const beganMs = systemClock.nowMs();
  let sent = 0;
  let tickMs = beganMs;
  while (systemClock.nowMs() - beganMs < forMs + 3_000) {
    const nowMs = systemClock.nowMs();
    isWarm = nowMs - beganMs > 3_000;
    const due = Math.floor(((nowMs - beganMs) * perSecond) / 1000);
    const messages = [];
    for (; sent < due; sent += 1) messages.push(observation(sent, queues, nowMs));
    if (nowMs - tickMs >= 1000) messages.push(tick((tickMs = nowMs)));
    if (messages.length > 0) await writer.send({ topic, messages });
    await systemClock.sleep(2, never);
  }
  await forget();
  await writer.disconnect();
  await stop(child);
  folder.remove();
  return { p50: quantile(tookMs, 0.5), p99: quantile(tookMs, 0.99), count: tookMs.length };
}

/** From the arrival of a frame to the committed record, of a few busy queues at 100 times their pace. */
async function frameLatency(brokers: readonly string[]) {
  const kafka = await newPlace(brokers);
  const folders = [newFolder(), newFolder()];
  const client = { clientId: 'bench', clientSecret: 'bench' };
  const folder = newFolder();
  const trace = join(folder.path, 'busy.trace.jsonl');
  await writeBusyTrace(trace);
  const speed = 100;
  const simulator = await startSimulator({ trace, speed, port: 0, loop: true, ...client });
  const env = simulatorEnv(simulator.url, client.clientId, client.clientSecret);
  const children = [
    startRole(kafka, 'ingest', folders[0]?.path ?? '', env),
    startRole(kafka, 'derive', folders[1]?.path ?? '', env),
  ];
  await until(async () => (await committedOf(kafka, `${kafka.topicPrefix}.derive`, journalOf(kafka), 0)) > 200);
  const tookMs: number[] = [];
  const forget = await listen(kafka, topicName(kafka.topicPrefix, waitPrediction), (atMs) => {
    tookMs.push((simulator.clock.nowMs() - atMs) / speed);
  });
  await until(() => Promise.resolve(tookMs.length >= 500));
  await forget();
  await Promise.all(children.map(stop));
  await simulator.close();
  for (const each of [folder, ...folders]) each.remove();
  return { p50: quantile(tookMs, 0.5), p99: quantile(tookMs, 0.99) };
}

/** From the start of a process that finds a checkpoint of 1,000 queues to its first new record. */
async function restart(brokers: readonly string[]) {
  const kafka = await newPlace(brokers);
  const topic = journalOf(kafka);
  const queues = 1_000;
  await fillJournal(kafka, topic, { events: 100_000, queues, perSecond: 500, startMs: systemClock.nowMs() - 300_000 });
  await deriveAll(kafka);
  const writer = producer(kafka, quiet);
  await writer.connect();
  let heardMs = 0;
  const forget = await listen(
    kafka,
    topicName(kafka.topicPrefix, waitPrediction),
    () => (heardMs ||= performance.now()),
  );
  // Another number of the same queue, for what does not change is not said.
  await writer.send({ topic, messages: [observation(queues + 1, queues, systemClock.nowMs())] });
  const folder = newFolder();
  const beganMs = performance.now();
  const child = startRole(kafka, 'derive', folder.path);
  await until(() => Promise.resolve(heardMs > 0));
  await stop(child);
  await Promise.all([forget(), writer.disconnect()]);
  folder.remove();
  return heardMs - beganMs;
}

/** From kill -9 of the derive that works to the first record of the one that stands by. */
async function takeover(brokers: readonly string[]) {
  const kafka = await newPlace(brokers);
  const topic = journalOf(kafka);
  const folders = [newFolder(), newFolder()];
  const writer = producer(kafka, quiet);
  await writer.connect();
  await writer.send({ topic, messages: [...snapshots(100, systemClock.nowMs())] });
  const first = startRole(kafka, 'derive', folders[0]?.path ?? '');
  await until(async () => (await committedOf(kafka, `${kafka.topicPrefix}.derive`, topic, 0)) > 0);
  const second = startRole(kafka, 'derive', folders[1]?.path ?? '');
  await systemClock.sleep(5_000, never);
  let heardMs = 0;
  const forget = await listen(
    kafka,
    topicName(kafka.topicPrefix, waitPrediction),
    () => (heardMs ||= performance.now()),
  );
  const killed = once(first, 'exit');
  first.kill('SIGKILL');
  await killed;
  const beganMs = performance.now();
  await writer.send({ topic, messages: [observation(1, 100, systemClock.nowMs())] });
  await until(() => Promise.resolve(heardMs > 0));
  await stop(second);
  await Promise.all([forget(), writer.disconnect()]);
  for (const folder of folders) folder.remove();
  return heardMs - beganMs;
}

type Say = (line: string) => void;

const inThePast = () => systemClock.nowMs() - 3_600_000;

async function measureThroughput(brokers: readonly string[], say: Say) {
  const derived: Awaited<ReturnType<typeof deriveAll>>[] = [];
  const bare: Awaited<ReturnType<typeof bareLoop>>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const kafka = await newPlace(brokers);
    await fillJournal(kafka, journalOf(kafka), { events: 200_000, queues: 200, perSecond: 500, startMs: inThePast() });
    bare.push(await bareLoop(kafka));
    derived.push(await deriveAll(kafka));
  }
  const perSecond = (all: readonly { perSecond: number }[]) => Math.round(median(all.map((each) => each.perSecond)));
  const cpu = (all: readonly { cpuSeconds: number }[]) => median(all.map((each) => each.cpuSeconds)).toFixed(1);
  const ratios = derived.map((each, round) => each.perSecond / (bare[round]?.perSecond ?? NaN));
  say(`200,000 events of 200 queues, journal topic to output topics, medians of ${rounds} rounds`);
  say(`bare loop: ${perSecond(bare)} events/s, ${cpu(bare)} CPU s`);
  say(`derive: ${perSecond(derived)} events/s, ${cpu(derived)} CPU s`);
  say(
    `ratio to the bare loop: ${median(ratios).toFixed(2)} (${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}; aim 0.85)`,
  );
}

async function measureLatency(brokers: readonly string[], say: Say) {
  for (const [rate, every] of [
    [500, 0],
    [1_000, 0],
    [500, 20],
    [500, 100],
    [500, 500],
  ] as const) {
    const { p50, p99, count } = await latency(brokers, rate, every, 10_000);
    const aim = rate === 500 && every === 0 ? '; aim p50 < 20, p99 < 80' : '';
    say(
      `journal record to committed prediction at ${rate}/s, commitEveryMs ${every}: p50 ${p50} ms, p99 ${p99} ms (of ${count}${aim})`,
    );
  }
}

async function measureFrames(brokers: readonly string[], say: Say) {
  const { p50, p99 } = await frameLatency(brokers);
  say(`frame to committed prediction: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
}

async function measureMemory(brokers: readonly string[], say: Say) {
  const peaks: string[] = [];
  for (const events of [200_000, 2_000_000]) {
    const kafka = await newPlace(brokers);
    await fillJournal(kafka, journalOf(kafka), { events, queues: 200, perSecond: 500, startMs: inThePast() });
    const { peakMb, perSecond } = await deriveAll(kafka);
    peaks.push(`${peakMb.toFixed(0)} MB after ${events} events (at ${perSecond.toFixed(0)}/s)`);
  }
  say(`peak memory of derive: ${peaks.join(', ')} (limit 250 MB, within 10 %)`);
}

async function measureRestart(brokers: readonly string[], say: Say) {
  say(`restart from a checkpoint of 1,000 queues until the first new record: ${seconds(await restart(brokers))}`);
}

async function measureTakeover(brokers: readonly string[], say: Say) {
  say(`takeover of a killed derive, session of 10 s: ${seconds(await takeover(brokers))}`);
}

const parts = {
  throughput: measureThroughput,
  latency: measureLatency,
  frames: measureFrames,
  memory: measureMemory,
  restart: measureRestart,
  takeover: measureTakeover,
};

/** The figures of derive on Kafka, a line each; `only` names one part. */
export async function measureKafka(say: Say, only?: string): Promise<void> {
  const cluster = await startKafka({ nodes: 1 });
  try {
    for (const [name, measure] of Object.entries(parts)) {
      if (only === undefined || only === name) await measure(cluster.brokers, say);
    }
  } finally {
    await cluster.stop();
  }
}
