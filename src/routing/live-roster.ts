import { topicOf } from '../../streams/record.ts';
import { agentState } from '../../streams/records/agent-state.ts';
import { heartbeat } from '../../streams/records/heartbeat.ts';
import { queueProfile } from '../../streams/records/queue-profile.ts';
import type { Latest } from '../latest.ts';
import type { NamedAgent, Roster } from './roster.ts';

/** What a live roster is read from. */
export const rosterTopics = [agentState, queueProfile, heartbeat].map(topicOf);

/** A source that was not heard for longer is silent; its heartbeats come every 30 s. */
const silentMsMax = 60_000;

interface Known {
  readonly agent: NamedAgent;
  readonly queueIds: readonly string[];
  readonly isStale: boolean;
}

/** Reads the agents of a queue from the newest records; null while these do not tell of the queue. */
export function createLiveRosters(latest: Latest): (queueId: string, nowMs: number, slackMs: number) => Roster | null {
  // A record does not change: each is read once.
  const readStates = new WeakMap<object, Known | null>();

  const knownOf = (record: { readonly value: unknown }): Known | null => {
    let known = readStates.get(record);
    if (known === undefined) readStates.set(record, (known = readState(record.value)));
    return known;
  };

  return (queueId, nowMs, slackMs) => {
    const isKnown = [...latest.of(topicOf(queueProfile)).keys()].some(
      (key) => key === queueId || key.endsWith(`/${queueId}`),
    );
    const heardUntilMs = Array.from(
      latest.of(topicOf(heartbeat)).values(),
      ({ value }) => heartbeat.schema.safeParse(value).data?.heardUntilMs ?? null,
    );
    const asOfMs = heardUntilMs.includes(null) ? null : Math.min(...heardUntilMs.filter((ms) => ms !== null));
    if (!isKnown || asOfMs === null || !Number.isFinite(asOfMs)) return null;
    const serving: Known[] = [];
    for (const record of latest.of(topicOf(agentState)).values()) {
      const known = knownOf(record);
      if (known?.queueIds.includes(queueId) === true) serving.push(known);
    }
    return {
      agents: serving.map(({ agent }) => agent),
      origin: 'live',
      asOfMs,
      isStale: serving.some(({ isStale }) => isStale) || nowMs - asOfMs > silentMsMax + slackMs,
      csat: serving.some(({ agent }) => agent.csat !== null) ? 'ranking' : 'unknown',
    };
  };
}

/** Null for a record of before proficiencies were written. */
function readState(value: unknown): Known | null {
  const { data: state } = agentState.schema.safeParse(value);
  if (state === undefined) return null;
  const { userId, routingStatus, routingStatusSinceMs, proficiencies, languageIds, csat, activeQueueIds, status } =
    state;
  const agent: NamedAgent = {
    id: userId,
    name: null,
    routingStatus,
    skills: new Map(proficiencies.map(({ skillId, proficiency }) => [skillId, proficiency])),
    languages: languageIds,
    csat,
    queueTimeSeconds: null,
    idleSinceMs: routingStatus === 'IDLE' ? routingStatusSinceMs : null,
  };
  return { agent, queueIds: activeQueueIds ?? [], isStale: status === 'stale' };
}
