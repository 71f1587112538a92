import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../sinks/clock.ts';
import { fromCheckpointMessages } from '../../sinks/kafka/checkpoint-message.ts';
import {
  type Admin,
  admin as createAdmin,
  consumer as createConsumer,
  type KafkaSettings,
  transactionalProducer,
} from '../../sinks/kafka/client.ts';
import type { Sink } from '../../sinks/sink.ts';
import { openKafkaSink } from '../../sinks/kafka/kafka-sink.ts';
import { createKafkaSource } from '../../src/sources/kafka-source.ts';
import type { LogRecord } from '../../src/sources/log-source.ts';
import { quiet, useKafka } from '../support/kafka.ts';
import { defineRecord, output } from '../../streams/record.ts';

const kafka = useKafka();
let settings: KafkaSettings;
let admin: Admin;
const never = new AbortController().signal;

const call = defineRecord({
  name: 'call',
  version: 1,
  kind: 'fact',
  key: ['queueId'],
  schema: z.object({ queueId: z.string(), n: z.int(), pad: z.string() }),
});
const done = defineRecord({ name: 'done', version: 1, kind: 'fact', key: ['n'], schema: z.object({ n: z.int() }) });
const calls = (from: number, to: number, pad = '') =>
  Array.from({ length: to - from }, (_, index) =>
    output(call, { queueId: `q${index % 3}`, n: from + index, pad }, 1_700_000_000_000 + from + index),
  );

interface Place {
  readonly prefix: string;
  readonly topic: string;
}

async function newPlace(partitions = 1): Promise<Place> {
  const prefix = `t${randomUUID().slice(0, 8)}`;
  const topic = `${prefix}.call.v1`;
  await admin.createTopics({
    topics: [
      { topic, numPartitions: partitions },
      { topic: `${prefix}.checkpoint.v1`, numPartitions: 1 },
      { topic: `${prefix}.done.v1`, numPartitions: 1 },
    ],
    waitForLeaders: true,
  });
  return { prefix, topic };
}

async function newSink({ prefix, topic }: Place, groupId?: string) {
  const producer = transactionalProducer(settings, quiet, { transactionalId: `${prefix}-0` });
  await producer.connect();
  const input = groupId === undefined ? {} : { input: { groupId, topic, partition: 0 } };
  return openKafkaSink({ producer, topicPrefix: prefix, shard: 0, source: 'queuecast/test', ...input });
}

async function newSource({ prefix, topic }: Place, startOffset = 0, batchEventsMax = 1000) {
  const consumer = createConsumer(settings, quiet, { groupId: `g${randomUUID()}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  return createKafkaSource({
    consumer,
    topic,
    partition: 0,
    topicPrefix: prefix,
    startOffset: () => Promise.resolve(startOffset),
    endOffset: async () => Number((await admin.fetchTopicOffsets(topic))[0]?.high ?? 0),
    batchEventsMax,
    clock: systemClock,
  });
}

/** A commit is acknowledged before readers see it; the next owner of the shard is let in only when they do. */
async function settle(place: Place): Promise<void> {
  await (await newSink(place)).close();
}

async function readAll(
  place: Place,
  from = 0,
  batchEventsMax?: number,
): Promise<{ records: LogRecord[]; position: number }> {
  await settle(place);
  const source = await newSource(place, from, batchEventsMax);
  const records: LogRecord[] = [];
  let position = from;
  source.drain();
  await source.run((batch) => {
    expect(batch.position).toBeGreaterThan(position);
    records.push(...batch.events);
    position = batch.position;
    return Promise.resolve();
  }, never);
  return { records, position };
}

const numbers = (records: readonly LogRecord[]) => records.map(({ value }) => call.schema.parse(value).n);

kafka.describe('Kafka', () => {
  beforeAll(async () => {
    settings = kafka.settings();
    admin = createAdmin(settings, quiet);
    await admin.connect();
  });
  afterAll(() => admin.disconnect());

  test('gives back what was delivered, in order, with its key, time and headers', async () => {
    const place = await newPlace();
    const sink = await newSink(place);
    await sink.deliver({ outputs: calls(0, 5), position: 5 }, never);
    await sink.deliver({ outputs: calls(5, 9), position: 9 }, never);
    await sink.close();
    const { records } = await readAll(place);
    expect(numbers(records)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(records[4]).toMatchObject({ record: 'call.v1', key: 'q1', atMs: 1_700_000_000_004, value: { n: 4 } });
  });

  test('can be read on from any position, in batches of any size, markers of transactions or not', async () => {
    const place = await newPlace();
    const sink = await newSink(place);
    for (let n = 0; n < 12; n += 3) await sink.deliver({ outputs: calls(n, n + 3), position: n }, never);
    await sink.close();
    const { records: all } = await readAll(place);
    for (const { offset } of all) {
      const { records } = await readAll(place, offset, 2);
      expect(numbers(records)).toEqual(numbers(all).slice(all.findIndex((each) => each.offset === offset)));
    }
  });

  test('a delivery larger than a batch is one transaction all the same', async () => {
    const place = await newPlace();
    const sink = await newSink(place);
    await sink.deliver({ outputs: calls(0, 40, 'x'.repeat(100_000)), position: 40 }, never);
    await sink.close();
    expect(numbers((await readAll(place)).records)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  test('a record that no batch can hold ends the sink, and nothing of its delivery is seen', async () => {
    const place = await newPlace();
    const sink = await newSink(place);
    await sink.deliver({ outputs: calls(0, 2), position: 2 }, never);
    const tooLarge = [...calls(2, 3), ...calls(3, 4, 'x'.repeat(1_000_000))];
    await expect(sink.deliver({ outputs: tooLarge, position: 4 }, never)).rejects.toMatchObject({
      code: 'QC_SINK_FULL',
    });
    await expect(sink.deliver({ outputs: calls(4, 5), position: 5 }, never)).rejects.toMatchObject({
      code: 'QC_SINK_FULL',
    });
    await sink.close();
    expect(numbers((await readAll(place)).records)).toEqual([0, 1]);
  });

  test('position and checkpoint are committed together with the records', async () => {
    const place = await newPlace();
    const groupId = `${place.prefix}.derive`;
    const sink = await newSink(place, groupId);
    const checkpoint = { a: { version: 1, state: { text: 'y'.repeat(500_000) } } };
    await sink.deliver({ outputs: calls(0, 2), position: 2, checkpoint }, never);
    await sink.close();
    await settle(place);
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [place.topic] });
    expect(offsets?.partitions[0]?.offset).toBe('2');
    const saved = await readAll({ ...place, topic: `${place.prefix}.checkpoint.v1` });
    const messages = saved.records.map(({ key, value }) => ({ key, value: JSON.stringify(value) }));
    expect(fromCheckpointMessages(messages, 0)).toEqual({ checkpoint, position: 2 });
  });

  test('a second owner of a shard fences the first, whose open delivery is never seen', async () => {
    const place = await newPlace();
    const first = await newSink(place);
    await first.deliver({ outputs: calls(0, 1), position: 1 }, never);
    const second = await newSink(place);
    await expect(first.deliver({ outputs: calls(1, 2), position: 2 }, never)).rejects.toMatchObject({
      code: 'QC_SINK_FENCED',
    });
    await second.deliver({ outputs: calls(10, 11), position: 2 }, never);
    await second.close();
    await first.close();
    expect(numbers((await readAll(place)).records)).toEqual([0, 10]);
  });

  test('a slow delivery holds the source: one batch in flight, and the group keeps it', async () => {
    const place = await newPlace();
    const sink = await newSink(place);
    await sink.deliver({ outputs: calls(0, 10), position: 10 }, never);
    await sink.close();
    await settle(place);
    const source = await newSource(place, 0, 4);
    let inFlight = 0;
    const taken: number[] = [];
    source.drain();
    await source.run(async ({ events }) => {
      inFlight += 1;
      expect(inFlight).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      taken.push(...numbers(events));
      inFlight -= 1;
    }, never);
    expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('whoever has a partition next goes on where the owner before has committed: all is done once', async () => {
    const place = await newPlace();
    const groupId = `${place.prefix}.derive`;
    const writer = await newSink(place);
    await writer.deliver({ outputs: calls(0, 6), position: 6 }, never);
    await writer.close();
    /** Takes the partition, then its shard's producer, then what was committed; ends with the batch that holds `last`. */
    const work = async (last: number) => {
      const ending = new AbortController();
      const reader = createConsumer(settings, quiet, { groupId });
      await reader.connect();
      await reader.subscribe({ topic: place.topic, fromBeginning: true });
      let sink: Sink | undefined;
      const source = createKafkaSource({
        consumer: reader,
        topic: place.topic,
        partition: 0,
        topicPrefix: place.prefix,
        async startOffset() {
          sink = await newSink(place, groupId);
          const [offsets] = await admin.fetchOffsets({ groupId, topics: [place.topic] });
          return Math.max(0, Number(offsets?.partitions[0]?.offset ?? 0));
        },
        endOffset: () => Promise.resolve(0),
        batchEventsMax: 2,
        clock: systemClock,
      });
      const running = source.run(async ({ events, position }) => {
        const outputs = numbers(events).map((n) => output(done, { n }, n));
        const delivered = sink?.deliver({ outputs, position }, never);
        // The owner leaves while its delivery is under way: that may still be committed, or be fenced off.
        if (numbers(events).includes(last)) ending.abort(new Error('left'));
        await delivered;
      }, ending.signal);
      await expect(running).rejects.toThrow('left');
      return () => sink?.close();
    };
    const closeOwner = await work(2);
    const closeHeir = await work(5);
    await closeOwner();
    await closeHeir();
    const { records } = await readAll({ ...place, topic: `${place.prefix}.done.v1` });
    const finished = records.map(({ value }) => done.schema.parse(value).n);
    expect(finished.slice(0, 4)).toEqual([0, 1, 2, 3]);
    expect(new Set(finished).size).toBe(finished.length);
  });

  test('a rejected batch ends the source with its reason, and an abort with that of the signal', async () => {
    const place = await newPlace();
    const sink = await newSink(place);
    await sink.deliver({ outputs: calls(0, 1), position: 1 }, never);
    await sink.close();
    const failing = await newSource(place);
    await expect(failing.run(() => Promise.reject(new Error('disk full')), never)).rejects.toThrow('disk full');
    const aborted = await newSource(place);
    const stop = new AbortController();
    const running = aborted.run(() => {
      stop.abort(new Error('enough'));
      return Promise.resolve();
    }, stop.signal);
    await expect(running).rejects.toThrow('enough');
  });
});
