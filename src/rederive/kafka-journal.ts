import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import { askKafka } from '../../sinks/kafka/ask.ts';
import { checkpointBefore } from '../../sinks/kafka/checkpoint-message.ts';
import type { Admin, KafkaSettings } from '../../sinks/kafka/client.ts';
import { checkpointTopic, topicName } from '../../sinks/kafka/topics.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import type { Position } from '../../sinks/sink.ts';
import type { EpochMs } from '../../streams/record.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { runGroup } from '../sources/kafka-group.ts';
import type { Source } from '../sources/source.ts';
import type { Journal, JournalRange } from './journal.ts';

export interface KafkaJournalSettings {
  readonly kafka: KafkaSettings;
  readonly log: Logger;
  /** System time. */
  readonly clock: Clock;
  readonly batchEventsMax: number;
  readonly sessionTimeoutMs: number;
}

/** Of one fetch, when a time is looked for: all that it brings. */
const soughtEventsMax = 100_000;

/** One shard as yet. */
const shard = 0;

/** The journal topic of a prefix, of which only committed records are read, in a group of its own: nobody who works on it is disturbed. */
export function kafkaJournal(settings: KafkaJournalSettings): Journal {
  const { kafka, log, clock, batchEventsMax, sessionTimeoutMs } = settings;
  const topic = topicName(kafka.topicPrefix, queueEvent);
  const checkpoints = checkpointTopic(kafka.topicPrefix);
  const wayOut = 'another topic prefix (QUEUECAST_TOPIC_PREFIX)';

  const ask = <Result>(question: (client: Admin) => Promise<Result>) =>
    askKafka(kafka, log, `looking for ${topic}`, question);

  /** Works on the shard's partition of a topic outside of any group that shares it. */
  const alone = (
    of: string,
    work: (source: From, over: AbortSignal) => Promise<void>,
    signal: AbortSignal,
    eventsMax = batchEventsMax,
  ) =>
    runGroup(
      {
        ...{ kafka, log, clock, batchEventsMax: eventsMax, sessionTimeoutMs, gatherMs: 0 },
        ...{ groupId: `${kafka.topicPrefix}.read.${randomUUID()}`, topics: [of], drained: AbortSignal.abort() },
      },
      async ({ partition, source }, over) => {
        if (partition === shard) await work((offset, until) => source(of, offset, { until }), over);
      },
      signal,
    );

  async function findRange(fromMs: EpochMs, toMs: EpochMs): Promise<JournalRange> {
    const { clusterId, ends } = await ask(async (client) => ({
      clusterId: (await client.describeCluster()).clusterId,
      ends: (await client.listTopics()).includes(topic) ? await client.fetchTopicOffsets(topic) : [],
    }));
    const end = ends.find(({ partition }) => partition === shard);
    if (end === undefined) {
      const message = `There is no topic ${topic} at ${kafka.brokers.join()}, or this user may not see it: name the prefix of a run (QUEUECAST_TOPIC_PREFIX), or its brokers (KAFKA_BROKERS).`;
      throw new SinkError('QC_SINK_UNAVAILABLE', message);
    }
    if (ends.length > 1) {
      const message = `The topic ${topic} has ${ends.length} partitions, but a journal has one as yet: name ${wayOut}.`;
      throw new SinkError('QC_SCHEMA_DRIFT', message);
    }
    const [startOffset, endOffset] = [Number(end.low), Number(end.high)];
    let range: JournalRange | undefined;
    const find = async (source: From, over: AbortSignal) => {
      const [first] = await someFrom(source, startOffset, over);
      if (first === undefined) return;
      const offsetAt = (atMs: EpochMs) => findOffset(source, [startOffset, endOffset], atMs, over);
      const [fromOffset, toOffset] = [await offsetAt(fromMs), await offsetAt(toMs)];
      range = { journalId: `${clusterId}/${topic}`, first, startOffset, fromOffset, toOffset, endOffset };
    };
    if (startOffset < endOffset) await alone(topic, find, never, soughtEventsMax);
    if (range !== undefined) return range;
    const why =
      startOffset === 0 ? 'holds nothing yet' : `holds nothing any more: all before record ${startOffset} is deleted`;
    throw new SinkError('QC_SINK_UNAVAILABLE', `The topic ${topic} ${why}. Name ${wayOut}.`);
  }

  let known: Promise<readonly LogRecord[]> | undefined;

  /** What is left of the checkpoints: all of the last hour or so, of those before only the newest. */
  async function readCheckpoints(): Promise<readonly LogRecord[]> {
    const isThere = await ask(async (client) => (await client.listTopics()).includes(checkpoints));
    const records: LogRecord[] = [];
    if (isThere) {
      const read = (source: From, over: AbortSignal) =>
        source(0, 'now').run(({ events }) => {
          records.push(...events);
          return Promise.resolve();
        }, over);
      await alone(checkpoints, read, never);
    }
    return records;
  }

  const knownCheckpoints = () => (known ??= readCheckpoints());

  return {
    name: `the topic ${topic}`,
    wayOut,
    findRange,
    checkpointBefore: async (positionMax) => checkpointBefore(await knownCheckpoints(), shard, positionMax),
    newestCheckpoint: async () => checkpointBefore(await knownCheckpoints(), shard, Infinity)?.checkpoint,
    read: (fromOffset, toOffset) => ({
      // A fetch may go beyond the end.
      run: (onBatch, signal) =>
        alone(
          topic,
          (source, over) =>
            source(fromOffset, toOffset).run(({ events, position }) => {
              const within = events.filter(({ offset }) => offset < toOffset);
              return onBatch({ events: within, position: Math.min(position, toOffset) });
            }, over),
          signal,
        ),
    }),
  };
}

/** The records of a partition from an offset up to another, or to what readers can see now. */
type From = (offset: Position, until: Position | 'now') => Source<LogRecord>;

/**
 * Of the first record that is not older than `atMs`; the end if all are. Not by what the broker knows of times: it takes those of the markers of
 * transactions for those of records, and markers have the broker's time.
 */
async function findOffset(
  source: From,
  [startOffset, endOffset]: readonly [Position, Position],
  atMs: EpochMs,
  over: AbortSignal,
): Promise<Position> {
  let found = endOffset;
  // Records before `low` are older, those from `high` on are not.
  let [low, high] = [startOffset, endOffset];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const records = await someFrom(source, middle, over);
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined || first.atMs >= atMs) {
      found = first?.offset ?? found;
      high = middle;
      continue;
    }
    const within = records.find((record) => record.atMs >= atMs);
    if (within !== undefined) return within.offset;
    low = last.offset + 1;
  }
  return found;
}

/** What one fetch brings; none at the end. */
async function someFrom(source: From, offset: Position, over: AbortSignal): Promise<readonly LogRecord[]> {
  const enough = new AbortController();
  let some: readonly LogRecord[] = [];
  const take = ({ events }: { readonly events: readonly LogRecord[] }) => {
    if (some.length === 0) some = events;
    if (some.length > 0) enough.abort();
    return Promise.resolve();
  };
  try {
    await source(offset, 'now').run(take, AbortSignal.any([over, enough.signal]));
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  return some;
}

const never = new AbortController().signal;
