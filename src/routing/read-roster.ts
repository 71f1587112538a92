import type { Clock } from '../../sinks/clock.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { foldAgent, queuesOf, type RosterAgent } from '../../streams/ranking/roster.ts';
import { decodeArrival } from '../genesys/decode.ts';
import type { Rest } from '../genesys/rest.ts';
import * as snapshot from '../genesys/snapshot.ts';
import { readSatisfaction } from '../genesys/surveys.ts';
import * as wire from '../genesys/wire.ts';
import { agentsAtWork } from '../predict/read.ts';
import type { Period, Roster } from './roster.ts';

export interface RosterReader {
  readonly rest: Rest;
  /** Platform time. */
  readonly clock: Clock;
  /** How agents are called outside, if not by the platform's ids. */
  readonly pseudonymOf?: ((userId: string) => string) | undefined;
}

const asTheyAre = (userId: string) => userId;

const usersPath = '/api/v2/users';

/** Asks the platform who serves a queue now, and for their status, skills and languages. Rejects with a `GenesysError`. */
export async function readRoster(reader: RosterReader, queueId: string, signal: AbortSignal): Promise<Roster> {
  const { rest, clock, pseudonymOf = asTheyAre } = reader;
  const agents = new Map<string, RosterAgent>();
  const take = (path: string, body: unknown) => {
    for (const event of decodeArrival({ kind: 'rest', receivedAtMs: clock.nowMs(), path, queueIds: [], body })) {
      if (isOfAgent(event)) agents.set(event.userId, foldAgent(agents.get(event.userId), event));
    }
  };
  const post = async (query: object) => (await rest.post(snapshot.paths.routing, query, signal)) ?? {};
  const userIds = agentsAtWork(await post(snapshot.routingQuery('queueId', [queueId])));
  for (const some of snapshot.batchesOf(userIds)) {
    const query = `pageSize=100&expand=skills,languages&id=${some.join(',')}`;
    for await (const { entities } of snapshot.pages(rest, usersPath, query, wire.usersAnswer, signal)) {
      take(usersPath, { entities: entities.filter(({ id }) => some.includes(id)) });
    }
    // Last, so that it is fresh; of an agent's queues only who is asked about by name tells.
    take(snapshot.paths.routing, await post(snapshot.routingQuery('userId', some)));
  }
  const serving = [...agents.values()].filter((agent) => queuesOf(agent).includes(queueId));
  return {
    agents: serving.map(({ candidate }) => ({ ...candidate, id: pseudonymOf(candidate.id), name: null })),
    origin: 'platform',
    asOfMs: clock.nowMs(),
    isStale: false,
    csat: 'unknown',
  };
}

function isOfAgent(event: QueueEvent): event is Extract<QueueEvent, { kind: 'agent-status' | 'agent-profile' }> {
  return event.kind === 'agent-status' || event.kind === 'agent-profile';
}

/** Asks for the satisfaction of all agents in a period, 0 to 1, as they are called outside. Rejects with a `GenesysError`. */
export async function readCsat(
  { rest, pseudonymOf = asTheyAre }: RosterReader,
  period: Period,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const csat = await readSatisfaction(rest, period, signal);
  return new Map(Array.from(csat, ([userId, score]) => [pseudonymOf(userId), score]));
}
