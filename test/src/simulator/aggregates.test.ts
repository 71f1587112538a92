import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { createIntervalLedger } from '../../../src/simulator/interval-ledger.ts';
import {
  ann,
  bob,
  bodyOf,
  type Body,
  callId,
  connectClient,
  sales,
  scripted,
  startMs,
  support,
  type VirtualClient,
} from './virtual-client.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const iso = (atMs: number) => new Date(startMs + atMs).toISOString();
const target = '/api/v2/analytics/conversations/aggregates/query';
const metrics = [
  'nOffered',
  'nOverSla',
  'oServiceLevel',
  'oServiceTarget',
  'tAbandon',
  'tAcd',
  'tAnswered',
  'tFlowOut',
  'tHandle',
  'tTalk',
  'tTalkComplete',
  'tWait',
];

const call = (name: string, queueId: string, atMs: number, waitMs: number, talkMs?: number): CallCenterEvent[] => {
  const base = { callId: callId(name) };
  const arrival = { kind: 'arrival', atMs: startMs + atMs, queueId, priority: 0, ...base } as const;
  if (talkMs === undefined) return [arrival, { kind: 'abandon', atMs: startMs + atMs + waitMs, ...base }];
  return [
    arrival,
    { kind: 'answer', atMs: startMs + atMs + waitMs, userId: queueId === sales ? bob : ann, ...base },
    { kind: 'end', atMs: startMs + atMs + waitMs + talkMs, ...base },
  ];
};
const scriptOf = (calls: readonly CallCenterEvent[][]) => scripted(calls.flat().sort((a, b) => a.atMs - b.atMs));

const calls = [
  call('a', sales, 0, 10_000, 5 * minuteMs),
  call('b', sales, 20 * minuteMs, 30_000, 15 * minuteMs),
  call('c', sales, 29 * minuteMs, 2 * minuteMs),
  call('d', support, hourMs, 1000, minuteMs),
];

const ask = (client: VirtualClient, query: object) =>
  client.askAt(startMs + 23 * hourMs, 'POST', target, {
    interval: `${iso(0)}/${iso(2 * hourMs)}`,
    groupBy: ['queueId', 'mediaType'],
    metrics,
    ...query,
  });
const resultsOf = (query: object, client = connectClient(scriptOf(calls))) => bodyOf(ask(client, query)).results;
const statsOf = (bucket: Body) => Object.fromEntries(bucket.metrics.map(({ metric, stats }) => [metric, stats]));

describe('conversation aggregates', () => {
  test('put each value in the half hour in which it came to be, and leave out what is nothing', () => {
    const [first, other] = resultsOf({ granularity: 'PT30M' });
    expect(first!.group).toEqual({ queueId: sales, mediaType: 'voice' });
    expect(first!.data.map(({ interval }) => interval)).toEqual([
      `${iso(0)}/${iso(30 * minuteMs)}`,
      `${iso(30 * minuteMs)}/${iso(hourMs)}`,
    ]);
    expect(statsOf(first!.data[0]!)).toEqual({
      nOffered: { count: 3 },
      nOverSla: { count: 1 },
      oServiceLevel: { ratio: 0.5, numerator: 1, denominator: 2, target: 0.8 },
      oServiceTarget: { current: 0.8 },
      tAcd: { count: 2, sum: 40_000, min: 10_000, max: 30_000 },
      tAnswered: { count: 2, sum: 40_000, min: 10_000, max: 30_000 },
      tHandle: { count: 1, sum: 300_000, min: 300_000, max: 300_000 },
      tTalk: { count: 1, sum: 300_000, min: 300_000, max: 300_000 },
      tTalkComplete: { count: 1, sum: 300_000, min: 300_000, max: 300_000 },
      tWait: { count: 2, sum: 40_000, min: 10_000, max: 30_000 },
    });
    expect(statsOf(first!.data[1]!)).toMatchObject({ tAbandon: { count: 1 }, tHandle: { sum: 900_000 } });
    expect(other!.group).toEqual({ queueId: support, mediaType: 'voice' });
  });

  test('without granularity are one bucket, without groupBy one group', () => {
    const results = resultsOf({ groupBy: [], metrics: ['nOffered', 'oServiceLevel'] });
    expect(results).toEqual([
      {
        group: {},
        data: [
          {
            interval: `${iso(0)}/${iso(2 * hourMs)}`,
            metrics: [
              { metric: 'nOffered', stats: { count: 4 } },
              { metric: 'oServiceLevel', stats: { ratio: 0.5, numerator: 2, denominator: 4, target: 0.8 } },
            ],
          },
        ],
      },
    ]);
  });

  test('come finer than half hours, and by agent', () => {
    const quarters = resultsOf({ granularity: 'PT15M', metrics: ['tHandle'] });
    expect(quarters[0]!.data.map(({ interval }) => interval)).toEqual([
      `${iso(0)}/${iso(15 * minuteMs)}`,
      `${iso(30 * minuteMs)}/${iso(45 * minuteMs)}`,
    ]);
    const agents = resultsOf({ groupBy: ['userId'], metrics: ['tHandle', 'nOffered'] });
    expect(agents.map(({ group, data }) => [group, statsOf(data[0]!)])).toEqual([
      [{ userId: bob }, { tHandle: { count: 2, sum: 1_200_000, min: 300_000, max: 900_000 } }],
      [{ userId: ann }, { tHandle: { count: 1, sum: 60_000, min: 60_000, max: 60_000 } }],
    ]);
  });

  test('cut days where the zone has its midnight, and the first and last as short as the interval', () => {
    const interval = `2026-03-27T23:00:00+01:00/2026-03-31T00:00:00+02:00`;
    const arrivals = [0, 24, 48, 72].map((hours, index) =>
      call(`n${index}`, sales, Date.parse('2026-03-27T22:30:00Z') + hours * hourMs - startMs, 1000),
    );
    const query = { interval, granularity: 'P1D', timeZone: 'Europe/Berlin', groupBy: [], metrics: ['nOffered'] };
    const lasting = connectClient(scriptOf(arrivals), { tokenLifeMs: 100 * 24 * hourMs });
    const { results } = bodyOf(lasting.askAt(startMs + 60 * 24 * hourMs, 'POST', target, query));
    expect(results[0]!.data.map((each) => each.interval)).toEqual([
      '2026-03-27T22:00:00.000Z/2026-03-27T23:00:00.000Z',
      '2026-03-27T23:00:00.000Z/2026-03-28T23:00:00.000Z',
      '2026-03-29T22:00:00.000Z/2026-03-30T22:00:00.000Z',
    ]);
  });

  test('of weeks begin on Monday, of months on the first', () => {
    const interval = '2026-02-27T00:00:00.000Z/2026-03-10T00:00:00.000Z';
    const intervals = (granularity: string) =>
      resultsOf({ interval, granularity }).flatMap(({ data }) => data.map((each) => each.interval));
    expect(new Set(intervals('P1W'))).toEqual(new Set(['2026-03-02T00:00:00.000Z/2026-03-09T00:00:00.000Z']));
    expect(new Set(intervals('P1M'))).toEqual(new Set(['2026-03-01T00:00:00.000Z/2026-03-10T00:00:00.000Z']));
  });

  test('are those of the queues asked for alone', () => {
    const filter = { type: 'or', predicates: [{ dimension: 'queueId', value: support }] };
    const stats = { count: 1, sum: 60_000, min: 60_000, max: 60_000 };
    expect(resultsOf({ groupBy: [], filter, metrics: ['tHandle'] })).toEqual([
      { group: {}, data: [{ interval: `${iso(0)}/${iso(2 * hourMs)}`, metrics: [{ metric: 'tHandle', stats }] }] },
    ]);
  });

  test('of nothing are an empty list', () => {
    const interval = `${iso(-hourMs)}/${iso(0)}`;
    expect(ask(connectClient(scriptOf(calls)), { interval }).body).toEqual({ results: [] });
  });

  test.each([
    ['an interval that goes back', { interval: `${iso(1)}/${iso(0)}` }, 'interval'],
    ['an interval that is none', { interval: 'today' }, 'Value [today]'],
    ['no interval', { interval: undefined }, 'interval'],
    ['too long an interval', { interval: `${iso(0)}/${iso(32 * 24 * hourMs)}` }, '31 days'],
    ['too many buckets', { interval: `${iso(0)}/${iso(30 * 24 * hourMs)}`, granularity: 'PT1M' }, 'buckets'],
    ['an unknown granularity', { granularity: 'PT0M' }, 'Granularity'],
    ['an unknown zone', { timeZone: 'Mars/Base' }, 'Mars/Base'],
    ['a metric that does not exist', { metrics: ['waiting'] }, 'waiting'],
    ['a count that is only known as that of a duration', { metrics: ['nAnswered'] }, 'Value [nAnswered]'],
    ['a dimension that nothing has', { groupBy: ['colour'] }, 'colour'],
  ])('with %s are a bad request that says so', (_, query, message) => {
    expect(ask(connectClient(scriptOf(calls)), query)).toMatchObject({
      status: 400,
      body: { code: 'bad.request', message: expect.stringContaining(message) },
    });
  });

  test('asked for by a job are the same', () => {
    const client = connectClient(scriptOf(calls));
    const root = '/api/v2/analytics/conversations/aggregates/jobs';
    const query = { interval: `${iso(0)}/${iso(2 * hourMs)}`, groupBy: ['queueId', 'mediaType'], metrics };
    const nowMs = startMs + 3 * hourMs;
    const { jobId } = bodyOf(client.askAt(nowMs, 'POST', root, query));
    const answer = bodyOf(client.askAt(nowMs + 3000, 'GET', `${root}/${jobId}/results`));
    expect(answer.results).toEqual(resultsOf({}));
  });
});

describe('aggregates of a time that is forgotten', () => {
  const agents = { groupBy: ['userId'], metrics: ['tHandle'] };
  const answers = (conversationsMax: number, query: object) =>
    ask(connectClient(scriptOf(calls), { conversationsMax }), query);

  test('are refused by agent or finer than half hours, with when they begin to be known; by half hours they go on', () => {
    // The first call of the four has been forgotten; it ended at 5:10.
    const known = iso(5 * minuteMs + 10_001);
    for (const query of [agents, { granularity: 'PT15M' }]) {
      expect(answers(3, query)).toMatchObject({ status: 400, body: { message: expect.stringContaining(known) } });
      expect(answers(4, query).status).toBe(200);
    }
    expect(answers(3, { ...agents, interval: `${known}/${iso(2 * hourMs)}` }).status).toBe(200);
    expect(answers(3, { granularity: 'PT30M' }).status).toBe(200);
  });

  test('are refused by half hours too, once those are forgotten', () => {
    const ledger = createIntervalLedger({ percentage: 0.8, durationMs: 20_000 }, 2);
    for (const hour of [0, 1]) ledger.addCount(startMs + hour * hourMs, 'nOffered');
    expect(ledger.completeFromMs()).toBe(-Infinity);
    ledger.addCount(startMs + 2 * hourMs, 'nOffered');
    expect(ledger.completeFromMs()).toBe(startMs + 30 * minuteMs);
  });
});

describe('survey aggregates', () => {
  const survey = (minutes: number, userId: string, score?: number): CallCenterEvent => {
    const base = { atMs: startMs + minutes * minuteMs, queueId: sales, userId };
    return score === undefined ? { kind: 'survey-sent', ...base } : { kind: 'survey-answered', ...base, score };
  };
  const script = scripted([
    survey(0, ann),
    survey(1, bob),
    survey(2, bob),
    survey(40, ann, 80),
    survey(70, bob, 30),
    survey(95, ann, 50),
  ]);
  const askSurveys = (query: object) =>
    connectClient(script).askAt(startMs + 2 * hourMs, 'POST', '/api/v2/analytics/surveys/aggregates/query', {
      interval: `${iso(0)}/${iso(2 * hourMs)}`,
      metrics: ['nSurveysSent', 'nSurveyResponses', 'oSurveyTotalScore'],
      ...query,
    });

  test('count what was sent and answered, by agent, with the scores of the answers', () => {
    const { results } = bodyOf(askSurveys({ groupBy: ['userId'] }));
    expect(results.map(({ group, data }) => [group, statsOf(data[0]!)])).toEqual([
      [
        { userId: ann },
        {
          nSurveysSent: { count: 1 },
          nSurveyResponses: { count: 2 },
          oSurveyTotalScore: { max: 80, min: 50, count: 2, sum: 130 },
        },
      ],
      [
        { userId: bob },
        {
          nSurveysSent: { count: 2 },
          nSurveyResponses: { count: 1 },
          oSurveyTotalScore: { max: 30, min: 30, count: 1, sum: 30 },
        },
      ],
    ]);
    const [all] = bodyOf(askSurveys({})).results;
    expect(statsOf(all!.data[0]!)['oSurveyTotalScore']).toEqual({ max: 80, min: 30, count: 3, sum: 160 });
  });

  test('come by half hours, not finer, and of nothing are an empty list', () => {
    const { results } = bodyOf(askSurveys({ granularity: 'PT30M', metrics: ['nSurveyResponses'] }));
    expect(results[0]!.data.map(({ interval }) => interval)).toEqual([
      `${iso(30 * minuteMs)}/${iso(hourMs)}`,
      `${iso(hourMs)}/${iso(1.5 * hourMs)}`,
      `${iso(1.5 * hourMs)}/${iso(2 * hourMs)}`,
    ]);
    expect(askSurveys({ granularity: 'PT15M' })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('granularity: PT15M') },
    });
    expect(askSurveys({ interval: `${iso(-hourMs)}/${iso(0)}` }).body).toEqual({ results: [] });
  });
});

test('the totals of the half hours and the sums over single calls are the same numbers', () => {
  const seconds = (max: number) => fc.integer({ min: 0, max }).map((each) => each * 1000);
  const anyCall = fc.record({
    queueId: fc.constantFrom(sales, support),
    atMs: seconds(7000),
    waitMs: seconds(900),
    talkMs: fc.option(seconds(900), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 30 }), (all) => {
      const script = scriptOf(
        all.map(({ queueId, atMs, waitMs, talkMs }, index) => call(`${index}`, queueId, atMs, waitMs, talkMs)),
      );
      const client = connectClient(script);
      const whole = resultsOf({ granularity: 'PT30M' }, client);
      // A filter by call id that lets all through makes the platform add up the calls.
      const filter = { type: 'or', predicates: [{ dimension: 'conversationId', operator: 'exists' }] };
      const added = resultsOf({ granularity: 'PT30M', filter }, client);
      const byQueue = (results: readonly Body[]) =>
        Object.fromEntries(
          results.map(({ group, data }) => [group.queueId, data.map((each) => [each.interval, statsOf(each)])]),
        );
      expect(byQueue(added)).toEqual(byQueue(whole));
      const totals = bodyOf(ask(client, { groupBy: [], interval: `${iso(0)}/${iso(4 * hourMs)}` })).results[0];
      if (totals === undefined) return;
      const sums = statsOf(totals.data[0]!) as Record<string, Record<string, number>>;
      const count = (name: string) => sums[name]?.['count'] ?? 0;
      expect(count('nOffered')).toBe(count('tAnswered') + count('tAbandon') + count('tFlowOut'));
      expect(count('tWait')).toBe(count('nOffered'));
      expect(sums['oServiceLevel']?.['denominator'] ?? 0).toBe(count('tAnswered') + count('tAbandon'));
    }),
    { numRuns: 60 },
  );
});
