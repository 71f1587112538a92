import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import type { RestArrival } from './arrival.ts';
import { GenesysError } from './errors.ts';
import * as wire from './wire.ts';
import type { Rest } from './rest.ts';

/** What a shard watches: its queues, and the topics that tell of them and of the agents who serve them. */
export interface Inventory {
  readonly queueIds: readonly string[];
  readonly topics: readonly string[];
}

type OnAnswer = (answer: Omit<RestArrival, 'receivedAtMs' | 'kind'>) => EpochMs;

const paths = {
  observations: '/api/v2/analytics/queues/observations/query',
  conversations: '/api/v2/analytics/conversations/activity/query',
  routing: '/api/v2/analytics/routing/activity/query',
} as const;

/** A snapshot is taken again, for the queues that spoke while it was asked for, so many times. */
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
  const routing = readAnswer(
    wire.routingActivityAnswer,
    await rest.post(paths.routing, routingQuery(queueIds), signal),
  );
  const entities = (routing.results ?? []).flatMap((result) => result.entities ?? []);
  const members = new Set(entities.map((entity) => entity.userId));
  const users = pages(rest, '/api/v2/users', 'pageSize=100&expand=skills,languages', wire.usersAnswer, signal);
  for await (const answer of users) {
    // An organisation has people who never take a call: they are nobody's business here.
    const entities = answer.entities.filter((user) => members.has(user.id));
    if (entities.length > 0) onAnswer({ path: '/api/v2/users', queueIds: [], body: { entities } });
  }
  const topics = [
    ...queueIds.flatMap((id) => [`v2.analytics.queues.${id}.observations`, `v2.routing.queues.${id}.conversations`]),
    ...[...members].map((id) => `v2.users.${id}.activity`),
  ];
  return { queueIds, topics };
}

/**
 * Asks for the present state of queues and agents. A frame and an answer that cross on their way cannot be told apart in age,
 * so queues that spoke meanwhile (`spokenSince` returns and forgets them) are asked about again. Resolves with the last stamp.
 */
export async function takeSnapshot(
  rest: Rest,
  queueIds: readonly string[],
  onAnswer: OnAnswer,
  spokenSince: () => ReadonlySet<string>,
  signal: AbortSignal,
): Promise<EpochMs> {
  const ask = async <T>(path: string, query: object, schema: z.ZodType<T>, asked: readonly string[]) => {
    // What cannot be read repairs nothing: better to fail here and ask again.
    const body = readAnswer(schema, await rest.post(path, query, signal));
    return onAnswer({ path, queueIds: asked, body });
  };
  let lastMs = await ask(paths.routing, routingQuery(queueIds), wire.routingActivityAnswer, queueIds);
  let asked = queueIds;
  for (let round = 1; asked.length > 0 && round <= roundsMax; round++) {
    spokenSince();
    await ask(paths.observations, observationsQuery(asked), wire.observationsAnswer, asked);
    lastMs = await ask(paths.conversations, conversationsQuery(asked), wire.conversationActivityAnswer, asked);
    const spoken = spokenSince();
    asked = asked.filter((id) => spoken.has(id));
  }
  return lastMs;
}

const anyOf = (queueIds: readonly string[]) => ({
  type: 'or',
  predicates: queueIds.map((value) => ({ type: 'dimension', dimension: 'queueId', operator: 'matches', value })),
});

const observationsQuery = (queueIds: readonly string[]) => ({
  filter: anyOf(queueIds),
  metrics: ['oWaiting', 'oInteracting', 'oAlerting', 'oMemberUsers', 'oActiveUsers', 'oOnQueueUsers', 'oOffQueueUsers'],
});

const conversationsQuery = (queueIds: readonly string[]) => ({
  metrics: [{ metric: 'oWaiting', details: true }],
  groupBy: ['queueId', 'mediaType'],
  order: 'asc',
  filter: anyOf(queueIds),
});

const routingQuery = (queueIds: readonly string[]) => ({
  metrics: [{ metric: 'oMemberUsers', details: true }],
  groupBy: ['queueId'],
  filter: anyOf(queueIds),
});

async function* pages<T extends { readonly nextUri?: string | undefined }>(
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
