import fc from 'fast-check';
import type { InstantMetric, QueueEvent } from '../../streams/event.ts';

/** Midnight of a day in UTC. */
export const dayStartMs = Date.UTC(2026, 2, 2);

const queueId = fc.constantFrom('q1', 'q2');
const userId = fc.constantFrom('u1', 'u2', 'u3');
const mediaType = fc.constantFrom('voice', 'chat');
const small = fc.nat({ max: 9 });
const skillIds = fc.subarray(['s1', 's2']);
const languageId = fc.constantFrom('en', null);

const instant = (metric: string, count: number, qualifier: string | null = null): InstantMetric => ({
  metric,
  qualifier,
  count,
  startedAtMs: null,
});

const mediaMetrics = fc
  .record({ waiting: small, interacting: small })
  .map(({ waiting, interacting }) => [instant('oWaiting', waiting), instant('oInteracting', interacting)]);
const agentMetrics = fc
  .tuple(fc.constantFrom('IDLE', 'INTERACTING', 'NOT_RESPONDING'), small)
  .map(([qualifier, count]) => [instant('oOnQueueUsers', count, qualifier)]);

/** What happens, without its time. */
const happening: fc.Arbitrary<(nowMs: number) => QueueEvent[]> = fc.oneof(
  fc
    .tuple(queueId, mediaType, mediaMetrics)
    .map(([queue, media, metrics]) => (receivedAtMs: number) => [
      { kind: 'queue-observed' as const, receivedAtMs, queueId: queue, mediaType: media, metrics },
    ]),
  fc
    .tuple(queueId, agentMetrics)
    .map(([queue, metrics]) => (receivedAtMs: number) => [
      { kind: 'queue-observed' as const, receivedAtMs, queueId: queue, mediaType: null, metrics },
    ]),
  fc.tuple(queueId, mediaMetrics, agentMetrics).map(([queue, media, agents]) => (receivedAtMs: number) => [
    {
      kind: 'queue-snapshot' as const,
      receivedAtMs,
      queueId: queue,
      groups: [
        { mediaType: null, metrics: agents },
        { mediaType: 'voice', metrics: media },
      ],
      waiting: null,
    },
  ]),
  fc
    .tuple(queueId, small, fc.boolean(), skillIds, languageId, fc.option(userId))
    .map(([queue, conversation, hasLeft, skills, language, agent]) => (receivedAtMs: number) => [
      {
        kind: 'interaction-changed' as const,
        receivedAtMs,
        queueId: queue,
        conversationId: `c${conversation}`,
        mediaType: 'voice',
        stays: [
          {
            enqueuedAtMs: dayStartMs + conversation,
            leftAtMs: hasLeft ? receivedAtMs : null,
            priority: 0,
            skillIds: skills,
            languageId: language,
          },
        ],
        agents:
          agent === null
            ? []
            : [
                {
                  userId: agent,
                  connectedAtMs: hasLeft ? receivedAtMs : null,
                  endedAtMs: null,
                  wrapUpEndedAtMs: null,
                },
              ],
        customerLeftAtMs: null,
      },
    ]),
  fc.tuple(queueId, small, small).map(([queue, offered, handled]) => (receivedAtMs: number) => [
    {
      kind: 'queue-interval' as const,
      receivedAtMs,
      queueId: queue,
      mediaType: 'voice',
      startMs: receivedAtMs - (receivedAtMs % 1_800_000),
      endMs: receivedAtMs - (receivedAtMs % 1_800_000) + 1_800_000,
      metrics: [
        { metric: 'nOffered', qualifier: null, stats: { count: offered } },
        { metric: 'tHandle', qualifier: null, stats: { count: handled, sum: handled * 100_000 } },
      ],
    },
  ]),
  fc
    .tuple(userId, fc.constantFrom('IDLE', 'INTERACTING', 'OFF_QUEUE'))
    .map(([user, status]) => (receivedAtMs: number) => [
      {
        kind: 'agent-status' as const,
        receivedAtMs,
        userId: user,
        routingStatus: status,
        routingStatusSinceMs: receivedAtMs,
        presence: null,
        presenceSinceMs: null,
        activeQueueIds: ['q1'],
      },
    ]),
  fc
    .tuple(userId, fc.array(fc.tuple(fc.constantFrom('s1', 's2'), fc.nat({ max: 5 })), { maxLength: 2 }), languageId)
    .map(([user, skills, language]) => (receivedAtMs: number) => [
      {
        kind: 'agent-profile' as const,
        receivedAtMs,
        userId: user,
        skills: skills.map(([skillId, proficiency]) => ({ skillId, proficiency })),
        languages: language === null ? [] : [{ languageId: language, proficiency: 5 }],
      },
    ]),
  fc.constantFrom('a', 'b').map((name) => (receivedAtMs: number) => [
    {
      kind: 'queue-profile' as const,
      receivedAtMs,
      queueId: 'q1',
      name,
      serviceLevels: name === 'a' ? [] : [{ mediaType: 'voice', target: 0.8, durationMs: 20_000 }],
    },
  ]),
  fc
    .tuple(
      fc.nat({ max: 90_000 }),
      fc.constantFrom<string[] | null>(null, ['q1'], ['q2']),
      fc.uniqueArray(userId, { maxLength: 2 }),
    )
    .map(([lengthMs, queueIds, agents]) => (receivedAtMs: number) => {
      const channel = queueIds?.[0] === 'q2' ? 1 : 0;
      const concerned = { channel, queueIds, userIds: queueIds === null ? null : agents };
      const gap = { kind: 'channel-gap' as const, ...concerned, startMs: receivedAtMs, cause: 'closed' };
      const endMs = receivedAtMs + lengthMs;
      return [
        { ...gap, receivedAtMs, endMs: null, repairedBy: 'none' as const },
        { ...gap, receivedAtMs: endMs, endMs, repairedBy: 'snapshot' as const },
      ];
    }),
  fc.constant((receivedAtMs: number) => [
    { kind: 'input-rejected' as const, receivedAtMs, place: 'v2.x', cause: 'unknown topic' },
  ]),
);

/** A journal: stamps never fall, a tick follows whenever a second has passed. */
export const journals: fc.Arbitrary<readonly QueueEvent[]> = fc
  .array(fc.tuple(fc.nat({ max: 40_000 }), happening), { maxLength: 60 })
  .map((steps) => {
    const journal: QueueEvent[] = [];
    let nowMs = dayStartMs + 32_400_000;
    for (const [afterMs, happen] of steps) {
      nowMs += afterMs;
      if (afterMs >= 1_000) journal.push({ kind: 'tick', receivedAtMs: nowMs, heardUntilMs: nowMs - 500 });
      const events = happen(nowMs);
      journal.push(...events);
      nowMs = Math.max(nowMs, ...events.map((event) => event.receivedAtMs));
    }
    journal.push({ kind: 'tick', receivedAtMs: nowMs + 200_000, heardUntilMs: nowMs + 200_000 });
    return journal;
  });
