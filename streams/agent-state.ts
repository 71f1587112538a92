import { type AgentState, agentState } from './records/agent-state.ts';
import type { EventOf, QueueEvent } from './event.ts';
import type { Logic } from './logic.ts';
import { type EpochMs, type Output, output } from './record.ts';

/** Folds what the platform says of agents; one record whenever anything but its time has changed. */
export function followAgents(): Logic<Map<string, AgentState>, QueueEvent, Output> {
  return {
    name: 'agent-state',
    version: 2,
    start: () => new Map(),
    step(agents, event) {
      if (event.kind !== 'agent-status' && event.kind !== 'agent-profile') return [agents, []];
      const before = agents.get(event.userId);
      const known = before ?? unknownAgent(event.userId, event.receivedAtMs);
      const after = { ...known, ...news(known, event), observedAtMs: event.receivedAtMs };
      agents.set(event.userId, after);
      if (before !== undefined && isSame(before, after)) return [agents, []];
      return [agents, [output(agentState, after, event.receivedAtMs)]];
    },
  };
}

/**
 * What the event changes; an answer that was on its way while a newer frame arrived says nothing new. The same status with an
 * earlier date is no such answer, but a date set right.
 */
function news(known: AgentState, event: EventOf<'agent-status'> | EventOf<'agent-profile'>): Partial<AgentState> {
  if (event.kind === 'agent-profile') {
    return {
      skillIds: event.skills.map((skill) => skill.skillId).sort(),
      languageIds: event.languages.map((language) => language.languageId).sort(),
    };
  }
  const { routingStatus, presence, activeQueueIds, receivedAtMs } = event;
  // Nothing begins after it was told: a clock that was ahead must not make what comes later look old.
  const routingStatusSinceMs = noLater(event.routingStatusSinceMs, receivedAtMs);
  const presenceSinceMs = noLater(event.presenceSinceMs, receivedAtMs);
  const isOldStatus =
    routingStatus !== known.routingStatus && isOlder(routingStatusSinceMs, known.routingStatusSinceMs);
  const isOldPresence = presence !== known.presence && isOlder(presenceSinceMs, known.presenceSinceMs);
  return {
    ...(routingStatus !== null && !isOldStatus ? { routingStatus, routingStatusSinceMs } : {}),
    ...(presence !== null && !isOldPresence ? { presence, presenceSinceMs } : {}),
    // The queues have no date of their own: they are as old as what came with them.
    ...(activeQueueIds !== null && !isOldStatus && !isOldPresence ? { activeQueueIds: activeQueueIds.toSorted() } : {}),
  };
}

const noLater = (sinceMs: EpochMs | null, receivedAtMs: EpochMs) =>
  sinceMs === null ? null : Math.min(sinceMs, receivedAtMs);

const isOlder = (sinceMs: EpochMs | null, knownMs: EpochMs | null) =>
  sinceMs !== null && knownMs !== null && sinceMs < knownMs;

function unknownAgent(userId: string, observedAtMs: EpochMs): AgentState {
  return {
    userId,
    routingStatus: null,
    routingStatusSinceMs: null,
    presence: null,
    presenceSinceMs: null,
    activeQueueIds: null,
    skillIds: [],
    languageIds: [],
    observedAtMs,
  };
}

function isSame(a: AgentState, b: AgentState): boolean {
  return JSON.stringify({ ...a, observedAtMs: 0 }) === JSON.stringify({ ...b, observedAtMs: 0 });
}
