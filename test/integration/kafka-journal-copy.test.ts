import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type Admin, admin, type KafkaSettings, producer } from '../../sinks/kafka/client.ts';
import { topicName } from '../../sinks/kafka/topics.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import type { LogRecord } from '../../src/sources/log-source.ts';
import { queueEvent as eventSchema } from '../../streams/event.ts';
import { type RecordType, topicOf } from '../../streams/record.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { queueWindow } from '../../streams/records/queue-window.ts';
import { writeBusyTrace } from '../support/busy-trace.ts';
import { quiet, useKafka } from '../support/kafka.ts';
import { committedOf } from '../support/kafka-records.ts';
import { readTopicsInPython } from '../support/kafka-topics.ts';
import {
  logBytes,
  type PipelineProcess,
  readLog,
  simulatorEnv,
  startProcess,
  until,
} from '../support/pipeline-process.ts';

// Two homes for the logs, one product: what a run derived in its data folder, another derives in Kafka from the same journal.

const kafka = useKafka();
const timeZone = 'Asia/Jerusalem';
const login = { clientId: 'copy-test', clientSecret: 'copy-secret' };
const speed = 1000;
/** Of each of the two runs of which the journal is made. */
const journalBytes = 500_000;
/** Short windows, so that hardly an event is without a fact: one that is derived twice or not at all is missed then. */
const always = ['--time-zone', timeZone, '--window-sizes', '2s,1m'];
const derived = recordTypes.filter(({ name }) => name !== queueEvent.name);

const started: PipelineProcess[] = [];
let client: Admin;
let folder = '';
let journal: readonly LogRecord[] = [];
let outputs: readonly LogRecord[] = [];

kafka.describe('the journal of an embedded run, copied into a Kafka topic,', () => {
  beforeAll(async () => {
    client = admin(kafka.settings(), quiet);
    folder = await mkdtemp(join(tmpdir(), 'queuecast-copy-'));
    const trace = join(folder, 'busy.trace.jsonl');
    await Promise.all([client.connect(), writeBusyTrace(trace)]);
    const simulator = await startSimulator({ trace, speed, port: 0, timeZone, loop: false, ...login });
    try {
      const env = simulatorEnv(simulator.url, login.clientId, login.clientSecret);
      const first = await runUntilJournaled(env);
      first.child.kill('SIGKILL');
      await first.ended;
      // What it did not hear meanwhile is a gap.
      const second = await runUntilJournaled(env);
      second.child.kill('SIGINT');
      expect(await second.ended, second.output()).toBe(0);
    } finally {
      await simulator.close();
    }
    journal = await readLog(join(folder, 'journal'));
    outputs = await readLog(join(folder, 'outputs'));
  });
  afterAll(async () => {
    // Nothing is left of a test that failed.
    for (const { child } of started) child.kill('SIGKILL');
    await Promise.all(started.map(({ ended }) => ended));
    const ours = (await client.listTopics()).filter((name) => name.startsWith(kafka.settings().topicPrefix));
    await client.deleteTopics({ topics: ours });
    await client.disconnect();
    await rm(folder, { recursive: true, force: true });
  });

  function start(...[args, env]: Parameters<typeof startProcess>): PipelineProcess {
    const running = startProcess(args, env);
    started.push(running);
    return running;
  }

  async function runUntilJournaled(env: Readonly<Record<string, string>>): Promise<PipelineProcess> {
    const dir = join(folder, 'journal');
    const enough = (await logBytes(dir)) + journalBytes;
    const running = start(['run', '--data-dir', folder, ...always], env);
    await until(async () => (await logBytes(dir)) > enough, running);
    return running;
  }

  /** A place in Kafka whose journal is the one of the embedded run, record by record. */
  async function copyJournal(name: string): Promise<Place> {
    const settings = { ...kafka.settings(), topicPrefix: `${kafka.settings().topicPrefix}-${name}` };
    const env = {
      KAFKA_BROKERS: settings.brokers.join(','),
      QUEUECAST_TOPIC_PREFIX: settings.topicPrefix,
      QUEUECAST_KAFKA_RETENTION_MS: 'none',
      QUEUECAST_KAFKA_SESSION_MS: '2000',
    };
    const created = start(['topics', 'create'], env);
    expect(await created.ended, created.output()).toBe(0);
    const topic = topicName(settings.topicPrefix, queueEvent);
    const writer = producer(settings, quiet);
    await writer.connect();
    for (let from = 0; from < journal.length; from += 1000) {
      const messages = journal
        .slice(from, from + 1000)
        .map(({ key, value, atMs }) => ({ key, value: JSON.stringify(value), timestamp: String(atMs), partition: 0 }));
      await writer.send({ topic, messages });
    }
    await writer.disconnect();
    const groupId = `${settings.topicPrefix}.derive`;
    const committed = () => committedOf(settings, groupId, topic, 0);
    const derive = (...args: readonly string[]) =>
      start(['run', '--role', 'derive', '--data-dir', join(folder, 'kafka'), ...always, ...args], env);
    return { settings, committed, derive };
  }

  async function finish(running: PipelineProcess, { committed }: Place): Promise<void> {
    await until(async () => (await committed()) === journal.length, running);
    running.child.kill('SIGTERM');
    expect(await running.ended, running.output()).toBe(0);
  }

  /** All that was derived in Kafka, each partition in its order, as the embedded log would hold it. */
  async function readDerived({ settings }: Place): Promise<readonly Written[]> {
    const prefix = settings.topicPrefix;
    const records = await readTopicsInPython(
      settings.brokers,
      derived.map((type) => topicName(prefix, type)),
    );
    return records.map(({ topic, key, atMs, value }) => ({ record: topic.slice(prefix.length + 1), key, atMs, value }));
  }

  const embedded = () => outputs.map(({ value, ...rest }) => ({ ...rest, value: JSON.stringify(value) }));

  function expectSame(found: readonly Written[]): void {
    for (const type of derived) {
      const keep = type.kind === 'state' ? lastByKey : allByKey;
      expect(keep(found, type), type.name).toEqual(keep(embedded(), type));
    }
  }

  test('holds busy hours with a gap, of which something was derived', () => {
    const events = journal.map(({ value }) => eventSchema.parse(value));
    expect(events.filter(({ kind }) => kind === 'channel-gap').length).toBeGreaterThan(1);
    const derivedOf = (name: string) => outputs.filter(({ record }) => record.startsWith(`${name}.`));
    expect(derivedOf(queueWindow.name).length).toBeGreaterThan(1000);
    for (const name of ['channel-gap', 'queue-profile', 'queue-state', 'agent-state', 'wait-prediction', 'heartbeat']) {
      expect(derivedOf(name).length, name).toBeGreaterThan(0);
    }
  });

  test('derives to the same facts and last states, byte for byte', async () => {
    const place = await copyJournal('whole');
    await finish(place.derive(), place);
    expectSame(await readDerived(place));
  });

  test('derives to the same in small batches, by a process and its successors that are killed on their way', async () => {
    const place = await copyJournal('killed');
    const small = ['--batch-events-max', '20', '--commit-every-ms', '50', '--checkpoint-every-ms', '60000'];
    let left = 0;
    for (const share of [0.25, 0.5, 0.75]) {
      const running = place.derive(...small);
      await until(async () => (await place.committed()) >= share * journal.length, running);
      running.child.kill('SIGKILL');
      await running.ended;
      expectGoesOnFrom(left, running);
      left = await place.committed();
      expect(left).toBeLessThan(journal.length);
    }
    const last = place.derive(...small);
    await finish(last, place);
    expectGoesOnFrom(left, last);
    expectSame(await readDerived(place));
  });
});

/** It began where the one before was stopped, or a moment later; with a checkpoint of shortly before. */
function expectGoesOnFrom(left: number, running: PipelineProcess): void {
  const [taken] = takeovers(running.output());
  expect(taken!.committed).toBeGreaterThanOrEqual(left);
  if (left > 0) expect(taken!.checkpoint).toBeGreaterThan(left / 2);
}

interface Place {
  readonly settings: KafkaSettings;
  /** Up to where the journal's outputs are committed. */
  committed(): Promise<number>;
  derive(...args: readonly string[]): PipelineProcess;
}

interface Written {
  readonly record: string;
  readonly key: string | null;
  readonly atMs: number;
  /** Serialized. */
  readonly value: string | null;
}

/** Time and text of all records of a type, by key, in order. */
function allByKey(all: readonly Written[], type: RecordType): ReadonlyMap<string | null, readonly string[]> {
  const byKey = new Map<string | null, string[]>();
  for (const { record, key, atMs, value } of all) {
    if (record !== topicOf(type)) continue;
    const known = byKey.get(key);
    if (known === undefined) byKey.set(key, [`${atMs} ${value}`]);
    else known.push(`${atMs} ${value}`);
  }
  return byKey;
}

function lastByKey(all: readonly Written[], type: RecordType): ReadonlyMap<string | null, string | undefined> {
  return new Map(Array.from(allByKey(all, type), ([key, texts]) => [key, texts.at(-1)]));
}

const takeover = z.object({
  msg: z.literal('takes over a shard'),
  committed: z.int(),
  checkpoint: z.int().nullable(),
});

function takeovers(output: string): readonly z.infer<typeof takeover>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('takes over a shard'))
    .map((line) => takeover.parse(JSON.parse(line)));
}
