import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import type { RestArrival } from './arrival.ts';
import { GenesysError } from './errors.ts';
import * as wire from './frames.ts';
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
  const members = (routing.results ?? []).flatMap((result) => result.entities ?? []).map((entity) => entity.userId);
  for await (const answer of pages(
    rest,
    '/api/v2/users',
    'pageSize=100&expand=skills,languages',
    wire.usersAnswer,
    signal,
  )) {
    onAnswer({ path: '/api/v2/users', queueIds: [], body: answer });
  }
  const topics = [
    ...queueIds.flatMap((id) => [`v2.analytics.queues.${id}.observations`, `v2.routing.queues.${id}.conversations`]),
    ...[...new Set(members)].map((id) => `v2.users.${id}.activity`),
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
  const routing = await rest.post(paths.routing, routingQuery(queueIds), signal);
  let lastMs = onAnswer({ path: paths.routing, queueIds, body: routing });
  let asked = queueIds;
  for (let round = 1; asked.length > 0 && round <= roundsMax; round++) {
    spokenSince();
    for (const [path, query] of [
      [paths.observations, observationsQuery(asked)],
      [paths.conversations, conversationsQuery(asked)],
    ] as const) {
      lastMs = onAnswer({ path, queueIds: asked, body: await rest.post(path, query, signal) });
    }
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
