import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../sinks/clock.ts';
import { fromCheckpointMessages } from '../../sinks/kafka/checkpoint-message.ts';
import { type Admin, admin as createAdmin, producer, type Producer } from '../../sinks/kafka/client.ts';
import { openKafkaSink } from '../../sinks/kafka/kafka-sink.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { runGroup } from '../../src/sources/kafka-group.ts';
import { call, sinkContract } from '../contract/sink-contract.ts';
import { sourceContract } from '../contract/source-contract.ts';
import { quiet, useKafka } from '../support/kafka.ts';
import { until } from '../support/pipeline-process.ts';

const kafka = useKafka();
const never = new AbortController().signal;
let admin: Admin;
let writer: Producer;

const newPrefix = () => `t${randomUUID().slice(0, 8)}`;
const settingsOf = (topicPrefix: string) => ({ ...kafka.settings(), topicPrefix });
const groupOf = (prefix: string, topics: readonly string[], batchEventsMax: number, drained: AbortSignal) => ({
  ...{ kafka: settingsOf(prefix), log: quiet, clock: systemClock, groupId: `g${randomUUID()}`, gatherMs: 0 },
  ...{ topics, batchEventsMax, drained },
});

async function readTopic(prefix: string, topic: string): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const group = groupOf(prefix, [topic], 1000, AbortSignal.abort());
  const work = async ({ source }: Parameters<Parameters<typeof runGroup>[1]>[0], signal: AbortSignal) => {
    await source(topic, 0).run(({ events }) => Promise.resolve(void records.push(...events)), signal);
  };
  await runGroup(group, work, never);
  return records;
}

kafka.describe('Kafka', () => {
  beforeAll(async () => {
    admin = createAdmin(kafka.settings(), quiet);
    writer = producer(kafka.settings(), quiet);
    await Promise.all([admin.connect(), writer.connect()]);
  });
  afterAll(() => Promise.all([admin.disconnect(), writer.disconnect()]));

  sinkContract('Kafka', () => {
    const prefix = newPrefix();
    const names = ['level.v1', 'call.v2', 'checkpoint.v1', 'queue-event.v1'].map((name) => `${prefix}.${name}`);
    const [level = '', calls = '', checkpoints = '', input = ''] = names;
    const groupId = `${prefix}.derive`;
    let made: Promise<unknown> | undefined;
    const open = async () => {
      await (made ??= admin.createTopics({ topics: names.map((topic) => ({ topic })), waitForLeaders: true }));
      return openKafkaSink({
        ...{ kafka: settingsOf(prefix), log: quiet, clock: systemClock, shard: 0, source: 'queuecast/test' },
        transactionalId: `${prefix}-0`,
        input: { groupId, topic: input, partition: 0 },
      });
    };
    let failing: Promise<unknown> = Promise.resolve();
    return {
      async open() {
        const sink = await open();
        return {
          ...sink,
          async deliver(delivery, signal) {
            await failing;
            return sink.deliver(delivery, signal);
          },
        };
      },
      async stored() {
        const [of] = await admin.fetchOffsets({ groupId, topics: [input] });
        const read = await Promise.all([level, calls].map((topic) => readTopic(prefix, topic)));
        // Kafka keeps no order between topics; time does.
        const records = read.flat().sort((a, b) => a.atMs - b.atMs);
        return {
          records: records.map(({ record, key, atMs, value }) => ({ record, key, atMs, value })),
          position: Math.max(0, Number(of?.partitions[0]?.offset ?? 0)),
          checkpoint: fromCheckpointMessages(await readTopic(prefix, checkpoints), 0)?.checkpoint,
        };
      },
      // Another owner takes over.
      failNext() {
        failing = open().then((other) => other.close());
      },
    };
  });

  sourceContract('Kafka', async () => {
    const prefix = newPrefix();
    const topic = `${prefix}.call.v2`;
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    let written = 0;
    return {
      async append(howMany) {
        const messages = Array.from({ length: howMany }, (_, index) => ({
          key: 'a',
          value: JSON.stringify({ name: 'a', waitSeconds: written + index }),
        }));
        written += howMany;
        // Without transactions there are no markers between the records, so that their offsets are the numbers.
        await writer.send({ topic, messages });
      },
      open(fromOffset, batchEventsMax) {
        const drained = new AbortController();
        const group = groupOf(prefix, [topic], batchEventsMax, drained.signal);
        return {
          source: {
            run: (onBatch, signal) =>
              runGroup(
                group,
                ({ source }, ending) =>
                  source(topic, fromOffset).run(
                    ({ events, position }) =>
                      onBatch({ events: events.map(({ value }) => call.schema.parse(value).waitSeconds), position }),
                    ending,
                  ),
                signal,
              ),
          },
          drain: () => drained.abort(),
        };
      },
      until: (holds) => until(() => Promise.resolve(holds())),
      close: () => Promise.resolve(),
    };
  });
});
