import { describe, expect, test } from 'vitest';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { idOf } from '../../../src/simulator/roster.ts';
import { parseSwitches, type PlatformSwitches } from '../../../src/simulator/switches.ts';
import {
  activity,
  ann,
  bodyOf,
  type Body,
  callId,
  connectClient,
  conversations,
  frameOf,
  listen,
  observations,
  sales,
  scripted,
  startMs,
} from './virtual-client.ts';

const root = '/api/v2/notifications/channels';
const arrival = (atMs: number, name: string): CallCenterEvent => ({
  kind: 'arrival',
  atMs: startMs + atMs,
  callId: callId(name),
  queueId: sales,
  priority: 0,
});
const abandon = (atMs: number, name: string): CallCenterEvent => ({
  kind: 'abandon',
  atMs: startMs + atMs,
  callId: callId(name),
});
const withSwitches = (switches: Partial<PlatformSwitches>, events: readonly CallCenterEvent[] = []) =>
  connectClient(scripted(events), { switches });

describe('what the platform is not known to do can be switched', () => {
  test('the status of a DELETE of subscriptions: 204, or as told', () => {
    for (const [switches, status] of [
      [{}, 204],
      [{ deleteSubscriptionsStatus: 202 }, 202],
    ] as const) {
      const client = withSwitches(switches);
      const { id } = bodyOf(client.ask('POST', root));
      expect(client.ask('DELETE', `${root}/${id}/subscriptions`).status).toBe(status);
    }
  });

  const stateCounts = (switches: Partial<PlatformSwitches>) => {
    const client = withSwitches(switches, [arrival(1000, 'a'), abandon(5000, 'a')]);
    const { frames } = listen(client, [observations(sales)]);
    client.platform.advanceTo(startMs + 20_000);
    return frames.map(({ frame }) =>
      Object.fromEntries(frame.eventBody.data[0]!.metrics.map(({ metric, stats }) => [metric, stats.count])),
    );
  };

  test('zeros: sent, or left out', () => {
    expect(stateCounts({})).toEqual([{ oWaiting: 1 }, { oWaiting: 0 }]);
    const [first, second] = stateCounts({ zerosSent: false });
    expect(first).toEqual({ oWaiting: 1 });
    expect(second).not.toHaveProperty('oWaiting');
  });

  test('an alerting call: alerting alone, or waiting too, in frames and in every answer', () => {
    const filter = { type: 'or', predicates: [{ dimension: 'queueId', value: sales }] };
    const counts = (switches: Partial<PlatformSwitches>) => {
      const client = withSwitches(switches, [
        { kind: 'agent-on', atMs: startMs, userId: ann },
        arrival(2000, 'a'),
        { kind: 'alert', atMs: startMs + 4000, callId: callId('a'), userId: ann },
        arrival(6000, 'b'),
      ]);
      const { frames } = listen(client, [observations(sales)]);
      const ask = (path: string, query: object) =>
        bodyOf(client.askAt(startMs + 9000, 'POST', `/api/v2/analytics/${path}/query`, { filter, ...query })).results;
      const asked = { metrics: ['oWaiting', 'oLongestWaiting'], detailMetrics: ['oWaiting'] };
      const seen = ask('queues/observations', asked).find(({ group }) => 'mediaType' in group)!.data;
      const waiting = { metric: 'oWaiting', details: true };
      const [now] = ask('conversations/activity', { groupBy: ['queueId'], metrics: [waiting] });
      const told = frames
        .flatMap(({ frame }) => frame.eventBody.data.flatMap(({ metrics }) => metrics))
        .filter(({ metric }) => metric === 'oWaiting' || metric === 'oAlerting');
      return {
        told: told.map(({ metric, stats }) => `${metric} ${stats['count']}`),
        count: seen[0]!.stats['count'],
        oldest: seen[1]!.stats['calculatedMetricValue']! - startMs,
        dates: (
          seen[0] as Body & { readonly observations: readonly { readonly observationDate: string }[] }
        ).observations.map(({ observationDate }) => Date.parse(observationDate) - startMs),
        entities: now!.entities.map(({ activityDate }) => Date.parse(activityDate) - startMs),
      };
    };
    expect(counts({})).toEqual({
      told: ['oWaiting 1', 'oAlerting 1', 'oWaiting 0', 'oWaiting 1'],
      count: 1,
      oldest: 6000,
      dates: [6000],
      entities: [6000],
    });
    expect(counts({ alertingInWaiting: true })).toEqual({
      told: ['oWaiting 1', 'oAlerting 1', 'oWaiting 2'],
      count: 2,
      oldest: 2000,
      dates: [2000, 6000],
      entities: [2000, 6000],
    });
  });

  test('a message: what changed, or all of its group', () => {
    expect(stateCounts({ metricsPerMessage: 'all' })).toEqual([
      { oAlerting: 0, oInteracting: 0, oWaiting: 1 },
      { oAlerting: 0, oInteracting: 0, oWaiting: 0 },
    ]);
  });

  test('empty aggregates: a list of nothing, or nothing', () => {
    const hour = `${new Date(startMs - 3_600_000).toISOString()}/${new Date(startMs).toISOString()}`;
    const ask = (switches: Partial<PlatformSwitches>) =>
      withSwitches(switches).ask('POST', '/api/v2/analytics/conversations/aggregates/query', {
        interval: hour,
        metrics: ['nOffered'],
      }).body;
    expect(ask({})).toEqual({ results: [] });
    expect(ask({ emptyAggregates: 'nothing' })).toEqual({});
  });

  test('the end of a token: nothing to its socket, or a close with a code, expired or revoked', () => {
    const closesAt = (switches: Partial<PlatformSwitches>, atMs: number) => {
      const client = connectClient(scripted([]), { switches, tokenLifeMs: 60_000 });
      const { closes } = listen(client, [activity(ann)]);
      client.platform.advanceTo(startMs + atMs);
      return closes;
    };
    expect(closesAt({}, 120_000)).toEqual([]);
    expect(closesAt({ tokenEndCloseCode: 4001 }, 59_999)).toEqual([]);
    expect(closesAt({ tokenEndCloseCode: 4001 }, 60_000)).toEqual([4001]);
    const revoked = withSwitches({ tokenEndCloseCode: 4001 });
    const { closes } = listen(revoked, []);
    revoked.platform.expireTokens();
    revoked.platform.advanceTo(startMs);
    expect(closes).toEqual([4001]);
  });

  test('a handshake for a dead channel: 404, or as told', () => {
    const open = (switches: Partial<PlatformSwitches>) =>
      withSwitches(switches).platform.openSocket(
        'streaming-0-none',
        () => 0,
        () => 0,
        startMs,
      );
    expect(open({})).toEqual({ status: 404 });
    expect(open({ deadChannelStatus: 401 })).toEqual({ status: 401 });
  });

  test('duplicates after a reconnect: none, or the newest events once more', () => {
    const heardAgain = (switches: Partial<PlatformSwitches>) => {
      const client = withSwitches(switches, [arrival(1000, 'a'), arrival(2000, 'b'), arrival(3000, 'c')]);
      const { channelId, socket } = listen(client, [conversations(sales)]);
      client.platform.advanceTo(startMs + 5000);
      socket.closed();
      const texts: string[] = [];
      client.platform.openSocket(
        channelId,
        (text) => texts.push(text),
        () => undefined,
        startMs + 6000,
      );
      client.platform.advanceTo(startMs + 6000);
      return texts.map((text) => frameOf(text).eventBody.id);
    };
    expect(heardAgain({})).toEqual([]);
    expect(heardAgain({ duplicatesAfterReconnect: 2 })).toEqual([callId('b'), callId('c')]);
  });

  test('a combined topic: as many as it stands for, or one', () => {
    const status = (switches: Partial<PlatformSwitches>) => {
      const client = withSwitches(switches);
      const { id } = bodyOf(client.ask('POST', root));
      const topics = Array.from({ length: 501 }, (_, index) => ({
        id: `v2.users.${idOf(`user ${index}`)}?activity&presence`,
      }));
      return client.ask('POST', `${root}/${id}/subscriptions`, topics).status;
    };
    expect(status({})).toBe(400);
    expect(status({ combinedTopicCounts: 'one' })).toBe(200);
  });

  test('a value that means nothing is refused', () => {
    expect(() => withSwitches({ duplicatesAfterReconnect: -1 })).toThrow(/duplicatesAfterReconnect/);
  });
});

describe('switches in one line', () => {
  test('are names with values; what is not named keeps its default', () => {
    expect(parseSwitches('zerosSent=false, deadChannelStatus=401,emptyAggregates=nothing')).toMatchObject({
      zerosSent: false,
      deadChannelStatus: 401,
      emptyAggregates: 'nothing',
      deleteSubscriptionsStatus: 204,
    });
  });

  test.each(['', 'zeros', 'zeros=false', 'zerosSent=true,toString=1'])('"%s" is refused with what there is', (text) => {
    expect(() => parseSwitches(text)).toThrow(
      /is no switch: write name=value.* switches: deleteSubscriptionsStatus \(200, 202 or 204\), zerosSent .*detailJobLagMs/,
    );
  });

  test.each([
    ['zerosSent=maybe', 'true or false'],
    ['zerosSent', 'true or false'],
    ['zerosSent=true,deadChannelStatus=200', '401, 403 or 404'],
    ['tokenEndCloseCode=1', '1000 to 4999'],
  ])('"%s" is refused with the values there are', (text, wanted) => {
    expect(() => parseSwitches(text)).toThrow(`: write ${wanted}.`);
  });

  test('that say two things of one are refused, and those that say one thing twice are not', () => {
    expect(() => parseSwitches('zerosSent=false,zerosSent=true')).toThrow(/"zerosSent=false" and "zerosSent=true"/);
    expect(parseSwitches('zerosSent=false,zerosSent=false')).toMatchObject({ zerosSent: false });
  });
});
