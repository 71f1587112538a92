import { describe, expect, test } from 'vitest';
import { createRoster, idOf } from '../../../src/simulator/roster.ts';
import {
  bodyOf,
  type Body,
  ann,
  bob,
  callId,
  connectClient,
  logIn,
  sales,
  scripted,
  startMs,
  support,
} from './virtual-client.ts';

const working = scripted([
  { kind: 'agent-on', atMs: startMs, userId: ann },
  { kind: 'arrival', atMs: startMs, callId: callId('a'), queueId: sales, priority: 2 },
  { kind: 'answer', atMs: startMs, callId: callId('a'), userId: ann },
  { kind: 'arrival', atMs: startMs, callId: callId('b'), queueId: sales, priority: 1 },
]);
const idle = scripted([]);
const start = new Date(startMs).toISOString();

describe('logging in', () => {
  test('gives a bearer token with its life in seconds', () => {
    const { platform } = connectClient(idle);
    expect(logIn(platform)).toMatchObject({ status: 200, body: { token_type: 'bearer', expires_in: 86_400 } });
  });

  test('with a wrong secret fails in the OAuth form, not in the API form', () => {
    const { platform } = connectClient(idle);
    expect(logIn(platform, startMs, 'client', 'wrong')).toMatchObject({
      status: 400,
      body: {
        error: 'invalid_client',
        description: 'authentication failed',
        error_description: 'authentication failed',
      },
    });
    const request = { method: 'POST', path: '/oauth/token', query: new URLSearchParams(), headers: {} };
    expect(platform.handle({ ...request, body: 'grant_type=password' }, startMs).body).toMatchObject({
      error: 'unsupported_grant_type',
    });
    expect(platform.handle({ ...request, body: '' }, startMs).body).toMatchObject({ error: 'invalid_request' });
  });

  test('is needed for everything else, and lasts until the token ends', () => {
    const client = connectClient(idle, { tokenLifeMs: 60_000 });
    const request = { method: 'GET', path: '/api/v2/organizations/me', query: new URLSearchParams(), body: '' };
    expect(client.platform.handle({ ...request, headers: {} }, startMs)).toMatchObject({
      status: 401,
      body: { code: 'authentication.required', status: 401 },
    });
    expect(client.askAt(startMs + 59_999, 'HEAD', '/api/v2/tokens/me')).toMatchObject({ status: 200 });
    expect(client.askAt(startMs + 60_000, 'HEAD', '/api/v2/tokens/me')).toMatchObject({
      status: 401,
      body: { code: 'bad.credentials', message: 'Invalid login credentials.' },
    });
  });

  test('tokens can be expired on demand', () => {
    const client = connectClient(idle);
    client.platform.expireTokens();
    expect(client.ask('GET', '/api/v2/users').status).toBe(401);
  });
});

describe('every answer', () => {
  test('carries a correlation id and the state of the rate limit', () => {
    const { headers } = connectClient(idle).askAt(startMs + 15_000, 'GET', '/api/v2/organizations/me');
    expect(headers['inin-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers).toMatchObject({
      'inin-ratelimit-count': '1',
      'inin-ratelimit-allowed': '300',
      'inin-ratelimit-reset': '45',
    });
  });

  test('to an unknown path or method is a not.found in the form of the API', () => {
    const client = connectClient(idle);
    for (const [method, path] of [
      ['GET', '/api/v2/nothing'],
      ['DELETE', '/api/v2/users'],
      ['GET', `/api/v2/users/${sales}`],
      ['GET', `/api/v2/routing/queues/${ann}`],
      ['GET', `/api/v2/routing/queues/${ann}/members`],
    ] as const) {
      expect(client.ask(method, path)).toMatchObject({
        status: 404,
        body: { code: 'not.found', status: 404, details: [], errors: [] },
      });
    }
  });

  test('past 300 requests in one minute is a 429 that says when to come back, until the minute is over', () => {
    const client = connectClient(idle);
    const ask = (seconds: number) => client.askAt(startMs + seconds * 1000, 'GET', '/api/v2/organizations/me');
    for (let i = 0; i < 299; i += 1) ask(1);
    expect(ask(39).status).toBe(200);
    expect(ask(39)).toMatchObject({
      status: 429,
      headers: { 'retry-after': '21', 'inin-ratelimit-count': '301' },
      body: {
        code: 'too.many.requests',
        message: 'Rate limit exceeded the maximum. Retry the request in [21] seconds',
      },
    });
    expect(ask(60)).toMatchObject({ status: 200, headers: { 'inin-ratelimit-count': '1' } });
  });

  test('to a body that says it is no JSON is a 415; nothing is subscribed by it', () => {
    const client = connectClient(idle);
    const root = '/api/v2/notifications/channels';
    const { id } = bodyOf(client.ask('POST', root));
    const path = `${root}/${id}/subscriptions`;
    const statusOf = (type: string, body: string, method = 'POST') =>
      client.platform.handle(
        {
          ...{ method, path, body, query: new URLSearchParams() },
          headers: { authorization: `Bearer ${client.token}`, 'content-type': type },
        },
        startMs,
      );
    const topics = JSON.stringify([{ id: `v2.users.${ann}.activity` }]);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/json; charset=utf-8', '']) {
      expect(statusOf(type, topics)).toMatchObject({ status: 415, body: { code: 'unsupported.media.type' } });
    }
    expect(bodyOf(client.ask('GET', path)).entities).toEqual([]);
    expect(statusOf('Application/JSON;charset=UTF-8', topics).status).toBe(200);
    expect(statusOf('text/plain', '', 'DELETE').status).toBe(204);
  });

  test('names the permissions that are missing', () => {
    const client = connectClient(idle, { clients: [{ id: 'client', secret: 'secret', permissions: [] }] });
    expect(client.ask('GET', '/api/v2/routing/queues')).toMatchObject({
      status: 403,
      body: {
        code: 'missing.permissions',
        messageParams: { permissions: 'routing:queue:view' },
        messageWithParams: expect.stringContaining('{permissions}'),
      },
    });
    expect(client.ask('GET', `/api/v2/routing/queues/${sales}/members`).body).toMatchObject({
      code: 'missing.any.permissions',
    });
    const query = {
      metrics: ['oWaiting'],
      filter: { type: 'or', predicates: [{ dimension: 'queueId', value: sales }] },
    };
    expect(client.ask('POST', '/api/v2/analytics/queues/observations/query', query).status).toBe(403);
    expect(client.ask('GET', '/api/v2/users').status).toBe(200);
  });
});

describe('queues and users', () => {
  const names = Array.from({ length: 57 }, (_, index) => `q${String(index).padStart(2, '0')}`);
  const big = scripted([], createRoster(names, new Map(names.map((name) => [`agent-${name}`, new Set(['q00'])]))));

  test('come in pages with links, 25 an unasked page, none past the end', () => {
    const client = connectClient(big);
    const first = bodyOf(client.ask('GET', '/api/v2/routing/queues?name=q*'));
    expect(first).toMatchObject({ pageSize: 25, pageNumber: 1, total: 57, pageCount: 3 });
    expect(first.entities).toHaveLength(25);
    expect(first.nextUri).toBe('/api/v2/routing/queues?name=q*&pageSize=25&pageNumber=2');
    expect(first.previousUri).toBeUndefined();
    const last = bodyOf(client.ask('GET', first.lastUri));
    expect(last.entities).toHaveLength(7);
    expect(last).toMatchObject({ previousUri: first.nextUri, firstUri: first.selfUri });
    expect(last.nextUri).toBeUndefined();
    expect(client.ask('GET', '/api/v2/routing/queues?pageNumber=99999')).toMatchObject({
      status: 200,
      body: { entities: [], previousUri: '/api/v2/routing/queues?pageNumber=3&pageSize=25' },
    });
    const none = bodyOf(client.ask('GET', '/api/v2/routing/queues?name=none&pageNumber=2'));
    expect(none.previousUri).toBe('/api/v2/routing/queues?name=none&pageNumber=1&pageSize=25');
  });

  test.each([
    ['users?pageSize=101', 'pageSize [101] is not valid: it must be 1 to 100.'],
    ['users?pageSize=', 'pageSize [] is not valid: it must be 1 to 100.'],
    ['routing/queues?pageNumber=0', 'pageNumber [0] is not valid: it must be 1 or more.'],
    [
      `routing/queues/${idOf('q00')}/members?pageNumber=x&pageSize=y`,
      'pageNumber [x] is not valid: it must be 1 or more. pageSize [y] is not valid: it must be 1 to 100.',
    ],
  ])('a page that cannot be, %s, is a bad request that names the value', (target, message) => {
    const answer = connectClient(big).ask('GET', `/api/v2/${target}`);
    expect(answer).toMatchObject({ status: 400, body: { code: 'bad.request', message } });
  });

  test('members come in pages that tell neither total nor page count', () => {
    const client = connectClient(big);
    let target: string | undefined = `/api/v2/routing/queues/${idOf('q00')}/members?pageSize=40&expand=routingStatus`;
    const members: Body[] = [];
    while (target !== undefined) {
      const page: Body = bodyOf(client.ask('GET', target));
      expect(page).not.toHaveProperty('total');
      expect(page).not.toHaveProperty('pageCount');
      members.push(...page.entities);
      target = page.nextUri;
    }
    expect(new Set(members.map(({ id }) => id)).size).toBe(57);
    expect(members[0]).toMatchObject({ joined: true, memberBy: 'user', routingStatus: { status: 'OFF_QUEUE' } });
  });

  test('members can be asked for by their routing status', () => {
    const client = connectClient(big);
    const count = (statuses: string) =>
      bodyOf(client.ask('GET', `/api/v2/routing/queues/${idOf('q00')}/members?pageSize=100&routingStatus=${statuses}`))
        .entities.length;
    expect([count('IDLE'), count('OFF_QUEUE'), count('IDLE,OFF_QUEUE')]).toEqual([0, 57, 57]);
  });

  test('members can be asked for by name, presence, skills, languages and how they are members, all together', () => {
    const client = connectClient(working);
    const found = (query: string) =>
      bodyOf(client.ask('GET', `/api/v2/routing/queues/${sales}/members?${query}`)).entities.map(({ id }) => id);
    const ofSupport = idOf('skill/support');
    for (const [query, ids] of [
      ['', [ann, bob]],
      ['name=invented*BOB', [bob]],
      ['name=bob', []],
      ['presence=On%20Queue', [ann]],
      ['presence=on_queue', [ann]],
      ['presence=OFFLINE,BUSY', [bob]],
      ['presence=AWAY', []],
      [`skills=${ofSupport}`, [ann]],
      ['skills=calls%20of%20support&skills=calls%20of%20sales', [ann, bob]],
      [`skills=${ofSupport}&presence=OFFLINE`, []],
      ['languages=Invented%20Language', [ann, bob]],
      ['languages=Latin', []],
      ['profileSkills=x', []],
      ['memberBy=user', [ann, bob]],
      ['memberBy=group', []],
      ['joined=false', []],
      ['joined=true&name=&presence=', [ann, bob]],
      ['joined=False', []],
      ['presence=onQueue', [ann]],
    ] as const) {
      expect([query, found(query)]).toEqual([query, ids]);
    }
  });

  test('a queue shows its members and its service level', () => {
    const client = connectClient(idle);
    expect(client.ask('GET', `/api/v2/routing/queues/${sales}`).body).toMatchObject({
      id: sales,
      name: 'sales',
      memberCount: 2,
      mediaSettings: { call: { serviceLevel: { percentage: 0.8, durationMs: 20_000 } } },
    });
    const found = bodyOf(client.ask('GET', '/api/v2/routing/queues?name=SUP*'));
    expect(found.entities.map(({ id }) => id)).toEqual([support]);
    const reversed = bodyOf(client.ask('GET', '/api/v2/routing/queues?sortOrder=desc'));
    expect(reversed.entities.map(({ name }) => name)).toEqual(['support', 'sales']);
  });

  test('a user is expanded as asked: a skill for each queue, a language, status and presence', () => {
    const client = connectClient(working);
    const target = `/api/v2/users?id=${ann}&expand=skills,languages,routingStatus,presence`;
    const { entities } = bodyOf(client.ask('GET', target));
    expect(entities).toHaveLength(1);
    expect(entities[0]).toMatchObject({
      id: ann,
      name: 'Invented Agent ann',
      routingStatus: { userId: ann, status: 'INTERACTING', startTime: start },
      presence: { presenceDefinition: { systemPresence: 'On Queue' }, modifiedDate: start },
      languages: [{ name: 'Invented Language', state: 'active' }],
    });
    expect(entities[0]!.skills.map(({ name }) => name)).toEqual(['Calls of sales', 'Calls of support']);
    for (const { proficiency } of entities[0]!.skills) expect([1, 2, 3, 4, 5]).toContain(proficiency);
    expect(client.ask('GET', target).body).toEqual(connectClient(working).ask('GET', target).body);
    expect(client.ask('GET', `/api/v2/users/${bob}`).body).not.toHaveProperty('skills');
    expect(client.ask('GET', `/api/v2/users/${bob}/routingstatus`).body).toEqual({ userId: bob, status: 'OFF_QUEUE' });
  });
});

describe('analytics queries', () => {
  const only = (queueId: string) => ({ type: 'or', predicates: [{ dimension: 'queueId', value: queueId }] });

  test('observations give agent counts by queue and call counts by medium, idle media as zero', () => {
    const { results, systemToOrganizationMappings } = bodyOf(
      connectClient(working).ask('POST', '/api/v2/analytics/queues/observations/query', {
        filter: only(sales),
        metrics: ['oWaiting', 'oInteracting', 'oLongestWaiting', 'oOnQueueUsers', 'oUserPresences', 'oMemberUsers'],
        detailMetrics: ['oWaiting'],
      }),
    );
    const media = results.map(({ group }) => group.mediaType ?? 'queue');
    expect(media).toEqual(['queue', 'voice', 'callback', 'chat', 'email', 'message', 'video']);
    const [agents, voice, , chat, , , video] = results.map(({ data }) => data);
    expect(agents).toContainEqual({ metric: 'oOnQueueUsers', qualifier: 'INTERACTING', stats: { count: 1 } });
    expect(agents).not.toContainEqual(expect.objectContaining({ qualifier: 'IDLE' }));
    const [offline] = systemToOrganizationMappings['OFFLINE']!;
    expect(agents).toContainEqual({ metric: 'oUserPresences', qualifier: offline, stats: { count: 1 } });
    expect(voice).toContainEqual({ metric: 'oLongestWaiting', stats: { count: 1, calculatedMetricValue: startMs } });
    expect(voice).toContainEqual({
      metric: 'oWaiting',
      stats: { count: 1 },
      truncated: false,
      observations: [
        expect.objectContaining({
          observationDate: start,
          conversationId: callId('b'),
          routingPriority: 1,
          direction: 'inbound',
        }),
      ],
    });
    expect(video).toEqual([{ metric: 'oInteracting', stats: { count: 0 } }]);
    expect(chat).toContainEqual({ metric: 'oWaiting', stats: { count: 0 } });
  });

  test('conversation activity gives each waiting call with its enqueue time', () => {
    const { results } = bodyOf(
      connectClient(working).ask('POST', '/api/v2/analytics/conversations/activity/query', {
        metrics: [
          { metric: 'oWaiting', details: true },
          { metric: 'oInteracting', details: true },
          { metric: 'oLongestWaiting' },
        ],
        groupBy: ['queueId', 'mediaType'],
        order: 'asc',
        filter: only(sales),
      }),
    );
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({
      group: { queueId: sales, mediaType: 'voice' },
      truncated: false,
      data: [
        { metric: 'oWaiting', count: 1 },
        { metric: 'oInteracting', count: 1 },
        { metric: 'oLongestWaiting', count: 1, calculatedMetricValue: startMs },
      ],
    });
    expect(
      results[0]!.entities.map(({ metric, conversationId, activityDate, userId }) => [
        metric,
        conversationId,
        activityDate,
        userId,
      ]),
    ).toEqual([
      ['oWaiting', callId('b'), start, undefined],
      ['oInteracting', callId('a'), start, ann],
    ]);
  });

  test('routing activity gives each member with status and since when', () => {
    const { results } = bodyOf(
      connectClient(working).ask('POST', '/api/v2/analytics/routing/activity/query', {
        metrics: [
          { metric: 'oActiveUsers', details: true },
          { metric: 'oOnQueueUsers', details: false },
        ],
        groupBy: ['queueId'],
        filter: {
          type: 'and',
          clauses: [only(sales)],
          predicates: [{ dimension: 'queueMembershipStatus', value: 'active' }],
        },
      }),
    );
    expect(results).toHaveLength(1);
    expect(results[0]!.data).toEqual([
      { metric: 'oActiveUsers', count: 2, entityIds: [ann, bob] },
      { metric: 'oOnQueueUsers', qualifier: 'INTERACTING', count: 1 },
    ]);
    expect(results[0]!.entities[0]).toMatchObject({
      userId: ann,
      routingStatus: 'INTERACTING',
      routingStatusDate: start,
      systemPresence: 'On Queue',
      presenceDate: start,
    });
    expect(results[0]!.entities[1]).toMatchObject({ userId: bob, routingStatus: 'OFF_QUEUE' });
    expect(results[0]!.entities[1]).not.toHaveProperty('routingStatusDate');
  });

  test.each([
    [
      'no queue in the filter',
      { filter: { type: 'or', predicates: [{ dimension: 'mediaType', value: 'voice' }] } },
      /queueId predicate/,
    ],
    ['an id that is none', { filter: only('x') }, /queueId x is not a valid UUID\./],
    [
      'an unknown filter type',
      { filter: { type: 'x' } },
      /Value \[x\] is not valid for field type \[QueryFilterType\]/,
    ],
    ['an unknown metric', { filter: only(sales), metrics: ['nWaiting'] }, /Value \[nWaiting\]/],
    ['no filter', {}, /^filter: /],
  ])('observations with %s are a bad request that says so', (_, body, message) => {
    const query = { metrics: ['oWaiting'], ...body };
    const answer = connectClient(idle).ask('POST', '/api/v2/analytics/queues/observations/query', query);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'bad.request', message: expect.stringMatching(message) },
    });
  });
});
