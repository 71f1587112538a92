import { describe, expect, test } from 'vitest';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { ann, bodyOf, callId, connectClient, sales, scripted, startMs, support, type Body } from './virtual-client.ts';

const hourMs = 3_600_000;
const call = (hours: number, name: string, queueId: string): CallCenterEvent[] => {
  const atMs = startMs + hours * hourMs;
  return [
    { kind: 'arrival', atMs, callId: callId(name), queueId, priority: 0 },
    { kind: 'answer', atMs: atMs + 5000, callId: callId(name), userId: ann },
    { kind: 'end', atMs: atMs + 65_000, callId: callId(name) },
  ];
};
const driver = scripted([
  ...call(0, 'a', sales),
  ...call(0.5, 'b', sales),
  ...call(0.75, 'c', support),
  ...call(14, 'd', sales),
]);
const metrics = ['nOffered', 'tAnswered', 'tHandle', 'oServiceLevel'];
const interval = '2026-03-02T09:00:00.000Z/2026-03-03T09:00:00.000Z';

function ask(query: object, subject = 'conversations') {
  const permissions = ['analytics:conversationAggregate:view', 'analytics:surveyAggregate:view'];
  const client = connectClient(driver, {
    clients: [{ id: 'client', secret: 'secret', permissions }],
    tokenLifeMs: 48 * hourMs,
  });
  const body = { interval, metrics, ...query };
  return client.askAt(startMs + 25 * hourMs, 'POST', `/api/v2/analytics/${subject}/aggregates/query`, body);
}

const offered = (results: readonly Body[]) =>
  results.map(({ group, data }) => [
    group.queueId,
    data.map((each) => [each.interval, each.metrics.find(({ metric }) => metric === 'nOffered')?.stats['count']]),
  ]);

describe('aggregates', () => {
  test('come by group and half hour, without those in which nothing happened', () => {
    const { results } = bodyOf(ask({ granularity: 'PT30M', groupBy: ['queueId'] }));
    expect(offered(results)).toEqual([
      [
        sales,
        [
          ['2026-03-02T09:00:00.000Z/2026-03-02T09:30:00.000Z', 1],
          ['2026-03-02T09:30:00.000Z/2026-03-02T10:00:00.000Z', 1],
          ['2026-03-02T23:00:00.000Z/2026-03-02T23:30:00.000Z', 1],
        ],
      ],
      [support, [['2026-03-02T09:30:00.000Z/2026-03-02T10:00:00.000Z', 1]]],
    ]);
    expect(results[0]!.data[0]!.metrics).toContainEqual({
      metric: 'tAnswered',
      stats: { count: 1, sum: 5000, min: 5000, max: 5000 },
    });
  });

  test('of days begin and end at midnight of the time zone', () => {
    const { results } = bodyOf(ask({ granularity: 'P1D', timeZone: 'Asia/Jerusalem', groupBy: ['mediaType'] }));
    expect(results.map(({ group }) => group)).toEqual([{ mediaType: 'voice' }]);
    expect(offered(results)[0]![1]).toEqual([
      ['2026-03-02T09:00:00.000Z/2026-03-02T22:00:00.000Z', 3],
      ['2026-03-02T22:00:00.000Z/2026-03-03T09:00:00.000Z', 1],
    ]);
  });

  test('of weeks begin on Monday, of months on the first', () => {
    const long = '2026-02-27T00:00:00.000Z/2026-03-10T00:00:00.000Z';
    const intervals = (granularity: string) =>
      bodyOf(ask({ interval: long, granularity })).results.flatMap(({ data }) => data.map((each) => each.interval));
    expect(intervals('P1W')).toEqual(['2026-03-02T00:00:00.000Z/2026-03-09T00:00:00.000Z']);
    expect(intervals('P1M')).toEqual(['2026-03-01T00:00:00.000Z/2026-03-10T00:00:00.000Z']);
  });

  test('without a granularity are one bucket, only the metrics and queues asked for', () => {
    const filter = { type: 'or', predicates: [{ dimension: 'queueId', value: sales }] };
    const { results } = bodyOf(ask({ filter, metrics: ['tHandle'] }));
    const stats = { count: 3, sum: 180_000, min: 60_000, max: 60_000 };
    expect(results).toEqual([{ group: {}, data: [{ interval, metrics: [{ metric: 'tHandle', stats }] }] }]);
  });

  test('of a time in which nothing happened are no results', () => {
    const quiet = '2026-03-01T00:00:00.000Z/2026-03-02T00:00:00.000Z';
    expect(ask({ interval: quiet }).body).toEqual({ results: [] });
    expect(ask({ metrics: ['nSurveysSent'] }, 'surveys').body).toEqual({ results: [] });
  });
});
