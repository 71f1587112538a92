import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../sinks/clock.ts';
import { fromCheckpointMessages } from '../../sinks/kafka/checkpoint-message.ts';
import { type Admin, admin as createAdmin, type KafkaSettings } from '../../sinks/kafka/client.ts';
import { openKafkaSink } from '../../sinks/kafka/kafka-sink.ts';
import { runGroup } from '../../src/sources/kafka-group.ts';
import type { OnBatch } from '../../src/sources/source.ts';
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

function newSink({ prefix, topic }: Place, groupId?: string) {
  const input = groupId === undefined ? {} : { input: { groupId, topic, partition: 0 } };
  const kafkaSettings = { ...settings, topicPrefix: prefix };
  const shared = { log: quiet, clock: systemClock, shard: 0, source: 'queuecast/test' };
  return openKafkaSink({ kafka: kafkaSettings, transactionalId: `${prefix}-0`, ...shared, ...input });
}

/** Reads partition 0 on, in a group of its own. */
function read(
  { prefix, topic }: Place,
  onBatch: OnBatch<LogRecord>,
  { from = 0, batchEventsMax = 1000, drained = AbortSignal.abort(), signal = never } = {},
): Promise<void> {
  const group = { kafka: { ...settings, topicPrefix: prefix }, log: quiet, clock: systemClock };
  return runGroup(
    { ...group, groupId: `g${randomUUID()}`, topics: [topic], batchEventsMax, gatherMs: 0, drained },
    ({ source }, until) => source(topic, from).run(onBatch, until),
    signal,
  );
}

async function readAll(
  place: Place,
  from = 0,
  batchEventsMax?: number,
): Promise<{ records: LogRecord[]; position: number }> {
  const records: LogRecord[] = [];
  let position = from;
  const take: OnBatch<LogRecord> = (batch) => {
    expect(batch.position).toBeGreaterThan(position);
    records.push(...batch.events);
    position = batch.position;
    return Promise.resolve();
  };
  await read(place, take, { from, ...(batchEventsMax === undefined ? {} : { batchEventsMax }) });
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
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [place.topic] });
    expect(offsets?.partitions[0]?.offset).toBe('2');
    const saved = await readAll({ ...place, topic: `${place.prefix}.checkpoint.v1` });
    expect(fromCheckpointMessages(saved.records, 0)).toEqual({ checkpoint, position: 2 });
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
    let inFlight = 0;
    const taken: number[] = [];
    const slow: OnBatch<LogRecord> = async ({ events }) => {
      inFlight += 1;
      expect(inFlight).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      taken.push(...numbers(events));
      inFlight -= 1;
    };
    await read(place, slow, { batchEventsMax: 4 });
    expect(taken).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('whoever has a partition next goes on where the owner before has committed: all is done once', async () => {
    const place = await newPlace();
    const groupId = `${place.prefix}.derive`;
    const writer = await newSink(place);
    await writer.deliver({ outputs: calls(0, 6), position: 6 }, never);
    await writer.close();
    /** Takes the partition, then its shard's producer, then what was committed; ends with the batch that holds its last. */
    const lasts = [2, 5];
    const work = async () => {
      const ending = new AbortController();
      const kafkaSettings = { ...settings, topicPrefix: place.prefix };
      const shared = { kafka: kafkaSettings, log: quiet, clock: systemClock, gatherMs: 0 };
      const group = { ...shared, groupId, topics: [place.topic], batchEventsMax: 2, drained: never };
      await runGroup(
        group,
        async ({ source }, until) => {
          const last = lasts.shift() ?? NaN;
          const sink = await newSink(place, groupId);
          const [offsets] = await admin.fetchOffsets({ groupId, topics: [place.topic] });
          const from = Math.max(0, Number(offsets?.partitions[0]?.offset ?? 0));
          const copy: OnBatch<LogRecord> = async ({ events, position }) => {
            const outputs = numbers(events).map((n) => output(done, { n }, n));
            // The owner leaves while its delivery is under way.
            if (numbers(events).includes(last)) ending.abort(new Error('left'));
            await sink.deliver({ outputs, position }, never);
          };
          await source(place.topic, from)
            .run(copy, until)
            .finally(() => sink.close());
        },
        ending.signal,
      ).catch((error: unknown) => expect(error).toMatchObject({ message: 'left' }));
    };
    await Promise.all([work(), work()]);
    const { records } = await readAll({ ...place, topic: `${place.prefix}.done.v1` });
    const finished = records.map(({ value }) => done.schema.parse(value).n);
    expect(finished).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('a rejected batch ends the source with its reason, and an abort with that of the signal', async () => {
    const place = await newPlace();
    const sink = await newSink(place);
    await sink.deliver({ outputs: calls(0, 1), position: 1 }, never);
    await sink.close();
    await expect(read(place, () => Promise.reject(new Error('disk full')))).rejects.toThrow('disk full');
    const stop = new AbortController();
    const abort = () => {
      stop.abort(new Error('enough'));
      return Promise.resolve();
    };
    const running = read(place, abort, { signal: stop.signal, drained: never });
    await expect(running).rejects.toThrow('enough');
  });
});
