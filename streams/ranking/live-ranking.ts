import type { EpochMs } from '../record.ts';
import { createOrder } from './order.ts';
import type { Candidate, Required, Standing } from './score.ts';
import type { Weights } from './weights.ts';

/** What becomes known of an agent, and of which time that is. A level, value or number of seconds of null takes it back. */
export type RankingEvent = { readonly agentId: string; readonly atMs: EpochMs } & (
  | { readonly type: 'join' }
  | { readonly type: 'leave' }
  | { readonly type: 'status'; readonly routingStatus: string }
  | { readonly type: 'skill'; readonly skillId: string; readonly level: number | null }
  | { readonly type: 'languages'; readonly languages: readonly string[] }
  | { readonly type: 'csat'; readonly value: number | null }
  | { readonly type: 'queueTime'; readonly seconds: number | null }
);

export interface Ranking {
  readonly eligible: number;
  /** Whether the event counted: not if the agent is unknown, or the same was known of a later time. */
  apply(event: RankingEvent): boolean;
  /** The first so many, best first. */
  first(count: number): Standing[];
}

interface Known {
  readonly agent: Candidate;
  /** Of which time each field is. */
  readonly atMs: Map<string, EpochMs>;
}

/**
 * A ranking by one profile that follows events: after each it is what `rankAll` would make of all agents. Agents come and go in
 * the order of arrival; else the latest time wins for each agent and field, the later arrival if they are equal.
 *
 *     join a · a is idle · join b · b is idle, better · a busy
 *      []        [a]        [a]          [b a]           [b]
 */
export function createRanking(required: Required, weights: Weights): Ranking {
  const known = new Map<string, Known>();
  const order = createOrder(required, weights);

  return {
    get eligible() {
      return order.eligible;
    },
    apply(event) {
      const before = known.get(event.agentId);
      if (event.type === 'join') {
        if (before !== undefined) return false;
        const agent = newAgent(event.agentId);
        known.set(event.agentId, { agent, atMs: new Map() });
        order.replace(undefined, agent);
        return true;
      }
      if (before === undefined) return false;
      if (event.type === 'leave') {
        known.delete(event.agentId);
        order.replace(before.agent, undefined);
        return true;
      }
      const field = event.type === 'skill' ? `skill/${event.skillId}` : event.type;
      const { agent, atMs } = before;
      if (event.atMs < (atMs.get(field) ?? -Infinity)) return false;
      atMs.set(field, event.atMs);
      const after = { ...agent, ...newsOf(agent, event) };
      known.set(event.agentId, { agent: after, atMs });
      order.replace(agent, after);
      return true;
    },
    first: (count) => order.first(count),
  };
}

const newAgent = (id: string): Candidate => ({
  id,
  routingStatus: 'OFF_QUEUE',
  skills: new Map(),
  languages: [],
  csat: null,
  queueTimeSeconds: null,
  idleSinceMs: null,
});

function newsOf(
  agent: Candidate,
  event: Exclude<RankingEvent, { readonly type: 'join' | 'leave' }>,
): Partial<Candidate> {
  switch (event.type) {
    case 'status': {
      const { routingStatus, atMs } = event;
      if (routingStatus !== 'IDLE') return { routingStatus, idleSinceMs: null };
      return agent.routingStatus === 'IDLE' ? {} : { routingStatus, idleSinceMs: atMs };
    }
    case 'skill': {
      const skills = new Map(agent.skills);
      if (event.level === null) skills.delete(event.skillId);
      else skills.set(event.skillId, event.level);
      return { skills };
    }
    case 'languages':
      return { languages: event.languages };
    case 'csat':
      return { csat: event.value };
    case 'queueTime':
      return { queueTimeSeconds: event.seconds };
  }
}
