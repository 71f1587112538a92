import { beforeAll, describe, expect, test } from 'vitest';
import { idOf } from '../../../src/simulator/roster.ts';
import { createReplay } from '../../../src/simulator/replay.ts';
import { createPlatform, type Platform } from '../../../src/simulator/platform.ts';
import { readTrace, type Trace } from '../../../src/simulator/trace.ts';
import {
  activity,
  bodyOf,
  clientOf,
  conversations,
  frameOf,
  observations,
  type Body,
  type Frame,
  voiceOf,
} from './virtual-client.ts';

const minuteMs = 60_000;
const halfHourMs = 1_800_000;

/** What a subscriber knows, folded from a snapshot and frames. */
interface Known {
  /** `queue/medium/metric/qualifier` → count, zeros left out */
  readonly counts: Map<string, number>;
  /** `queue/interval/metric` → stats */
  readonly totals: Map<string, Body['stats']>;
  /** `conversation` → `queue/stage/since/agent` */
  readonly calls: Map<string, string>;
  /** `user` → `status/since` */
  readonly agents: Map<string, string>;
}

function setCount(known: Known, group: Body['group'], metric: Body): void {
  const key = [group.queueId, group.mediaType ?? '', metric.metric, metric.qualifier ?? ''].join('/');
  if (metric.stats['count'] === 0) known.counts.delete(key);
  else known.counts.set(key, metric.stats['count']!);
}

function foldFrame(known: Known, { topicName, eventBody }: Frame): void {
  if (topicName.endsWith('.observations')) {
    for (const { interval, metrics } of eventBody.data) {
      const [from, to] = interval.split('/');
      for (const metric of metrics) {
        if (from === to) setCount(known, eventBody.group, metric);
        else known.totals.set([eventBody.group.queueId, interval, metric.metric].join('/'), metric.stats);
      }
    }
  } else if (topicName.endsWith('.conversations')) {
    const acd = eventBody.participants.find(({ purpose }) => purpose === 'acd')!;
    const agent = eventBody.participants.find(({ purpose }) => purpose === 'agent');
    const key = eventBody.id;
    if (acd.endTime === undefined) known.calls.set(key, `${acd.queueId}/oWaiting/${acd.connectedTime}/`);
    else if (agent === undefined || agent.endTime !== undefined) known.calls.delete(key);
    else known.calls.set(key, `${acd.queueId}/oInteracting/${agent.connectedTime}/${agent.userId!}`);
  } else if (topicName.endsWith('.activity')) {
    const { status, startTime } = eventBody.routingStatus;
    known.agents.set(eventBody.id, `${status}/${startTime ?? ''}`);
  }
}

describe('5 January 1999, subscribed from before the first call', () => {
  let trace: Trace;
  let platform: Platform;
  let endMs: number;
  const known: Known = { counts: new Map(), totals: new Map(), calls: new Map(), agents: new Map() };
  const differences: string[] = [];
  let minutes = 0;
  let busiest = 0;
  let frameCount = 0;

  const asText = (map: Map<string, unknown>) => JSON.stringify([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

  beforeAll(async () => {
    trace = await readTrace('samples/bank-1999-01-05.trace.jsonl.gz');
    const driver = createReplay(trace, { date: '2026-03-03', timeZone: 'Asia/Jerusalem', loop: false });
    platform = createPlatform({ driver, clients: [{ id: 'client', secret: 'secret' }] });
    const queueIds = driver.roster.queues.map(({ id }) => id);
    const startMs = driver.startMs - 5000;
    const client = clientOf(platform, 'client', 'secret', startMs);
    endMs = driver.endMs!;
    const filter = { type: 'or', predicates: queueIds.map((value) => ({ dimension: 'queueId', value })) };

    const askObservations = (nowMs: number) => {
      const metrics = ['oWaiting', 'oInteracting', 'oAlerting', 'oMemberUsers', 'oActiveUsers', 'oOnQueueUsers'];
      metrics.push('oOffQueueUsers', 'oUserRoutingStatuses', 'oUserPresences');
      const target = '/api/v2/analytics/queues/observations/query';
      const { results } = bodyOf(client.askAt(nowMs, 'POST', target, { filter, metrics }));
      const snapshot: Known = { ...known, counts: new Map() };
      for (const { group, data } of results) for (const metric of data) setCount(snapshot, group, metric);
      return snapshot.counts;
    };
    const askActivity = (nowMs: number, subject: string, metrics: string[]): readonly Body[] => {
      const query = { filter, groupBy: ['queueId'], metrics: metrics.map((metric) => ({ metric, details: true })) };
      const answer = client.askAt(nowMs, 'POST', `/api/v2/analytics/${subject}/activity/query`, query);
      return bodyOf(answer).results.flatMap(({ entities }) => entities);
    };
    const askCalls = (nowMs: number) =>
      new Map<string, string>(
        askActivity(nowMs, 'conversations', ['oWaiting', 'oInteracting']).map((each) => [
          each.conversationId,
          `${each.queueId}/${each.metric}/${each.activityDate}/${each.userId ?? ''}`,
        ]),
      );
    const askAgents = (nowMs: number) =>
      new Map<string, string>(
        askActivity(nowMs, 'routing', ['oMemberUsers']).map((each) => [
          each.userId!,
          `${each.routingStatus as unknown as string}/${each.routingStatusDate ?? ''}`,
        ]),
      );

    const channel = bodyOf(client.askAt(startMs, 'POST', '/api/v2/notifications/channels'));
    const topics = [
      ...queueIds.flatMap((id) => [observations(id), conversations(id)]),
      ...driver.roster.agents.map(({ id }) => activity(id)),
    ].map((id) => ({ id }));
    client.askAt(startMs, 'POST', `/api/v2/notifications/channels/${channel.id}/subscriptions`, topics);
    platform.openSocket(
      channel.id,
      (text) => {
        frameCount += 1;
        foldFrame(known, frameOf(text));
      },
      () => undefined,
      startMs,
    );
    for (const [key, value] of askObservations(startMs)) known.counts.set(key, value);
    for (const [key, value] of askCalls(startMs)) known.calls.set(key, value);
    for (const [key, value] of askAgents(startMs)) known.agents.set(key, value);

    for (let atMs = startMs + minuteMs; atMs <= endMs + 2 * minuteMs; atMs += minuteMs) {
      platform.advanceTo(atMs);
      const truth = { counts: askObservations(atMs), calls: askCalls(atMs), agents: askAgents(atMs) };
      for (const part of ['counts', 'calls', 'agents'] as const) {
        if (asText(known[part]) !== asText(truth[part])) differences.push(`${new Date(atMs).toISOString()} ${part}`);
      }
      minutes += 1;
      busiest = Math.max(busiest, known.calls.size);
    }
  }, 20_000);

  test('frames folded on the snapshot give at every minute exactly what the REST answers give', () => {
    expect(differences).toEqual([]);
    expect(minutes).toBeGreaterThan(1000);
    expect(busiest).toBeGreaterThan(10);
    expect(frameCount).toBeGreaterThan(10_000);
  });

  test('interval totals folded from frames are those of the event log', () => {
    const truth = new Map<string, unknown>();
    for (const id of platform.center.queues.keys()) {
      const { ledger } = voiceOf(platform.center, id);
      for (const startMs of ledger.startsMs()) {
        const interval = `${new Date(startMs).toISOString()}/${new Date(startMs + halfHourMs).toISOString()}`;
        for (const { metric, stats } of ledger.metrics(startMs)) truth.set(`${id}/${interval}/${metric}`, stats);
      }
    }
    expect(asText(known.totals)).toBe(asText(truth));
    expect(truth.size).toBeGreaterThan(500);
  });

  test('the identities of the metrics hold in every half hour', () => {
    for (const id of platform.center.queues.keys()) {
      const { ledger } = voiceOf(platform.center, id);
      for (const startMs of ledger.startsMs()) {
        const of = new Map(ledger.metrics(startMs).map(({ metric, stats }) => [metric, stats]));
        const value = (metric: string, stat: string) => of.get(metric)?.[stat] ?? 0;
        for (const stat of ['count', 'sum']) {
          const parts = ['tAnswered', 'tAbandon', 'tFlowOut'].map((metric) => value(metric, stat));
          expect(value('tWait', stat)).toBe(parts.reduce((sum, part) => sum + part));
          expect(value('tAcd', stat)).toBe(value('tWait', stat));
          expect(value('tHandle', stat)).toBe(value('tTalkComplete', stat));
        }
        const level = of.get('oServiceLevel');
        expect(value('oServiceTarget', 'current')).toBe(0.8);
        if (level === undefined) {
          expect(value('tAnswered', 'count') + value('tAbandon', 'count')).toBe(0);
          continue;
        }
        expect(level['numerator']).toBe(value('tAnswered', 'count') - value('nOverSla', 'count'));
        expect(level['denominator']).toBe(value('tAnswered', 'count') + value('tAbandon', 'count'));
        expect(level['ratio']).toBe(level['numerator']! / level['denominator']!);
        expect(level['target']).toBe(0.8);
      }
    }
  });

  test('the totals of the day are those of the trace, the one call still open dropped', () => {
    let waitedMs = 0;
    let overSla = 0;
    let abandonedMs = 0;
    let handledMs = 0;
    for (const line of trace.lines) {
      if (line.ev === 'answer') waitedMs += line.wait * 1000;
      if (line.ev === 'answer' && line.wait > 20) overSla += 1;
      if (line.ev === 'abandon') abandonedMs += line.wait * 1000;
      if (line.ev === 'end') handledMs += line.handle * 1000;
    }
    const total = (metric: string, stat: string) =>
      [...platform.center.queues.keys()].reduce(
        (all, id) =>
          all +
          voiceOf(platform.center, id)
            .ledger.startsMs()
            .reduce(
              (some, startMs) =>
                some +
                (voiceOf(platform.center, id)
                  .ledger.metrics(startMs)
                  .find((each) => each.metric === metric)?.stats[stat] ?? 0),
              0,
            ),
        0,
      );
    expect(platform.center.counts).toEqual({
      offered: 1554,
      answered: 1469,
      abandoned: 85,
      handled: 1468,
      flowedOut: 0,
      dropped: 1,
      ignored: 0,
    });
    expect(['nOffered', 'tAnswered', 'tAbandon', 'tHandle'].map((metric) => total(metric, 'count'))).toEqual([
      1554, 1469, 85, 1468,
    ]);
    expect(total('tAnswered', 'sum')).toBe(waitedMs);
    expect(total('nOverSla', 'count')).toBe(overSla);
    expect(total('tAbandon', 'sum')).toBe(abandonedMs);
    expect(total('tHandle', 'sum')).toBe(handledMs);
    expect(platform.endedMs()).toBe(endMs);
  });

  test('six queues and twenty agents, with ids made of their names', () => {
    expect([...platform.center.queues.keys()].sort()).toEqual(['IN', 'NE', 'NW', 'PE', 'PS', 'TT'].map(idOf).sort());
    expect(platform.center.agents.size).toBe(20);
  });
});
