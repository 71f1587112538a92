import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import {
  admin,
  type Batch as KafkaBatch,
  consumer as createConsumer,
  type Consumer,
  type KafkaSettings,
  runBatches,
} from '../../sinks/kafka/client.ts';
import { kafkaFailure } from '../../sinks/kafka/failure.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import type { Position } from '../../sinks/sink.ts';
import type { OnBatch, Source } from './source.ts';

export interface KafkaGroupSettings {
  readonly kafka: KafkaSettings;
  readonly log: Logger;
  readonly groupId: string;
  /** With the prefix. A partition number means that partition of all of them. */
  readonly topics: readonly string[];
  readonly batchEventsMax: number;
  /** How long the broker gathers records; 0 = whatever is there. */
  readonly gatherMs: number;
  readonly sessionTimeoutMs?: number;
  /** System time. */
  readonly clock: Clock;
  /** Aborted = every source ends once what readers of committed records can see then is handed over and acknowledged. */
  readonly drained: AbortSignal;
}

/** The partitions of one number, while they are this process's. */
export interface OwnedPartition {
  readonly partition: number;
  /**
   * The records of one topic from an offset on; 0 = from the oldest that is kept. A batch's position is the offset after its last
   * record, the markers of transactions counted. `isFinite` = it ends at what readers can see when it is run. Rejects with
   * `QC_SCHEMA_DRIFT` when what is to be read is not there any more.
   */
  readonly source: (topic: string, fromOffset: Position, options?: { readonly isFinite: boolean }) => Source<LogRecord>;
}

/** One source that is being run. */
interface Reading {
  readonly topic: string;
  readonly partition: number;
  readonly onBatch: OnBatch<LogRecord>;
  nextOffset: Position;
  stopOffset: Position | undefined;
  isEnded: boolean;
  /** Done when the batch before is. */
  turn: Promise<void>;
  end(failure?: { readonly error: unknown }): void;
}

interface Task {
  readonly revoked: AbortController;
  readonly done: Promise<void>;
}

/** How often the group hears of us while a batch is being worked on. */
const heartbeatEveryMs = 1_000;

/** So often in a row the consumer may begin anew without having joined the group. */
const crashesMax = 3;

/** A new leader of a partition may know less of its end, for a moment, than the one before told. */
const endKnownWithinMs = 5_000;

/**
 * Works in a consumer group: runs `work` for each partition number that the group leaves to this process, until it goes to another one. Offsets are
 * never committed here, but by a sink, together with what was made of the records. Ends when drained, and rejects
 * when any work fails or the group is lost.
 */
export async function runGroup(
  settings: KafkaGroupSettings,
  work: (owned: OwnedPartition, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { kafka, log, groupId, topics, batchEventsMax, gatherMs, sessionTimeoutMs, clock, drained } = settings;
  const tasks = new Map<number, Task>();
  const readings = new Set<Reading>();
  const over = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  let hasJoined = false;
  let crashes = 0;

  const owned = () => Array.from(tasks.keys());
  const consumer = createConsumer(kafka, log, {
    groupId,
    owned,
    gatherMs,
    restarts: () => (crashes += 1) <= crashesMax && !over.signal.aborted,
    ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
  });
  const client = admin(kafka, log);

  function end(failed?: { readonly error: unknown }): void {
    failure ??= failed;
    over.abort();
  }

  function endIfDone(): void {
    if (hasJoined && drained.aborted && tasks.size === 0) end();
  }

  const pause = (topic: string, partition: number) => consumer.pause([{ topic, partitions: [partition] }]);

  function seek({ topic, partition, nextOffset }: Reading): void {
    consumer.seek({ topic, partition, offset: String(nextOffset) });
    consumer.resume([{ topic, partitions: [partition] }]);
  }

  /** Whenever the group has been formed anew. */
  function onJoined(numbers: ReadonlySet<number>): void {
    hasJoined = true;
    crashes = 0;
    for (const [number, { revoked }] of tasks) if (!numbers.has(number)) revoked.abort();
    for (const number of numbers) {
      const task = tasks.get(number);
      if (task === undefined || task.revoked.signal.aborted) start(number, task?.done);
    }
    // Whoever joins anew begins with all of it, where the group had committed; we know better.
    for (const partition of numbers) {
      for (const topic of topics) {
        const reading = readingOf(topic, partition);
        if (reading === undefined) pause(topic, partition);
        else seek(reading);
      }
    }
    endIfDone();
  }

  function start(partition: number, before: Promise<void> | undefined): void {
    const revoked = new AbortController();
    const run = async () => {
      await before;
      const either = AbortSignal.any([revoked.signal, over.signal]);
      setMaxListeners(0, either);
      try {
        if (!either.aborted) await work({ partition, source: sourceOf(partition, drained) }, either);
      } catch (error) {
        if (!either.aborted) end({ error });
        else log.debug({ partition, groupId, err: error }, 'work on a partition ended with it');
      }
      if (tasks.get(partition) === task) tasks.delete(partition);
      endIfDone();
    };
    const task: Task = { revoked, done: Promise.resolve().then(run) };
    tasks.set(partition, task);
  }

  function sourceOf(partition: number, drain: AbortSignal): OwnedPartition['source'] {
    return (topic, fromOffset, { isFinite } = { isFinite: false }) => ({
      async run(onBatch, runSignal) {
        runSignal.throwIfAborted();
        const { low, high } = await knownEnd(topic, partition, fromOffset, runSignal);
        if (fromOffset !== 0 && fromOffset < low) throw deletedBefore(topic, partition, fromOffset, low);
        const ending = new AbortController();
        let failed: { readonly error: unknown } | undefined;
        const reading: Reading = {
          topic,
          partition,
          onBatch,
          nextOffset: Math.max(fromOffset, low),
          stopOffset: isFinite ? high : undefined,
          isEnded: false,
          turn: Promise.resolve(),
          end(reason) {
            failed ??= reason;
            reading.isEnded = true;
            ending.abort();
          },
        };
        const stopNow = () => {
          knownEnd(topic, partition, reading.nextOffset, over.signal).then(
            (found) => stopAt(reading, found.high),
            (error: unknown) => reading.end({ error }),
          );
        };
        const onAbort = () => reading.end({ error: runSignal.reason });
        readings.add(reading);
        runSignal.addEventListener('abort', onAbort, { once: true });
        if (drain.aborted && !isFinite) stopNow();
        else if (!isFinite) drain.addEventListener('abort', stopNow, { once: true });
        try {
          if (isDone(reading)) reading.end();
          else seek(reading);
          if (!ending.signal.aborted) await untilAborted(ending.signal);
          await reading.turn;
        } finally {
          readings.delete(reading);
          runSignal.removeEventListener('abort', onAbort);
          drain.removeEventListener('abort', stopNow);
          pause(topic, partition);
        }
        if (failed !== undefined) throw failed.error;
      },
    });
  }

  function stopAt(reading: Reading, offset: Position): void {
    reading.stopOffset = offset;
    if (isDone(reading)) reading.end();
  }

  /** Where a partition begins and ends for readers of committed records. */
  async function knownEnd(topic: string, partition: number, fromOffset: Position, until: AbortSignal) {
    const untilMs = clock.nowMs() + endKnownWithinMs;
    for (;;) {
      const found = (await client.fetchTopicOffsets(topic)).find((each) => each.partition === partition);
      const [low, high] = [Number(found?.low ?? 0), Number(found?.high ?? 0)];
      if (fromOffset <= high) return { low, high };
      if (clock.nowMs() >= untilMs) throw endsBefore(topic, partition, fromOffset, high);
      await clock.sleep(endKnownWithinMs / 20, until);
    }
  }

  /** Hands a fetched batch over in pieces; the group hears of us meanwhile. */
  async function take(reading: Reading, batch: KafkaBatch, heartbeat: () => Promise<void>): Promise<void> {
    const records = batch.messages
      .filter(({ offset }) => Number(offset) >= reading.nextOffset)
      .map((message) => toRecord(kafka.topicPrefix, batch, message));
    const lastOffset = Number(batch.lastOffset());
    for (let at = 0; at < records.length && !reading.isEnded; at += batchEventsMax) {
      const events = records.slice(at, at + batchEventsMax);
      const last = events.at(-1);
      // The last piece of a fetch answers for the markers after it as well.
      const isLast = at + batchEventsMax >= records.length;
      const position = isLast ? Math.max(last?.offset ?? 0, lastOffset) + 1 : (last?.offset ?? 0) + 1;
      await whileBeating(reading.onBatch({ events, position }), heartbeat);
      reading.nextOffset = position;
    }
    if (!reading.isEnded) passTo(reading, lastOffset + 1);
  }

  function passTo(reading: Reading, offset: Position): void {
    reading.nextOffset = Math.max(reading.nextOffset, offset);
    if (isDone(reading)) reading.end();
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

  const readingOf = (topic: string, partition: number) =>
    [...readings].find((each) => each.topic === topic && each.partition === partition && !each.isEnded);

  const onAbort = () => end({ error: signal.reason });
  // Every source listens.
  setMaxListeners(0, drained, signal, over.signal);
  try {
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    drained.addEventListener('abort', endIfDone, { once: true });
    await client.connect();
    await consumer.connect();
    await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    listen(consumer, {
      onJoined,
      onCrash: (error) => end({ error: kafkaFailure(error, `reading ${topics.join(', ')} as group ${groupId}`) }),
      onPassed: (topic, partition, offset) => {
        const reading = readingOf(topic, partition);
        if (reading !== undefined) passTo(reading, offset);
      },
    });
    await runBatches(consumer, async (payload) => {
      const { batch } = payload;
      const reading = readingOf(batch.topic, batch.partition);
      if (reading === undefined || payload.isStale() || !payload.isRunning()) return;
      // A consumer that begins anew fetches again what is in work: it waits for its turn, and then finds it done.
      const turn = reading.turn.then(() => take(reading, batch, () => payload.heartbeat()));
      reading.turn = turn.catch(() => undefined);
      try {
        await turn;
        payload.resolveOffset(String(reading.nextOffset - 1));
      } catch (error) {
        reading.end({ error });
      }
    });
    if (!over.signal.aborted) await untilAborted(over.signal);
  } catch (error) {
    end({ error: kafkaFailure(error, `joining group ${groupId} for ${topics.join(', ')}`) });
  } finally {
    over.abort();
    signal.removeEventListener('abort', onAbort);
    drained.removeEventListener('abort', endIfDone);
    await Promise.all(Array.from(tasks.values(), ({ done }) => done));
    await consumer.disconnect();
    await client.disconnect();
  }
  if (failure !== undefined) throw failure.error;
}

interface Listeners {
  readonly onJoined: (numbers: ReadonlySet<number>) => void;
  readonly onCrash: (error: unknown) => void;
  /** Everything before `offset` holds nothing for a reader. */
  readonly onPassed: (topic: string, partition: number, offset: Position) => void;
}

function listen(consumer: Consumer, { onJoined, onCrash, onPassed }: Listeners): void {
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) =>
    onJoined(new Set(Object.values(payload.memberAssignment).flat())),
  );
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    if (!payload.restart) onCrash(payload.error);
  });
  // A fetch of nothing but markers and aborted records is passed over without a word.
  consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
    if (payload.batchSize === 0) onPassed(payload.topic, payload.partition, Number(payload.lastOffset) + 1);
  });
}

const isDone = ({ nextOffset, stopOffset }: Reading) => stopOffset !== undefined && nextOffset >= stopOffset;

async function untilAborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function toRecord(prefix: string, batch: KafkaBatch, { key, timestamp, value, offset }: Message): LogRecord {
  return {
    record: batch.topic.slice(prefix.length + 1),
    key: key?.toString() ?? '',
    atMs: Number(timestamp),
    value: value === null ? null : parse(value, batch, offset),
    offset: Number(offset),
  };
}

type Message = KafkaBatch['messages'][number];

function parse(value: Buffer, { topic, partition }: KafkaBatch, offset: string): unknown {
  try {
    return JSON.parse(value.toString());
  } catch (cause) {
    const message = `The record at offset ${offset} of ${topic}, partition ${partition}, is no JSON, so queuecast did not write it: let nobody else write to this topic, and use another QUEUECAST_TOPIC_PREFIX.`;
    throw new SinkError('QC_SCHEMA_DRIFT', message, { cause });
  }
}

function deletedBefore(topic: string, partition: number, from: Position, low: Position): SinkError {
  const message = `Partition ${partition} of ${topic} begins at offset ${low}, but was read only up to ${from}: what lies between was deleted before it was read. Raise retention.ms of the topic; to go on without it, move the folder of the archive away, or let derive begin anew with another QUEUECAST_TOPIC_PREFIX.`;
  return new SinkError('QC_SCHEMA_DRIFT', message);
}

function endsBefore(topic: string, partition: number, from: Position, high: Position): SinkError {
  const message = `Partition ${partition} of ${topic} ends at offset ${high}, but was read up to ${from} before: it is not the topic that it was. Bring that one back, or use another QUEUECAST_TOPIC_PREFIX and another folder for the archive.`;
  return new SinkError('QC_SCHEMA_DRIFT', message);
}
