import { systemClock } from '../sinks/clock.ts';
import type { LogSummary } from '../sinks/log/log-summary.ts';
import { queueEvent } from '../streams/event.ts';
import type { EpochMs } from '../streams/record.ts';
import { createLogSource } from './sources/log-source.ts';

/** What a new process must know of the journal it goes on with. */
export interface JournalTail {
  readonly organizationId: string;
  /** The last stamp: the next is not before it. */
  readonly untilMs: EpochMs;
  /** How far the channel was heard: what came after it may be missing. */
  readonly heardUntilMs: EpochMs;
}

/** Every second there is a tick that says how far was heard; so many records hold one for sure. */
const recordsMax = 20_000;

/** Null for a journal without records. */
export async function readJournalTail(dir: string, found: LogSummary): Promise<JournalTail | null> {
  const { endOffset, lastAtMs, lastKey } = found;
  if (lastAtMs === undefined || lastKey === undefined) return null;
  const source = createLogSource({
    dir,
    fromOffset: Math.max(0, endOffset - recordsMax),
    batchEventsMax: recordsMax,
    commitEveryMs: 0,
    clock: systemClock,
  });
  source.drain(endOffset);
  // A socket may have hung for long before the process died: ticks say so, and frames after the last tick say more.
  const heard: { untilMs: EpochMs | null } = { untilMs: null };
  await source.run(({ events }) => {
    for (const { value } of events) {
      const event = queueEvent.parse(value);
      if (event.kind === 'tick') heard.untilMs = event.heardUntilMs;
      const isFrame = event.kind === 'queue-observed' || event.kind === 'queue-interval';
      if (heard.untilMs !== null && (isFrame || event.kind === 'interaction-changed'))
        heard.untilMs = event.receivedAtMs;
    }
    return Promise.resolve();
  }, new AbortController().signal);
  return { organizationId: organizationOf(lastKey), untilMs: lastAtMs, heardUntilMs: heard.untilMs ?? lastAtMs };
}

/** The organisation stands first in every key. */
export function organizationOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}
