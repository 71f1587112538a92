import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Admin,
  admin,
  CompressionTypes,
  ConfigResourceTypes,
  consumer,
  producer,
  runBatches,
  transactionalProducer,
} from '../../sinks/kafka/client.ts';
import { checkpointTopic, ensureTopics, topicDrift, topicName, topicPlan } from '../../sinks/kafka/topics.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { queueState } from '../../streams/records/queue-state.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { heardLog } from '../support/heard-log.ts';
import { describeWithOwnKafka, quiet, startKafka, useKafka } from '../support/kafka.ts';
import { startProcess, until } from '../support/pipeline-process.ts';

const kafka = useKafka();

kafka.describe('topics on a real broker', () => {
  let broker: Admin;
  const prefixed = (name: string) => `${kafka.settings().topicPrefix}-${name}`;
  const planOf = (name: string) =>
    topicPlan(recordTypes, { prefix: prefixed(name), partitions: 3, replicationFactor: 1 });

  beforeAll(async () => {
    broker = admin(kafka.settings(), quiet);
    await broker.connect();
  });
  afterAll(async () => {
    const ours = (await broker.listTopics()).filter((name) => name.startsWith(kafka.settings().topicPrefix));
    await broker.deleteTopics({ topics: ours });
    await broker.disconnect();
  });

  test('are created as planned, and created again without change', async () => {
    const plan = planOf('new');
    expect(await topicDrift(broker, plan)).toHaveLength(plan.length);

    expect(await ensureTopics(broker, plan)).toEqual([]);
    expect(await topicDrift(broker, plan)).toEqual([]);

    expect(await ensureTopics(broker, plan)).toEqual([]);
    const { topics } = await broker.fetchTopicMetadata({ topics: [topicName(prefixed('new'), queueEvent)] });
    expect(topics[0]?.partitions).toHaveLength(1);
    expect(await broker.listTopics()).toContain(checkpointTopic(prefixed('new')));
  });

  test('that two processes create at once are there for both', async () => {
    const plan = planOf('twice');
    expect(await Promise.all([ensureTopics(broker, plan), ensureTopics(broker, plan)])).toEqual([[], []]);
  });

  test('with fewer partitions or a smaller record limit are reported and left as they are', async () => {
    const plan = planOf('drift');
    const name = topicName(prefixed('drift'), queueState);
    const configs = plan.find((spec) => spec.name === name)!.configs;
    await broker.createTopics({
      topics: [
        {
          topic: name,
          numPartitions: 1,
          configEntries: Object.entries({ ...configs, 'max.message.bytes': '1000' }).map(([key, value]) => ({
            name: key,
            value,
          })),
        },
      ],
    });

    const drift = await ensureTopics(broker, plan);

    expect(drift).toMatchObject([
      { topic: name, setting: 'partitions', found: '1', wanted: '3' },
      { topic: name, setting: 'max.message.bytes', found: '1000' },
    ]);
    expect(await topicDrift(broker, plan)).toEqual(drift);
  });

  test('with a wrong cleanup policy are refused with the command that mends them', async () => {
    const name = topicName(prefixed('policy'), queueState);
    await broker.createTopics({ topics: [{ topic: name, numPartitions: 3 }] });

    await expect(ensureTopics(broker, planOf('policy'))).rejects.toMatchObject({
      code: 'QC_SCHEMA_DRIFT',
      message: expect.stringMatching(
        `${name} has cleanup.policy delete, but needs compact.*kafka-configs.sh.*--entity-name ${name} --add-config cleanup.policy=compact`,
      ),
    });
  });

  test('that the cluster cannot hold are refused by name and reason', async () => {
    const plan = topicPlan([queueState], { prefix: prefixed('big'), partitions: 1, replicationFactor: 7 });
    await expect(ensureTopics(broker, plan)).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(`${plan[0]!.name} .*7 replicas.*cannot be created: .*[Rr]eplication`),
    });
  });

  /** What a group of its own reads until it has as many values. */
  const readValues = async (topic: string, count: number) => {
    const reader = consumer(kafka.settings(), quiet, { groupId: `${topic}-reader` });
    const done = new EventTarget();
    const all = once(done, 'all');
    const values: string[] = [];
    await reader.connect();
    await reader.subscribe({ topic, fromBeginning: true });
    await runBatches(reader, ({ batch }) => {
      values.push(...batch.messages.map(({ value }) => String(value)));
      if (values.length >= count) done.dispatchEvent(new Event('all'));
      return Promise.resolve();
    });
    await all;
    await reader.disconnect();
    return values;
  };

  const codecs = ['None', 'GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const;
  const body = 'a wait of 42 seconds, '.repeat(50);
  const numbered = (count: number) => Array.from({ length: count }, (_, index) => `${index} ${body}`);

  test.each(codecs)('records written with codec %s are read back, in order', async (codec) => {
    const topic = prefixed(`codec-${codec.toLowerCase()}`);
    await broker.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
    const writer = producer(kafka.settings(), quiet);
    await writer.connect();
    const values = numbered(200);

    // All at once: the producer keeps them in order.
    await Promise.all(
      values.map((value) =>
        writer.send({ topic, compression: CompressionTypes[codec], messages: [{ key: 'org/queue', value }] }),
      ),
    );
    await writer.disconnect();

    expect(await readValues(topic, values.length)).toEqual(values);
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'])('records that the Java code packed with %s are read', async (codec) => {
    const topic = prefixed(`packed-${codec}`);
    await broker.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic,
          numPartitions: 1,
          configEntries: [
            { name: 'compression.type', value: codec },
            { name: 'max.message.bytes', value: '8388608' },
          ],
        },
      ],
    });
    const writer = producer(kafka.settings(), quiet);
    await writer.connect();
    // 3 MB in a batch: more than an unpacker without a declared size first makes room for.
    const values = numbered(3000);
    await writer.send({
      topic,
      compression: CompressionTypes.None,
      messages: values.map((value) => ({ value })),
    });
    await writer.disconnect();

    expect(await readValues(topic, values.length)).toEqual(values);
  });

  test('transactions follow each other without a long wait, and what is aborted is never read', async () => {
    const topic = prefixed('transactions');
    await broker.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 4 }] });
    const writer = transactionalProducer(kafka.settings(), quiet, { transactionalId: topic, resends: true });
    await writer.connect();
    const spread = (value: string) =>
      [0, 1, 2, 3].map((partition) => ({ partition, value: `${value} in ${partition}` }));
    const aborted = await writer.transaction();
    await aborted.send({ topic, messages: spread('aborted') });
    await aborted.abort();

    const beganAt = process.hrtime.bigint();
    for (let index = 0; index < 60; index += 1) {
      const transaction = await writer.transaction();
      await Promise.all(['a', 'b'].map((half) => transaction.send({ topic, messages: spread(`${index}${half}`) })));
      await transaction.commit();
    }
    const tookMs = Number(process.hrtime.bigint() - beganAt) / 1e6;
    await writer.disconnect();

    const expected = Array.from({ length: 60 }, (_, index) => [`${index}a`, `${index}b`]).flat();
    const values = await readValues(topic, expected.length * 4);
    for (const partition of [0, 1, 2, 3]) {
      expect(values.filter((value) => value.endsWith(`in ${partition}`))).toEqual(
        expected.map((value) => `${value} in ${partition}`),
      );
    }
    expect(values).toHaveLength(expected.length * 4);
    // About 2 s; with the first wait of 300 ms that kafkajs has by itself, about 16 s.
    expect(tookMs).toBeLessThan(10_000);
  });

  test('a send that fails is made again only where it goes to one partition', async () => {
    const topic = prefixed('resends');
    const { log, lines } = heardLog('debug');
    const refusals = () => lines().filter(({ error }) => /does not host this topic-partition/.test(String(error)));
    const open = async (resends: boolean) => {
      const writer = transactionalProducer(kafka.settings(), log, { transactionalId: `${topic}-${resends}`, resends });
      await writer.connect();
      return { writer, transaction: await writer.transaction() };
    };
    const [once, again] = await Promise.all([open(false), open(true)]);

    const messages = [0, 1].map((partition) => ({ partition, value: 'refused' }));
    await expect(once.transaction.send({ topic, messages })).rejects.toThrow(/does not host this topic-partition/);
    expect(refusals()).toHaveLength(1);

    const sent = again.transaction.send({ topic, messages: [{ partition: 1, value: 'taken' }] });
    await until(() => Promise.resolve(refusals().length > 2));
    await broker.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 2 }] });
    await sent;
    await again.transaction.commit();
    await Promise.all([once.writer.disconnect(), again.writer.disconnect()]);

    expect(await readValues(topic, 1)).toEqual(['taken']);
  });
  test('are shown and made from the command line, which ends with 3 while something differs', async () => {
    const env = { KAFKA_BROKERS: kafka.settings().brokers.join(','), QUEUECAST_TOPIC_PREFIX: prefixed('cli') };
    const topics = async (...args: string[]) => {
      const running = startProcess(['topics', ...args], env);
      return { code: await running.ended, said: running.output() };
    };
    const states = topicName(prefixed('cli'), queueState);

    const before = await topics('plan');
    expect(before).toMatchObject({ code: 3, said: expect.stringContaining(`${states}: topic is none, wanted there`) });
    expect(await topics('create')).toEqual({ code: 0, said: expect.stringMatching(/^\d+ topics are there\.\n$/) });
    expect(await topics('plan')).toEqual({
      code: 0,
      said: expect.stringMatching(/^All \d+ topics are as planned\.\n$/),
    });

    const configEntries = [{ name: 'max.message.bytes', value: '1000' }];
    await broker.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: states, configEntries }],
    });
    const [drift] = JSON.parse((await topics('plan', '--json')).said);
    expect(drift).toMatchObject({ topic: states, setting: 'cleanup.policy', found: 'delete', wanted: 'compact' });
    expect(await topics('create')).toMatchObject({ code: 1, said: expect.stringContaining('QC_SCHEMA_DRIFT') });
  });
});

describeWithOwnKafka()('a broker of our own', () => {
  test('that is killed comes back with what it had acknowledged', async () => {
    const cluster = await startKafka({ nodes: 1 });
    try {
      const settings = { ...kafka.settings(), brokers: cluster.brokers };
      const plan = topicPlan([queueState], { prefix: 'killed', partitions: 1, replicationFactor: 1 });
      const before = admin(settings, quiet);
      await before.connect();
      await ensureTopics(before, plan);
      await before.disconnect();
      const topic = plan[0]!.name;
      const writer = producer(settings, quiet);
      await writer.connect();
      await writer.send({ topic, messages: [{ key: 'org/queue', value: 'first' }] });

      await cluster.kill(0, 'SIGKILL');
      const later = writer.send({ topic, messages: [{ key: 'org/queue', value: 'second' }] });
      await cluster.start(0);

      // The producer has outlived it.
      expect(await later).toMatchObject([{ topicName: topic, baseOffset: '1' }]);
      await writer.disconnect();
    } finally {
      await cluster.stop();
    }
  });
});
