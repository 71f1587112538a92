import type { Conversation } from './call.ts';

/** The conversations that were, oldest first: what detail queries are answered from. */
export interface ConversationHistory<Kept extends Conversation = Conversation> {
  /** Remembers a conversation from its first change on; it goes on to change in here. */
  note(conversation: Kept): void;
  all(): Iterable<Kept>;
  find(id: string): Kept | undefined;
}

/** About two months of a busy day; older ones are forgotten, so that an endless run needs no endless memory. */
const conversationsMax = 100_000;

export function createConversationHistory<Kept extends Conversation>(
  max = conversationsMax,
): ConversationHistory<Kept> {
  const conversations = new Map<string, Kept>();
  return {
    note(conversation) {
      if (conversations.has(conversation.id)) return;
      conversations.set(conversation.id, conversation);
      for (const oldest of conversations.keys()) {
        if (conversations.size <= max) break;
        conversations.delete(oldest);
      }
    },
    all: () => conversations.values(),
    find: (id) => conversations.get(id),
  };
}
