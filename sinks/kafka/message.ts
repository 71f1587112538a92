import { createHash } from 'node:crypto';
import { type EpochMs, type Output, topicOf } from '../../streams/record.ts';

/** A record as Kafka takes it: a CloudEvent in binary mode, its data as JSON. */
export interface KafkaMessage {
  readonly key: string;
  /** null: a tombstone, which compaction takes for the end of the key. */
  readonly value: string | null;
  /** Epoch milliseconds, as a string of digits. */
  readonly timestamp: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly partition?: number;
}

export interface AddressedMessage {
  readonly topic: string;
  readonly message: KafkaMessage;
}

export interface MessageSettings {
  /** Before a record's topic, without the dot. */
  readonly topicPrefix: string;
  readonly shard: number;
  /** Where this deployment is known by, for `ce_source`. */
  readonly source: string;
}

/**
 * An output as a message of its topic. The id is a hash of what the record says, so that a record derived twice has one id.
 * Only the journal goes to its shard's partition; all else is partitioned by key.
 */
export function toMessage({ type, key, value, atMs }: Output, settings: MessageSettings): AddressedMessage {
  const topic = `${settings.topicPrefix}.${topicOf(type)}`;
  const text = JSON.stringify(value ?? null);
  const message: KafkaMessage = {
    key,
    value: value == null ? null : text,
    timestamp: String(atMs),
    headers: cloudEvent(topic, key, text, atMs, settings.source),
    ...(type.name === 'queue-event' ? { partition: settings.shard } : {}),
  };
  return { topic, message };
}

function cloudEvent(topic: string, key: string, text: string, atMs: EpochMs, source: string) {
  const hash = createHash('sha256').update(`${topic}\n${key}\n${atMs}\n${text}`).digest('hex');
  return {
    ce_specversion: '1.0',
    ce_id: hash.slice(0, 32),
    ce_source: source,
    ce_type: topic,
    ce_time: new Date(atMs).toISOString(),
    ce_subject: key,
    'content-type': 'application/json',
  };
}

/** Bytes of a message in a record batch, counted generously: the limit is the broker's. */
export function bytesOf({ key, value, headers }: KafkaMessage): number {
  const names = Object.entries(headers).reduce((sum, [name, text]) => sum + name.length + text.length + 4, 0);
  return Buffer.byteLength(value ?? '') + Buffer.byteLength(key) + names + 64;
}
