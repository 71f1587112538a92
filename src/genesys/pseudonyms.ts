import { createHmac } from 'node:crypto';
import type { QueueEvent } from '../../streams/event.ts';

/** Turns ids of agents into others, the same for the same key, that nobody turns back without it. */
export type Pseudonym = (userId: string) => string;

/** HMAC-SHA-256, cut and written as a UUID (version 8), so that whatever takes ids takes these. */
export function createPseudonyms(key: string): Pseudonym {
  const known = new Map<string, string>();
  return (userId) => {
    let pseudonym = known.get(userId);
    if (pseudonym === undefined) {
      const digits = createHmac('sha256', key).update(userId.toLowerCase()).digest('hex');
      const variant = ((Number.parseInt(digits.slice(16, 17), 16) & 3) | 8).toString(16);
      const parts = [
        digits.slice(0, 8),
        digits.slice(8, 12),
        `8${digits.slice(13, 16)}`,
        variant + digits.slice(17, 20),
      ];
      pseudonym = [...parts, digits.slice(20, 32)].join('-');
      known.set(userId, pseudonym);
    }
    return pseudonym;
  };
}

/** An event without the platform's ids of agents. */
export function pseudonymize(event: QueueEvent, pseudonymOf: Pseudonym): QueueEvent {
  switch (event.kind) {
    case 'agent-status':
    case 'agent-profile':
    case 'agent-removed':
    case 'agent-satisfaction':
      return { ...event, userId: pseudonymOf(event.userId) };
    case 'interaction-changed':
      return { ...event, agents: event.agents.map((agent) => ({ ...agent, userId: pseudonymOf(agent.userId) })) };
    case 'channel-gap':
      return { ...event, userIds: event.userIds?.map(pseudonymOf) ?? null };
    case 'input-rejected':
      return {
        ...event,
        place: event.place.replace(agentPlace, (_, before: string, id: string) => before + pseudonymOf(id)),
      };
    case 'queue-observed':
    case 'queue-interval':
    case 'interval-read':
    case 'queue-snapshot':
    case 'queue-profile':
    case 'queue-removed':
    case 'tick':
      return event;
  }
}

/** Where a place names an agent: a topic of one, or an answer about one. */
const agentPlace = /^(v2\.[a-z.]*users\.|routing\/activity of )([0-9a-f-]{36})/i;
