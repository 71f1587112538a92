import { z } from 'zod';
import type { Clock } from '../../sinks/clock.ts';
import { aggregateMetrics } from '../../streams/aggregates.ts';
import { snapshotMetrics } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { RestArrival } from './arrival.ts';
import { activityTopic, conversationsTopic, type Inventory, observationsTopic } from './channel-plan.ts';
import { GenesysError } from './errors.ts';
import type { DueHalfHours } from './half-hours.ts';
import * as wire from './wire.ts';
import type { Rest } from './rest.ts';
import type { Spoken } from './spoken.ts';

type OnAnswer = (answer: Omit<RestArrival, 'receivedAtMs' | 'kind'>) => EpochMs;

export const paths = {
  observations: '/api/v2/analytics/queues/observations/query',
  conversations: '/api/v2/analytics/conversations/activity/query',
  routing: '/api/v2/analytics/routing/activity/query',
  aggregates: '/api/v2/analytics/conversations/aggregates/query',
} as const;

const queuesPath = '/api/v2/routing/queues';

/** So often what speaks each time is asked about together with others. */
const roundsMax = 4;
/** Then it is asked about alone, so often. */
const againAfterMs = 1_000;

/** Whose credentials these are. */
export async function readOrganizationId(rest: Rest, signal: AbortSignal): Promise<string> {
  return readAnswer(wire.organizationAnswer, await rest.get('/api/v2/organizations/me', signal)).id;
}

/** Names of all queues that the client may see, by id. */
export async function readQueueNames(rest: Rest, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for await (const { entities } of pages(rest, queuesPath, 'pageSize=100', wire.queuesAnswer, signal)) {
    for (const { id, name } of entities) names.set(id, name);
  }
  if (names.size === 0) throw noQueue();
  return names;
}

/**
 * Reads what there is to watch, and hands over every answer: names and targets of queues, skills of agents, and their names only if
 * these are wanted.
 */
export async function takeInventory(
  rest: Rest,
  onAnswer: OnAnswer,
  agentNames: boolean,
  signal: AbortSignal,
): Promise<Inventory> {
  const queueIds: string[] = [];
  for await (const answer of pages(rest, queuesPath, 'pageSize=100', wire.queuesAnswer, signal)) {
    queueIds.push(...answer.entities.map((queue) => queue.id));
    onAnswer({ path: queuesPath, queueIds: [], body: answer });
  }
  if (queueIds.length === 0) throw noQueue();
  const members = new Set<string>();
  for (const some of batchesOf(queueIds)) {
    const body = await rest.post(paths.routing, routingQuery('queueId', some), signal);
    const routing = readAnswer(wire.routingActivityAnswer, body);
    for (const { entities = [] } of routing.results ?? []) for (const { userId } of entities) members.add(userId);
  }
  const schema: z.ZodType<z.output<typeof wire.namedUsersAnswer>> = agentNames
    ? wire.namedUsersAnswer
    : wire.usersAnswer;
  const users = pages(rest, '/api/v2/users', 'pageSize=100&expand=skills,languages', schema, signal);
  for await (const answer of users) {
    // An organisation has people who never take a call: they are nobody's business here.
    const own = answer.entities.filter((user) => members.has(user.id));
    if (own.length === 0) continue;
    const names = new Map(own.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name] as const])));
    const entities = own.map(({ id, skills, languages }) => ({ id, skills, languages }));
    onAnswer({ path: '/api/v2/users', queueIds: [], body: { entities }, names });
  }
  return { queueIds, userIds: [...members] };
}

function noQueue(): GenesysError {
  const message = 'The OAuth client sees no queue: check its divisions and the permission routing:queue:view';
  return new GenesysError('QC_GENESYS_PERMISSION', message);
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
  readonly spoken: Spoken;
  /** Whether it goes on until of everything an answer could be taken; otherwise what speaks each time is left to what it says. */
  readonly isPatient: boolean;
  readonly clock: Clock;
}

/** Something to ask about several ids, and the topic on which each of them speaks of the same. */
interface Question {
  readonly topicOf: (id: string) => string;
  /** Returns how to hand over what was said of some of them. */
  readonly ask: (ids: readonly string[]) => Promise<(settled: readonly string[]) => EpochMs>;
}

/**
 * Asks for the present state of queues and agents. A frame and an answer that cross on their way cannot be told apart in age, so what is
 * said of those that spoke meanwhile is never taken, and they are asked about again. Resolves with the last stamp.
 */
export async function takeSnapshot(settings: SnapshotSettings, signal: AbortSignal): Promise<EpochMs> {
  const { rest, queueIds, userIds, onAnswer, spoken, isPatient, clock } = settings;
  const waitingOf = new Set(settings.waitingOf);
  let lastMs = 0;
  // What cannot be read repairs nothing: better to fail here and ask again.
  const read = async <T>(path: string, query: object, schema: z.ZodType<T>) => {
    const body = await rest.post(path, query, signal);
    // What was asked for the sake of a socket that is lost is older than the gap.
    signal.throwIfAborted();
    return readAnswer(schema, body);
  };
  const agents: Question = {
    topicOf: activityTopic,
    async ask(ids) {
      const answer = await read(paths.routing, routingQuery('userId', ids), wire.routingActivityAnswer);
      return (settled) => onAnswer({ path: paths.routing, queueIds: [], body: ofAgents(answer, settled) });
    },
  };
  const ofQueues = <T>(
    path: string,
    topicOf: Question['topicOf'],
    queryOf: (ids: readonly string[]) => object,
    schema: z.ZodType<T>,
  ): Question => ({
    topicOf,
    async ask(ids) {
      const body = await read(path, queryOf(ids), schema);
      return (settled) => onAnswer({ path, queueIds: settled, body });
    },
  });
  const counts = ofQueues(paths.observations, observationsTopic, observationsQuery, wire.observationsAnswer);
  const waiting = ofQueues(
    paths.conversations,
    conversationsTopic,
    conversationsQuery,
    wire.conversationActivityAnswer,
  );

  /** Returns those that spoke meanwhile. */
  async function settle({ topicOf, ask }: Question, ids: readonly string[]): Promise<readonly string[]> {
    const heard = spoken.listen();
    try {
      const handOver = await ask(ids);
      const crossed = ids.filter((id) => heard.topics.has(topicOf(id)));
      const settled = ids.filter((id) => !heard.topics.has(topicOf(id)));
      if (settled.length > 0) lastMs = handOver(settled);
      // Another question that is on its way is older than this answer.
      for (const id of settled) spoken.note(topicOf(id));
      return crossed;
    } finally {
      heard.end();
    }
  }

  const loud: (readonly [Question, string])[] = [];
  async function settleMost(question: Question, ids: readonly string[]): Promise<void> {
    let asked = ids;
    for (let round = 1; round <= roundsMax && asked.length > 0; round++) asked = await settle(question, asked);
    for (const id of asked) loud.push([question, id]);
  }

  for (const some of batchesOf(userIds)) await settleMost(agents, some);
  for (const some of batchesOf(queueIds)) {
    await settleMost(counts, some);
    await settleMost(
      waiting,
      some.filter((id) => waitingOf.has(id)),
    );
  }
  if (!isPatient) return lastMs;
  for (const [question, id] of loud) {
    while ((await settle(question, [id])).length > 0) await clock.sleep(againAfterMs, signal);
  }
  return lastMs;
}

type RoutingActivity = z.infer<typeof wire.routingActivityAnswer>;

/** What of an answer is about these agents. */
function ofAgents({ results = [] }: RoutingActivity, userIds: readonly string[]): RoutingActivity {
  const wanted = new Set(userIds);
  return {
    results: results.map(({ entities = [] }) => ({ entities: entities.filter(({ userId }) => wanted.has(userId)) })),
  };
}

/** Reads the totals of half hours that are over. */
export async function readHalfHours(
  rest: Rest,
  { startMs, endMs, queueIds }: DueHalfHours,
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
  metrics: [...aggregateMetrics, 'oServiceTarget'],
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
