import { describe, expect, test } from 'vitest';
import { createCallCenter } from '../../../src/simulator/call-center.ts';
import { createStatusLedger } from '../../../src/simulator/status-ledger.ts';
import { createUsers } from '../../../src/simulator/users.ts';
import {
  ann,
  bob,
  bodyOf,
  callId,
  connectClient,
  sales,
  scripted,
  smallRoster,
  startMs,
  support,
} from './virtual-client.ts';

const working = scripted([
  { kind: 'agent-on', atMs: startMs, userId: ann },
  { kind: 'arrival', atMs: startMs, callId: callId('a'), queueId: sales, priority: 0 },
  { kind: 'answer', atMs: startMs + 60_000, callId: callId('a'), userId: ann },
  { kind: 'end', atMs: startMs + 160_000, callId: callId('a') },
  { kind: 'agent-off', atMs: startMs + 200_000, userId: ann },
  { kind: 'agent-on', atMs: startMs + 100_000_000, userId: bob },
]);
const iso = (atMs: number) => new Date(startMs + atMs).toISOString();
const hour = `${iso(0)}/${iso(3_600_000)}`;

describe('user observations', () => {
  test('count the queues of a user, and say nothing of status', () => {
    const filter = { type: 'or', predicates: [{ dimension: 'userId', value: ann }] };
    const metrics = ['oActiveQueues', 'oMemberQueues'];
    const target = '/api/v2/analytics/users/observations/query';
    expect(connectClient(working).ask('POST', target, { filter, metrics }).body).toEqual({
      results: [
        {
          group: { userId: ann },
          data: [
            { metric: 'oActiveQueues', stats: { count: 2 } },
            { metric: 'oMemberQueues', stats: { count: 2 } },
          ],
        },
      ],
    });
    expect(connectClient(working).ask('POST', target, { filter: { type: 'or' }, metrics }).status).toBe(400);
  });

  test('the activity query counts the same, by queue too', () => {
    const query = { metrics: [{ metric: 'oMemberQueues', details: true }], groupBy: ['userId'] };
    const { results } = bodyOf(connectClient(working).ask('POST', '/api/v2/analytics/users/activity/query', query));
    expect(results.map(({ data }) => data)).toEqual([
      [{ metric: 'oMemberQueues', count: 2, entityIds: [sales, support] }],
      [{ metric: 'oMemberQueues', count: 1, entityIds: [sales] }],
    ]);
  });
});

describe('user aggregates', () => {
  const ask = (query: object, atMs: number) =>
    connectClient(working).askAt(startMs + atMs, 'POST', '/api/v2/analytics/users/aggregates/query', {
      interval: hour,
      groupBy: ['userId'],
      metrics: ['tAgentRoutingStatus'],
      ...query,
    });
  const sums = (query: object, atMs: number) =>
    bodyOf(ask(query, atMs)).results.map(({ group, data }) => [
      group,
      data.map(({ metrics }) => Object.fromEntries(metrics.map(({ qualifier, stats }) => [qualifier, stats.sum]))),
    ]);

  test('are the time in each routing status, up to now where it goes on', () => {
    expect(sums({}, 30_000)).toEqual([[{ userId: ann }, [{ IDLE: 30_000 }]]]);
    expect(sums({}, 300_000)).toEqual([
      [{ userId: ann }, [{ IDLE: 100_000, INTERACTING: 100_000, OFF_QUEUE: 100_000 }]],
    ]);
  });

  test('are cut by the buckets, with presences too', () => {
    expect(sums({ granularity: 'PT1M', interval: `${iso(0)}/${iso(120_000)}` }, 500_000)).toEqual([
      [{ userId: ann }, [{ IDLE: 60_000 }, { INTERACTING: 60_000 }]],
    ]);
    const answer = ask({ metrics: ['tSystemPresence'] }, 300_000);
    expect(bodyOf(answer).results[0]!.data[0]!.metrics).toEqual([
      { metric: 'tSystemPresence', qualifier: 'ON_QUEUE', stats: { sum: 200_000 } },
      { metric: 'tSystemPresence', qualifier: 'OFFLINE', stats: { sum: 100_000 } },
    ]);
    expect(bodyOf(answer).systemToOrganizationMappings).toHaveProperty('ON_QUEUE');
  });

  test('of users or times without any are empty; of what nobody can group by, a bad request', () => {
    const filter = { type: 'or', predicates: [{ dimension: 'userId', value: bob }] };
    expect(ask({ filter }, 300_000).body).toEqual({ results: [] });
    expect(ask({ groupBy: ['queueId'] }, 0)).toMatchObject({ status: 400 });
    expect(ask({ interval: 'yesterday' }, 0)).toMatchObject({ status: 400 });
  });
});

describe('the ledger of statuses', () => {
  const center = createCallCenter({ roster: smallRoster });
  const ledger = createStatusLedger(3);
  const changes = [
    ['agent-on', bob],
    ['agent-on', ann],
    ['agent-off', ann],
    ['agent-on', ann],
    ['agent-off', ann],
  ] as const;
  for (const [second, [kind, userId]] of changes.entries()) {
    const atMs = startMs + second * 1000;
    for (const agent of center.apply({ kind, atMs, userId }).agents) ledger.note(agent, atMs);
  }

  test('forgets the oldest of too many, but never what somebody still is', () => {
    const kept = Array.from(ledger.all(), ({ userId, routingStatus, fromMs }) => [
      userId,
      routingStatus,
      fromMs - startMs,
    ]);
    expect(kept).toHaveLength(3);
    expect(kept).toEqual(
      expect.arrayContaining([
        [bob, 'IDLE', 0],
        [ann, 'IDLE', 3000],
        [ann, 'OFF_QUEUE', 4000],
      ]),
    );
    expect(ledger.completeFromMs()).toBe(startMs + 3000);
  });

  test('lets no query go back to what is forgotten: half an answer would look like a whole one', () => {
    const users = createUsers(center, ledger, {});
    const ask = (fromMs: number) =>
      users.answer(
        {
          method: 'POST',
          path: '/api/v2/analytics/users/aggregates/query',
          query: new URLSearchParams(),
          headers: {},
          body: JSON.stringify({ interval: `${iso(fromMs)}/${iso(60_000)}`, metrics: ['tAgentRoutingStatus'] }),
        },
        { clientId: 'client', token: 'token', permissions: new Set(['analytics:userAggregate:view']) },
        startMs + 60_000,
      );
    expect(ask(2999)).toMatchObject({ status: 400, body: { message: expect.stringContaining(iso(3000)) } });
    expect(ask(3000)).toMatchObject({ status: 200 });
  });
});
