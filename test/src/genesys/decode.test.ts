import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toFrameArrival } from '../../../src/genesys/arrival.ts';
import { decodeArrival } from '../../../src/genesys/decode.ts';
import { queueEvent } from '../../../streams/event.ts';

const queueId = '11111111-1111-4111-8111-111111111111';
const frame = (topicName: string, eventBody: unknown) =>
  decodeArrival(
    toFrameArrival(JSON.stringify({ topicName, version: '2', eventBody, metadata: { CorrelationId: 'x' } }), 7),
  );
const rest = (path: string, body: unknown, queueIds = [queueId]) =>
  decodeArrival({ kind: 'rest', receivedAtMs: 7, path, queueIds, body });

describe('a frame', () => {
  test('of queue observations parts into what a half hour holds and, after it, what is now', () => {
    const events = frame(`v2.analytics.queues.${queueId}.observations`, {
      group: { queueId, mediaType: 'voice' },
      data: [
        {
          interval: '2026-03-01T09:12:04.000Z/2026-03-01T09:12:04.000Z',
          metrics: [{ metric: 'oWaiting', stats: { count: 3 } }],
        },
        {
          interval: '2026-03-01T09:00:00.000Z/2026-03-01T09:30:00.000Z',
          metrics: [{ metric: 'tAnswered', stats: { count: 17, sum: 340120, min: 2100, max: 61000 } }],
        },
      ],
    });
    expect(events).toEqual([
      {
        kind: 'queue-interval',
        receivedAtMs: 7,
        queueId,
        mediaType: 'voice',
        startMs: Date.UTC(2026, 2, 1, 9),
        endMs: Date.UTC(2026, 2, 1, 9, 30),
        metrics: [{ metric: 'tAnswered', qualifier: null, stats: { count: 17, sum: 340120, min: 2100, max: 61000 } }],
      },
      {
        kind: 'queue-observed',
        receivedAtMs: 7,
        queueId,
        mediaType: 'voice',
        metrics: [{ metric: 'oWaiting', qualifier: null, count: 3, startedAtMs: null }],
      },
    ]);
  });

  test('of agent counts has no media type and keeps its qualifiers', () => {
    const [event] = frame(`v2.analytics.queues.${queueId}.observations`, {
      group: { queueId },
      data: [
        {
          interval: '2026-03-01T09:12:04.000Z/2026-03-01T09:12:04.000Z',
          metrics: [{ metric: 'oOnQueueUsers', qualifier: 'IDLE', stats: { count: 2 } }],
        },
      ],
    });
    expect(event).toMatchObject({
      mediaType: null,
      metrics: [{ metric: 'oOnQueueUsers', qualifier: 'IDLE', count: 2 }],
    });
  });

  test('of a conversation gives each stay in this queue and no personal data', () => {
    const events = frame(`v2.routing.queues.${queueId}.conversations`, {
      id: 'c1',
      participants: [
        { purpose: 'customer', name: 'Private Person', address: 'tel:+15550100', attributes: { secret: 'Private' } },
        { purpose: 'acd', queueId: 'other', connectedTime: '2026-03-01T09:00:00.000Z', calls: [{}] },
        {
          purpose: 'acd',
          queueId,
          connectedTime: '2026-03-01T09:11:02.118Z',
          endTime: '2026-03-01T09:12:00.000Z',
          conversationRoutingData: { priority: 5, skills: [{ id: 'k1' }], language: { id: 'l1' } },
          calls: [{ ani: 'tel:+15550100' }],
        },
        { purpose: 'agent', queueId, userId: 'u1', connectedTime: '2026-03-01T09:12:00.000Z' },
      ],
    });
    expect(events).toEqual([
      {
        kind: 'interaction-changed',
        receivedAtMs: 7,
        queueId,
        conversationId: 'c1',
        mediaType: 'voice',
        stays: [
          {
            enqueuedAtMs: Date.parse('2026-03-01T09:11:02.118Z'),
            leftAtMs: Date.parse('2026-03-01T09:12:00.000Z'),
            priority: 5,
            skillIds: ['k1'],
            languageId: 'l1',
          },
        ],
        agents: [
          {
            userId: 'u1',
            connectedAtMs: Date.parse('2026-03-01T09:12:00.000Z'),
            endedAtMs: null,
            wrapUpEndedAtMs: null,
          },
        ],
        customerLeftAtMs: null,
      },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/Private|5550100/);
  });

  test('of a conversation that came back to this queue as a callback says callback', () => {
    const stay = { purpose: 'acd', queueId, connectedTime: '2026-03-01T09:11:02.118Z' };
    const ended = { ...stay, endTime: '2026-03-01T09:12:00.000Z' };
    const mediaTypeOf = (...participants: object[]) => {
      const [event] = frame(`v2.routing.queues.${queueId}.conversations`, { id: 'c1', participants });
      return event?.kind === 'interaction-changed' ? event.mediaType : event;
    };
    expect(mediaTypeOf({ ...ended, calls: [{}] }, { ...stay, callbacks: [{}] })).toBe('callback');
    expect(mediaTypeOf({ ...ended, calls: [{}] }, { ...ended, callbacks: [{}] })).toBe('callback');
    expect(mediaTypeOf({ ...stay, calls: [{}] }, { ...ended, callbacks: [{}] })).toBe('voice');
  });

  test('that only keeps the connection alive says nothing', () => {
    expect(frame('channel.metadata', { message: 'WebSocket Heartbeat' })).toEqual([]);
    expect(frame('v2.system.socket_closing', { message: 'soon' })).toEqual([]);
    expect(decodeArrival(toFrameArrival('{"result":"200","status":"subscribed"}', 7))).toEqual([]);
  });

  test('that does not validate is rejected by field, without its values', () => {
    const [event] = frame(`v2.analytics.queues.${queueId}.observations`, { group: { queueId: 5550100 }, data: [] });
    expect(event).toEqual({
      kind: 'input-rejected',
      receivedAtMs: 7,
      place: `v2.analytics.queues.${queueId}.observations`,
      cause: 'group.queueId: invalid_type',
    });
    expect(frame('v2.unheard.of', {})).toMatchObject([{ kind: 'input-rejected', cause: 'unknown topic' }]);
    expect(decodeArrival(toFrameArrival('not JSON {', 7))).toMatchObject([{ kind: 'input-rejected', place: 'socket' }]);
    const times = { group: { queueId }, data: [{ interval: 'now/then', metrics: [] }] };
    expect(frame(`v2.analytics.queues.${queueId}.observations`, times)).toMatchObject([
      { cause: 'interval: not a time' },
    ]);
  });

  test('whose numbers are absurd is rejected, and a metric without a count is no count of zero', () => {
    const frameOf = (stats: object) =>
      frame(`v2.analytics.queues.${queueId}.observations`, {
        group: { queueId },
        data: [{ interval: 'a/a', metrics: [{ metric: 'oWaiting', stats }] }],
      });
    expect(frameOf({ count: 1e20 })).toMatchObject([{ kind: 'input-rejected' }]);
    expect(frameOf({})).toMatchObject([{ kind: 'queue-observed', metrics: [] }]);
    for (const text of ['[1]', '{"topicName":5}', '"x"']) {
      expect(decodeArrival(toFrameArrival(text, 7))).toMatchObject([{ kind: 'input-rejected' }]);
    }
  });

  test('of any content never throws, and what comes out is a journal event', () => {
    const topics = fc.constantFrom(
      `v2.analytics.queues.${queueId}.observations`,
      `v2.routing.queues.${queueId}.conversations`,
      'v2.users.u1.activity',
      '',
    );
    const word = fc.constantFrom(
      'group',
      'queueId',
      'data',
      'metrics',
      'interval',
      'stats',
      'participants',
      'id',
      'calls',
    );
    const value = fc.object({ key: word, maxDepth: 4, withNullPrototype: false });
    fc.assert(
      fc.property(topics, value, (topicName, eventBody) => {
        for (const event of frame(topicName, eventBody)) queueEvent.parse(event);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const event of decodeArrival(toFrameArrival(text, 1))) queueEvent.parse(event);
      }),
    );
  });
});

describe('a REST answer', () => {
  test('of observations covers every queue that was asked about, also those it leaves out', () => {
    const body = { results: [{ group: { queueId }, data: [{ metric: 'oMemberUsers', stats: { count: 12 } }] }] };
    expect(rest('/api/v2/analytics/queues/observations/query', body, [queueId, 'quiet'])).toMatchObject([
      { kind: 'queue-snapshot', queueId, groups: [{ mediaType: null }], waiting: null },
      { kind: 'queue-snapshot', queueId: 'quiet', groups: [], waiting: null },
    ]);
    const longest = { metric: 'oLongestWaiting', stats: { count: 1, calculatedMetricValue: 1772356262118 } };
    const oldest = { results: [{ group: { queueId, mediaType: 'voice' }, data: [longest] }] };
    expect(rest('/api/v2/analytics/queues/observations/query', oldest)).toMatchObject([
      { groups: [{ mediaType: 'voice', metrics: [{ metric: 'oLongestWaiting', startedAtMs: 1772356262118 }] }] },
    ]);
    expect(rest('/api/v2/analytics/queues/observations/query', {})).toMatchObject([{ queueId, groups: [] }]);
  });

  test('of conversation activity names everyone who waits, unless the list was cut', () => {
    const entity = {
      activityDate: '2026-03-01T09:11:02.118Z',
      metric: 'oWaiting',
      conversationId: 'c1',
      queueId,
      mediaType: 'call',
    };
    const answer = (truncated: boolean) => ({ results: [{ group: { queueId }, truncated, entities: [entity] }] });
    const path = '/api/v2/analytics/conversations/activity/query';
    expect(rest(path, answer(false))).toMatchObject([
      { queueId, groups: null, waiting: [{ conversationId: 'c1', mediaType: 'voice', enqueuedAtMs: 1772356262118 }] },
    ]);
    expect(rest(path, answer(true))).toEqual([]);
  });

  test('with one malformed time spoils the list of its queue only', () => {
    const entity = { metric: 'oWaiting', conversationId: 'c1', mediaType: 'voice', activityDate: 'soon' };
    const body = { results: [{ group: {}, entities: [{ ...entity, queueId }] }] };
    expect(rest('/api/v2/analytics/conversations/activity/query', body, [queueId, 'other'])).toMatchObject([
      { kind: 'input-rejected', cause: 'activityDate: not a time' },
      { kind: 'queue-snapshot', queueId: 'other', waiting: [] },
    ]);
  });

  test('of routing activity gives one status an agent, with all the queues he takes part in', () => {
    const entity = {
      userId: 'u1',
      routingStatus: 'IDLE',
      systemPresence: 'On Queue',
      routingStatusDate: '2026-03-01T09:12:31.004Z',
    };
    const body = {
      results: [
        { entities: [{ ...entity, queueId: 'a', queueMembershipStatus: 'active' }] },
        { entities: [{ ...entity, queueId: 'b', queueMembershipStatus: 'inactive' }] },
        { entities: [{ ...entity, queueId: 'c' }] },
      ],
    };
    expect(rest('/api/v2/analytics/routing/activity/query', body)).toMatchObject([
      { kind: 'agent-status', userId: 'u1', presence: 'ON_QUEUE', activeQueueIds: ['a', 'c'] },
    ]);
  });

  test('of queues gives names and targets by analytics media type', () => {
    const call = { serviceLevel: { percentage: 0.8, durationMs: 20_000 } };
    const body = { entities: [{ id: queueId, name: 'Support', mediaSettings: { call, chat: {} } }] };
    expect(rest('/api/v2/routing/queues', body)).toMatchObject([
      {
        kind: 'queue-profile',
        name: 'Support',
        serviceLevels: [{ mediaType: 'voice', target: 0.8, durationMs: 20_000 }],
      },
    ]);
  });
});
