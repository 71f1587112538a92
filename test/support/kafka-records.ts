import { randomUUID } from 'node:crypto';
import { systemClock } from '../../sinks/clock.ts';
import { admin, type KafkaSettings } from '../../sinks/kafka/client.ts';
import { isPassing } from '../../sinks/kafka/failure.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { retry } from '../../sinks/retry.ts';
import { runGroup } from '../../src/sources/kafka-group.ts';
import { quiet } from './kafka.ts';

export interface TopicRecord extends LogRecord {
  readonly partition: number;
}

/** All that readers of committed records see of a topic now; within a partition in its order. */
export async function readTopic(kafka: KafkaSettings, topic: string): Promise<readonly TopicRecord[]> {
  const records: TopicRecord[] = [];
  await runGroup(
    {
      ...{ kafka, log: quiet, clock: systemClock, groupId: `test-${randomUUID()}`, topics: [topic] },
      ...{ batchEventsMax: 100_000, gatherMs: 0, drained: AbortSignal.abort() },
    },
    ({ partition, source }, signal) =>
      source(topic, 0).run(({ events }) => {
        records.push(...events.map((record) => ({ ...record, partition })));
        return Promise.resolve();
      }, signal),
    new AbortController().signal,
  );
  return records;
}

/** Where a partition ends for readers of committed records; 0 when there is none. */
export async function endOf(kafka: KafkaSettings, topic: string, partition: number): Promise<number> {
  return ask(kafka, async (client) => {
    const ends = await client.fetchTopicOffsets(topic);
    return Number(ends.find((end) => end.partition === partition)?.high ?? 0);
  });
}

/** What a group has committed of a partition; 0 when nothing. */
export async function committedOf(
  kafka: KafkaSettings,
  groupId: string,
  topic: string,
  partition: number,
): Promise<number> {
  return ask(kafka, async (client) => {
    const [offsets] = await client.fetchOffsets({ groupId, topics: [topic] });
    return Math.max(0, Number(offsets?.partitions.find((each) => each.partition === partition)?.offset ?? 0));
  });
}

/** Brokers get slower with every partition they have to look after. */
export async function deleteTopics(kafka: KafkaSettings): Promise<void> {
  await ask(kafka, async (client) => {
    const topics = (await client.listTopics()).filter((topic) => topic.startsWith(`${kafka.topicPrefix}.`));
    await client.deleteTopics({ topics });
  });
}

async function ask<Answer>(
  kafka: KafkaSettings,
  question: (client: ReturnType<typeof admin>) => Promise<Answer>,
): Promise<Answer> {
  const client = admin(kafka, quiet);
  try {
    await client.connect();
    // A coordinator may be starting.
    const settings = { isPassing, everyMs: 50, withinMs: 10_000, clock: systemClock };
    return await retry(() => question(client), settings, new AbortController().signal);
  } finally {
    await client.disconnect();
  }
}
