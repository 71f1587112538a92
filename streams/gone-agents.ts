import type { QueueEvent } from './event.ts';
import type { Logic } from './logic.ts';

/**
 * Passes on all but what is still on its way of an agent who is watched no more: it would stand for ever. Whoever comes back is listed
 * before he is heard of.
 */
export function dropWordOfGoneAgents(): Logic<Map<string, true>, QueueEvent, QueueEvent> {
  return {
    name: 'gone-agents',
    version: 1,
    start: () => new Map(),
    step(gone, event) {
      if (event.kind === 'agent-status' && gone.has(event.userId)) return [gone, []];
      if (event.kind === 'agent-removed') gone.set(event.userId, true);
      else if (event.kind === 'agent-profile') gone.delete(event.userId);
      return [gone, [event]];
    },
  };
}
