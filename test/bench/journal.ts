import { type KafkaSettings, producer } from '../../sinks/kafka/client.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { quiet } from '../support/kafka.ts';

// A journal as a busy organisation fills it: observations of many queues, a tick a second.

const organizationId = '00000000-0000-4000-8000-000000000001';
const queueIdOf = (queue: number) => `11111111-1111-4111-8111-${String(queue).padStart(12, '0')}`;

interface JournalRecord {
  readonly key: string;
  readonly value: string;
  readonly timestamp: string;
  readonly partition: 0;
}

const recordOf = (event: QueueEvent, subject: string): JournalRecord => ({
  key: `${organizationId}/${subject}`,
  value: JSON.stringify(event),
  timestamp: String(event.receivedAtMs),
  partition: 0,
});

/** What a channel gives first: all queues, whole. */
export function* snapshots(queues: number, receivedAtMs: number): Generator<JournalRecord> {
  for (let queue = 0; queue < queues; queue += 1) {
    const queueId = queueIdOf(queue);
    const groups = [
      { mediaType: null, metrics: [{ metric: 'oOnQueueUsers', qualifier: 'IDLE', count: 4, startedAtMs: null }] },
      { mediaType: 'voice', metrics: [{ metric: 'oWaiting', qualifier: null, count: 0, startedAtMs: null }] },
    ];
    yield recordOf({ kind: 'queue-snapshot', receivedAtMs, queueId, groups, waiting: [] }, queueId);
  }
}

/** The observation with a number, the same each time. */
export function observation(number: number, queues: number, receivedAtMs: number): JournalRecord {
  const queueId = queueIdOf((number * 7_919) % queues);
  const count = (number * 31) % 12;
  const metrics = [
    { metric: 'oWaiting', qualifier: null, count, startedAtMs: null },
    { metric: 'oInteracting', qualifier: null, count: (number * 17) % 30, startedAtMs: null },
  ];
  return recordOf({ kind: 'queue-observed', receivedAtMs, queueId, mediaType: 'voice', metrics }, queueId);
}

export const tick = (receivedAtMs: number): JournalRecord =>
  recordOf({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs }, '0');

/** Fills a journal topic with `events` observations, `perSecond` of them in a second of journal time. */
export async function fillJournal(
  kafka: KafkaSettings,
  topic: string,
  { events, queues, perSecond, startMs }: { events: number; queues: number; perSecond: number; startMs: number },
): Promise<void> {
  const writer = producer(kafka, quiet);
  await writer.connect();
  let messages: JournalRecord[] = [...snapshots(queues, startMs)];
  const send = async () => {
    await writer.send({ topic, messages });
    messages = [];
  };
  for (let number = 0; number < events; number += 1) {
    const atMs = startMs + Math.floor((number * 1000) / perSecond);
    if (number % perSecond === 0) messages.push(tick(atMs));
    messages.push(observation(number, queues, atMs));
    if (messages.length >= 2_000) await send();
  }
  await send();
  await writer.disconnect();
}
