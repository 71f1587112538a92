import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import { askKafka } from '../../sinks/kafka/ask.ts';
import { fromCheckpointMessages } from '../../sinks/kafka/checkpoint-message.ts';
import type { Admin, KafkaSettings } from '../../sinks/kafka/client.ts';
import { openKafkaSink } from '../../sinks/kafka/kafka-sink.ts';
import { checkpointTopic, ensureTopics, topicName, topicPlanFor } from '../../sinks/kafka/topics.ts';
import { isArchived } from '../../sinks/parquet/is-archived.ts';
import type { Position } from '../../sinks/sink.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { type JournalTail, readJournalTail } from '../journal-tail.ts';
import { type OwnedPartition, runGroup } from '../sources/kafka-group.ts';
import type { LogRecord } from '../sources/log-source.ts';
import type { Source } from '../sources/source.ts';
import type { Logs } from './logs.ts';

export interface KafkaLogsSettings {
  readonly kafka: KafkaSettings;
  readonly log: Logger;
  /** System time. */
  readonly clock: Clock;
  readonly topics: Parameters<typeof topicPlanFor>[2];
  readonly sessionTimeoutMs: number;
  readonly batchEventsMax: number;
  readonly commitEveryMs: number;
  /** Names of states that are archived too. */
  readonly archiveStates: readonly string[];
}

/** One shard as yet. */
const shard = 0;

/** Both logs as topics of a Kafka cluster. Every call makes sure first that the topics are there and as they must be. */
export function createKafkaLogs(settings: KafkaLogsSettings): Logs {
  const { kafka, log, clock, sessionTimeoutMs, batchEventsMax } = settings;
  const { topicPrefix: prefix } = kafka;
  const journal = topicName(prefix, queueEvent);
  const checkpoints = checkpointTopic(prefix);
  const archived = recordTypes.filter((type) => isArchived(type, settings.archiveStates));

  const group = (groupId: string, topics: readonly string[], drained: AbortSignal, gatherMs = 0) => ({
    ...{ kafka, log, groupId, topics, batchEventsMax, gatherMs, sessionTimeoutMs, clock, drained },
  });

  const ask = <Result>(wanted: string, question: (client: Admin) => Promise<Result>) =>
    askKafka(kafka, log, wanted, question);

  let prepared: Promise<void> | undefined;

  /** Once for all stages; anew after a failure, or when a stage begins anew. */
  function prepareTopics(): Promise<void> {
    prepared ??= makeTopics().finally(() => (prepared = undefined));
    return prepared;
  }

  let drifts = '';

  const makeTopics = () =>
    ask(`making the topics ${prefix}.*`, async (client) => {
      const drift = await ensureTopics(client, await topicPlanFor(client, recordTypes, settings.topics));
      // Said once, however often a stage begins anew.
      if (JSON.stringify(drift) === drifts) return;
      drifts = JSON.stringify(drift);
      for (const each of drift) log.warn(each, 'a topic is not as planned');
    });

  /** One partition of a topic, up to its present end, outside of any group that shares it. */
  function readOnce(topic: string, partition: number, fromOffset: Position): Source<LogRecord> {
    const drained = AbortSignal.abort();
    const run: Source<LogRecord>['run'] = (onBatch, signal) =>
      runGroup(
        group(`${prefix}.read.${randomUUID()}`, [topic], drained),
        async (owned, until) => {
          if (owned.partition === partition) await owned.source(topic, fromOffset).run(onBatch, until);
        },
        signal,
      );
    return { run };
  }

  async function journalTail(): Promise<JournalTail | null> {
    const ends = await ask('looking for the end of the journal', (client) => client.fetchTopicOffsets(journal));
    const { low, high } = ends.find(({ partition }) => partition === shard) ?? { low: '0', high: '0' };
    const isEmpty = Number(high) === Number(low);
    const from = (offset: Position) => readOnce(journal, shard, offset <= Number(low) ? 0 : offset);
    return readJournalTail(from, isEmpty ? 0 : Number(high));
  }

  /** The checkpoint and position of a shard, once nobody else can add to them. */
  async function committedOf({ partition, source }: OwnedPartition, groupId: string, signal: AbortSignal) {
    const records: LogRecord[] = [];
    await source(checkpoints, 0, { until: 'now' }).run(({ events }) => {
      records.push(...events);
      return Promise.resolve();
    }, signal);
    const [offsets] = await ask(`reading the committed position of group ${groupId}`, (client) =>
      client.fetchOffsets({ groupId, topics: [journal] }),
    );
    const found = offsets?.partitions.find((each) => each.partition === partition)?.offset;
    return { committed: Math.max(0, Number(found ?? 0)), saved: fromCheckpointMessages(records, partition) };
  }

  return {
    journal: { name: `The topic ${journal}`, wayOut: 'use another topic prefix (QUEUECAST_TOPIC_PREFIX)' },
    async openJournal(accept) {
      await prepareTopics();
      // Whoever has it now goes on with it if we may not.
      await accept(await journalTail());
      const transactionalId = `${prefix}.ingest.${shard}`;
      const sink = await openKafkaSink({ kafka, log, clock, transactionalId, shard, source: sourceName(prefix) });
      try {
        return { sink, tail: await journalTail() };
      } catch (error) {
        await sink.close();
        throw error;
      }
    },
    async deriveShards(work, { drained, signal }) {
      const groupId = `${prefix}.derive`;
      await prepareTopics();
      const derive = async (owned: OwnedPartition, until: AbortSignal) => {
        const { partition } = owned;
        const sink = await openKafkaSink({
          ...{ kafka, log, clock, shard: partition, source: sourceName(prefix) },
          transactionalId: `${prefix}.derive.${partition}`,
          input: { groupId, topic: journal, partition },
        });
        try {
          const { committed, saved } = await committedOf(owned, groupId, until);
          log.info({ shard: partition, committed, checkpoint: saved?.position ?? null }, 'takes over a shard');
          const source = (from: Position) => owned.source(journal, from);
          await work({ shard: partition, sink, committed, saved, source }, until);
        } finally {
          await sink.close();
        }
      };
      await runGroup(group(groupId, [journal, checkpoints], drained, settings.commitEveryMs), derive, signal);
    },
    async archiveOutputs(dataset, work, { drained, signal }) {
      await prepareTopics();
      const clusterId = await ask('asking for its id', async (client) => (await client.describeCluster()).clusterId);
      const topics = archived.map((type) => topicName(prefix, type));
      // Another dataset has to have all of it too.
      await runGroup(
        group(`${prefix}.archive.${dataset}`, topics, drained),
        async ({ partition, source }, until) => {
          const stopped = new AbortController();
          const either = AbortSignal.any([until, stopped.signal]);
          setMaxListeners(0, either);
          const all = archived.map((type) => {
            const topic = topicName(prefix, type);
            const part = `${topic}+${partition}`;
            const one = {
              name: `the topic ${topic}`,
              recordTypes: [type],
              partition,
              part,
              readId: () => Promise.resolve(clusterId),
            };
            return work({ log: one, source: (from) => source(topic, from) }, either).catch((error: unknown) => {
              stopped.abort(error);
              throw error;
            });
          });
          const results = await Promise.allSettled(all);
          for (const result of results) if (result.status === 'rejected') throw stopped.signal.reason ?? result.reason;
        },
        signal,
      );
    },
    async readOutputs(topics, onBatch, { drained, signal }) {
      await prepareTopics();
      const names = topics.map((topic) => `${prefix}.${topic}`);
      const groupId = `${prefix}.read.${randomUUID()}`;
      const follow = async ({ source }: OwnedPartition, until: AbortSignal) => {
        await Promise.all(names.map((name) => source(name, 0).run(onBatch, until)));
      };
      await runGroup(group(groupId, names, drained), follow, signal);
    },
  };
}

const sourceName = (prefix: string) => `queuecast/${prefix}`;
