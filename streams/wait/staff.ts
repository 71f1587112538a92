import type { EventOf } from '../event.ts';
import type { EpochMs } from '../record.ts';

/** One agent as far as the waits go. */
interface Agent {
  /** What the platform calls it; null before it was said. */
  routingStatus: string | null;
  routingStatusSinceMs: EpochMs | null;
  /** As told, on queue or not; each once. */
  activeQueueIds: readonly string[];
}

/** Who serves a queue now. */
export interface QueueStaff {
  /** Those who are idle or busy, since when; one who does not respond takes no calls and is neither. */
  idleSinceMs: Map<string, EpochMs>;
  busySinceMs: Map<string, EpochMs>;
  /** Queue → how many of these agents serve it too; this queue itself among them. */
  shared: Map<string, number>;
}

export interface Staff {
  agents: Map<string, Agent>;
  queues: Map<string, QueueStaff>;
}

export const startStaff = (): Staff => ({ agents: new Map(), queues: new Map() });

/** Takes in what the platform says of an agent; returns the queues that it concerns. What is older than what is known says nothing. */
export function foldAgentStatus(staff: Staff, event: EventOf<'agent-status'>): readonly string[] {
  const before = staff.agents.get(event.userId) ?? unknownAgent;
  // Nothing begins after it was told: a clock that was ahead must not make what comes later look old.
  const sinceMs = event.routingStatusSinceMs === null ? null : Math.min(event.routingStatusSinceMs, event.receivedAtMs);
  const isOlder = sinceMs !== null && before.routingStatusSinceMs !== null && sinceMs < before.routingStatusSinceMs;
  // The same status with an earlier date is a date set right.
  if (isOlder && event.routingStatus !== before.routingStatus) return [];
  const after: Agent = {
    activeQueueIds: event.activeQueueIds === null ? before.activeQueueIds : [...new Set(event.activeQueueIds)],
    ...(event.routingStatus === null
      ? { routingStatus: before.routingStatus, routingStatusSinceMs: before.routingStatusSinceMs }
      : { routingStatus: event.routingStatus, routingStatusSinceMs: sinceMs ?? event.receivedAtMs }),
  };
  // The one who was heard last stands last.
  staff.agents.delete(event.userId);
  staff.agents.set(event.userId, after);
  if (staff.agents.size > agentsMax) forgetLongestUnheard(staff);
  const [left, entered] = [queuesOf(before), queuesOf(after)];
  if (left.length === entered.length && left.every((queueId, index) => queueId === entered[index])) {
    // The usual case, a call begins or ends: nobody comes or goes.
    for (const queueId of entered) setStatus(staff, queueId, event.userId, after);
    return entered;
  }
  leave(staff, event.userId, left);
  enter(staff, entered);
  for (const queueId of entered) setStatus(staff, queueId, event.userId, after);
  return [...new Set([...left, ...entered])];
}

/** Somebody who is watched no more takes no calls that we know of; returns the queues that it concerns. */
export function removeAgent(staff: Staff, userId: string): readonly string[] {
  const agent = staff.agents.get(userId);
  if (agent === undefined) return [];
  const left = queuesOf(agent);
  leave(staff, userId, left);
  staff.agents.delete(userId);
  return left;
}

/** More agents than this are taken for some who have gone: the one not heard for longest is forgotten. */
export const agentsMax = 20_000;

function forgetLongestUnheard(staff: Staff): void {
  for (const userId of staff.agents.keys()) {
    removeAgent(staff, userId);
    return;
  }
}

const unknownAgent: Agent = { routingStatus: null, routingStatusSinceMs: null, activeQueueIds: [] };

/** Routing statuses of somebody who takes, or is about to take again, what the queues have. */
const takesCalls: readonly string[] = ['IDLE', 'INTERACTING', 'COMMUNICATING'];

/** The queues that an agent takes interactions of now. */
const queuesOf = ({ routingStatus, activeQueueIds }: Agent): readonly string[] =>
  routingStatus !== null && takesCalls.includes(routingStatus) ? activeQueueIds : [];

function leave(staff: Staff, userId: string, queueIds: readonly string[]): void {
  for (const queueId of queueIds) {
    const queue = staff.queues.get(queueId);
    if (queue === undefined) continue;
    queue.idleSinceMs.delete(userId);
    queue.busySinceMs.delete(userId);
    for (const other of queueIds) {
      const left = (queue.shared.get(other) ?? 0) - 1;
      if (left > 0) queue.shared.set(other, left);
      else queue.shared.delete(other);
    }
    if (queue.shared.size === 0) staff.queues.delete(queueId);
  }
}

function enter(staff: Staff, queueIds: readonly string[]): void {
  for (const queueId of queueIds) {
    let queue = staff.queues.get(queueId);
    if (queue === undefined) {
      queue = { idleSinceMs: new Map(), busySinceMs: new Map(), shared: new Map() };
      staff.queues.set(queueId, queue);
    }
    for (const other of queueIds) queue.shared.set(other, (queue.shared.get(other) ?? 0) + 1);
  }
}

function setStatus({ queues }: Staff, queueId: string, userId: string, agent: Agent): void {
  const queue = queues.get(queueId);
  if (queue === undefined) return;
  queue.idleSinceMs.delete(userId);
  queue.busySinceMs.delete(userId);
  const times = agent.routingStatus === 'IDLE' ? queue.idleSinceMs : queue.busySinceMs;
  times.set(userId, agent.routingStatusSinceMs ?? 0);
}
