import { describe, expect, test } from 'vitest';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import {
  activity,
  ann,
  bob,
  callId,
  connectClient,
  conversations,
  frameOf,
  listen,
  observations,
  sales,
  scripted,
  startMs,
  support,
  type Frame,
} from './virtual-client.ts';

const iso = (atMs: number) => new Date(startMs + atMs).toISOString();
const arrival = (atMs: number, id: string, queueId = sales): CallCenterEvent => ({
  kind: 'arrival',
  atMs: startMs + atMs,
  callId: callId(id),
  queueId,
  priority: 1,
});
const answer = (atMs: number, id: string, userId = ann): CallCenterEvent => ({
  kind: 'answer',
  atMs: startMs + atMs,
  callId: callId(id),
  userId,
});
const leave = (atMs: number, kind: 'end' | 'abandon', id: string): CallCenterEvent => ({
  kind,
  atMs: startMs + atMs,
  callId: callId(id),
});
const on = (atMs: number, userId = ann): CallCenterEvent => ({ kind: 'agent-on', atMs: startMs + atMs, userId });

/** Listens from the start on, lets time pass, and gives the frames with the time at which each was sent. */
function hear(events: readonly CallCenterEvent[], topics: readonly string[], untilMs: number) {
  const heard: { atMs: number; frame: Frame }[] = [];
  const client = connectClient(scripted(events), {
    onFrameSent: (_, text, nowMs) => heard.push({ atMs: nowMs - startMs, frame: frameOf(text) }),
  });
  const listener = listen(client, topics);
  client.platform.advanceTo(startMs + untilMs);
  return { heard: heard.filter(({ frame }) => frame.topicName !== 'channel.metadata'), listener, client };
}

/** Interval → metric (and qualifier) → count, of one observations frame. */
const counts = ({ eventBody }: Frame) =>
  Object.fromEntries(
    eventBody.data.map(({ interval, metrics }) => [
      interval,
      Object.fromEntries(
        metrics.map(({ metric, qualifier, stats }) => [
          qualifier === undefined ? metric : `${metric} ${qualifier}`,
          stats.count ?? stats.ratio ?? stats.current,
        ]),
      ),
    ]),
  );

const halfHour = `${iso(0)}/${iso(1_800_000)}`;

describe('queue observations', () => {
  test('are silent at the subscription and while nothing changes', () => {
    expect(hear([arrival(-5000, 'a')], [observations(sales)], 600_000).heard).toEqual([]);
  });

  test('come at once with only what changed: states as zero-length, totals as half-hour intervals', () => {
    const { heard } = hear([arrival(5250, 'a')], [observations(sales)], 60_000);
    expect(heard).toHaveLength(1);
    expect(heard[0]!.atMs).toBe(5250);
    expect(heard[0]!.frame).toMatchObject({
      topicName: observations(sales),
      version: '2',
      eventBody: { group: { queueId: sales, mediaType: 'voice' } },
      metadata: { CorrelationId: expect.any(String) },
    });
    expect(counts(heard[0]!.frame)).toEqual({
      [`${iso(5250)}/${iso(5250)}`]: { oWaiting: 1 },
      [halfHour]: { nOffered: 1, oServiceTarget: 0.8 },
    });
  });

  test('are held to one message a second and group, merged, and the last state is sent', () => {
    // x has waited before; 1 ms: a arrives, 201: b arrives, 401: a abandons, 901: b abandons; sent at 1 and 1001
    const { heard } = hear(
      [arrival(-1, 'x'), arrival(1, 'a'), arrival(201, 'b'), leave(401, 'abandon', 'a'), leave(901, 'abandon', 'b')],
      [observations(sales)],
      60_000,
    );
    expect(heard.map(({ atMs }) => atMs)).toEqual([1, 1001]);
    expect(counts(heard[1]!.frame)).toEqual({
      [`${iso(1001)}/${iso(1001)}`]: { oWaiting: 1 },
      [halfHour]: { nOffered: 2, tAbandon: 2, tWait: 2, tAcd: 2, oServiceLevel: 0 },
    });
  });

  test('a change that is undone while it is held back is not told', () => {
    const events = [on(1), { ...on(300), kind: 'agent-off' } as CallCenterEvent, on(600)];
    const { heard } = hear(events, [observations(sales)], 60_000);
    expect(heard.map(({ atMs }) => atMs)).toEqual([1]);
  });

  test('come as one message for each group, all events of one instant in it', () => {
    const { heard } = hear([on(7000), arrival(7000, 'a'), answer(7000, 'a')], [observations(sales)], 60_000);
    expect(heard.map(({ frame }) => frame.eventBody.group)).toEqual([
      { queueId: sales },
      { queueId: sales, mediaType: 'voice' },
    ]);
    const now = `${iso(7000)}/${iso(7000)}`;
    const [agents, calls] = heard.map(({ frame }) => counts(frame)[now]);
    expect(agents).toMatchObject({ 'oOnQueueUsers INTERACTING': 1, 'oUserRoutingStatuses OFF_QUEUE': 1 });
    expect(agents).not.toHaveProperty('oMemberUsers');
    expect(calls).toEqual({ oInteracting: 1 });
  });

  test('say zero when a count falls to nothing, with its qualifier', () => {
    const { heard } = hear(
      [on(1000), arrival(5000, 'a'), answer(5000, 'a'), leave(9000, 'end', 'a')],
      [observations(sales)],
      60_000,
    );
    const last = (index: number) => Object.values(counts(heard.at(index)!.frame))[0];
    expect(last(-2)).toMatchObject({ 'oOnQueueUsers INTERACTING': 0, 'oOnQueueUsers IDLE': 1 });
    expect(last(-1)).toMatchObject({ oInteracting: 0 });
  });

  test('begin each half hour anew; a change held back over its end still goes to the old one', () => {
    const boundary = 1_800_000;
    const { heard } = hear(
      [arrival(boundary - 500, 'a'), arrival(boundary - 200, 'b'), leave(boundary + 100, 'abandon', 'a')],
      [observations(sales)],
      boundary + 60_000,
    );
    expect(heard.map(({ atMs }) => atMs)).toEqual([boundary - 500, boundary + 500]);
    expect(counts(heard[1]!.frame)).toEqual({
      [halfHour]: { nOffered: 2 },
      [`${iso(boundary)}/${iso(2 * boundary)}`]: {
        tAbandon: 1,
        tWait: 1,
        tAcd: 1,
        oServiceLevel: 0,
        oServiceTarget: 0.8,
      },
    });
  });

  test('reach every queue that a busy agent serves', () => {
    const topics = [observations(sales), observations(support)];
    const { heard } = hear([on(1000)], topics, 60_000);
    expect(new Set(heard.map(({ frame }) => frame.topicName))).toEqual(new Set(topics));
  });
});

describe('conversations', () => {
  const events = [on(0), arrival(1000, 'a'), answer(61_000, 'a'), leave(90_000, 'end', 'a')];
  const { heard } = hear(events, [conversations(sales)], 200_000);
  const bodies = heard.map(({ frame }) => frame.eventBody);

  test('are the whole conversation at every step', () => {
    expect(heard.map(({ atMs }) => atMs)).toEqual([1000, 61_000, 90_000]);
    expect(bodies.map(({ id, participants }) => [id, participants.map(({ purpose }) => purpose)])).toEqual([
      [callId('a'), ['customer', 'acd']],
      [callId('a'), ['customer', 'acd', 'agent']],
      [callId('a'), ['customer', 'acd', 'agent']],
    ]);
  });

  test('waiting = an ACD leg without an end; its start is the enqueue time; answered = the agent leg connected', () => {
    const legs = (index: number) => Object.fromEntries(bodies[index]!.participants.map((leg) => [leg.purpose, leg]));
    expect(legs(0)['acd']).toMatchObject({
      queueId: sales,
      connectedTime: iso(1000),
      conversationRoutingData: { queue: { id: sales }, priority: 1, skills: [{ id: expect.any(String) }] },
    });
    expect(legs(0)['acd']).not.toHaveProperty('endTime');
    expect(legs(1)['acd']).toMatchObject({ endTime: iso(61_000), calls: [{ disconnectType: 'transfer' }] });
    expect(legs(1)['agent']).toMatchObject({ userId: ann, connectedTime: iso(61_000) });
    expect(legs(1)['agent']).not.toHaveProperty('endTime');
    expect(legs(2)['agent']).toMatchObject({ endTime: iso(90_000) });
    expect(legs(2)['customer']).toMatchObject({ connectedTime: iso(1000), endTime: iso(90_000) });
  });

  test('an abandoned one ends customer and ACD leg together and has no agent', () => {
    const { heard: gone } = hear([arrival(1000, 'a'), leave(9000, 'abandon', 'a')], [conversations(sales)], 60_000);
    const { participants } = gone.at(-1)!.frame.eventBody;
    expect(participants.map(({ purpose, endTime }) => [purpose, endTime])).toEqual([
      ['customer', iso(9000)],
      ['acd', iso(9000)],
    ]);
  });

  test('carry invented personal data, so that a leak can be searched for', () => {
    expect(bodies[0]!.participants[0]).toMatchObject({
      name: expect.stringMatching(/^Invented Caller /),
      ani: expect.stringMatching(/^tel:\+121255501\d\d$/),
      dnis: 'tel:+12125550100',
      attributes: { accountNumber: expect.stringMatching(/^invented-/) },
    });
  });
});

describe('user activity', () => {
  test('is the whole state, at once, one message an instant', () => {
    const off: CallCenterEvent = { kind: 'agent-off', atMs: startMs + 9000, userId: ann };
    const events = [on(1000), arrival(5000, 'a'), answer(5000, 'a'), leave(9000, 'end', 'a'), off, on(9500, bob)];
    const { heard } = hear(events, [activity(ann)], 60_000);
    expect(heard.map(({ atMs, frame }) => [atMs, frame.eventBody.routingStatus.status])).toEqual([
      [1000, 'IDLE'],
      [5000, 'INTERACTING'],
      [9000, 'OFF_QUEUE'],
    ]);
    expect(heard[1]!.frame.eventBody).toMatchObject({
      id: ann,
      routingStatus: { startTime: iso(5000) },
      presence: { presenceDefinition: { systemPresence: 'ON_QUEUE' }, modifiedDate: iso(1000) },
      activeQueueIds: [sales, support],
    });
    expect(heard[2]!.frame.eventBody.presence).toMatchObject({
      presenceDefinition: { systemPresence: 'OFFLINE' },
      modifiedDate: iso(9000),
    });
  });

  test('asked for in a combined name arrives under the plain names', () => {
    const { heard } = hear([on(1000)], [`v2.users.${ann}?activity&presence&routingStatus`], 60_000);
    expect(heard.map(({ frame }) => frame.topicName).sort()).toEqual(
      ['activity', 'presence', 'routingStatus'].map((kind) => `v2.users.${ann}.${kind}`),
    );
  });
});

describe('a socket', () => {
  test('gets a heartbeat every 30 s at its own time, however busy it is and however time is told', () => {
    const beats: [number, string][] = [];
    const client = connectClient(scripted([arrival(29_900, 'a')]), {
      onFrameSent: (_, text, nowMs) => beats.push([nowMs - startMs, text]),
    });
    listen(client, []);
    client.platform.advanceTo(startMs + 95_000);
    const beat = '{"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}}';
    expect(beats).toEqual([30_000, 60_000, 90_000].map((atMs) => [atMs, beat]));
  });

  test('answers a ping with a pong and leaves other texts unanswered', () => {
    const { listener } = hear([], [], 0);
    for (const text of ['{"message":"ping"}', '1772356262', 'not json', '{}']) {
      listener.socket.message(text, startMs + 5);
    }
    expect(listener.frames.map(({ frame }) => frame)).toEqual([
      { topicName: 'channel.metadata', eventBody: { message: 'pong' } },
    ]);
  });

  test('can subscribe, and is told when that fails', () => {
    const { listener, client } = hear([on(1000)], [], 0);
    const ask = (topics: string[]) =>
      listener.socket.message(JSON.stringify({ message: 'subscribe', topics, correlationId: 'c1' }), startMs);
    ask(['v2.nothing']);
    ask([activity(ann)]);
    client.platform.advanceTo(startMs + 2000);
    expect(listener.frames.map(({ frame }) => frame)).toMatchObject([
      { result: '400', status: 'failure', correlationId: 'c1' },
      { result: '200', status: 'subscribed', correlationId: 'c1' },
      { topicName: activity(ann) },
    ]);
  });

  test('is told when what it subscribes to is no list of topics', () => {
    const { listener } = hear([], [], 0);
    for (const topics of [activity(ann), [1], undefined]) {
      listener.socket.message(JSON.stringify({ message: 'subscribe', topics, correlationId: 'c2' }), startMs);
    }
    const refused = {
      result: '400',
      status: 'failure',
      message: expect.stringContaining('topics'),
      correlationId: 'c2',
    };
    expect(listener.frames.map(({ frame }) => frame)).toEqual([refused, refused, refused]);
  });

  test('is thrown out by a newer one on its channel; the topics stay', () => {
    const { listener, client } = hear([on(1000)], [activity(ann)], 0);
    const texts: string[] = [];
    const newer = client.platform.openSocket(
      listener.channelId,
      (text) => texts.push(text),
      () => undefined,
      startMs + 1,
    );
    expect(newer.status).toBe(101);
    expect(listener.closes).toHaveLength(1);
    listener.socket.closed();
    listener.socket.message('{"message":"ping"}', startMs + 2);
    client.platform.advanceTo(startMs + 2000);
    expect(listener.frames).toEqual([]);
    expect(texts).toHaveLength(1);
  });

  test('that was away gets nothing of what it missed, only what changes after its return', () => {
    const { listener, client } = hear([arrival(1000, 'a'), arrival(20_000, 'b')], [observations(sales)], 0);
    listener.socket.closed();
    client.platform.advanceTo(startMs + 10_000);
    const texts: string[] = [];
    client.platform.openSocket(
      listener.channelId,
      (text) => texts.push(text),
      () => undefined,
      startMs + 10_000,
    );
    client.platform.advanceTo(startMs + 25_000);
    expect(texts).toHaveLength(1);
    const frame = frameOf(texts[0]!);
    expect(counts(frame)).toEqual({ [`${iso(20_000)}/${iso(20_000)}`]: { oWaiting: 2 }, [halfHour]: { nOffered: 2 } });
  });

  test('to a channel that never was is refused', () => {
    const { client } = hear([], [], 0);
    expect(
      client.platform.openSocket(
        'streaming-0-none',
        () => 0,
        () => 0,
        startMs,
      ),
    ).toEqual({ status: 404 });
  });
});

test('however coarsely time is told, the same frames are sent at the same times', () => {
  const events = [on(500), arrival(1000, 'a'), arrival(1200, 'b'), answer(1300, 'a'), leave(40_000, 'end', 'a')];
  const framesWith = (stepMs: number) => {
    const sent: string[] = [];
    const client = connectClient(scripted(events), { onFrameSent: (_, text, nowMs) => sent.push(`${nowMs} ${text}`) });
    listen(client, [observations(sales), observations(support), conversations(sales), activity(ann)]);
    for (let atMs = startMs; atMs <= startMs + 120_000; atMs += stepMs) client.platform.advanceTo(atMs);
    return sent;
  };
  expect(framesWith(120_000)).toEqual(framesWith(100));
  expect(framesWith(100).length).toBeGreaterThan(10);
});
