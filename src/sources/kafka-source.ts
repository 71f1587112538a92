import type { Clock } from '../../sinks/clock.ts';
import { type Batch as KafkaBatch, type Consumer, runBatches } from '../../sinks/kafka/client.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import type { Position } from '../../sinks/sink.ts';
import type { OnBatch, Source } from './source.ts';

export interface KafkaSourceSettings {
  /** Connected and subscribed to the topic, not running; it reads what is committed only. */
  readonly consumer: Consumer;
  readonly topic: string;
  readonly partition: number;
  readonly topicPrefix: string;
  /**
   * Asked for once the partition is assigned: where to begin. Never the offset that came with the assignment: the owner before
   * may have committed since. The place to take the shard's producer, which fences that owner off.
   */
  readonly startOffset: () => Promise<Position>;
  readonly batchEventsMax: number;
  /** The end of the partition at this moment: the offset after its last record. */
  readonly endOffset: () => Promise<Position>;
  /** System time: heartbeats to the group go on while a delivery is pending. */
  readonly clock: Clock;
}

export interface KafkaSource extends Source<LogRecord> {
  /**
   * Lets `run` end once the records are handed over and acknowledged that readers of committed records can see at this moment. A
   * commit is acknowledged a little before that.
   */
  drain(): void;
}

/** How often the group hears of us while a delivery is pending. */
const heartbeatEveryMs = 1_000;

/**
 * One partition of a topic, as long as the group leaves it to this process. A batch's position is the offset after its last
 * record, the markers of transactions counted. Offsets are committed by the sink, together with what was made of the records.
 */
export function createKafkaSource(settings: KafkaSourceSettings): KafkaSource {
  const { consumer, topic, partition, topicPrefix, startOffset, endOffset, batchEventsMax, clock } = settings;
  const ended = new AbortController();
  let stopOffset: Position | undefined;
  let nextOffset: Position | undefined;
  let starting: Promise<Position> | undefined;
  let failure: { readonly error: unknown } | undefined;

  const begin = () => (starting ??= startOffset());

  function end(error?: { readonly error: unknown }): void {
    failure ??= error;
    ended.abort();
  }

  function endIfDone(): void {
    if (stopOffset !== undefined && nextOffset !== undefined && nextOffset >= stopOffset) end();
  }

  /** Waits for work without leaving the group. */
  async function whileBeating<T>(work: Promise<T>, heartbeat: () => Promise<void>): Promise<T> {
    const done = new AbortController();
    const beating = (async () => {
      for (;;) {
        await clock.sleep(heartbeatEveryMs, done.signal);
        await heartbeat();
      }
    })();
    beating.catch(() => undefined);
    try {
      return await work;
    } finally {
      done.abort();
    }
  }

  async function take(batch: KafkaBatch, onBatch: OnBatch<LogRecord>, heartbeat: () => Promise<void>): Promise<void> {
    const from = nextOffset ?? 0;
    const records = batch.messages.filter(({ offset }) => Number(offset) >= from).map((each) => toRecord(each));
    for (let at = 0; at < records.length; at += batchEventsMax) {
      const events = records.slice(at, at + batchEventsMax);
      const last = events.at(-1);
      if (last === undefined || ended.signal.aborted) return;
      // The last part of a fetch answers for the markers after it as well.
      const isLast = at + batchEventsMax >= records.length;
      const position = isLast ? Math.max(last.offset, Number(batch.lastOffset())) + 1 : last.offset + 1;
      await whileBeating(onBatch({ events, position }), heartbeat);
      nextOffset = position;
    }
    nextOffset = Math.max(nextOffset ?? 0, Number(batch.lastOffset()) + 1);
  }

  function toRecord(message: KafkaBatch['messages'][number]): LogRecord {
    return {
      record: topic.slice(topicPrefix.length + 1),
      key: message.key?.toString() ?? '',
      atMs: Number(message.timestamp),
      value: message.value === null ? null : JSON.parse(message.value.toString()),
      offset: Number(message.offset),
    };
  }

  /** Whenever the group has been formed anew: the partition is ours, from where we know, or it is lost. */
  async function onAssigned(partitions: readonly number[]): Promise<void> {
    if (!partitions.includes(partition)) {
      // Before the first assignment another process has it; this one stands by.
      if (nextOffset !== undefined)
        end({ error: new Error(`Partition ${partition} of ${topic} went to another process`) });
      return;
    }
    nextOffset ??= await begin();
    consumer.seek({ topic, partition, offset: String(nextOffset) });
    endIfDone();
  }

  return {
    async run(onBatch, signal) {
      const onAbort = () => end({ error: signal.reason });
      signal.addEventListener('abort', onAbort, { once: true });
      const untilEnded = new Promise<void>((resolve) => {
        ended.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      const listeners = [
        consumer.on(consumer.events.CRASH, ({ payload }) => {
          if (!payload.restart) end({ error: payload.error });
        }),
        // A fetch of nothing but markers and aborted records is passed over without a word.
        consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
          if (payload.batchSize > 0 || payload.partition !== partition || nextOffset === undefined) return;
          nextOffset = Math.max(nextOffset, Number(payload.lastOffset) + 1);
          endIfDone();
        }),
        consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
          onAssigned(payload.memberAssignment[topic] ?? []).catch((error: unknown) => end({ error }));
        }),
      ];
      try {
        await runBatches(consumer, async (payload) => {
          const { batch } = payload;
          const heartbeat = () => payload.heartbeat();
          if (batch.partition !== partition || ended.signal.aborted) return;
          try {
            if (nextOffset === undefined) {
              await whileBeating(begin(), heartbeat);
              return;
            }
            if (payload.isStale() || !payload.isRunning()) return;
            await take(batch, onBatch, heartbeat);
            payload.resolveOffset(String(nextOffset - 1));
            endIfDone();
          } catch (error) {
            end({ error });
          }
        });
        await untilEnded;
      } finally {
        for (const forget of listeners) forget();
        signal.removeEventListener('abort', onAbort);
        await consumer.disconnect();
      }
      if (failure !== undefined) throw failure.error;
    },
    drain() {
      Promise.all([endOffset(), begin()]).then(
        ([endOfNow, begun]) => {
          stopOffset = endOfNow;
          if ((nextOffset ?? begun) >= endOfNow) end();
        },
        (error: unknown) => end({ error }),
      );
    },
  };
}
