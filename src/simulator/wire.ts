import type { EpochMs } from '../../streams/record.ts';
import type { Agent, RoutingStatus } from './agent.ts';
import { presenceOf } from './observations.ts';

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
