import type { EpochMs } from '../../streams/record.ts';
import type { Conversation } from './call.ts';

/** The conversations that were, oldest first: what detail queries are answered from, and what ledgers cannot tell apart. */
export interface ConversationHistory<Kept extends Conversation = Conversation> {
  /** Remembers a conversation from its first change on; it goes on to change in here. */
  note(conversation: Kept): void;
  all(): Iterable<Kept>;
  find(id: string): Kept | undefined;
  /** From here on nothing is missing of what conversations gave to the statistics; infinitely long ago unless some are forgotten. */
  completeFromMs(): EpochMs;
}

/** About two months of a busy day; older ones are forgotten, so that an endless run needs no endless memory. */
const conversationsMax = 100_000;

/** Keeps that many conversations, and those that are open; knows of none that ended before `fromMs`. */
export function createConversationHistory<Kept extends Conversation>(
  max = conversationsMax,
  fromMs: EpochMs = -Infinity,
): ConversationHistory<Kept> {
  const conversations = new Map<string, Kept>();
  // One that goes on: a new one would walk over all that was deleted before the first that is there.
  const oldestFirst = conversations.values();
  let completeFromMs = fromMs;

  const forgetOldest = (): void => {
    const { value: oldest } = oldestFirst.next();
    if (oldest === undefined) return;
    conversations.delete(oldest.id);
    // An open one would be found nowhere when it ends: it stays, and its turn comes again.
    if (conversationEndMs(oldest) === undefined) conversations.set(oldest.id, oldest);
    else completeFromMs = Math.max(completeFromMs, lastEmissionMs(oldest) + 1);
  };

  return {
    note(conversation) {
      if (conversations.has(conversation.id)) return;
      conversations.set(conversation.id, conversation);
      // One more than came in, so that those which were open do not add up.
      for (let count = 0; count < 2 && conversations.size > max; count += 1) forgetOldest();
    },
    all: () => conversations.values(),
    find: (id) => conversations.get(id),
    completeFromMs: () => completeFromMs,
  };
}

/** When the last of its legs ended, after-call work included; undefined while anything goes on. */
export function conversationEndMs({ endedAtMs, calls }: Conversation): EpochMs | undefined {
  if (endedAtMs === undefined) return undefined;
  const wrapUps = calls.flatMap(({ agentLegs }) => agentLegs.flatMap(({ wrapUp }) => wrapUp ?? []));
  return wrapUps.some((wrapUp) => wrapUp.endedAtMs === undefined)
    ? undefined
    : Math.max(endedAtMs, ...wrapUps.map((wrapUp) => wrapUp.endedAtMs ?? 0));
}

function lastEmissionMs({ calls }: Conversation): EpochMs {
  return Math.max(...calls.flatMap(({ emissions }) => emissions.map(({ atMs }) => atMs)));
}
