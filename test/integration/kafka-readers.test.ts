import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Admin, admin, type KafkaSettings, transactionalProducer } from '../../sinks/kafka/client.ts';
import { topicName } from '../../sinks/kafka/topics.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { queueWindow } from '../../streams/records/queue-window.ts';
import { waitPrediction } from '../../streams/records/wait-prediction.ts';
import { quiet, useKafka } from '../support/kafka.ts';
import { readTopic, type TopicRecord } from '../support/kafka-records.ts';
import {
  partitionsByJava,
  partitionsByPython,
  readTopicOnConsole,
  readTopicsInPython,
  type RawRecord,
} from '../support/kafka-topics.ts';
import { startProcess } from '../support/pipeline-process.ts';

// What a run writes is for others to read, with what they have: here the distribution's own tools, and a client for Python.

const kafka = useKafka();
const partitions = 6;
const queues = ['PS', 'PE', 'IN', 'NE', 'NW', 'TT'];
/** Callers for each of some queues, so that there are keys for every partition: one who is answered, one who gives up. */
const calls = [28_800, 29_050, 29_300, 29_550].flatMap((t, round) =>
  queues.flatMap((q, index) => {
    const [agent, answered, abandoned] = [`a${index}`, `c${round}${q}`, `d${round}${q}`];
    return [
      { t: t + 10 + index, ev: 'arrival', id: answered, q, pri: 0 },
      { t: t + 10 + index, ev: 'answer', id: answered, q, agent, wait: 0 },
      { t: t + 20 + index, ev: 'arrival', id: abandoned, q, pri: 0 },
      { t: t + 100 + index, ev: 'abandon', id: abandoned, q, wait: 80 },
      { t: t + 200 + index, ev: 'end', id: answered, q, agent, handle: 190 },
    ];
  }),
);
const agents = queues.map((q, index) => ({ t: 28_800, ev: 'agent', agent: `a${index}`, state: 'on', queues: [q] }));
const trace = [...agents, ...calls].toSorted((a, b) => a.t - b.t);

let settings: KafkaSettings;
let client: Admin;
let folder = '';
let topics: readonly string[] = [];
/** What our own reader hands over, by topic. */
let ours: ReadonlyMap<string, readonly string[]> = new Map();
let inPython: readonly RawRecord[] = [];

kafka.describe('what a run leaves in Kafka', () => {
  beforeAll(async () => {
    settings = kafka.settings();
    client = admin(settings, quiet);
    await client.connect();
    folder = await mkdtemp(join(tmpdir(), 'queuecast-readers-'));
    topics = recordTypes.map((type) => topicName(settings.topicPrefix, type));
    const path = join(folder, 'small.trace.jsonl');
    await writeFile(path, trace.map((line) => JSON.stringify(line)).join('\n'));
    const env = {
      KAFKA_BROKERS: settings.brokers.join(','),
      QUEUECAST_TOPIC_PREFIX: settings.topicPrefix,
      QUEUECAST_KAFKA_PARTITIONS: String(partitions),
      QUEUECAST_KAFKA_RETENTION_MS: 'none',
    };
    await finish(['topics', 'create'], env);
    await abortRecords();
    const args = [
      'run',
      '--source',
      'simulator',
      '--speed',
      '120',
      '--trace',
      path,
      '--data-dir',
      join(folder, 'data'),
    ];
    await finish(args, env);
    ours = new Map(await Promise.all(topics.map(readAsWeDo)));
    inPython = await readTopicsInPython(settings.brokers, topics);
  });
  afterAll(async () => {
    const ours = (await client.listTopics()).filter((name) => name.startsWith(kafka.settings().topicPrefix));
    await client.deleteTopics({ topics: ours });
    await client.disconnect();
    await rm(folder, { recursive: true, force: true });
  });

  async function finish(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
    const { ended, output } = startProcess(args, env);
    expect(await ended, output()).toBe(0);
  }

  /** What a process that died has left in every partition. */
  async function abortRecords(): Promise<void> {
    const writer = transactionalProducer(settings, quiet, {
      transactionalId: `${settings.topicPrefix}-died`,
      resends: true,
    });
    await writer.connect();
    const transaction = await writer.transaction();
    for (const topic of topics) {
      const count = topic === journal() ? 1 : partitions;
      const messages = Array.from({ length: count }, (_, partition) => ({ partition, key: 'died', value: '"died"' }));
      await transaction.send({ topic, messages });
    }
    await transaction.abort();
    await writer.disconnect();
  }

  /** As the pipeline itself reads. */
  async function readAsWeDo(topic: string): Promise<readonly [string, readonly string[]]> {
    return [topic, (await readTopic(settings, topic)).map(ourLine).sort()];
  }

  const journal = () => topicName(settings.topicPrefix, queueEvent);
  const ofTopic = (wanted: string) => inPython.filter(({ topic }) => topic === wanted);

  test('is something to read', () => {
    for (const type of [queueEvent, queueWindow, waitPrediction]) {
      expect(ours.get(topicName(settings.topicPrefix, type))!.length, type.name).toBeGreaterThan(20);
    }
  });

  test.each([queueEvent, queueWindow, waitPrediction])(
    'of $name: the console consumer prints every record our own reader hands over, each a CloudEvent',
    async (type) => {
      const topic = topicName(settings.topicPrefix, type);
      const expected = ours.get(topic)!;

      const printed = await readTopicOnConsole(settings.brokers, topic, expected.length);

      expect(printed.map(theirLine).sort()).toEqual(expected);
      for (const record of printed) expectCloudEvent(record);
    },
  );

  test('of every topic: a Python client reads every record our own reader hands over, each a CloudEvent', () => {
    for (const topic of topics) expect(ofTopic(topic).map(theirLine).sort(), topic).toEqual(ours.get(topic));
    for (const record of inPython) expectCloudEvent(record);
  });

  test('has an id for each record, the same only for the same record at the same time', () => {
    const idOf = ({ headers }: RawRecord) => new Map(headers).get('ce_id');
    const contents = new Set(inPython.map(({ topic, key, atMs, value }) => JSON.stringify([topic, key, atMs, value])));
    expect(new Set(inPython.map(idOf)).size).toBe(contents.size);
    const windows = ofTopic(topicName(settings.topicPrefix, queueWindow));
    expect(new Set(windows.map(idOf)).size).toBe(windows.length);
  });

  test('shows what was aborted to those only who do not ask for committed records', async () => {
    const all = await readTopicsInPython(settings.brokers, topics, 'read_uncommitted');
    const died = all.filter(({ key }) => key === 'died');
    expect(died).toHaveLength((topics.length - 1) * partitions + 1);
    expect(all.length - died.length).toBe(inPython.length);
  });

  test('lies in the partition in which the Java client, and one for Python that hashes like it, looks for its key', async () => {
    const byKey = new Map(inPython.filter(({ topic }) => topic !== journal()).map((record) => [record.key!, record]));
    expect(new Set(Array.from(byKey.values(), ({ partition }) => partition)).size).toBe(partitions);
    const scratch = ['java', 'python'].map((name) => ({ topic: `${settings.topicPrefix}.by-${name}` }));
    await client.createTopics({
      waitForLeaders: true,
      topics: scratch.map((each) => ({ ...each, numPartitions: partitions })),
    });
    const [java, python] = await Promise.all([
      partitionsByJava(settings.brokers, scratch[0]!.topic, [...byKey.keys()]),
      partitionsByPython(settings.brokers, scratch[1]!.topic, [...byKey.keys()]),
    ]);
    for (const { topic, key, partition } of inPython) {
      if (topic === journal()) continue;
      expect([java.get(key!), python.get(key!)], `${key} of ${topic}`).toEqual([partition, partition]);
    }
  });
});

const ourLine = ({ partition, offset, key, atMs, value }: TopicRecord) =>
  JSON.stringify([partition, offset, key, atMs, JSON.stringify(value)]);
const theirLine = ({ partition, offset, key, atMs, value }: RawRecord) =>
  JSON.stringify([partition, offset, key, atMs, value]);

function expectCloudEvent({ topic, key, value, atMs, headers }: RawRecord): void {
  // Computed anew from what is in the topic: a record that is derived again has the id it had.
  const hash = createHash('sha256').update(`${topic}\n${key}\n${atMs}\n${value}`).digest('hex');
  expect(headers).toHaveLength(7);
  expect(Object.fromEntries(headers)).toEqual({
    ce_specversion: '1.0',
    ce_id: hash.slice(0, 32),
    ce_source: `queuecast/${settings.topicPrefix}`,
    ce_type: topic,
    ce_time: new Date(atMs).toISOString(),
    ce_subject: key,
    'content-type': 'application/json',
  });
  expect(JSON.parse(value!)).toBeTypeOf('object');
}
