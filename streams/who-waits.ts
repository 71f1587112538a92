import type { EventOf } from './event.ts';
import type { EpochMs } from './record.ts';

/** The conversations of one queue and media type that nobody has answered yet. */
export type WhoWaits = Map<string, { readonly sinceMs: EpochMs; readonly isAlerting: boolean }>;

/** Folds in how a conversation now stands in the queue. */
export function noteInteraction(who: WhoWaits, event: EventOf<'interaction-changed'>): void {
  const { conversationId, stays, agents, customerLeftAtMs } = event;
  const stay = stays.find((each) => each.leftAtMs === null);
  if (stay === undefined || customerLeftAtMs !== null) who.delete(conversationId);
  else who.set(conversationId, { sinceMs: stay.enqueuedAtMs, isAlerting: agents.some(isAlerting) });
}

const isAlerting = ({ connectedAtMs, endedAtMs }: EventOf<'interaction-changed'>['agents'][number]) =>
  connectedAtMs === null && endedAtMs === null;

/**
 * Since when the oldest waits, null if nobody does. The platform may count those who ring at an agent among `waiting` or not, and
 * nobody knows which: they are left out unless it takes them to make up the count.
 */
export function oldestSinceMs(who: WhoWaits, waiting: number | null): EpochMs | null {
  let oldest: EpochMs | null = null;
  let oldestAlerting: EpochMs | null = null;
  let others = 0;
  for (const { sinceMs, isAlerting: rings } of who.values()) {
    if (rings) oldestAlerting = Math.min(oldestAlerting ?? sinceMs, sinceMs);
    else {
      others += 1;
      oldest = Math.min(oldest ?? sinceMs, sinceMs);
    }
  }
  if (oldestAlerting === null || (waiting !== null && waiting <= others)) return oldest;
  return Math.min(oldest ?? oldestAlerting, oldestAlerting);
}
