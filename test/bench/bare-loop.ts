import { systemClock } from '../../sinks/clock.ts';
import { consumer as createConsumer, runBatches, transactionalProducer } from '../../sinks/kafka/client.ts';
import { isPassing } from '../../sinks/kafka/failure.ts';
import { retry } from '../../sinks/retry.ts';
import { predictSeedWait } from '../../streams/seed-wait.ts';
import { quiet } from '../support/kafka.ts';

// The bare loop that derive is compared with: read, JSON.parse, the formula, JSON.stringify, write with the position in one transaction
// a fetch. No checks, no RxJS, one record an event. node dist/test/bench/bare-loop.js BROKERS INPUT OUTPUT END

const [brokers = '', input = '', output = '', end = '0'] = process.argv.slice(2);
const kafka = { brokers: brokers.split(','), clientId: 'bare', ssl: false, topicPrefix: 'bare' };
const never = new AbortController().signal;
const groupId = `${output}.group`;
const writer = transactionalProducer(kafka, quiet, { transactionalId: output, resends: true });
await writer.connect();
const reader = createConsumer(kafka, quiet, { groupId });
await reader.connect();
await reader.subscribe({ topic: input, fromBeginning: true });

const waiting = new Map<string, number>();
await new Promise<void>((resolve, reject) => {
  // A consumer that has failed for good is silent otherwise.
  reader.on(reader.events.CRASH, ({ payload: { error, restart } }) => {
    if (!restart) reject(error);
  });
  void runBatches(reader, async ({ batch, resolveOffset }) => {
    const messages = batch.messages.map(({ key, value, timestamp }) => {
      const event = JSON.parse(value?.toString() ?? '{}');
      for (const { metric, count } of event.metrics ?? []) if (metric === 'oWaiting') waiting.set(event.queueId, count);
      const inQueue = waiting.get(event.queueId) ?? 0;
      const prediction = predictSeedWait({ inQueue, agentsAvailable: 4, ahtSeconds: 180, avgWaitSeconds: 30 });
      return { key, value: JSON.stringify({ queueId: event.queueId, mediaType: 'voice', ...prediction }), timestamp };
    });
    const transaction = await writer.transaction();
    const offset = String(Number(batch.lastOffset()) + 1);
    const topics = [{ topic: input, partitions: [{ partition: 0, offset }] }];
    const sendOffsets = () => transaction.sendOffsets({ consumerGroupId: groupId, topics });
    // The broker may still be ending the transaction before.
    await retry(sendOffsets, { isPassing, everyMs: 2, withinMs: 10_000, clock: systemClock }, never);
    await transaction.send({ topic: output, messages });
    await transaction.commit();
    resolveOffset(batch.lastOffset());
    if (Number(offset) >= Number(end)) resolve();
  });
});
await Promise.all([reader.disconnect(), writer.disconnect()]);
