import type { Clock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import type { Batch as KafkaBatch } from '../../sinks/kafka/client.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import type { Position } from '../../sinks/sink.ts';
import type { OnBatch } from './source.ts';

export interface ReadingSettings {
  readonly topic: string;
  readonly partition: number;
  /** What the names of our topics begin with, before the dot. */
  readonly topicPrefix: string;
  readonly fromOffset: Position;
  /** Where it ends; undefined = it does not, until told. */
  readonly stopOffset: Position | undefined;
  readonly batchEventsMax: number;
  readonly onBatch: OnBatch<LogRecord>;
  /** System time. */
  readonly clock: Clock;
}

/** A topic partition that is being read: where it stands, and what was fetched of it, handed over one batch at a time. */
export interface Reading {
  readonly topic: string;
  readonly partition: number;
  /** After all that is acknowledged. */
  nextOffset(): Position;
  isEnded(): boolean;
  /** Hands over what is new of a fetched batch, in pieces, and lets the group hear of us meanwhile; resolves when that is acknowledged, or the reading has ended. */
  take(batch: KafkaBatch, heartbeat: () => Promise<void>): Promise<void>;
  /** Everything before `offset` holds nothing more for a reader. */
  passTo(offset: Position): void;
  stopAt(offset: Position): void;
  end(failure?: { readonly error: unknown }): void;
  /** Resolves once it has ended and nothing of it is in work; rejects with the failure that ended it. */
  ended(): Promise<void>;
}

/** How often the group hears of us while a batch is being worked on. */
const heartbeatEveryMs = 1_000;

export function createReading(settings: ReadingSettings): Reading {
  const { topic, partition, topicPrefix, batchEventsMax, onBatch, clock } = settings;
  const ending = new AbortController();
  let { fromOffset: nextOffset, stopOffset } = settings;
  let failure: { readonly error: unknown } | undefined;
  /** Done when the batch before is. */
  let turn: Promise<void> = Promise.resolve();

  function end(failed?: { readonly error: unknown }): void {
    failure ??= failed;
    ending.abort();
  }

  function endIfDone(): void {
    if (stopOffset !== undefined && nextOffset >= stopOffset) end();
  }

  function passTo(offset: Position): void {
    nextOffset = Math.max(nextOffset, offset);
    endIfDone();
  }

  async function handOver(batch: KafkaBatch, heartbeat: () => Promise<void>): Promise<void> {
    const messages = batch.messages.filter(({ offset }) => Number(offset) >= nextOffset);
    const lastOffset = Number(batch.lastOffset());
    for (let at = 0; at < messages.length && !ending.signal.aborted; at += batchEventsMax) {
      const events = messages.slice(at, at + batchEventsMax).map((message) => toRecord(topicPrefix, batch, message));
      const last = events.at(-1);
      // The last piece of a fetch answers for the markers after it as well.
      const isLast = at + batchEventsMax >= messages.length;
      const position = isLast ? Math.max(last?.offset ?? 0, lastOffset) + 1 : (last?.offset ?? 0) + 1;
      await whileBeating(onBatch({ events, position }), heartbeat);
      nextOffset = position;
    }
    if (!ending.signal.aborted) passTo(lastOffset + 1);
  }

  async function whileBeating(acknowledged: Promise<void>, heartbeat: () => Promise<void>): Promise<void> {
    const done = new AbortController();
    const beating = (async () => {
      for (;;) {
        await clock.sleep(heartbeatEveryMs, done.signal);
        await heartbeat();
      }
    })();
    // What the group wants of us is asked for again with the next fetch.
    beating.catch(() => undefined);
    try {
      await acknowledged;
    } finally {
      done.abort();
    }
  }

  endIfDone();
  return {
    topic,
    partition,
    nextOffset: () => nextOffset,
    isEnded: () => ending.signal.aborted,
    take(batch, heartbeat) {
      // A consumer that begins anew fetches again what is in work: it waits for its turn, and then finds it done.
      turn = turn.then(() => handOver(batch, heartbeat)).catch((error: unknown) => end({ error }));
      return turn;
    },
    passTo,
    stopAt(offset) {
      stopOffset = offset;
      endIfDone();
    },
    end,
    async ended() {
      if (!ending.signal.aborted) await untilAborted(ending.signal);
      await turn;
      if (failure !== undefined) throw failure.error;
    },
  };
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

type Message = KafkaBatch['messages'][number];

function toRecord(prefix: string, batch: KafkaBatch, { key, timestamp, value, offset }: Message): LogRecord {
  return {
    record: batch.topic.slice(prefix.length + 1),
    key: key?.toString() ?? '',
    atMs: Number(timestamp),
    value: value === null ? null : parse(value, batch, offset),
    offset: Number(offset),
  };
}

function parse(value: Buffer, { topic, partition }: KafkaBatch, offset: string): unknown {
  try {
    return JSON.parse(value.toString());
  } catch (cause) {
    const message = `The record at offset ${offset} of ${topic}, partition ${partition}, is no JSON, so queuecast did not write it: let nobody else write to this topic, and use another QUEUECAST_TOPIC_PREFIX.`;
    throw new SinkError('QC_SCHEMA_DRIFT', message, { cause });
  }
}
