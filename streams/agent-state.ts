import { type AgentState, agentState } from './records/agent-state.ts';
import type { ChannelGap, EventOf, QueueEvent } from './event.ts';
import type { Logic } from './logic.ts';
import { type EpochMs, type Output, output } from './record.ts';

/** What the platform says of an agent part by part, so that one may be old and another new. */
const parts = ['routingStatus', 'presence', 'activeQueueIds'] as const;
type Part = (typeof parts)[number];

export interface Agent {
  /** As it was said last. */
  readonly state: AgentState;
  /** What is from before a gap and was not said again since. */
  readonly outdated: readonly Part[];
}

interface Agents {
  /** By channel, its agents or null for all. Until it is closed what arrives may miss something. */
  openGaps: Map<number, readonly string[] | null>;
  byId: Map<string, Agent>;
}

/**
 * Folds what the platform says of agents; one record whenever anything but its time has changed. An agent whom a gap concerns is stale
 * until it is closed and all that was known has been said again.
 */
export function followAgents(): Logic<Agents, QueueEvent, Output> {
  return {
    name: 'agent-state',
    version: 6,
    start: () => ({ openGaps: new Map(), byId: new Map() }),
    step(agents, event) {
      switch (event.kind) {
        case 'agent-status':
        case 'agent-profile':
        case 'agent-satisfaction': {
          const { userId, receivedAtMs } = event;
          const known = agents.byId.get(userId);
          const before = known ?? { state: unknownAgent(userId, receivedAtMs), outdated: [] };
          const told = { ...before.state, ...newsOfAgent(before, event), observedAtMs: receivedAtMs };
          const outdated =
            event.kind === 'agent-status' ? before.outdated.filter((part) => event[part] === null) : before.outdated;
          const state = withStatus(agents, told, outdated);
          agents.byId.set(userId, { state, outdated });
          if (known !== undefined && isSame(known.state, state)) return [agents, []];
          return [agents, [output(agentState, state, receivedAtMs)]];
        }
        case 'agent-removed':
          return [agents, remove(agents, event)];
        case 'channel-gap':
          return [agents, onGap(agents, event)];
        case 'queue-observed':
        case 'queue-interval':
        case 'interval-read':
        case 'queue-snapshot':
        case 'interaction-changed':
        case 'queue-profile':
        case 'queue-removed':
        case 'tick':
        case 'input-rejected':
          return [agents, []];
      }
    },
  };
}

/** What he does from now on nobody tells. */
function remove({ byId }: Agents, { userId, receivedAtMs }: EventOf<'agent-removed'>): Output[] {
  const agent = byId.get(userId);
  byId.delete(userId);
  if (agent === undefined || agent.state.status === 'stale') return [];
  return [output(agentState, { ...agent.state, status: 'stale', observedAtMs: receivedAtMs }, receivedAtMs)];
}

/** A gap of all agents closes those of the channels too: everything has been asked for anew. */
function onGap(agents: Agents, { channel, userIds, endMs, receivedAtMs }: ChannelGap): Output[] {
  const { openGaps, byId } = agents;
  const opened = openGaps.get(channel);
  if (endMs === null) openGaps.set(channel, userIds);
  else if (userIds === null) openGaps.clear();
  else openGaps.delete(channel);
  // Agents may have come to the channel or left it since.
  const isOfAll = userIds === null || opened === null;
  const concerned = isOfAll ? [...byId.keys()] : [...new Set([...userIds, ...(opened ?? [])])];
  return concerned.sort().flatMap((userId) => {
    const agent = byId.get(userId);
    if (agent === undefined) return [];
    const isOpened = endMs === null && isOf(userIds, userId);
    const outdated = isOpened ? parts.filter((part) => agent.state[part] !== null) : agent.outdated;
    const state = withStatus(agents, { ...agent.state, observedAtMs: receivedAtMs }, outdated);
    byId.set(userId, { state, outdated });
    return isSame(agent.state, state) ? [] : [output(agentState, state, receivedAtMs)];
  });
}

const isOf = (userIds: readonly string[] | null, userId: string) => userIds === null || userIds.includes(userId);

function withStatus({ openGaps }: Agents, state: AgentState, outdated: readonly Part[]): AgentState {
  const isDeaf = [...openGaps.values()].some((userIds) => isOf(userIds, state.userId));
  return { ...state, status: isDeaf || outdated.length > 0 ? 'stale' : 'observed' };
}

/**
 * What the event changes; an answer that was on its way while a newer frame arrived says nothing new. The same status with an
 * earlier date is no such answer, but a date set right. What is outdated anything is newer than.
 */
export function newsOfAgent(
  { state: known, outdated }: Agent,
  event: EventOf<'agent-status'> | EventOf<'agent-profile'> | EventOf<'agent-satisfaction'>,
): Partial<AgentState> {
  if (event.kind === 'agent-satisfaction') return { csat: event.value };
  if (event.kind === 'agent-profile') {
    const proficiencies = event.skills
      .map(({ skillId, proficiency }) => ({ skillId, proficiency }))
      .sort((a, b) => (a.skillId < b.skillId ? -1 : 1));
    return {
      skillIds: proficiencies.map(({ skillId }) => skillId),
      proficiencies,
      languageIds: event.languages.map((language) => language.languageId).sort(),
    };
  }
  const { routingStatus, presence, activeQueueIds, receivedAtMs } = event;
  // Nothing begins after it was told: a clock that was ahead must not make what comes later look old.
  const routingStatusSinceMs = noLater(event.routingStatusSinceMs, receivedAtMs);
  const presenceSinceMs = noLater(event.presenceSinceMs, receivedAtMs);
  const isOldStatus =
    !outdated.includes('routingStatus') &&
    routingStatus !== known.routingStatus &&
    isOlder(routingStatusSinceMs, known.routingStatusSinceMs);
  const isOldPresence =
    !outdated.includes('presence') && presence !== known.presence && isOlder(presenceSinceMs, known.presenceSinceMs);
  // The queues have no date of their own: they are as old as what came with them.
  const areOldQueues = !outdated.includes('activeQueueIds') && (isOldStatus || isOldPresence);
  return {
    ...(routingStatus !== null && !isOldStatus ? { routingStatus, routingStatusSinceMs } : {}),
    ...(presence !== null && !isOldPresence ? { presence, presenceSinceMs } : {}),
    ...(activeQueueIds !== null && !areOldQueues ? { activeQueueIds: activeQueueIds.toSorted() } : {}),
  };
}

const noLater = (sinceMs: EpochMs | null, receivedAtMs: EpochMs) =>
  sinceMs === null ? null : Math.min(sinceMs, receivedAtMs);

const isOlder = (sinceMs: EpochMs | null, knownMs: EpochMs | null) =>
  sinceMs !== null && knownMs !== null && sinceMs < knownMs;

/** Nothing is known of him yet. */
export function unknownAgent(userId: string, observedAtMs: EpochMs): AgentState {
  return {
    userId,
    status: 'observed',
    routingStatus: null,
    routingStatusSinceMs: null,
    presence: null,
    presenceSinceMs: null,
    activeQueueIds: null,
    skillIds: [],
    proficiencies: [],
    languageIds: [],
    csat: null,
    observedAtMs,
  };
}

function isSame(a: AgentState, b: AgentState): boolean {
  return JSON.stringify({ ...a, observedAtMs: 0 }) === JSON.stringify({ ...b, observedAtMs: 0 });
}
