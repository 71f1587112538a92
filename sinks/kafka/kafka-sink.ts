import type { Logger } from 'pino';
import type { EpochMs } from '../../streams/record.ts';
import type { Clock } from '../clock.ts';
import { SinkError } from '../errors.ts';
import { retry } from '../retry.ts';
import type { Delivery, Position, Sink } from '../sink.ts';
import { toCheckpointMessages } from './checkpoint-message.ts';
import { admin, type KafkaSettings, type Producer, type Transaction, transactionalProducer } from './client.ts';
import { isFencing, isPassing, kafkaFailure } from './failure.ts';
import { type AddressedMessage, bytesOf, type MessageSettings, toMessage } from './message.ts';
import { checkpointTopic, topicName } from './topics.ts';

export interface KafkaSinkSettings extends Pick<MessageSettings, 'shard' | 'source'> {
  readonly kafka: KafkaSettings;
  readonly log: Logger;
  readonly clock: Clock;
  /** Whoever opens a sink with it takes over from the sink that had it before. One for each shard and role. */
  readonly transactionalId: string;
  /**
   * Where the position of what was read is committed. Undefined for a sink whose source cannot be rewound: since it cannot begin
   * anew, it tries again what fails, and must write to one partition only.
   */
  readonly input?: { readonly groupId: string; readonly topic: string; readonly partition: number };
  /** What one record batch may take at the broker (`max.message.bytes`), with room for its frame. Default 900,000. */
  readonly batchBytesMax?: number;
}

/** Checkpoint texts are cut to this length; in UTF-8 a part stays well below a batch. */
const checkpointCharactersMax = 200_000;

/** How long `close` waits until readers can see what was committed last, and how often it looks. */
const visibleWithinMs = 5_000;
const visibleEveryMs = 10;

/**
 * Takes a shard, and delivers in one Kafka transaction: the records, the position of the input, a checkpoint when there is one. Readers with
 * `read_committed` see all of it or nothing. Committed positions and checkpoints may be read once this has resolved. Rejects with `QC_SINK_FENCED` when another owner of the shard has connected since,
 * with `QC_SINK_FULL` for a record no batch can hold, and with `QC_SINK_UNREACHABLE` when the broker stays away.
 */
export async function openKafkaSink(settings: KafkaSinkSettings): Promise<Sink> {
  const { kafka, log, transactionalId, shard, source, input, batchBytesMax = 900_000, clock } = settings;
  const addressing: MessageSettings = { topicPrefix: kafka.topicPrefix, shard, source };
  // Two that take turns: after a commit the broker is still ending the transaction, and lets its producer wait before the next.
  const producerOf = (id: string) =>
    transactionalProducer(kafka, log, { transactionalId: id, resends: input === undefined });
  let producers: readonly [Producer, Producer] = [producerOf(transactionalId), producerOf(`${transactionalId}.b`)];
  let failure: Error | undefined;
  let isClosed = false;
  let committed = -1;
  let lastAtMs: EpochMs = 0;
  /** By partition. */
  const written = new Map<string, WrittenEnd>();

  /** The position goes first: should the broker still be ending what this producer did before, this alone can be asked again and again. */
  async function writePosition(transaction: Transaction, position: Position): Promise<void> {
    if (input === undefined) return;
    const { groupId, topic, partition } = input;
    const partitions = [{ partition, offset: String(position) }];
    const send = () => transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions }] });
    await retry(send, { isPassing, everyMs: 2, withinMs: 10_000, clock }, never);
  }

  async function writeRecords(transaction: Transaction, delivery: Delivery): Promise<void> {
    const messages = delivery.outputs.map((output) => toMessage(output, addressing));
    // The parts of a checkpoint go with the records: one commit for all.
    lastAtMs = delivery.outputs.at(-1)?.atMs ?? lastAtMs;
    const all = [...messages, ...checkpointOf(delivery, lastAtMs, addressing)];
    // One send after the other: two in flight would swap their order.
    for (const batch of cutToBatches(all, batchBytesMax)) {
      const topicMessages = Array.from(batch, ([topic, ofTopic]) => ({
        topic,
        messages: ofTopic.map(({ message }) => message),
      }));
      for (const sent of await transaction.sendBatch({ acks: -1, topicMessages })) {
        const { topicName: topic, partition, baseOffset = '0' } = sent;
        written.set(`${topic}/${partition}`, { topic, partition, offset: Number(baseOffset) });
      }
    }
  }

  const disconnect = () => Promise.all(producers.map((producer) => producer.disconnect()));

  async function takeOver(producer: Producer): Promise<void> {
    await producer.connect();
    // The client asks for its id with the first transaction; only then is an older owner fenced off, and its end known.
    await (await producer.transaction()).abort();
  }

  try {
    // What an older owner commits with the one it still has counts: the position is read when both are taken.
    await Promise.all(producers.map(takeOver));
  } catch (error) {
    await disconnect();
    throw kafkaFailure(error, `taking over ${transactionalId}`);
  }

  return {
    async deliver(delivery, signal) {
      signal.throwIfAborted();
      if (failure !== undefined) throw failure;
      const { outputs, position, checkpoint } = delivery;
      if (outputs.length === 0 && checkpoint === undefined && position <= committed) return;
      try {
        const [next, resting] = producers;
        producers = [resting, next];
        const transaction = await next.transaction();
        try {
          await writePosition(transaction, delivery.position);
          await writeRecords(transaction, delivery);
          await transaction.commit();
        } catch (error) {
          // What was sent is never seen; the broker ends the transaction itself if this fails too. To a producer that is fenced off in the middle of
          // a send it may say no more than "unknown error", but here it says why.
          const refusal: unknown = await transaction.abort().catch((reason: unknown) => reason);
          throw isFencing(refusal) ? refusal : error;
        }
      } catch (error) {
        failure = kafkaFailure(error, `a delivery of ${transactionalId}${topicsOf(delivery, kafka.topicPrefix)}`);
        throw failure;
      }
      committed = position;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      try {
        if (failure === undefined && committed >= 0) await untilVisible([...written.values()], committed, settings);
      } finally {
        failure ??= new SinkError('QC_SINK_UNAVAILABLE', `The sink ${transactionalId} was closed: open it again.`);
        await disconnect();
      }
    },
  };
}

interface WrittenEnd {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/**
 * A commit is acknowledged before readers see it: whoever then reads "all there is" would miss its end. Longer than for a moment nothing is
 * waited for, since all is safe.
 */
async function untilVisible(
  written: readonly WrittenEnd[],
  committed: Position,
  { kafka, log, clock, input }: KafkaSinkSettings,
): Promise<void> {
  const untilMs = clock.nowMs() + visibleWithinMs;
  const client = admin(kafka, log);
  const wait = async (isVisible: () => Promise<boolean>) => {
    while (!(await isVisible()) && clock.nowMs() < untilMs) await clock.sleep(visibleEveryMs, never);
  };
  try {
    await client.connect();
    for (const { topic, partition, offset } of written) {
      await wait(async () => {
        const ends = await client.fetchTopicOffsets(topic);
        return ends.some((end) => end.partition === partition && Number(end.high) > offset);
      });
    }
    if (input === undefined) return;
    const { groupId, topic, partition } = input;
    await wait(async () => {
      const [offsets] = await client.fetchOffsets({ groupId, topics: [topic] });
      return (
        offsets?.partitions.some((each) => each.partition === partition && Number(each.offset) >= committed) === true
      );
    });
  } catch (error) {
    log.warn({ err: error }, 'Kafka: the end of what was committed cannot be seen yet');
  } finally {
    await client.disconnect();
  }
}

const never = new AbortController().signal;

/** In words; the broker may refuse one of them without saying which. */
function topicsOf({ outputs, checkpoint }: Delivery, prefix: string): string {
  const names = outputs.map(({ type }) => topicName(prefix, type));
  const topics = [...new Set([...names, ...(checkpoint === undefined ? [] : [checkpointTopic(prefix)])])];
  return topics.length === 0 ? '' : ` to ${topics.join(', ')}`;
}

function checkpointOf(
  { checkpoint, position }: Delivery,
  atMs: EpochMs,
  settings: MessageSettings,
): readonly AddressedMessage[] {
  if (checkpoint === undefined) return [];
  const { shard, topicPrefix } = settings;
  const cut = { position, shard, atMs, charactersMax: checkpointCharactersMax };
  const topic = checkpointTopic(topicPrefix);
  return toCheckpointMessages(checkpoint, cut).map((message) => ({ topic, message }));
}

/** Cuts messages, in their order, so that no topic's share of a send is over the limit. */
function cutToBatches(
  messages: readonly AddressedMessage[],
  bytesMax: number,
): readonly ReadonlyMap<string, AddressedMessage[]>[] {
  const batches: Map<string, AddressedMessage[]>[] = [];
  let batch = new Map<string, AddressedMessage[]>();
  let bytes = new Map<string, number>();
  for (const each of messages) {
    const size = bytesOf(each.message);
    if (size > bytesMax) throw tooLarge(each, size, bytesMax);
    const taken = bytes.get(each.topic) ?? 0;
    if (taken + size > bytesMax) {
      batches.push(batch);
      batch = new Map();
      bytes = new Map();
    }
    bytes.set(each.topic, (bytes.get(each.topic) ?? 0) + size);
    const ofTopic = batch.get(each.topic);
    if (ofTopic === undefined) batch.set(each.topic, [each]);
    else ofTopic.push(each);
  }
  return batch.size === 0 ? batches : [...batches, batch];
}

function tooLarge({ topic, message }: AddressedMessage, size: number, bytesMax: number): SinkError {
  return new SinkError(
    'QC_SINK_FULL',
    `The record ${message.key} of ${topic} takes ${size} bytes, a batch ${bytesMax}: raise max.message.bytes of the topic and of the broker.`,
  );
}
