import { createOrder, type Order } from './order.ts';
import { requiredBy } from './profile.ts';
import { isKnown, queuesOf, type RosterAgent } from './roster.ts';
import type { Candidate, Required } from './score.ts';
import type { Weights } from './weights.ts';

/** The agents of one queue, in the order of each profile that was asked for. */
interface QueueIndex {
  /** Made from all agents when it is first asked for, kept up to date from then on. */
  orderOf(profile: string): Order;
  drop(profile: string): void;
  /** The weights are others: all orders are made anew. */
  reweigh(): void;
  /** Share of the agents of whom all is known; null without agents. */
  coverage(): number | null;
  /** Ids of those who are idle and have every skill and the language required, whatever their score. */
  idle(required: Required): string[];
}

/** The orders of all queues: nothing but another view of the roster, which can be made from it at any time. */
export interface QueueIndexes {
  of(queueId: string): QueueIndex;
  /** An agent has changed, is new, or has gone. */
  replace(before: RosterAgent | undefined, after: RosterAgent | undefined): void;
}

interface Members {
  readonly byId: Map<string, RosterAgent>;
  readonly orders: Map<string, Order>;
  known: number;
}

export function createQueueIndexes(
  agents: ReadonlyMap<string, RosterAgent>,
  weightsOf: (queueId: string) => Weights,
): QueueIndexes {
  const queues = new Map<string, Members>();
  const membersOf = (queueId: string): Members => {
    let members = queues.get(queueId);
    if (members === undefined) queues.set(queueId, (members = { byId: new Map(), orders: new Map(), known: 0 }));
    return members;
  };

  const replaceIn = (queueId: string, before: RosterAgent | undefined, after: RosterAgent | undefined): void => {
    const members = membersOf(queueId);
    if (before !== undefined) {
      members.byId.delete(before.candidate.id);
      members.known -= isKnown(before) ? 1 : 0;
    }
    if (after !== undefined) {
      members.byId.set(after.candidate.id, after);
      members.known += isKnown(after) ? 1 : 0;
    }
    for (const order of members.orders.values()) order.replace(before?.candidate, after?.candidate);
  };

  const replace = (before: RosterAgent | undefined, after: RosterAgent | undefined): void => {
    const queuesBefore = new Set(queuesOf(before));
    const queuesAfter = new Set(queuesOf(after));
    for (const queueId of queuesBefore) if (!queuesAfter.has(queueId)) replaceIn(queueId, before, undefined);
    for (const queueId of queuesAfter) replaceIn(queueId, queuesBefore.has(queueId) ? before : undefined, after);
  };

  for (const agent of agents.values()) replace(undefined, agent);

  return {
    replace,
    of(queueId) {
      const members = membersOf(queueId);
      return {
        orderOf(profile) {
          let order = members.orders.get(profile);
          if (order === undefined) {
            order = createOrder(requiredBy(profile), weightsOf(queueId), candidatesOf(members));
            members.orders.set(profile, order);
          }
          return order;
        },
        drop: (profile) => void members.orders.delete(profile),
        reweigh: () => members.orders.clear(),
        coverage: () => (members.byId.size === 0 ? null : members.known / members.byId.size),
        idle: (required) =>
          candidatesOf(members)
            .filter((candidate) => canTake(candidate, required))
            .map(({ id }) => id),
      };
    },
  };
}

const candidatesOf = ({ byId }: Members): Candidate[] => Array.from(byId.values(), ({ candidate }) => candidate);

const canTake = ({ routingStatus, skills, languages }: Candidate, required: Required): boolean =>
  routingStatus === 'IDLE' &&
  required.skills.every((skill) => skills.has(skill)) &&
  (required.language === null || languages.includes(required.language));
