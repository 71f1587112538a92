import { v5 } from 'uuid';
import type { EpochMs } from '../../streams/record.ts';
import type { Agent, Call, RoutingStatus } from './call-center.ts';
import { presenceOf } from './observations.ts';
import { language, type RosterQueue } from './roster.ts';

/** ISO 8601 in UTC, as the platform writes times. */
export function isoTime(atMs: EpochMs): string {
  return new Date(atMs).toISOString();
}

interface RoutingStatusBody {
  readonly userId: string;
  readonly status: RoutingStatus;
  readonly startTime?: string;
}

/** `startTime` is absent for a user who never was on queue. */
export function routingStatusBody(agent: Agent): RoutingStatusBody {
  const { id: userId, status, statusSinceMs } = agent;
  return statusSinceMs === undefined ? { userId, status } : { userId, status, startTime: isoTime(statusSinceMs) };
}

function changedDate(agent: Agent): { readonly modifiedDate?: string } {
  return agent.onQueueChangedMs === undefined ? {} : { modifiedDate: isoTime(agent.onQueueChangedMs) };
}

/** A user's presence as REST answers show it. */
export function restPresenceBody(agent: Agent): object {
  const { id, label } = presenceOf(agent);
  const presenceDefinition = { id, systemPresence: label };
  return { id: agent.id, source: 'PURECLOUD', presenceDefinition, ...changedDate(agent) };
}

/** Bodies of the topics of one user, by the last part of their names. */
export const userTopicBodies = {
  activity(agent: Agent): object {
    return {
      id: agent.id,
      routingStatus: routingStatusBody(agent),
      presence: { ...topicPresence(agent), presenceMessage: '', ...changedDate(agent) },
      outOfOffice: { active: false },
      activeQueueIds: agent.queueIds,
    };
  },
  routingStatus(agent: Agent): object {
    return { id: agent.id, routingStatus: routingStatusBody(agent) };
  },
  presence(agent: Agent): object {
    return { source: 'PURECLOUD', ...topicPresence(agent), primary: true, message: '', ...changedDate(agent) };
  },
};

function topicPresence(agent: Agent): object {
  const { id, system } = presenceOf(agent);
  return { presenceDefinition: { id, systemPresence: system } };
}

/** Ids of the legs of a call. */
export function sessionIdOf(call: Call, leg: 'customer' | 'acd' | 'agent'): string {
  return v5(`session/${leg}`, call.id);
}

/**
 * A whole conversation as it now is: a customer leg, an ACD leg of the same start, an agent leg once answered. Names,
 * numbers and attributes are invented, and all of them contain `invented` or the number range 555-01xx kept for fiction.
 */
export function conversationBody(call: Call, queue: RosterQueue): object {
  const participants: object[] = [customerLeg(call), acdLeg(call, queue)];
  if (call.answered !== undefined) participants.push(agentLeg(call, call.answered));
  return { id: call.id, participants };
}

function customerLeg(call: Call): object {
  const digits = (Number.parseInt(call.id.slice(0, 8), 16) % 100).toString().padStart(2, '0');
  const caller = `tel:+1212555 01${digits}`.replace(' ', '');
  const disconnectType = call.ended?.outcome === 'dropped' ? 'system' : 'endpoint';
  return {
    ...leg(call, 'customer', call.enqueuedAtMs, call.ended?.atMs, disconnectType),
    name: `Invented Caller ${call.id.slice(0, 8)}`,
    address: caller,
    ani: caller,
    dnis: 'tel:+12125550100',
    attributes: { accountNumber: `invented-${call.id.slice(0, 8)}` },
  };
}

function acdLeg(call: Call, queue: RosterQueue): object {
  const { answered, ended } = call;
  const endedBy = { handled: 'peer', abandoned: 'peer', dropped: 'system' } as const;
  const disconnectType = answered !== undefined ? 'transfer' : ended === undefined ? 'none' : endedBy[ended.outcome];
  return {
    ...leg(call, 'acd', call.enqueuedAtMs, answered?.atMs ?? ended?.atMs, disconnectType),
    queueId: call.queueId,
    conversationRoutingData: {
      queue: { id: call.queueId },
      priority: call.priority,
      language: { id: language.id },
      skills: [{ id: queue.skillId }],
    },
  };
}

function agentLeg(call: Call, answered: NonNullable<Call['answered']>): object {
  const disconnectType = call.ended?.outcome === 'dropped' ? 'system' : 'peer';
  return {
    ...leg(call, 'agent', answered.atMs, call.ended?.atMs, disconnectType),
    userId: answered.userId,
    queueId: call.queueId,
    alertingTimeoutMs: 8000,
    wrapupRequired: false,
  };
}

function leg(
  call: Call,
  purpose: 'customer' | 'acd' | 'agent',
  fromMs: EpochMs,
  toMs: EpochMs | undefined,
  disconnectType: string,
): object {
  const connectedTime = isoTime(fromMs);
  const over = toMs === undefined ? undefined : { endTime: isoTime(toMs) };
  const session = { id: sessionIdOf(call, purpose), direction: 'inbound', held: false, connectedTime };
  return {
    id: v5(`participant/${purpose}`, call.id),
    purpose,
    connectedTime,
    ...over,
    calls: [
      over === undefined
        ? { ...session, state: 'connected', initialState: 'connected' }
        : {
            ...session,
            state: 'terminated',
            initialState: 'connected',
            disconnectType,
            disconnectedTime: over.endTime,
          },
    ],
  };
}
