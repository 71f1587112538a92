import type { EpochMs } from '../../streams/record.ts';
import { SinkError } from '../errors.ts';
import type { Delivery, Sink } from '../sink.ts';
import { toCheckpointMessages } from './checkpoint-message.ts';
import type { Producer, Transaction } from './client.ts';
import { type AddressedMessage, bytesOf, type MessageSettings, toMessage } from './message.ts';
import { checkpointTopic } from './topics.ts';

export interface KafkaSinkSettings extends MessageSettings {
  /** Connected, transactional, with an id of its own for each shard. */
  readonly producer: Producer;
  /** Where the position of what was read is committed; undefined for a sink whose source cannot be rewound. */
  readonly input?: { readonly groupId: string; readonly topic: string; readonly partition: number };
  /** What one record batch may take at the broker (`max.message.bytes`), with room for its frame. Default 900,000. */
  readonly batchBytesMax?: number;
}

/** Checkpoint texts are cut to this length; in UTF-8 a part stays well below a batch. */
const checkpointCharactersMax = 200_000;

/**
 * Takes a shard, and delivers in one Kafka transaction: the records, the position of the input, a checkpoint when there is one. Readers with
 * `read_committed` see all of it or nothing. Committed positions and checkpoints may be read once this has resolved. Rejects with `QC_SINK_FENCED` when another owner of the shard has connected since,
 * with `QC_SINK_FULL` for a record no batch can hold, and with `QC_SINK_UNAVAILABLE` when the broker stays away.
 */
export async function openKafkaSink(settings: KafkaSinkSettings): Promise<Sink> {
  const { producer, input, batchBytesMax = 900_000 } = settings;
  let failure: SinkError | undefined;
  let committed = -1;
  let lastAtMs: EpochMs = 0;

  async function write(transaction: Transaction, delivery: Delivery): Promise<void> {
    const messages = delivery.outputs.map((output) => toMessage(output, settings));
    // The parts of a checkpoint go with the records: one commit for all.
    lastAtMs = delivery.outputs.at(-1)?.atMs ?? lastAtMs;
    const all = [...messages, ...checkpointOf(delivery, lastAtMs, settings)];
    // One send after the other: two in flight would swap their order.
    for (const batch of cutToBatches(all, batchBytesMax)) {
      const topicMessages = Array.from(batch, ([topic, ofTopic]) => ({
        topic,
        messages: ofTopic.map(({ message }) => message),
      }));
      await transaction.sendBatch({ acks: -1, topicMessages });
    }
    if (input === undefined) return;
    const { groupId, topic, partition } = input;
    const partitions = [{ partition, offset: String(delivery.position) }];
    await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic, partitions }] });
  }

  try {
    // The first transaction takes the shard: it fences off an older owner, and waits until what that one committed stands.
    await (await producer.transaction()).abort();
  } catch (error) {
    throw kafkaFailure(error);
  }

  return {
    async deliver(delivery) {
      if (failure !== undefined) throw failure;
      const { outputs, position, checkpoint } = delivery;
      if (outputs.length === 0 && checkpoint === undefined && position <= committed) return;
      try {
        const transaction = await producer.transaction();
        try {
          await write(transaction, delivery);
          await transaction.commit();
        } catch (error) {
          // What was sent is never seen; the broker ends the transaction itself if this fails too.
          await transaction.abort().catch(() => undefined);
          throw error;
        }
      } catch (error) {
        failure = kafkaFailure(error);
        throw failure;
      }
      committed = position;
    },
    close: () => producer.disconnect(),
  };
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

/** Error types of the broker that mean another producer has taken over the transactional id. */
const fencing: readonly string[] = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING'];

function kafkaFailure(error: unknown): SinkError {
  if (error instanceof SinkError) return error;
  const type = typeOf(error);
  const told = error instanceof Error ? error.message : String(error);
  if (fencing.includes(type)) {
    const message = `Another process has taken over this shard (${type}): it goes on from what was committed; stop this one.`;
    return new SinkError('QC_SINK_FENCED', message, { cause: error });
  }
  const message = `Kafka did not take a delivery (${type === '' ? 'no answer' : type}: ${told}): check KAFKA_BROKERS, the brokers and the ACLs, then start again.`;
  return new SinkError('QC_SINK_UNAVAILABLE', message, { cause: error });
}

/** The broker's error is wrapped once it was retried in vain. */
function typeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('type' in error && typeof error.type === 'string') return error.type;
  return 'cause' in error ? typeOf(error.cause) : '';
}
