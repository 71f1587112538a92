import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FrameArrival, RestArrival } from '../../../src/genesys/arrival.ts';
import { decodeArrival } from '../../../src/genesys/decode.ts';
import { keepRead } from '../../../src/recording/keep.ts';

const queueId = '11111111-1111-4111-8111-111111111111';
const topics = [
  `v2.analytics.queues.${queueId}.observations`,
  `v2.routing.queues.${queueId}.conversations`,
  'v2.users.u1.activity',
  'v2.users.u1.conversationsummary',
  'channel.metadata',
  '',
];
const paths = [
  '/api/v2/analytics/queues/observations/query',
  '/api/v2/analytics/conversations/activity/query',
  '/api/v2/analytics/routing/activity/query',
  '/api/v2/analytics/conversations/aggregates/query',
  '/api/v2/routing/queues',
  '/api/v2/users',
  '/api/v2/unheard/of',
];

/** Names that the decoder reads, and some that it must not. */
const names = [
  ...['id', 'group', 'queueId', 'mediaType', 'data', 'interval', 'metrics', 'metric', 'qualifier', 'stats', 'count'],
  ...['participants', 'purpose', 'connectedTime', 'endTime', 'userId', 'conversationRoutingData', 'queue', 'priority'],
  ...['skills', 'calls', 'chats', 'results', 'entities', 'activityDate', 'conversationId', 'truncated', 'nextUri'],
  ...['routingStatus', 'status', 'startTime', 'presence', 'presenceDefinition', 'systemPresence', 'activeQueueIds'],
  ...['name', 'mediaSettings', 'call', 'serviceLevel', 'percentage', 'durationMs', 'languages', 'proficiency', 'state'],
  ...['ani', 'dnis', 'address', 'attributes', 'participantName', 'presenceMessage', '__proto__'],
];

const leaf = fc.oneof(
  fc.constantFrom<unknown>(queueId, 'acd', 'agent', 'customer', 'oWaiting', '2026-03-01T09:11:02.118Z', 'a/b'),
  fc.constantFrom<unknown>(null, true, 0, 3, -0, 1.5),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const { body } = fc.letrec<{ body: unknown }>((tie) => ({
  body: fc.oneof(
    { maxDepth: 6 },
    { arbitrary: leaf, weight: 2 },
    { arbitrary: fc.array(tie('body'), { maxLength: 3 }), weight: 2 },
    { arbitrary: fc.dictionary(fc.constantFrom(...names), tie('body'), { maxKeys: 8 }), weight: 4 },
  ),
}));

/** As it comes out of a file again. */
const copied = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));

const frame = (topic: string | null, of: unknown): FrameArrival => ({
  kind: 'frame',
  receivedAtMs: 7,
  topic,
  body: of,
});
const rest = (path: string, of: unknown): RestArrival => ({
  ...{ kind: 'rest', receivedAtMs: 7, path, queueIds: [queueId], interval: { startMs: 0, endMs: 1_800_000 } },
  body: of,
});

const conversation = {
  id: 'c1',
  participants: [
    {
      purpose: 'customer',
      name: 'Secret',
      ani: 'Secret',
      attributes: { account: 'Secret' },
      calls: [{ dnis: 'Secret' }],
    },
    {
      purpose: 'acd',
      queueId,
      connectedTime: '2026-03-01T09:11:02.118Z',
      conversationRoutingData: { priority: 5, skills: [{ id: 'k1', name: 'Secret' }] },
      callbacks: [{ id: 's1', customerName: 'Secret' }],
    },
    { purpose: 'agent', queueId, userId: 'u1', name: 'Secret', connectedTime: '2026-03-01T09:12:00.000Z' },
  ],
};

describe('what is kept of a body', () => {
  test('decodes to the same events as the whole, valid or not', () => {
    const arrivals = [
      ...topics.map((topic) => (of: unknown) => frame(topic, of)),
      ...paths.map((path) => (of: unknown) => rest(path, of)),
    ];
    fc.assert(
      fc.property(fc.constantFrom(...arrivals), body, (arrivalOf, whole) => {
        const arrival = arrivalOf(copied(whole));
        const kept = arrivalOf(copied(keepRead(arrival)));
        expect(copied(decodeArrival(kept))).toEqual(copied(decodeArrival(arrival)));
      }),
      { numRuns: 3_000 },
    );
  });

  test('of a conversation is who waits where since when, and of its sessions only how many there are', () => {
    const [topic] = topics.slice(1);
    const kept = keepRead(frame(topic!, conversation));
    expect(JSON.stringify(kept)).not.toContain('Secret');
    expect(decodeArrival(frame(topic!, kept))).toEqual(decodeArrival(frame(topic!, conversation)));
    expect(decodeArrival(frame(topic!, kept))).toMatchObject([{ conversationId: 'c1', mediaType: 'callback' }]);
  });

  test('keeps nothing of what does not validate but its type', () => {
    const broken = {
      id: { secret: 'Secret' },
      participants: [{ purpose: ['Secret'], connectedTime: { at: 'Secret' } }],
    };
    const kept = keepRead(frame(topics[1]!, broken));
    expect(kept).toEqual({ id: {}, participants: [{ purpose: [], connectedTime: {} }] });
    expect(decodeArrival(frame(topics[1]!, kept))).toEqual(decodeArrival(frame(topics[1]!, broken)));
  });

  test.each([null, '', 'v2.users.u1.conversationsummary', 'channel.metadata', 'v2.system.socket_closing'])(
    'is nothing where no body is read: topic %s',
    (topic) => {
      expect(keepRead(frame(topic, { message: 'Secret' }))).toBeNull();
    },
  );

  test('of people is ids, skills and languages', () => {
    const entities = [
      { id: 'u1', name: 'Secret', email: 'Secret', skills: [{ id: 'k1', name: 'Secret', proficiency: 3 }] },
    ];
    expect(keepRead(rest('/api/v2/users', { entities, total: 1 }))).toEqual({
      entities: [{ id: 'u1', skills: [{ id: 'k1', proficiency: 3 }] }],
    });
  });
});
