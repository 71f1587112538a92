import { describe, expect, test } from 'vitest';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { faultSchema, type Fault, type PlannedFault } from '../../../src/simulator/faults.ts';
import type { PlatformOptions } from '../../../src/simulator/platform.ts';
import {
  bodyOf,
  callId,
  connectClient,
  conversations,
  observations,
  sales,
  scripted,
  startMs,
} from './virtual-client.ts';

const secondMs = 1000;
/** A call comes in at each full second of two minutes: an event frame each. */
const busy = scripted(
  Array.from({ length: 120 }, (_, index): CallCenterEvent => {
    const atMs = startMs + (index + 1) * secondMs;
    return { kind: 'arrival', atMs, callId: callId(`${index}`), queueId: sales, priority: 0 };
  }),
);
const fault = (value: object): Fault => faultSchema.parse(value);
const root = '/api/v2/notifications/channels';

/** A client with one channel that hears of each call; what arrives is kept. */
function start(options: Partial<PlatformOptions> = {}) {
  const client = connectClient(busy, options);
  const channelId = bodyOf(client.ask('POST', root)).id;
  client.ask('POST', `${root}/${channelId}/subscriptions`, [{ id: conversations(sales) }]);
  const open = (atMs: number) => {
    const texts: string[] = [];
    const closes: number[] = [];
    const hangs: boolean[] = [];
    const socket = client.platform.openSocket(
      channelId,
      (text) => texts.push(text),
      (code) => closes.push(code),
      startMs + atMs,
      (hung) => hangs.push(hung),
    );
    return { texts, closes, hangs, socket };
  };
  const advance = (seconds: number) => {
    client.platform.advanceTo(startMs + seconds * secondMs);
  };
  const inject = (value: object, seconds: number) => {
    client.platform.inject(fault(value), startMs + seconds * secondMs);
  };
  return { client, channelId, open, advance, inject };
}

const events = (texts: readonly string[]) => texts.filter((text) => text.includes('"v2.routing.queues'));
const beats = (texts: readonly string[]) => texts.filter((text) => text.includes('Heartbeat'));

describe('faults of the socket', () => {
  test('drop-socket breaks the connection; the channel and its topics stay', () => {
    const { open, advance, inject, client, channelId } = start();
    const first = open(0);
    inject({ kind: 'drop-socket' }, 5);
    expect(first.closes).toEqual([1006]);
    advance(10);
    expect(events(first.texts)).toHaveLength(5);
    const second = open(10 * secondMs);
    advance(12);
    expect(events(second.texts)).toHaveLength(2);
    expect(client.ask('HEAD', `${root}/${channelId}`).status).toBe(200);
  });

  test('hang-socket: nothing is sent or answered, nothing closed; a new socket works', () => {
    const { open, advance, inject } = start();
    const first = open(0);
    inject({ kind: 'hang-socket' }, 5);
    if (first.socket.status === 101) first.socket.message('{"message":"ping"}', startMs + 6000);
    advance(70);
    expect([first.texts.length, first.closes, first.hangs]).toEqual([5, [], [true]]);
    const second = open(70 * secondMs);
    advance(75);
    expect(events(second.texts)).toHaveLength(5);
  });

  test('what a hanging socket is asked to subscribe is not subscribed', () => {
    const { open, inject, client, channelId } = start();
    const { socket } = open(0);
    inject({ kind: 'hang-socket' }, 0);
    const asked = JSON.stringify({ message: 'subscribe', topics: [observations(sales)] });
    if (socket.status === 101) socket.message(asked, startMs);
    expect(bodyOf(client.ask('GET', `${root}/${channelId}/subscriptions`)).entities).toHaveLength(1);
  });

  test('a socket that hangs for a time goes on afterwards, without what it missed', () => {
    const { open, advance, inject } = start();
    const { texts, hangs } = open(0);
    inject({ kind: 'hang-socket', forMs: 10_000 }, 5);
    advance(20);
    expect(hangs).toEqual([true, false]);
    expect(events(texts)).toHaveLength(5 + 5);
  });

  test('heartbeats-only loses the events, and nothing else', () => {
    const { open, advance, inject } = start();
    const { texts, socket } = open(0);
    inject({ kind: 'heartbeats-only', forMs: 60_000 }, 0);
    if (socket.status === 101) socket.message('{"message":"ping"}', startMs + 6000);
    advance(59);
    expect([events(texts).length, beats(texts).length, texts.length]).toEqual([0, 1, 2]);
    advance(62);
    expect(events(texts)).toHaveLength(2);
  });

  test('half-frames cut as many events as told, and not one more', () => {
    const { open, advance, inject } = start();
    const { texts } = open(0);
    inject({ kind: 'half-frames', count: 2 }, 0);
    advance(3);
    const parses = texts.map((text) => {
      try {
        return typeof JSON.parse(text) === 'object';
      } catch {
        return false;
      }
    });
    expect(parses).toEqual([false, false, true]);
  });

  test('unknown-fields are added to envelope and body, all else stays', () => {
    const { open, advance, inject } = start();
    const { texts } = open(0);
    inject({ kind: 'unknown-fields' }, 0);
    advance(2);
    expect(JSON.parse(texts[0]!)).toMatchObject({
      topicName: conversations(sales),
      inventedEnvelopeField: 'x',
      eventBody: { id: callId('0'), inventedField: { deep: [null, 1] } },
    });
    expect(texts[1]).not.toContain('invented' + 'Field');
  });

  test('unknown-topic and not-json are one frame each, at once', () => {
    const { open, inject, channelId } = start();
    const { texts } = open(0);
    inject({ kind: 'unknown-topic' }, 0);
    inject({ kind: 'not-json' }, 0);
    expect(JSON.parse(texts[0]!)).toMatchObject({ topicName: `v2.invented.${channelId}.nothing` });
    expect(texts[1]).toBe('upstream connect error');
  });

  test('socket-closing announces the end, which comes 60 s later for this socket and not for its successor', () => {
    const { open, advance, inject } = start();
    const first = open(0);
    inject({ kind: 'socket-closing' }, 1);
    expect(first.texts.at(-1)).toContain('"topicName":"v2.system.socket_closing"');
    advance(60);
    expect(first.closes).toEqual([]);
    advance(61);
    expect(first.closes).toEqual([1001]);
    const second = open(62_000);
    inject({ kind: 'socket-closing' }, 63);
    const third = open(64_000);
    expect(second.closes).toEqual([1000]);
    advance(125);
    expect(third.closes).toEqual([]);
  });

  test('no-longer-subscribed says so, and takes the topics away', () => {
    const { open, advance, inject, client, channelId } = start();
    const { texts, closes } = open(0);
    inject({ kind: 'no-longer-subscribed' }, 1);
    advance(10);
    expect(JSON.parse(texts.at(-1)!)).toMatchObject({
      topicName: `v2.system.no_longer_subscribed.${channelId}`,
      eventBody: { channelId, systemTopicType: 'no_longer_subscribed', reason: 'another_channel_subscribed' },
    });
    expect(closes).toEqual([]);
    expect(bodyOf(client.ask('GET', `${root}/${channelId}/subscriptions`)).entities).toEqual([]);
  });

  test('vanish-channel closes the socket, and the channel is not found any more', () => {
    const { open, inject, client, channelId } = start();
    const { closes } = open(0);
    inject({ kind: 'vanish-channel', channelId }, 1);
    expect(closes).toHaveLength(1);
    expect(client.ask('HEAD', `${root}/${channelId}`).status).toBe(404);
    expect(open(2000).socket).toEqual({ status: 404 });
  });

  test('evict-channel makes other channels of the client until this one has to go', () => {
    const { open, inject, client, channelId } = start();
    const { closes } = open(0);
    inject({ kind: 'evict-channel', channelId }, 1);
    expect(closes).toHaveLength(1);
    expect(client.ask('HEAD', `${root}/${channelId}`).status).toBe(404);
    expect(bodyOf(client.ask('GET', root)).entities).toHaveLength(20);
    expect(client.ask('POST', root).status).toBe(200);
  });

  test('refuse-sockets answers handshakes with a status, for a time', () => {
    const { open, inject } = start();
    inject({ kind: 'refuse-sockets', status: 503, forMs: 5000 }, 0);
    expect(open(4999).socket).toEqual({ status: 503 });
    expect(open(5000).socket.status).toBe(101);
  });

  test('befall the channel that is named, and no other', () => {
    const { open, inject, client } = start();
    const { closes } = open(0);
    const other = bodyOf(client.ask('POST', root)).id;
    inject({ kind: 'drop-socket', channelId: other }, 1);
    inject({ kind: 'vanish-channel', channelId: other }, 1);
    expect(closes).toEqual([]);
    expect(client.ask('HEAD', `${root}/${other}`).status).toBe(404);
  });
});

describe('faults of requests', () => {
  test('expire-tokens: 401 for tokens given out before, not for a new one; the socket stays', () => {
    const { open, inject, client } = start();
    const { closes } = open(0);
    inject({ kind: 'expire-tokens' }, 1);
    expect(client.ask('GET', '/api/v2/users')).toMatchObject({ status: 401, body: { code: 'bad.credentials' } });
    expect(closes).toEqual([]);
  });

  test('revoke-tokens tells the sockets too', () => {
    const { open, inject, client, channelId } = start();
    const { texts } = open(0);
    inject({ kind: 'revoke-tokens' }, 1);
    expect(client.ask('GET', '/api/v2/users').status).toBe(401);
    expect(JSON.parse(texts.at(-1)!)).toMatchObject({
      topicName: `v2.system.token_revoked.${channelId}`,
      eventBody: { systemTopicType: 'token_revoked', reason: 'user_tokens_revoked', oauthClientId: 'client' },
    });
  });

  test('too-many-requests refuses every request for a time and says when to come back, or does not', () => {
    const { inject, client } = start();
    inject({ kind: 'too-many-requests', forMs: 10_000, retryAfterSeconds: 7 }, 0);
    expect(client.ask('GET', '/api/v2/users')).toMatchObject({
      status: 429,
      headers: {
        ...{ 'retry-after': '7', 'inin-ratelimit-count': '3' },
        ...{ 'inin-ratelimit-allowed': '300', 'inin-ratelimit-reset': '60' },
      },
      body: { code: 'too.many.requests', message: expect.stringContaining('in [7] seconds') },
    });
    expect(client.askAt(startMs + 10_000, 'GET', '/api/v2/users').status).toBe(200);
    inject({ kind: 'too-many-requests', retryAfterSeconds: null }, 11);
    expect(client.askAt(startMs + 11_000, 'GET', '/api/v2/users').headers).not.toHaveProperty('retry-after');
  });

  test('server-error is HTML of a gateway, for as many requests as told', () => {
    const { inject, client } = start();
    inject({ kind: 'server-error', status: 502, count: 2 }, 0);
    const answer = client.ask('GET', '/api/v2/users');
    expect(answer).toMatchObject({ status: 502, headers: { 'content-type': 'text/html' } });
    expect(answer.text).toMatch(/^<html>/);
    expect(answer.headers).not.toHaveProperty('inin-ratelimit-count');
    expect(answer.body).toBeUndefined();
    expect(client.ask('GET', '/api/v2/users').status).toBe(502);
    expect(client.ask('GET', '/api/v2/users').status).toBe(200);
  });

  test('slow-answers are right, but late; only below the path that is named', () => {
    const { inject, client } = start();
    inject({ kind: 'slow-answers', delayMs: 17_000, pathPrefix: '/api/v2/users' }, 0);
    expect(client.ask('GET', '/api/v2/users')).toMatchObject({ status: 200, delayMs: 17_000 });
    expect(client.ask('GET', '/api/v2/routing/queues')).not.toHaveProperty('delayMs');
    expect(client.askAt(startMs + 60_000, 'GET', '/api/v2/users')).not.toHaveProperty('delayMs');
  });
});

describe('a skewed clock', () => {
  test('shows in the times of frames and answers, not in the bounds of half hours', () => {
    const { open, advance, inject, client } = start();
    const { texts } = open(0);
    inject({ kind: 'skew-clock', skewMs: 90_000 }, 0);
    advance(1);
    const told = new Date(startMs + secondMs + 90_000).toISOString();
    expect(JSON.parse(texts[0]!)).toMatchObject({ eventBody: { participants: [{ connectedTime: told }, {}] } });
    const half = `${new Date(startMs).toISOString()}/${new Date(startMs + 1_800_000).toISOString()}`;
    const query = { interval: half, metrics: ['nOffered'], groupBy: ['queueId'] };
    const { results } = bodyOf(
      client.askAt(startMs + secondMs, 'POST', '/api/v2/analytics/conversations/aggregates/query', query),
    );
    expect(results[0]!.data[0]!.interval).toBe(half);
    const activity = { metrics: [{ metric: 'oLongestWaiting' }], groupBy: ['queueId'] };
    const longest = bodyOf(
      client.askAt(startMs + secondMs, 'POST', '/api/v2/analytics/conversations/activity/query', activity),
    ).results.find(({ group }) => group.queueId === sales)!;
    expect(longest.data).toEqual([
      { metric: 'oLongestWaiting', count: 1, calculatedMetricValue: startMs + secondMs + 90_000 },
    ]);
  });
});

describe('a plan of faults', () => {
  const plan = (...faults: readonly (readonly [seconds: number, value: object])[]): readonly PlannedFault[] =>
    faults.map(([seconds, value]) => ({ atMs: startMs + seconds * secondMs, fault: fault(value) }));

  test('happens at its times, however coarsely time is told', () => {
    for (const stepSeconds of [1, 60]) {
      const faultPlan = plan([20, { kind: 'drop-socket' }], [10, { kind: 'hang-socket', forMs: 5000 }]);
      const { open, advance } = start({ faultPlan });
      const { texts, closes } = open(0);
      for (let second = 0; second <= 60; second += stepSeconds) advance(second);
      // Of one instant the calls come first, and then the faults: the call of second 15 is the last one lost.
      const calls = events(texts).map((text) => /"id":"([^"]+)"/.exec(text)?.[1]);
      const kept = [...Array(10).keys(), 15, 16, 17, 18, 19].map((index) => callId(`${index}`));
      expect(calls).toEqual(kept);
      expect(closes).toEqual([1006]);
    }
  });

  test('clear ends what lasts and forgets what was to come', () => {
    const { open, advance, inject, client } = start({ faultPlan: plan([50, { kind: 'drop-socket' }]) });
    const { texts, closes } = open(0);
    for (const kind of ['hang-socket', 'too-many-requests', 'skew-clock', 'socket-closing', 'refuse-sockets']) {
      inject({ kind }, 0);
    }
    inject({ kind: 'clear' }, 1);
    advance(70);
    expect(events(texts).length).toBeGreaterThan(60);
    expect(closes).toEqual([]);
    expect(client.ask('GET', '/api/v2/users').status).toBe(200);
  });
});

test.each([
  { kind: 'nothing' },
  { kind: 'hang-socket', forMs: -1 },
  { kind: 'drop-socket', count: 2 },
  { kind: 'server-error', status: 404 },
])('%j is no fault', (value) => {
  expect(faultSchema.safeParse(value).success).toBe(false);
});
