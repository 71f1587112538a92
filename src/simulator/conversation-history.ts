import type { Conversation } from './call.ts';

/** The conversations that were, oldest first: what detail queries are answered from. */
export interface ConversationHistory {
  /** Remembers a conversation from its first change on; it goes on to change in here. */
  note(conversation: Conversation): void;
  all(): Iterable<Conversation>;
  find(id: string): Conversation | undefined;
}

/** About two months of a busy day; older ones are forgotten, so that an endless run needs no endless memory. */
const conversationsMax = 100_000;

export function createConversationHistory(max = conversationsMax): ConversationHistory {
  const conversations = new Map<string, Conversation>();
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
