import { describe, expect, test } from 'vitest';
import { systemClock } from '../../sinks/clock.ts';
import { createLogSink } from '../../sinks/log/log-sink.ts';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { readJournalTail } from '../../src/journal-tail.ts';
import { createLogSource } from '../../src/sources/log-source.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { output } from '../../streams/record.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const tick = (receivedAtMs: number, heardUntilMs: number | null): QueueEvent => ({
  kind: 'tick',
  receivedAtMs,
  heardUntilMs,
});
const frame = (receivedAtMs: number): QueueEvent => ({
  kind: 'queue-observed',
  receivedAtMs,
  queueId: 'q',
  mediaType: 'voice',
  metrics: [],
});

const folder = temporaryFolders();

async function tailOf(...events: QueueEvent[]) {
  const dir = folder();
  const log = await openSegmentLog({ dir, bytesMax: 1e6, hasCheckpoints: false });
  const outputs = events.map((event) => output(queueEvent, event, event.receivedAtMs));
  const keyed = outputs.map((each) => ({ ...each, key: `org/${each.key}` }));
  await createLogSink(log).deliver({ outputs: keyed, position: 0 }, new AbortController().signal);
  await log.close();
  const source = (fromOffset: number) => {
    const tail = createLogSource({ dir, fromOffset, batchEventsMax: 2, commitEveryMs: 0, clock: systemClock });
    tail.drain();
    return tail;
  };
  return readJournalTail(source, events.length);
}

describe('the tail of a journal', () => {
  test('tells how far the channel was heard, however long the clock went on ticking', async () => {
    expect(await tailOf(frame(100), tick(110, 100), tick(140, 100))).toEqual({
      organizationId: 'org',
      untilMs: 140,
      heardUntilMs: 100,
    });
  });

  test('is heard until what its last tick says: a frame after it was heard on one channel, not on all', async () => {
    expect(await tailOf(tick(110, 100), frame(111))).toMatchObject({ untilMs: 111, heardUntilMs: 100 });
  });

  test('before anything was heard is its last stamp', async () => {
    expect(await tailOf(tick(110, null), frame(111), tick(112, null))).toMatchObject({ heardUntilMs: 112 });
  });

  test('of an empty journal is nothing', async () => {
    expect(await tailOf()).toBeNull();
  });
});
