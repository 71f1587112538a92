import type { Call } from './call-center.ts';

/** The calls that were, oldest first: what detail queries are answered from. */
export interface ConversationHistory {
  /** Remembers a call from its first change on; it goes on to change in here. */
  note(call: Call): void;
  all(): Iterable<Call>;
  find(callId: string): Call | undefined;
}

/** About two months of a busy day; older calls are forgotten, so that an endless run needs no endless memory. */
const callsMax = 100_000;

export function createConversationHistory(max = callsMax): ConversationHistory {
  const calls = new Map<string, Call>();
  return {
    note(call) {
      if (calls.has(call.id)) return;
      calls.set(call.id, call);
      for (const oldest of calls.keys()) {
        if (calls.size <= max) break;
        calls.delete(oldest);
      }
    },
    all: () => calls.values(),
    find: (callId) => calls.get(callId),
  };
}
