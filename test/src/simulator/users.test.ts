import { describe, expect, test } from 'vitest';
import { createCallCenter } from '../../../src/simulator/call-center.ts';
import { createStatusLedger } from '../../../src/simulator/status-ledger.ts';
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

test('the ledger of statuses forgets the oldest of too many', () => {
  const center = createCallCenter(smallRoster);
  const ledger = createStatusLedger(2);
  for (const [second, kind] of (['agent-on', 'agent-off', 'agent-on'] as const).entries()) {
    const atMs = startMs + second * 1000;
    for (const agent of center.apply({ kind, atMs, userId: ann }).agents) ledger.note(agent, atMs);
  }
  expect(Array.from(ledger.all(), ({ routingStatus, fromMs }) => [routingStatus, fromMs - startMs])).toEqual([
    ['OFF_QUEUE', 1000],
    ['IDLE', 2000],
  ]);
});
