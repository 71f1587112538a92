import sdk from 'purecloud-platform-client-v2';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startSmallPlatform, type SmallPlatform } from '../support/small-platform.ts';
import { ann, callId, conversations, observations, sales, startMs, support } from '../src/simulator/virtual-client.ts';

// The official JavaScript SDK, as it is published, takes the simulator for the platform.

// Read when the SDK is loaded: a configuration in the home folder, and proxies that know nothing of this machine.
vi.hoisted(() => {
  for (const name of ['NO_PROXY', 'no_proxy']) process.env[name] = '127.0.0.1';
  process.env['HOME'] = '/nonexistent';
});

const client = sdk.ApiClient.instance;
const iso = (minutes: number) => new Date(startMs + minutes * 60_000).toISOString();
const hour = `${iso(0)}/${iso(60)}`;
let small: SmallPlatform;

beforeAll(async () => {
  small = await startSmallPlatform();
  client.setGateway({ host: '127.0.0.1', protocol: 'http', port: small.port });
});

afterAll(() => small.close());

/** What a call was rejected with: the body of the answer. */
async function rejection(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('before the login', () => {
  test('a call is a 401 in the form of the API', async () => {
    expect(await rejection(new sdk.RoutingApi().getRoutingQueues())).toMatchObject({
      status: 401,
      code: expect.stringMatching(/^(authentication\.required|bad\.credentials)$/),
    });
  });

  test('a wrong secret is a 400 in the form of OAuth', async () => {
    expect(await rejection(client.loginClientCredentialsGrant('id', 'wrong'))).toMatchObject({
      response: { status: 400, data: { error: 'invalid_client', error_description: 'authentication failed' } },
    });
  });

  test('what a client may not do names the permissions', async () => {
    await client.loginClientCredentialsGrant('poor', 'secret');
    expect(await rejection(new sdk.RoutingApi().getRoutingQueues())).toMatchObject({
      status: 403,
      code: 'missing.permissions',
      messageParams: { permissions: 'routing:queue:view' },
    });
  });
});

describe('after the login', () => {
  const routing = new sdk.RoutingApi();
  const users = new sdk.UsersApi();
  const analytics = new sdk.AnalyticsApi();
  const notifications = new sdk.NotificationsApi();
  const filterBy = (dimension: string, value: string) => ({ type: 'or', predicates: [{ dimension, value }] });
  const names = (listing: { readonly entities?: readonly { readonly name?: string }[] }) =>
    listing.entities?.map(({ name }) => name);

  beforeAll(async () => {
    const { accessToken } = await client.loginClientCredentialsGrant('id', 'secret');
    expect(accessToken).toMatch(/./);
  });

  test('queues, their members, codes and estimated waits are read', async () => {
    expect(names(await routing.getRoutingQueues({ pageSize: 100 }))).toEqual(['sales', 'support']);
    expect(await routing.getRoutingQueue(sales)).toMatchObject({ name: 'sales', memberCount: 2 });
    const members = await routing.getRoutingQueueMembers(sales, { expand: ['routingStatus', 'presence'] });
    expect(members.entities?.[0]).toMatchObject({ id: ann, routingStatus: { status: 'INTERACTING' } });
    expect(names(await routing.getRoutingQueueWrapupcodes(sales))).toContain('Invented Solved');
    expect(await routing.getRoutingQueueEstimatedwaittime(support)).toEqual({ results: [] });
    const estimate = await routing.getRoutingQueueMediatypeEstimatedwaittime(sales, 'call');
    // One of three gave up, one waits in front, two work: 150 s of handling, by 2/3 of a call and once more.
    expect(estimate.results).toEqual([{ intent: 'CALL', formula: 'BEST', estimatedWaitTimeSeconds: 125 }]);
    expect(await rejection(routing.getRoutingQueue(ann))).toMatchObject({ status: 404, code: 'not.found' });
  });

  test('skills, languages, codes, presences, limits and the organisation are read', async () => {
    expect(names(await routing.getRoutingSkills())).toEqual(['Calls of sales', 'Calls of support']);
    expect(names(await routing.getRoutingLanguages())).toEqual(['Invented Language']);
    expect(names(await routing.getRoutingWrapupcodes())).toHaveLength(3);
    const presences = await new sdk.PresenceApi().getPresenceDefinitions0();
    expect(presences.entities?.map(({ systemPresence }) => systemPresence)).toContain('On Queue');
    const organization = new sdk.OrganizationApi();
    expect(await organization.getOrganizationsMe()).toMatchObject({ name: 'Invented Bank' });
    expect((await organization.getOrganizationsLimitsNamespace('platform.api')).entities).toContainEqual({
      key: 'client.credentials.token.rate.per.minute',
      namespace: 'platform.api',
      value: 300,
    });
  });

  test('users come with what they were expanded by, their queues, skills and status', async () => {
    const expand = ['routingStatus', 'presence', 'skills', 'languages'];
    const listing = await users.getUsers({ pageSize: 100, expand });
    expect(listing.entities?.find(({ id }) => id === ann)).toMatchObject({
      routingStatus: { status: 'INTERACTING', startTime: iso(51) },
      presence: { presenceDefinition: { systemPresence: 'On Queue' } },
      skills: [{ name: 'Calls of sales' }, { name: 'Calls of support' }],
      languages: [{ name: 'Invented Language' }],
    });
    expect(await users.getUser(ann)).toMatchObject({ name: 'Invented Agent ann' });
    expect(names(await users.getUserQueues(ann))).toEqual(['sales', 'support']);
    expect(await users.getUserRoutingstatus(ann)).toMatchObject({ userId: ann, status: 'INTERACTING' });
    expect(names(await users.getUserRoutingskills(ann))).toHaveLength(2);
    expect(names(await users.getUserRoutinglanguages(ann))).toHaveLength(1);
  });

  test('observations and activities are queried', async () => {
    const observed = await analytics.postAnalyticsQueuesObservationsQuery({
      filter: filterBy('queueId', sales),
      metrics: ['oWaiting', 'oInteracting', 'oOnQueueUsers'],
      detailMetrics: ['oWaiting'],
    });
    const voice = observed.results?.find(({ group }) => group?.['mediaType'] === 'voice');
    expect(voice?.data).toContainEqual(expect.objectContaining({ metric: 'oInteracting', stats: { count: 1 } }));
    expect(voice?.data?.find(({ metric }) => metric === 'oWaiting')?.observations).toMatchObject([
      { conversationId: callId('waiting'), observationDate: iso(55) },
    ]);
    const conversationsNow = await analytics.postAnalyticsConversationsActivityQuery({
      metrics: [{ metric: 'oWaiting', details: true }],
      groupBy: ['queueId'],
      filter: filterBy('queueId', sales),
    });
    expect(conversationsNow.results?.[0]?.entities).toMatchObject([{ conversationId: callId('waiting') }]);
    const routingNow = await analytics.postAnalyticsRoutingActivityQuery({
      metrics: [{ metric: 'oOnQueueUsers', details: true }],
      groupBy: ['queueId'],
      filter: filterBy('queueId', sales),
    });
    expect(routingNow.results?.[0]?.entities).toHaveLength(2);
    const filter = filterBy('userId', ann);
    const own = await analytics.postAnalyticsUsersObservationsQuery({ filter, metrics: ['oMemberQueues'] });
    expect(own.results?.[0]?.data).toMatchObject([{ metric: 'oMemberQueues', stats: { count: 2 } }]);
    const queuesOf = await analytics.postAnalyticsUsersActivityQuery({
      metrics: [{ metric: 'oMemberQueues' }],
      groupBy: ['userId'],
      filter,
    });
    expect(queuesOf.results?.[0]?.data).toMatchObject([{ count: 2 }]);
  });

  const totals = { interval: hour, granularity: 'PT30M', groupBy: ['queueId'], metrics: ['nOffered', 'tWait'] };

  test('aggregates of conversations, users and surveys are queried, at once and by a job', async () => {
    const { results } = await analytics.postAnalyticsConversationsAggregatesQuery(totals);
    expect(results?.[0]?.data?.map(({ metrics }) => metrics?.map(({ stats }) => stats?.count))).toEqual([
      [2, 2],
      [2, 1],
    ]);
    const times = await analytics.postAnalyticsUsersAggregatesQuery({
      interval: hour,
      groupBy: ['userId'],
      metrics: ['tAgentRoutingStatus'],
    });
    expect(times.results?.find(({ group }) => group?.['userId'] === ann)?.data?.[0]?.metrics).toContainEqual(
      expect.objectContaining({ qualifier: 'IDLE', stats: { sum: 51 * 60_000 } }),
    );
    const surveys = { interval: hour, metrics: ['nSurveysSent'] };
    expect(await analytics.postAnalyticsSurveysAggregatesQuery(surveys)).toEqual({ results: [] });
    const { jobId = '' } = await analytics.postAnalyticsConversationsAggregatesJobs(totals);
    await small.clock.advance(3000);
    expect((await analytics.getAnalyticsConversationsAggregatesJob(jobId)).state).toBe('FULFILLED');
    expect((await analytics.getAnalyticsConversationsAggregatesJobResults(jobId)).results).toEqual(results);
  });

  test('details are queried page by page until there are none, and by a job', async () => {
    const page = (pageNumber: number) =>
      analytics.postAnalyticsConversationsDetailsQuery({ interval: hour, paging: { pageSize: 3, pageNumber } });
    expect((await page(1)).conversations).toHaveLength(3);
    expect((await page(2)).conversations).toHaveLength(1);
    expect((await page(3)).conversations).toBeUndefined();
    const single = await analytics.getAnalyticsConversationDetails(callId('handled'));
    expect(single.participants?.map(({ purpose }) => purpose)).toEqual(['customer', 'acd', 'agent']);
    const { jobId = '' } = await analytics.postAnalyticsConversationsDetailsJobs({ interval: hour });
    await small.clock.advance(3000);
    expect(await analytics.getAnalyticsConversationsDetailsJob(jobId)).toMatchObject({ state: 'FULFILLED' });
    const answer = await analytics.getAnalyticsConversationsDetailsJobResults(jobId, { pageSize: 100 });
    expect(answer.conversations).toHaveLength(4);
    const availability = await analytics.getAnalyticsConversationsDetailsJobsAvailability();
    expect(answer.dataAvailabilityDate).toBe(availability.dataAvailabilityDate);
  });

  test('topics are listed with what they need', async () => {
    const { entities } = await notifications.getNotificationsAvailabletopics({ expand: ['requiresPermissions'] });
    expect(entities).toContainEqual({
      id: observations('{id}'),
      requiresPermissions: ['analytics:queueObservation:view', 'analytics:conversationAggregate:view'],
    });
  });

  test('a channel is made, subscribed, listened to, and emptied', async () => {
    const { id = '', connectUri = '' } = await notifications.postNotificationsChannels();
    const topic = conversations(sales);
    const subscribed = await notifications.postNotificationsChannelSubscriptions(id, [{ id: topic }], {
      ignoreErrors: true,
    });
    expect(subscribed.entities).toMatchObject([{ id: topic, state: 'Permitted' }]);
    const replaced = [{ id: topic }, { id: observations(sales) }];
    await notifications.putNotificationsChannelSubscriptions(id, replaced);
    const listed = await notifications.getNotificationsChannelSubscriptions(id);
    expect(listed.entities?.map((each) => each.id)).toEqual([topic, observations(sales)]);
    expect((await notifications.getNotificationsChannels()).entities?.map((each) => each.id)).toContain(id);
    await notifications.headNotificationsChannel(id);
    const socket = new WebSocket(connectUri);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const heard = new Promise<string>((resolve) => {
      socket.on('message', (data: Buffer) => {
        if (data.includes('"version"')) resolve(data.toString());
      });
    });
    await small.clock.advance(60_000);
    expect(JSON.parse(await heard)).toMatchObject({ topicName: topic, version: '2', eventBody: { id: callId('new') } });
    socket.terminate();
    await notifications.deleteNotificationsChannelSubscriptions(id);
    expect((await notifications.getNotificationsChannelSubscriptions(id)).entities).toEqual([]);
    // A HEAD has no body, so there is nothing that the SDK could reject with.
    const gone = notifications.headNotificationsChannel('streaming-0-none').then(
      () => false,
      () => true,
    );
    expect(await gone).toBe(true);
  });

  test('a 429 surfaces after exactly one request, with when to come back', async () => {
    small.platform.inject(
      { kind: 'too-many-requests', pathPrefix: '/api/', forMs: 60_000, count: 1, retryAfterSeconds: 7 },
      small.clock.nowMs(),
    );
    client.setReturnExtendedResponses(true);
    const before = small.requests.length;
    const error = await rejection(routing.getRoutingQueues()).finally(() => client.setReturnExtendedResponses(false));
    expect(error).toMatchObject({ status: 429, headers: { 'retry-after': '7' }, body: { code: 'too.many.requests' } });
    expect(small.requests.slice(before)).toEqual(['GET /api/v2/routing/queues']);
  });

  test('an answer of a gateway in HTML is an error with its status', async () => {
    small.platform.inject(
      { kind: 'server-error', pathPrefix: '/api/', forMs: 60_000, count: 1, status: 502 },
      small.clock.nowMs(),
    );
    client.setReturnExtendedResponses(true);
    const error = await rejection(routing.getRoutingQueues()).finally(() => client.setReturnExtendedResponses(false));
    expect(error).toMatchObject({ status: 502 });
  });

  test('the token is valid until it is deleted', async () => {
    const tokens = new sdk.TokensApi();
    await tokens.headTokensMe();
    await tokens.deleteTokensMe();
    expect(await rejection(routing.getRoutingQueues())).toMatchObject({ status: 401, code: 'bad.credentials' });
  });
});
