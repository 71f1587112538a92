import { z } from 'zod';
import type { Clock } from '../../sinks/clock.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { foldAgent, queuesOf, type RosterAgent } from '../../streams/ranking/roster.ts';
import { decodeArrival } from '../genesys/decode.ts';
import type { Rest } from '../genesys/rest.ts';
import * as snapshot from '../genesys/snapshot.ts';
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

const surveysPath = '/api/v2/analytics/surveys/aggregates/query';
/** Scores of a survey form go so far, unless its author wished otherwise. */
const scoreMax = 100;

const surveysAnswer = z.object({
  results: z
    .array(
      z.object({
        group: z.object({ userId: z.string().optional() }).optional(),
        data: z.array(
          z.object({
            metrics: z.array(
              z.object({
                metric: z.string(),
                stats: z.object({ count: z.number().optional(), sum: z.number().optional() }).optional(),
              }),
            ),
          }),
        ),
      }),
    )
    .optional(),
});

/** Asks for the satisfaction of all agents, 0 to 1: the mean of the scores that customers gave in a period. Rejects with a `GenesysError`. */
export async function readSatisfaction(
  { rest, pseudonymOf = asTheyAre }: RosterReader,
  { startMs, endMs }: Period,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const query = {
    interval: `${new Date(startMs).toISOString()}/${new Date(endMs).toISOString()}`,
    groupBy: ['userId'],
    metrics: ['oSurveyTotalScore'],
  };
  const answer = snapshot.readAnswer(surveysAnswer, (await rest.post(surveysPath, query, signal)) ?? {});
  const totals = new Map<string, { count: number; sum: number }>();
  for (const { group, data } of answer.results ?? []) {
    const userId = group?.userId;
    if (userId === undefined || userId === '') continue;
    for (const { metric, stats } of data.flatMap(({ metrics }) => metrics)) {
      if (metric !== 'oSurveyTotalScore') continue;
      const { count, sum } = totals.get(userId) ?? { count: 0, sum: 0 };
      totals.set(userId, { count: count + (stats?.count ?? 0), sum: sum + (stats?.sum ?? 0) });
    }
  }
  const known = [...totals].filter(([, { count }]) => count > 0);
  return new Map(
    known.map(([userId, { count, sum }]) => [pseudonymOf(userId), Math.min(1, Math.max(0, sum / count / scoreMax))]),
  );
}
