import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCallCenter } from '../../../src/simulator/call-center.ts';
import { mediaTypes, type MediaType } from '../../../src/simulator/media.ts';
import { createModel } from '../../../src/simulator/model/model.ts';
import type { ModelSettings } from '../../../src/simulator/model/settings.ts';
import { createPlatform } from '../../../src/simulator/platform.ts';
import type { Roster } from '../../../src/simulator/roster.ts';
import { busyAgents, createKnown, foldFrame, groupKey, openCalls, setCount, type Known } from './subscriber.ts';
import { activity, bodyOf, clientOf, conversations, frameOf, observations, type Body } from './virtual-client.ts';

const hourMs = 3_600_000;
const halfHourMs = 1_800_000;
const midnightMs = Date.parse('2026-03-02T00:00:00.000Z');
const permissions = [
  'analytics:queueObservation:view',
  'analytics:conversationAggregate:view',
  'analytics:surveyAggregate:view',
  'analytics:conversationDetail:view',
  'conversation:communication:view',
];

/** A platform on a model, and a subscriber who has been there from before the first event. */
function watch(settings: ModelSettings) {
  const driver = createModel(settings);
  let secrets = 0;
  const platform = createPlatform({
    driver,
    clients: [{ id: 'client', secret: 'secret', permissions }],
    requestsPerMinute: 1_000_000,
    newSecret: () => `secret-${(secrets += 1)}`,
  });
  const openMs = driver.startMs - 5000;
  const client = clientOf(platform, 'client', 'secret', openMs);
  const queueIds = driver.roster.queues.map(({ id }) => id);
  const filter = { type: 'or', predicates: queueIds.map((value) => ({ dimension: 'queueId', value })) };
  const known = createKnown();
  const channel = bodyOf(client.askAt(openMs, 'POST', '/api/v2/notifications/channels'));
  const topics = [
    ...queueIds.flatMap((id) => [observations(id), conversations(id)]),
    ...driver.roster.agents.map(({ id }) => activity(id)),
  ].map((id) => ({ id }));
  const target = `/api/v2/notifications/channels/${channel.id}/subscriptions`;
  expect(client.askAt(openMs, 'POST', target, topics).status).toBe(200);
  let nowMs = openMs;
  // Whole half hours, so that the ledgers answer.
  const wholeMs = (atMs: number) => Math.floor(atMs / halfHourMs) * halfHourMs;
  const [fromMs, toMs] = [wholeMs(driver.startMs), wholeMs((driver.endMs ?? driver.startMs) + hourMs)];
  const intervalFrom = (atMs: number) => `${new Date(atMs).toISOString()}/${new Date(toMs).toISOString()}`;
  const interval = intervalFrom(fromMs);
  // Details are those of conversations that began on the days asked for: an announcement may have, before midnight.
  const detailsInterval = intervalFrom(fromMs - hourMs);
  platform.openSocket(
    channel.id,
    (text) => {
      foldFrame(known, frameOf(text), nowMs);
    },
    () => undefined,
    openMs,
  );
  const ask = (path: string, query: object): readonly Body[] => {
    const answer = client.askAt(nowMs, 'POST', `/api/v2/analytics/${path}/query`, { filter, ...query });
    expect(answer).toMatchObject({ status: 200 });
    return bodyOf(answer).results;
  };
  return {
    driver,
    platform,
    known,
    ask,
    /** Event by event, so that each frame has its time. */
    advanceTo(toMs: number) {
      while (platform.nextWakeMs() <= toMs) {
        nowMs = platform.nextWakeMs();
        platform.advanceTo(nowMs);
      }
      nowMs = toMs;
      platform.advanceTo(nowMs);
    },
    askCounts() {
      const metrics = ['oWaiting', 'oInteracting', 'oAlerting', 'oMemberUsers', 'oActiveUsers', 'oOnQueueUsers'];
      metrics.push('oOffQueueUsers', 'oUserRoutingStatuses', 'oUserPresences');
      const counts: Known['counts'] = new Map();
      for (const { group, data } of ask('queues/observations', { metrics })) {
        for (const metric of data) setCount(counts, group, metric);
      }
      return counts;
    },
    askEntities(subject: string, metrics: readonly string[]): readonly Body[] {
      const query = { groupBy: ['queueId'], metrics: metrics.map((metric) => ({ metric, details: true })) };
      return ask(`${subject}/activity`, query).flatMap(({ entities }) => entities);
    },
    askAggregates(granularity?: string): readonly Body[] {
      const metrics = ['nOffered', 'nOverSla', 'nTransferred', 'oServiceLevel', 'oServiceTarget', ...durations];
      const pace = granularity === undefined ? {} : { granularity };
      return ask('conversations/aggregates', { interval, ...pace, groupBy: ['queueId', 'mediaType'], metrics });
    },
    askSurveys(): readonly Body[] {
      const metrics = ['nSurveysSent', 'nSurveyResponses', 'oSurveyTotalScore'];
      return ask('surveys/aggregates', { interval, groupBy: ['queueId', 'userId'], metrics });
    },
    /** The aggregates as the detail records give them, and as the platform adds them up call by call. */
    askSingleValues() {
      const sums = new Map<string, number>();
      const surveys: Body[] = [];
      for (let pageNumber = 1; ; pageNumber += 1) {
        const paging = { pageSize: 100, pageNumber };
        const body = { interval: detailsInterval, paging };
        const answer = client.askAt(nowMs, 'POST', '/api/v2/analytics/conversations/details/query', body);
        const { conversations: page } = bodyOf(answer);
        if (page === undefined) break;
        for (const { participants, ...rest } of page) {
          addSessions(sums, participants);
          surveys.push(...((rest as { surveys?: readonly Body[] }).surveys ?? []));
        }
      }
      const predicates = [{ dimension: 'conversationId', operator: 'exists' }];
      const metrics = ['nOffered', 'nOverSla', 'nTransferred', 'oServiceLevel', 'oServiceTarget', ...durations];
      const query = { interval, granularity: 'PT30M', groupBy: ['queueId', 'mediaType'], metrics };
      return {
        sums,
        surveys,
        rows: ask('conversations/aggregates', { ...query, filter: { type: 'and', predicates } }),
      };
    },
  };
}

const durations = [
  ...['tAnswered', 'tAbandon', 'tFlowOut', 'tWait', 'tAcd', 'tAlert', 'tNotResponding', 'tTalk', 'tTalkComplete'],
  ...['tHeld', 'tHeldComplete', 'tDialing', 'tAcw', 'tHandle'],
];
/** The values of detail records, by queue, medium and metric. */
function addSessions(sums: Map<string, number>, participants: readonly Body[]): void {
  for (const { sessions } of participants) {
    for (const { mediaType, metrics, segments } of sessions as readonly (Body & { readonly mediaType: string })[]) {
      for (const { name, value } of metrics) {
        const key = `${segments[0]?.queueId ?? ''}/${mediaType}/${name}`;
        sums.set(key, (sums.get(key) ?? 0) + value);
      }
    }
  }
}

/** Sent, answered and the sum of the scores, by queue and agent, of the surveys in detail records. */
function surveySums(surveys: readonly Body[]): Record<string, readonly number[]> {
  const sums: Record<string, number[]> = {};
  for (const each of surveys as readonly (Body & { surveyStatus: string; oSurveyTotalScore?: number })[]) {
    const sum = (sums[`${each.queueId}/${each.userId}`] ??= [0, 0, 0]);
    sum[0]! += 1;
    sum[1]! += each.surveyStatus === 'Finished' ? 1 : 0;
    sum[2]! += each.oSurveyTotalScore ?? 0;
  }
  return sums;
}

const sorted = (map: Map<string, unknown>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** Compares what frames told with what REST answers say at this moment; how many groups could be compared. */
function compare({ known, askCounts, askEntities }: ReturnType<typeof watch>, atMs: number): number {
  let compared = 0;
  for (const [key, counts] of askCounts()) {
    // A change may be held back for a second.
    if ((known.heardMs.get(key) ?? -Infinity) > atMs - 1000) continue;
    compared += 1;
    if (!known.heardMs.has(key)) continue;
    for (const [metric, count] of known.counts.get(key)!)
      expect([key, metric, counts.get(metric)]).toEqual([key, metric, count]);
  }
  const open = openCalls(known);
  const told = new Map(
    askEntities('conversations', ['oWaiting', 'oInteracting', 'oAlerting']).map((each) => [
      each.conversationId,
      // Of an alert the query tells its start, the conversation the place in the queue.
      `${each.queueId}/${each.metric}/${each.metric === 'oAlerting' ? open.get(each.conversationId)!.split('/')[2]! : each.activityDate}/${each.userId ?? ''}`,
    ]),
  );
  expect(sorted(told)).toEqual(sorted(open));
  const busy = busyAgents(known);
  const heard = new Map<string, string>();
  for (const { userId, ...each } of askEntities('routing', ['oMemberUsers'])) {
    const status = each.routingStatus as unknown as string;
    const since = `${status}/${each.routingStatusDate ?? ''}`;
    heard.set(userId!, since);
    const isTalking = busy.get(userId!) !== undefined;
    expect([userId, status === 'INTERACTING']).toEqual([userId, isTalking]);
    if (isTalking) expect(since).toBe(`INTERACTING/${busy.get(userId!)!}`);
    else if (busy.has(userId!)) expect(status).toBe('IDLE');
  }
  for (const [userId, since] of known.agents) expect([userId, heard.get(userId)]).toEqual([userId, since]);
  expect(known.faults).toEqual([]);
  return compared;
}

const statOf =
  (metrics: readonly Body[]) =>
  (metric: string, stat = 'count') =>
    metrics.find((each) => each.metric === metric)?.stats[stat] ?? 0;

const byQueue = (results: readonly Body[]) =>
  Object.fromEntries(
    results.map(({ group, data }) => [
      groupKey(group),
      data.map((each) => [each.interval, Object.fromEntries(each.metrics.map(({ metric, stats }) => [metric, stats]))]),
    ]),
  );

/** Identities that hold in each half hour. */
function checkHalfHour(metrics: readonly Body[]): void {
  const of = statOf(metrics);
  for (const stat of ['count', 'sum']) {
    expect(of('tWait', stat)).toBe(of('tAnswered', stat) + of('tAbandon', stat) + of('tFlowOut', stat));
    expect(of('tAcd', stat)).toBe(of('tWait', stat));
  }
  expect(of('tAcw')).toBe(of('tHandle'));
  const denominator = of('tAnswered') + of('tAbandon');
  expect(of('oServiceLevel', 'denominator')).toBe(denominator);
  expect(of('oServiceLevel', 'numerator')).toBe(denominator === 0 ? 0 : of('tAnswered') - of('nOverSla'));
  if (denominator > 0) {
    expect(of('oServiceLevel', 'ratio')).toBe(of('oServiceLevel', 'numerator') / denominator);
    expect(of('oServiceLevel', 'target')).toBe(of('oServiceTarget', 'current'));
  }
}

/** Identities that hold over the whole, once everything has ended. */
function checkWhole(metrics: readonly Body[]): void {
  const of = statOf(metrics);
  expect(of('nOffered')).toBe(of('tAnswered') + of('tAbandon') + of('tFlowOut'));
  const parts = ['tTalkComplete', 'tHeldComplete', 'tAcw', 'tDialing'].map((metric) => of(metric, 'sum'));
  expect(of('tHandle', 'sum')).toBe(parts.reduce((sum, part) => sum + part));
  expect(of('tTalkComplete')).toBe(of('tHandle'));
  checkHalfHour(metrics);
}

const sumsOfCalls: Readonly<Record<string, 'count' | 'sum'>> = {
  ...{ nOffered: 'count', nOverSla: 'count', nTransferred: 'count' },
  ...{ tAnswered: 'sum', tAbandon: 'sum', tFlowOut: 'sum', tWait: 'sum', tAcw: 'sum', tHandle: 'sum' },
};

/** The same sums in the half hours that they belong to, computed from the conversations alone; zeros are left out. */
function sumsIn(known: Known, { queues }: Roster): Map<string, number> {
  const levels = new Map<string, number>(
    queues.flatMap(({ id, media }) =>
      Object.entries(media).map(([medium, { serviceLevel }]) => [`${id}/${medium}`, serviceLevel.durationMs] as const),
    ),
  );
  const sums = new Map<string, number>();
  for (const participants of known.conversations.values()) {
    for (const [index, acd] of participants.entries()) {
      if (acd.purpose !== 'acd') continue;
      const lane = `${acd.queueId}/${mediaOf(acd)}`;
      const add = (at: string, metric: string, value: number) => {
        const startMs = Math.floor(Date.parse(at) / halfHourMs) * halfHourMs;
        const key = `${lane}/${startMs}/${metric}`;
        if (value > 0) sums.set(key, (sums.get(key) ?? 0) + value);
      };
      const ms = (from: string, to: string) => Date.parse(to) - Date.parse(from);
      const rest = participants.slice(index + 1);
      const next = rest.findIndex(({ purpose }) => purpose === 'acd');
      const agents = next === -1 ? rest : rest.slice(0, next);
      const agent = agents.find((each) => 'connectedTime' in each) as
        (Body & { readonly startAcwTime?: string; readonly endAcwTime?: string }) | undefined;
      const endTime = agent?.connectedTime ?? acd.endTime!;
      const waitMs = ms(acd.connectedTime, endTime);
      add(acd.connectedTime, 'nOffered', 1);
      add(endTime, 'tWait', waitMs);
      if (agent === undefined) {
        add(endTime, disconnectOf(acd) === 'peer' ? 'tAbandon' : 'tFlowOut', waitMs);
        continue;
      }
      add(endTime, 'tAnswered', waitMs);
      add(endTime, 'nOverSla', waitMs > levels.get(lane)! ? 1 : 0);
      if (disconnectOf(agent) === 'transfer') add(agent.endTime!, 'nTransferred', 1);
      if (agent.startAcwTime === undefined) continue;
      add(agent.endAcwTime!, 'tAcw', ms(agent.startAcwTime, agent.endAcwTime!));
      add(agent.endAcwTime!, 'tHandle', ms(agent.connectedTime, agent.endAcwTime!));
    }
  }
  return sums;
}

/** What answers of half hours say of these sums; zeros are left out. */
function sumsTold(results: readonly Body[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { group, data } of results) {
    for (const { interval, metrics } of data) {
      for (const { metric, stats } of metrics) {
        const value = stats[sumsOfCalls[metric] ?? ''] ?? 0;
        if (value > 0) sums.set(`${groupKey(group)}/${Date.parse(interval.split('/')[0]!)}/${metric}`, value);
      }
    }
  }
  return sums;
}

const lists = { calls: 'voice', callbacks: 'callback', chats: 'chat', emails: 'email', messages: 'message' };
const listOf = (participant: Body) => Object.entries(lists).find(([list]) => list in participant)!;
const mediaOf = (participant: Body) => listOf(participant)[1];
const disconnectOf = (participant: Body) =>
  (participant as unknown as Record<string, readonly { readonly disconnectType?: string }[]>)[
    listOf(participant)[0]
  ]![0]!.disconnectType;

const settingsOf = fc
  .record({
    seed: fc.integer(),
    queues: fc.integer({ min: 1, max: 6 }),
    agents: fc.integer({ min: 1, max: 16 }),
    load: fc.double({ min: 0.3, max: 2.5, noNaN: true }),
    startHour: fc.integer({ min: 0, max: 23 }),
    timeZone: fc.constantFrom('UTC', 'Asia/Jerusalem', 'America/New_York'),
    durationMs: fc.integer({ min: 1, max: 4 * hourMs }),
  })
  .map(({ startHour, ...settings }) => ({ ...settings, startMs: midnightMs + startHour * hourMs }));

/** A call is still in its announcement when the day begins. */
const atMidnight = {
  ...{ seed: 0, queues: 1, agents: 11, load: 0.39066840640676687, timeZone: 'America/New_York' as const },
  ...{ startMs: midnightMs, durationMs: 21_273 },
};

/** Enough calls whatever else is drawn. */
const busy = {
  ...{ seed: 1, queues: 6, agents: 16, load: 2.5, timeZone: 'UTC' as const },
  ...{ startMs: midnightMs + 10 * hourMs, durationMs: 2 * hourMs },
};
const everyMinute = Array.from({ length: 119 }, (_, minute) => (minute + 1) / 120);

test(
  'whatever the seed and the settings, frames, REST answers, aggregates and conversations tell one story',
  { timeout: 120_000 },
  () => {
    let compared = 0;
    let offered = 0;
    fc.assert(
      fc.property(
        settingsOf,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 }),
        (settings, places) => {
          const watched = watch(settings);
          const { driver, platform, known } = watched;
          for (const place of places.sort((a, b) => a - b)) {
            const atMs = Math.round(driver.startMs + place * settings.durationMs);
            watched.advanceTo(atMs);
            compared += compare(watched, atMs);
          }
          watched.advanceTo(driver.endMs! + 5000);
          compare(watched, driver.endMs! + 5000);
          expect(platform.center.counts.ignored).toBe(0);
          offered += platform.center.counts.offered;
          expect(openCalls(known).size).toBe(0);

          const halfHours = watched.askAggregates('PT30M');
          const told = new Map<string, Body['stats']>();
          for (const { group, data } of halfHours) {
            for (const { interval, metrics } of data) {
              checkHalfHour(metrics);
              for (const { metric, stats } of metrics) told.set([groupKey(group), interval, metric].join('/'), stats);
            }
          }
          const asked = new Set([...told.keys()].map((key) => key.split('/').at(-1)));
          const heard = new Map([...known.totals].filter(([key]) => asked.has(key.split('/').at(-1))));
          expect(sorted(heard)).toEqual(sorted(told));

          const single = watched.askSingleValues();
          expect(byQueue(single.rows)).toEqual(byQueue(halfHours));
          const surveyed = watched.askSurveys().map(({ group, data }) => {
            const of = statOf(data[0]!.metrics);
            const { queueId, userId } = group as unknown as Body;
            return [
              `${queueId}/${userId}`,
              [of('nSurveysSent'), of('nSurveyResponses'), of('oSurveyTotalScore', 'sum')],
            ];
          });
          expect(Object.fromEntries(surveyed)).toEqual(surveySums(single.surveys));
          expect(sorted(sumsTold(halfHours))).toEqual(sorted(sumsIn(known, driver.roster)));
          for (const { group, data } of watched.askAggregates()) {
            expect(data).toHaveLength(1);
            checkWhole(data[0]!.metrics);
            const { queueId, mediaType } = group as unknown as Body & { readonly mediaType: MediaType };
            const { serviceLevel } = driver.roster.queues.find(({ id }) => id === queueId)!.media[mediaType]!;
            expect(statOf(data[0]!.metrics)('oServiceTarget', 'current')).toBe(serviceLevel.percentage);
            for (const { metric, stats } of data[0]!.metrics) {
              // Neither of these is a value of a single call.
              if (metric.startsWith('o') || metric === 'tWait') continue;
              const key = `${groupKey(group)}/${metric}`;
              expect([key, single.sums.get(key)]).toEqual([key, stats['sum'] ?? stats['count']]);
            }
          }
        },
      ),
      {
        numRuns: 25,
        examples: [
          [atMidnight, []],
          [busy, everyMinute],
        ],
      },
    );
    expect(compared).toBeGreaterThan(100);
    expect(offered).toBeGreaterThan(200);
  },
);

describe('a morning of the usual centre', () => {
  const morning = { seed: 7, startMs: midnightMs + 8 * hourMs, durationMs: 2 * hourMs } as const;

  test('has everything that happens in a centre, and nothing that cannot be', () => {
    const driver = createModel({ ...morning, load: 1.3 });
    const center = createCallCenter(driver);
    const kinds = new Map<string, number>();
    const media = new Set<string>();
    let lastMs = -Infinity;
    for (const event of driver.events) {
      expect(event.atMs).toBeGreaterThanOrEqual(lastMs);
      lastMs = event.atMs;
      kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
      if (event.kind === 'arrival') media.add(event.mediaType!);
      center.apply(event);
    }
    expect(center.counts.ignored).toBe(0);
    expect([...media].sort()).toEqual([...mediaTypes].sort());
    for (const kind of ['alert-missed', 'abandon', 'transfer', 'hold', 'connected', 'wrapped-up', 'survey-answered'])
      expect([kind, (kinds.get(kind) ?? 0) > 2]).toEqual([kind, true]);
    expect(center.counts.flowedOut).toBeGreaterThan(0);
    const { offered, answered, abandoned } = center.counts;
    expect(offered).toBeGreaterThan(300);
    expect(answered / offered).toBeGreaterThan(0.7);
    expect(abandoned / offered).toBeLessThan(0.25);
    const shared = driver.roster.agents.filter(({ queueIds }) => queueIds.length > 1);
    expect(shared.length).toBeGreaterThan(20);
    expect(new Set(driver.roster.agents.map(({ languages }) => languages.length))).toContain(2);
  });

  test('after a missed alert the enqueue time is the old one, in frames and answers', { timeout: 30_000 }, () => {
    const watched = watch({ ...morning, load: 2 });
    let missed = 0;
    for (let atMs = morning.startMs; atMs < watched.driver.endMs!; atMs += 20_000) {
      watched.advanceTo(atMs);
      for (const { conversationId, activityDate } of watched.askEntities('conversations', ['oWaiting'])) {
        const legs = watched.known.conversations.get(conversationId)!;
        const acd = legs.findLast(({ purpose }) => purpose === 'acd')!;
        expect(activityDate).toBe(acd.connectedTime);
        const last = legs.at(-1)!;
        if (last.purpose === 'agent' && !('connectedTime' in last)) missed += 1;
      }
    }
    expect(missed).toBeGreaterThan(2);
  });

  test('is busier by day than by night', () => {
    const arrivals = (hour: number) =>
      [...createModel({ seed: 1, startMs: midnightMs + hour * hourMs, durationMs: hourMs }).events].filter(
        ({ kind }) => kind === 'arrival',
      ).length;
    expect(arrivals(10)).toBeGreaterThan(5 * arrivals(3));
  });

  test('has the surveys that were answered in the answers of the analytics', { timeout: 30_000 }, () => {
    const watched = watch({ ...morning, surveyAnsweredShare: 1 });
    watched.advanceTo(watched.driver.endMs! + 5000);
    const interval = `${new Date(morning.startMs).toISOString()}/${new Date(watched.driver.endMs!).toISOString()}`;
    const metrics = ['nSurveysSent', 'nSurveyResponses', 'oSurveyTotalScore'];
    const [all] = watched.ask('surveys/aggregates', { interval, metrics });
    const of = statOf(all!.data[0]!.metrics);
    const byUser = watched.ask('surveys/aggregates', { interval, metrics, groupBy: ['userId'] });
    const sum = (metric: string, stat?: string) =>
      byUser.reduce((total, { data }) => total + statOf(data[0]!.metrics)(metric, stat), 0);
    expect(of('nSurveysSent')).toBeGreaterThan(of('nSurveyResponses'));
    expect(of('nSurveyResponses')).toBeGreaterThan(100);
    expect(of('oSurveyTotalScore', 'max')).toBeLessThanOrEqual(100);
    expect([sum('nSurveysSent'), sum('nSurveyResponses')]).toEqual([of('nSurveysSent'), of('nSurveyResponses')]);
    expect(sum('oSurveyTotalScore', 'sum')).toBe(of('oSurveyTotalScore', 'sum'));
    expect(byUser.length).toBeGreaterThan(10);
  });
});

test.each([
  [{ queues: 0 }, /queues 0 .* from 1 to/],
  [{ agents: 1.5 }, /agents 1.5/],
  [{ load: Number.NaN }, /load NaN/],
  [{ seed: 0.5 }, /seed 0.5/],
  [{ mediaShares: { voice: 0 } }, /mediaShares/],
  [{ surveyAnsweredShare: 2 }, /surveyAnsweredShare 2/],
  [{ durationMs: 0 }, /durationMs 0/],
  [{ timeZone: 'Nowhere/At All' }, /Time zone "Nowhere\/At All" is unknown/],
])('a model with %j is refused, with the value and what is allowed', (settings, message) => {
  expect(() => createModel({ seed: 1, startMs: midnightMs, ...settings })).toThrow(message);
});
