import { type Clock, systemClock } from '../../sinks/clock.ts';
import { GenesysError } from '../genesys/errors.ts';
import { activityTopic, conversationsTopic, observationsTopic } from '../genesys/channel-plan.ts';
import { createSend } from '../genesys/http.ts';
import { readTopicPermissions } from '../genesys/permissions.ts';
import { createRest } from '../genesys/rest.ts';
import * as snapshot from '../genesys/snapshot.ts';
import * as wire from '../genesys/wire.ts';
import type { Finding } from './finding.ts';
import {
  channelsOfClient,
  type Figures,
  figuresOf,
  judgeClock,
  judgeFailure,
  judgeLimits,
  judgeRate,
  judgeTopics,
  type Timed,
} from './judge.ts';

export interface PlatformCheckSettings {
  readonly apiUrl: string;
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Platform time. */
  readonly clock: Clock;
  readonly onFigures: (figures: Figures) => void;
}

/** In real milliseconds. */
const silenceMsMax = 15_000;
/** Of no queue: whether a call is allowed can be asked without one. */
const nobody = '00000000-0000-0000-0000-000000000000';
const halfHourMs = 1_800_000;

const observationPermission = ['analytics:queueObservation:view'];
const noStart = 'run does not start';

/**
 * Asks the platform, with the calls that `run` makes, what it makes of them. Takes a channel that ends by itself within a day: nothing else
 * tells which topics are allowed. Rejects with the signal's reason, and for nothing else.
 */
export async function* checkPlatform(settings: PlatformCheckSettings, signal: AbortSignal): AsyncGenerator<Finding> {
  const { apiUrl, loginUrl, clock } = settings;
  const send = createSend(silenceMsMax);
  let last: Timed | undefined;
  const rest = createRest({
    ...settings,
    random: Math.random,
    async send(url, request, until) {
      const sentMs = systemClock.nowMs();
      const answer = await send(url, request, until);
      last = { answer, sentMs, receivedMs: systemClock.nowMs() };
      return answer;
    },
  });
  const organization = await attempt(async () =>
    snapshot.readAnswer(wire.organizationAnswer, await rest.get('/api/v2/organizations/me', signal)),
  );
  if (organization instanceof GenesysError) {
    const isLogin = organization.code === 'QC_GENESYS_CREDENTIALS';
    const told = organization.message;
    if (isLogin) yield { name: 'host', status: 'ok', told: `${loginUrl}: answered` };
    yield { name: isLogin ? 'credentials' : 'host', status: 'failed', told, cost: 'nothing more can be asked' };
    return;
  }
  yield { name: 'host', status: 'ok', told: `${[...new Set([loginUrl, apiUrl])].join(' and ')}: answered` };
  yield { name: 'credentials', status: 'ok', told: 'the login is accepted' };
  yield { name: 'organisation', status: 'ok', told: `${organization.name ?? 'without a name'} (${organization.id})` };
  if (last !== undefined) yield judgeClock(last);

  /** Makes a call; what it means goes to `findings`. */
  const findings: Finding[] = [];
  const ask = async <T>(
    call: { readonly name: string; readonly cost: string; readonly needed: readonly string[] },
    once: () => Promise<T>,
    tell: (value: T) => string,
  ): Promise<T | undefined> => {
    const value = await attempt(once);
    if (value instanceof GenesysError) findings.push(judgeFailure(call, value, last?.answer));
    else findings.push({ name: call.name, status: 'ok', told: tell(value) });
    return value instanceof GenesysError ? undefined : value;
  };
  const takeFindings = () => findings.splice(0);

  const queueIds =
    (await ask(
      { name: 'call queues', cost: `no queue is known: ${noStart}`, needed: ['routing:queue:view'] },
      async () => {
        const ids: string[] = [];
        const all = snapshot.pages(rest, '/api/v2/routing/queues', 'pageSize=100', wire.queuesAnswer, signal);
        for await (const { entities } of all) ids.push(...entities.map(({ id }) => id));
        return ids;
      },
      (ids) => `${ids.length} queues in the divisions of the client`,
    )) ?? [];
  yield* takeFindings();
  const asked = queueIds.length === 0 ? [nobody] : queueIds;
  const one = asked.slice(0, 1);

  const userIds =
    (await ask(
      { name: 'call routing activity', cost: `agents are not known: ${noStart}`, needed: observationPermission },
      async () => {
        const ids = new Set<string>();
        for (const some of snapshot.batchesOf(asked)) {
          const body = await rest.post(snapshot.paths.routing, snapshot.routingQuery('queueId', some), signal);
          const { results = [] } = snapshot.readAnswer(wire.routingActivityAnswer, body);
          for (const { entities = [] } of results) for (const { userId } of entities) ids.add(userId);
        }
        return [...ids];
      },
      (ids) => `${ids.length} agents are members of these queues`,
    )) ?? [];
  yield* takeFindings();

  const post = (path: string, query: object) => () => rest.post(path, query, signal);
  const answered = () => 'answered';
  await ask(
    {
      name: 'call queue observations',
      cost: `counts after a start or a gap: ${noStart}`,
      needed: observationPermission,
    },
    post(snapshot.paths.observations, snapshot.observationsQuery(one)),
    answered,
  );
  await ask(
    {
      name: 'call conversation activity',
      cost: `who waits since when, after a start or a gap: ${noStart}`,
      needed: observationPermission,
    },
    post(snapshot.paths.conversations, snapshot.conversationsQuery(one)),
    answered,
  );
  const endMs = clock.nowMs() - (clock.nowMs() % halfHourMs);
  await ask(
    {
      name: 'call aggregates',
      cost: 'totals of half hours that a gap has touched are not read again',
      needed: ['analytics:conversationAggregate:view'],
    },
    () => snapshot.readHalfHour(rest, { startMs: endMs - halfHourMs, endMs, queueIds: one }, () => endMs, signal),
    answered,
  );
  await ask(
    { name: 'call users', cost: `skills and languages of agents: ${noStart}`, needed: [] },
    () => rest.get('/api/v2/users?pageSize=1&expand=skills,languages', signal),
    answered,
  );
  yield* takeFindings();
  if (queueIds.length === 0 || userIds.length === 0) yield nothingToWatch(queueIds.length === 0 ? 'queue' : 'agent');

  const needed = await readTopicPermissions(rest, signal);
  const inUse = await attempt(async () =>
    snapshot.readAnswer(
      wire.channelsAnswer,
      await rest.get('/api/v2/notifications/channels?includechannels=oauthclient', signal),
    ),
  );
  const channelCount = inUse instanceof GenesysError ? null : inUse.entities.length;
  const topics = [
    ...queueIds.slice(0, 1).flatMap((id) => [observationsTopic(id), conversationsTopic(id)]),
    ...userIds.slice(0, 1).map(activityTopic),
  ];
  const cost = 'which topics are allowed is not known';
  if (channelCount !== null && channelCount >= channelsOfClient) {
    const told = `not tried: all ${channelsOfClient} channels of this OAuth client are taken, and one more would end the oldest`;
    yield { name: 'topics', status: 'failed', told, cost, wayOut: 'a channel that nobody renews ends within 24 hours' };
  } else if (topics.length > 0) {
    const tried = await ask(
      { name: 'topics', cost, needed: [] },
      () => subscribe(topics),
      () => '',
    );
    if (tried === undefined) yield* takeFindings();
    else yield* judgeTopics(tried, needed);
  }
  const figures = figuresOf({ queueIds, userIds });
  settings.onFigures(figures);
  yield* judgeLimits(figures, channelCount);
  if (last !== undefined) yield judgeRate(last.answer);

  async function subscribe(ids: readonly string[]) {
    const path = '/api/v2/notifications/channels';
    const { id } = snapshot.readAnswer(wire.channelAnswer, await rest.post(path, {}, signal));
    const wanted = ids.map((each) => ({ id: each }));
    const answer = await rest.post(`${path}/${id}/subscriptions?ignoreErrors=true`, wanted, signal);
    const { entities = [] } = snapshot.readAnswer(wire.subscriptionsAnswer, answer ?? {});
    return ids.map((each) => entities.find((topic) => topic.id === each) ?? { id: each });
  }

  /** The platform's refusals are findings. */
  async function attempt<T>(once: () => Promise<T>): Promise<T | GenesysError> {
    try {
      return await once();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof GenesysError) return error;
      throw error;
    }
  }
}

function nothingToWatch(what: 'queue' | 'agent'): Finding {
  const told = `the client sees no ${what}, and ${what === 'queue' ? 'no topic is' : 'their topics are not'} tried`;
  const cost = what === 'queue' ? noStart : 'no wait is predicted without agents';
  return { name: `${what}s`, status: 'missing', told, cost, wayOut: "check the OAuth client's divisions" };
}
