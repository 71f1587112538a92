import { describe, expect, test } from 'vitest';
import { createPlatform } from '../../../src/simulator/platform.ts';
import { idOf } from '../../../src/simulator/roster.ts';
import {
  activity,
  ann,
  bodyOf,
  clientOf,
  connectClient,
  conversations,
  listen,
  observations,
  sales,
  scripted,
  startMs,
  support,
  type VirtualClient,
} from './virtual-client.ts';

const idle = scripted([]);
const dayMs = 86_400_000;
const root = '/api/v2/notifications/channels';
const create = (client: VirtualClient, nowMs = startMs) => bodyOf(client.askAt(nowMs, 'POST', root));
const topicsOf = (answer: { body?: unknown }): string[] => bodyOf(answer).entities.map(({ id }) => id);
const ids = (...names: string[]) => names.map((id) => ({ id }));

describe('a channel', () => {
  test('is reached at the host that the request named, and lives for a day', () => {
    const client = connectClient(idle);
    const channel = create(client);
    expect(channel.connectUri).toBe(`ws://sim.test:8080/channels/${channel.id}`);
    expect(channel.expires).toBe(new Date(startMs + dayMs).toISOString());
    expect(client.askAt(startMs + dayMs - 1, 'HEAD', `${root}/${channel.id}`).status).toBe(200);
  });

  test('is gone after a day, its socket closed, unless it was subscribed anew', () => {
    const client = connectClient(idle, { tokenLifeMs: 10 * dayMs });
    const { channelId, closes } = listen(client, [activity(ann)]);
    const renewed = create(client);
    client.askAt(startMs + 1000, 'POST', `${root}/${renewed.id}/subscriptions`, ids(activity(ann)));
    client.platform.advanceTo(startMs + dayMs);
    expect(closes).toHaveLength(1);
    expect(client.askAt(startMs + dayMs, 'HEAD', `${root}/${channelId}`).status).toBe(404);
    expect(client.askAt(startMs + dayMs, 'GET', `${root}/${channelId}/subscriptions`).status).toBe(404);
    expect(client.askAt(startMs + dayMs, 'HEAD', `${root}/${renewed.id}`).status).toBe(200);
    expect(
      client.platform.openSocket(
        channelId,
        () => 0,
        () => 0,
        startMs + dayMs,
      ),
    ).toEqual({ status: 404 });
  });

  test('the 21st evicts the oldest one that has no socket', () => {
    const client = connectClient(idle);
    const { channelId: listening, closes } = listen(client, []);
    const silent = Array.from({ length: 20 }, () => create(client).id);
    expect(client.ask('HEAD', `${root}/${listening}`).status).toBe(200);
    expect(client.ask('HEAD', `${root}/${silent[0]!}`).status).toBe(404);
    expect(client.ask('HEAD', `${root}/${silent[1]!}`).status).toBe(200);
    expect(closes).toEqual([]);
  });

  test('of another client is not found, of another token is listed without its id', () => {
    const platform = createPlatform({
      driver: idle,
      clients: [
        { id: 'one', secret: 's' },
        { id: 'two', secret: 's' },
      ],
    });
    const [one, again, two] = [
      clientOf(platform, 'one', 's'),
      clientOf(platform, 'one', 's'),
      clientOf(platform, 'two', 's'),
    ];
    const channel = create(one);
    expect(two.ask('HEAD', `${root}/${channel.id}`).status).toBe(404);
    expect(topicsOf(one.ask('GET', root))).toEqual([channel.id]);
    expect(topicsOf(again.ask('GET', root))).toEqual([]);
    expect(topicsOf(again.ask('GET', `${root}?includechannels=oauthclient`))).toEqual(['']);
  });
});

describe('subscriptions', () => {
  test('POST adds, PUT replaces, DELETE removes, GET shows combined names as they were given', () => {
    const client = connectClient(idle);
    const target = `${root}/${create(client).id}/subscriptions`;
    const combined = `v2.users.${ann}?activity&presence`;
    client.ask('POST', target, ids(observations(sales)));
    expect(topicsOf(client.ask('POST', target, ids(combined)))).toEqual([observations(sales), combined]);
    expect(topicsOf(client.ask('PUT', target, ids(conversations(support))))).toEqual([conversations(support)]);
    expect(topicsOf(client.ask('GET', target))).toEqual([conversations(support)]);
    expect(client.ask('DELETE', target)).toMatchObject({ status: 204 });
    expect(topicsOf(client.ask('GET', target))).toEqual([]);
  });

  test('take 1000 topics, each part of a combined name counted, and not one more', () => {
    const client = connectClient(idle);
    const target = `${root}/${create(client).id}/subscriptions`;
    const users = Array.from({ length: 500 }, (_, index) => idOf(`user ${index}`));
    const both = ids(...users.map((id) => `v2.users.${id}?activity&presence`));
    expect(client.ask('POST', target, both).status).toBe(200);
    expect(client.ask('POST', target, both).status).toBe(200);
    expect(client.ask('POST', target, ids(observations(sales)))).toMatchObject({ status: 400 });
    expect(client.ask('POST', `${target}?ignoreErrors=true`, ids(observations(sales)))).toMatchObject({ status: 400 });
    expect(topicsOf(client.ask('GET', target))).toHaveLength(500);
  });

  const poor = { clients: [{ id: 'client', secret: 'secret', permissions: ['analytics:queueObservation:view'] }] };

  test('with one missing permission subscribe nothing', () => {
    const client = connectClient(idle, poor);
    const target = `${root}/${create(client).id}/subscriptions`;
    expect(client.ask('POST', target, ids(activity(ann), observations(sales)))).toMatchObject({
      status: 403,
      body: { code: 'missing.permissions', messageParams: { permissions: 'analytics:conversationAggregate:view' } },
    });
    expect(topicsOf(client.ask('GET', target))).toEqual([]);
  });

  test('with ignoreErrors say of each topic whether it is permitted', () => {
    const client = connectClient(idle, poor);
    const target = `${root}/${create(client).id}/subscriptions`;
    const asked = ids(activity(ann), observations(sales), 'v2.nothing');
    const { body } = client.ask('POST', `${target}?ignoreErrors=true`, asked);
    expect(bodyOf({ body }).entities).toMatchObject([
      { id: activity(ann), state: 'Permitted' },
      { id: observations(sales), state: 'Rejected', missingPermissions: ['analytics:conversationAggregate:view'] },
      { id: 'v2.nothing', state: 'Rejected' },
    ]);
    expect(topicsOf(client.ask('GET', target))).toEqual([activity(ann)]);
  });

  test.each([
    'v2.users.nobody.activity',
    `v2.users.${ann.toUpperCase()}.activity`,
    `v2.users.${ann}.observations`,
    `v2.users.${ann}?activity&observations`,
    `v2.analytics.queues.${sales}.aggregates`,
    `v2.analytics.queues.*.observations`,
  ])('refuse %s, which is no topic', (topic) => {
    const client = connectClient(idle);
    const target = `${root}/${create(client).id}/subscriptions`;
    expect(client.ask('POST', target, ids(topic))).toMatchObject({ status: 400, body: { code: 'bad.request' } });
  });

  test('a body that is no list of topics is a bad request', () => {
    const client = connectClient(idle);
    const target = `${root}/${create(client).id}/subscriptions`;
    expect(client.ask('POST', target, { id: activity(ann) }).status).toBe(400);
    expect(client.ask('POST', target).status).toBe(400);
  });
});
