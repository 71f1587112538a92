import { z } from 'zod';
import { snapshotMetrics } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { RestArrival } from './arrival.ts';
import type { Inventory } from './channel-plan.ts';
import { GenesysError } from './errors.ts';
import type { DueHalfHour } from './half-hours.ts';
import * as wire from './wire.ts';
import type { Rest } from './rest.ts';

type OnAnswer = (answer: Omit<RestArrival, 'receivedAtMs' | 'kind'>) => EpochMs;

export const paths = {
  observations: '/api/v2/analytics/queues/observations/query',
  conversations: '/api/v2/analytics/conversations/activity/query',
  routing: '/api/v2/analytics/routing/activity/query',
  aggregates: '/api/v2/analytics/conversations/aggregates/query',
} as const;

/** So often queues are asked about that speak each time; the last answer is taken as it is. */
const roundsMax = 4;

/** Whose credentials these are. */
export async function readOrganizationId(rest: Rest, signal: AbortSignal): Promise<string> {
  return readAnswer(wire.organizationAnswer, await rest.get('/api/v2/organizations/me', signal)).id;
}

/** Reads what there is to watch, and hands over every answer: names and targets of queues, skills of agents. */
export async function takeInventory(rest: Rest, onAnswer: OnAnswer, signal: AbortSignal): Promise<Inventory> {
  const queueIds: string[] = [];
  for await (const answer of pages(rest, '/api/v2/routing/queues', 'pageSize=100', wire.queuesAnswer, signal)) {
    queueIds.push(...answer.entities.map((queue) => queue.id));
    onAnswer({ path: '/api/v2/routing/queues', queueIds: [], body: answer });
  }
  if (queueIds.length === 0) {
    const message = 'The OAuth client sees no queue: check its divisions and the permission routing:queue:view';
    throw new GenesysError('QC_GENESYS_PERMISSION', message);
  }
  const members = new Set<string>();
  for (const some of batchesOf(queueIds)) {
    const body = await rest.post(paths.routing, routingQuery('queueId', some), signal);
    const routing = readAnswer(wire.routingActivityAnswer, body);
    for (const { entities = [] } of routing.results ?? []) for (const { userId } of entities) members.add(userId);
  }
  const users = pages(rest, '/api/v2/users', 'pageSize=100&expand=skills,languages', wire.usersAnswer, signal);
  for await (const answer of users) {
    // An organisation has people who never take a call: they are nobody's business here.
    const entities = answer.entities.filter((user) => members.has(user.id));
    if (entities.length > 0) onAnswer({ path: '/api/v2/users', queueIds: [], body: { entities } });
  }
  return { queueIds, userIds: [...members] };
}

export interface SnapshotSettings {
  readonly rest: Rest;
  /** Whose counts are asked for. */
  readonly queueIds: readonly string[];
  /** Those of them whose interactions are heard of: a list of who waits that nothing keeps up to date would soon be a lie. */
  readonly waitingOf: readonly string[];
  /** Agents whose status is heard of. */
  readonly userIds: readonly string[];
  readonly onAnswer: OnAnswer;
  /** Returns and forgets the queues that spoke since. */
  readonly takeSpoken: () => ReadonlySet<string>;
}

/**
 * Asks for the present state of queues and agents. A frame and an answer that cross on their way cannot be told apart in age, so what is
 * said of queues that spoke meanwhile is not taken, and they are asked about again. Resolves with the last stamp.
 */
export async function takeSnapshot(settings: SnapshotSettings, signal: AbortSignal): Promise<EpochMs> {
  const { rest, queueIds, userIds, onAnswer, takeSpoken } = settings;
  const waitingOf = new Set(settings.waitingOf);
  let lastMs = 0;
  // What cannot be read repairs nothing: better to fail here and ask again.
  const ask = async <T>(path: string, query: object, schema: z.ZodType<T>) =>
    readAnswer(schema, await rest.post(path, query, signal));
  const askOfQueues = async <T>(
    path: string,
    queryOf: (ids: readonly string[]) => object,
    schema: z.ZodType<T>,
    ids: readonly string[],
  ) => {
    let asked = ids;
    for (let round = 1; asked.length > 0; round++) {
      takeSpoken();
      const body = await ask(path, queryOf(asked), schema);
      const spoken = takeSpoken();
      const isLast = round === roundsMax;
      const settled = isLast ? asked : asked.filter((id) => !spoken.has(id));
      if (settled.length > 0) lastMs = onAnswer({ path, queueIds: settled, body });
      asked = isLast ? [] : asked.filter((id) => spoken.has(id));
    }
  };
  for (const some of batchesOf(userIds)) {
    const body = await ask(paths.routing, routingQuery('userId', some), wire.routingActivityAnswer);
    lastMs = onAnswer({ path: paths.routing, queueIds: [], body });
  }
  for (const some of batchesOf(queueIds)) {
    const heard = some.filter((id) => waitingOf.has(id));
    await askOfQueues(paths.observations, observationsQuery, wire.observationsAnswer, some);
    await askOfQueues(paths.conversations, conversationsQuery, wire.conversationActivityAnswer, heard);
  }
  return lastMs;
}

/** Reads the totals of a half hour that is over. */
export async function readHalfHour(
  rest: Rest,
  { startMs, endMs, queueIds }: DueHalfHour,
  onAnswer: OnAnswer,
  signal: AbortSignal,
): Promise<void> {
  for (const some of batchesOf(queueIds)) {
    const query = aggregatesQuery({ startMs, endMs }, some);
    const body = readAnswer(wire.aggregatesAnswer, (await rest.post(paths.aggregates, query, signal)) ?? {});
    onAnswer({ path: paths.aggregates, queueIds: some, interval: { startMs, endMs }, body });
  }
}

/** A filter takes only so many ids; the platform does not say how many. */
const idsMax = 100;

export function* batchesOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += idsMax) yield ids.slice(at, at + idsMax);
}

const anyOf = (ids: readonly string[], dimension: 'queueId' | 'userId' = 'queueId') => ({
  type: 'or',
  predicates: ids.map((value) => ({ type: 'dimension', dimension, operator: 'matches', value })),
});

/** Of each half hour in an interval. */
export const aggregatesQuery = (
  { startMs, endMs }: { readonly startMs: EpochMs; readonly endMs: EpochMs },
  queueIds: readonly string[],
) => ({
  interval: `${new Date(startMs).toISOString()}/${new Date(endMs).toISOString()}`,
  granularity: 'PT30M',
  groupBy: ['queueId', 'mediaType'],
  filter: anyOf(queueIds),
  metrics: ['nOffered', 'tAnswered', 'tAbandon', 'tHandle', 'oServiceLevel', 'oServiceTarget'],
});

export const observationsQuery = (queueIds: readonly string[]) => ({
  filter: anyOf(queueIds),
  metrics: snapshotMetrics,
});

export const conversationsQuery = (queueIds: readonly string[]) => ({
  metrics: [{ metric: 'oWaiting', details: true }],
  groupBy: ['queueId', 'mediaType'],
  order: 'asc',
  filter: anyOf(queueIds),
});

export const routingQuery = (dimension: 'queueId' | 'userId', ids: readonly string[]) => ({
  metrics: [{ metric: 'oMemberUsers', details: true }],
  groupBy: ['queueId'],
  filter: anyOf(ids, dimension),
});

export async function* pages<T extends { readonly nextUri?: string | undefined }>(
  rest: Rest,
  path: string,
  query: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  const seen = new Set<string>();
  for (let next: string | undefined = `${path}?${query}`; next !== undefined && !seen.has(next);) {
    seen.add(next);
    const answer: T = readAnswer(schema, await rest.get(next, signal));
    yield answer;
    next = answer.nextUri;
  }
}

export function readAnswer<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const cause = z.prettifyError(result.error);
  throw new GenesysError('QC_GENESYS_REFUSED', `The platform's answer is not what its contract says: ${cause}`);
}
