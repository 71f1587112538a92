import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import {
  admin,
  consumer as createConsumer,
  type Consumer,
  type KafkaSettings,
  runBatches,
} from '../../sinks/kafka/client.ts';
import { isPassing, kafkaFailure } from '../../sinks/kafka/failure.ts';
import type { LogRecord } from '../../sinks/log/log-tail.ts';
import { retry } from '../../sinks/retry.ts';
import type { Position } from '../../sinks/sink.ts';
import { createReading, type Reading, untilAborted } from './kafka-reading.ts';
import type { Source } from './source.ts';

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
   * record, the markers of transactions counted. `until` = it ends there, or at what readers can see when it is run. Rejects with
   * `QC_SCHEMA_DRIFT` when what is to be read is not there any more.
   */
  readonly source: (
    topic: string,
    fromOffset: Position,
    options?: { readonly until?: Position | 'now' },
  ) => Source<LogRecord>;
}

interface Task {
  readonly revoked: AbortController;
  readonly done: Promise<void>;
}

/** So often in a row the consumer may begin anew without having joined the group. */
const crashesMax = 3;

/** A new leader of a partition may know less of its end, for a moment, than the one before told. */
const endKnownWithinMs = 5_000;

/** A partition whose broker was lost has a new leader by then; a stage that is to end cannot begin anew to wait for it. */
const leaderWithinMs = 20_000;

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

  const leaderless = { isPassing, everyMs: endKnownWithinMs / 20, withinMs: leaderWithinMs, clock };
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

  function seek(reading: Reading): void {
    const { topic, partition } = reading;
    consumer.seek({ topic, partition, offset: String(reading.nextOffset()) });
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
    return (topic, fromOffset, { until } = {}) => ({
      async run(onBatch, runSignal) {
        runSignal.throwIfAborted();
        const { low, high } = await knownEnd(topic, partition, fromOffset, runSignal);
        if (fromOffset !== 0 && fromOffset < low) throw deletedBefore(topic, partition, fromOffset, low);
        const reading = createReading({
          ...{ topic, partition, topicPrefix: kafka.topicPrefix, batchEventsMax, onBatch, clock },
          fromOffset: Math.max(fromOffset, low),
          stopOffset: until === 'now' ? high : until,
        });
        const stopNow = () => {
          knownEnd(topic, partition, reading.nextOffset(), over.signal).then(
            (found) => reading.stopAt(found.high),
            (error: unknown) => reading.end({ error }),
          );
        };
        const onAbort = () => reading.end({ error: runSignal.reason });
        readings.add(reading);
        runSignal.addEventListener('abort', onAbort, { once: true });
        if (drain.aborted && until === undefined) stopNow();
        else if (until === undefined) drain.addEventListener('abort', stopNow, { once: true });
        try {
          if (!reading.isEnded()) seek(reading);
          await reading.ended();
        } finally {
          readings.delete(reading);
          runSignal.removeEventListener('abort', onAbort);
          drain.removeEventListener('abort', stopNow);
          pause(topic, partition);
        }
      },
    });
  }

  /** Where a partition begins and ends for readers of committed records. */
  async function knownEnd(topic: string, partition: number, fromOffset: Position, until: AbortSignal) {
    const untilMs = clock.nowMs() + endKnownWithinMs;
    for (;;) {
      const ends = await retry(() => client.fetchTopicOffsets(topic), leaderless, until);
      const found = ends.find((each) => each.partition === partition);
      const [low, high] = [Number(found?.low ?? 0), Number(found?.high ?? 0)];
      if (fromOffset <= high) return { low, high };
      if (clock.nowMs() >= untilMs) throw endsBefore(topic, partition, fromOffset, high);
      await clock.sleep(endKnownWithinMs / 20, until);
    }
  }

  const readingOf = (topic: string, partition: number) =>
    [...readings].find((each) => each.topic === topic && each.partition === partition && !each.isEnded());

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
      onPassed: (topic, partition, offset) => readingOf(topic, partition)?.passTo(offset),
    });
    await runBatches(consumer, async (payload) => {
      const { batch } = payload;
      const reading = readingOf(batch.topic, batch.partition);
      if (reading === undefined || payload.isStale() || !payload.isRunning()) return;
      await reading.take(batch, () => payload.heartbeat());
      payload.resolveOffset(String(reading.nextOffset() - 1));
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
  if (failure !== undefined) throw kafkaFailure(failure.error, `working on ${topics.join(', ')} as group ${groupId}`);
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

function deletedBefore(topic: string, partition: number, from: Position, low: Position): SinkError {
  const message = `Partition ${partition} of ${topic} begins at offset ${low}, but was read only up to ${from}: what lies between was deleted before it was read. Raise retention.ms of the topic; to go on without it, move the folder of the archive away, or let derive begin anew with another QUEUECAST_TOPIC_PREFIX.`;
  return new SinkError('QC_SCHEMA_DRIFT', message);
}

function endsBefore(topic: string, partition: number, from: Position, high: Position): SinkError {
  const message = `Partition ${partition} of ${topic} ends at offset ${high}, but was read up to ${from} before: it is not the topic that it was. Bring that one back, or use another QUEUECAST_TOPIC_PREFIX and another folder for the archive.`;
  return new SinkError('QC_SCHEMA_DRIFT', message);
}
