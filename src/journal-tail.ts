import { queueEvent } from '../streams/event.ts';
import { type EpochMs, organizationOf } from '../streams/record.ts';
import type { LogRecord } from './sources/log-source.ts';
import type { Source } from './sources/source.ts';

/** What a new process must know of the journal it goes on with. */
export interface JournalTail {
  readonly organizationId: string;
  /** The last stamp: the next is not before it. */
  readonly untilMs: EpochMs;
  /** How far the channel was heard: what came after it may be missing. */
  readonly heardUntilMs: EpochMs;
}

/** Every second there is a tick that says how far was heard; so many offsets before the end hold one for sure. */
const recordsMax = 20_000;

/** Reads the end of a journal through a source that ends there. Null for a journal without records. */
export async function readJournalTail(
  sourceFrom: (offset: number) => Source<LogRecord>,
  endOffset: number,
): Promise<JournalTail | null> {
  if (endOffset === 0) return null;
  // Only ticks say how far all channels were heard; a frame says that of one.
  let heardUntilMs: EpochMs | null = null;
  let last: LogRecord | undefined;
  await sourceFrom(Math.max(0, endOffset - recordsMax)).run(({ events }) => {
    for (const { value } of events) {
      const event = queueEvent.parse(value);
      if (event.kind === 'tick') heardUntilMs = event.heardUntilMs;
    }
    last = events.at(-1) ?? last;
    return Promise.resolve();
  }, new AbortController().signal);
  return asTail(last, heardUntilMs);
}

function asTail(last: LogRecord | undefined, heardUntilMs: EpochMs | null): JournalTail | null {
  if (last === undefined) return null;
  return {
    organizationId: organizationOf(last.key),
    untilMs: last.atMs,
    heardUntilMs: heardUntilMs ?? last.atMs,
  };
}
