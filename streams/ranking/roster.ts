import { newsOfAgent, unknownAgent } from '../agent-state.ts';
import type { EventOf } from '../event.ts';
import type { EpochMs } from '../record.ts';
import type { AgentState } from '../records/agent-state.ts';
import type { Candidate } from './score.ts';

/** An agent as the journal tells of him. */
export interface RosterAgent {
  readonly said: AgentState;
  /** Whether skills and languages were ever told. */
  readonly isProfiled: boolean;
  /** Null where names are not switched on. */
  readonly name: string | null;
  /** The same, as he is ranked. */
  readonly candidate: Candidate;
}

export type AgentNews = EventOf<'agent-status' | 'agent-profile' | 'agent-satisfaction'>;

/** The agent after an event. */
export function foldAgent(before: RosterAgent | undefined, event: AgentNews): RosterAgent {
  const known = before ?? newcomer(event.userId, event.receivedAtMs);
  if (event.kind === 'agent-satisfaction') {
    return { ...known, candidate: { ...known.candidate, csat: event.value } };
  }
  const said = {
    ...known.said,
    ...newsOfAgent({ state: known.said, outdated: [] }, event),
    observedAtMs: event.receivedAtMs,
  };
  const isProfiled = known.isProfiled || event.kind === 'agent-profile';
  const candidate: Candidate = {
    ...known.candidate,
    routingStatus: said.routingStatus,
    idleSinceMs: idleSinceMs(known.candidate, said),
    languages: said.languageIds,
    ...(event.kind === 'agent-profile'
      ? { skills: new Map(event.skills.map(({ skillId, proficiency }) => [skillId, proficiency])) }
      : {}),
  };
  const name = event.kind === 'agent-profile' ? (event.name ?? null) : known.name;
  return { said, isProfiled, name, candidate };
}

/** The platform's own date; where it gives none, that of the news that he has become idle. */
function idleSinceMs(before: Candidate, { routingStatus, routingStatusSinceMs, observedAtMs }: AgentState) {
  if (routingStatus !== 'IDLE') return null;
  return routingStatusSinceMs ?? (before.routingStatus === 'IDLE' ? before.idleSinceMs : observedAtMs);
}

const newcomer = (userId: string, atMs: EpochMs): RosterAgent => ({
  said: unknownAgent(userId, atMs),
  isProfiled: false,
  name: null,
  candidate: {
    id: userId,
    routingStatus: null,
    skills: new Map(),
    languages: [],
    csat: null,
    // The platform tells of no queue time of single agents.
    queueTimeSeconds: null,
    idleSinceMs: null,
  },
});

export const queuesOf = (agent: RosterAgent | undefined): readonly string[] => agent?.said.activeQueueIds ?? [];

/** Whether all that he is ranked by is known, but for satisfaction. */
export const isKnown = ({ isProfiled, said }: RosterAgent): boolean => isProfiled && said.routingStatus !== null;
