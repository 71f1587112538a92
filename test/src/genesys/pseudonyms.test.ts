import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPseudonyms, pseudonymize } from '../../../src/genesys/pseudonyms.ts';
import type { QueueEvent } from '../../../streams/event.ts';

const agent = '22222222-2222-4222-8222-222222222222';
const key = 'a key of sixteen letters';

test('a pseudonym is a UUID, the same for one key, and another for another key or agent', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (one, other) => {
      const pseudonymOf = createPseudonyms(key);
      expect(pseudonymOf(one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(createPseudonyms(key)(one)).toBe(pseudonymOf(one));
      expect(createPseudonyms('another key')(one)).not.toBe(pseudonymOf(one));
      expect(pseudonymOf(one) === pseudonymOf(other)).toBe(one === other);
    }),
  );
});

test('no event keeps the id of an agent, wherever it stands', () => {
  const at = { receivedAtMs: 1 };
  const events: QueueEvent[] = [
    { ...at, kind: 'agent-profile', userId: agent, skills: [], languages: [] },
    { ...at, kind: 'agent-satisfaction', userId: agent, value: 0.7 },
    { ...at, kind: 'input-rejected', place: `v2.users.${agent}.activity`, cause: 'id: invalid_type' },
    { ...at, kind: 'input-rejected', place: `routing/activity of ${agent}`, cause: 'not a time' },
    {
      ...{ ...at, kind: 'interaction-changed', queueId: 'q', conversationId: 'c', mediaType: 'voice', stays: [] },
      agents: [{ userId: agent, connectedAtMs: 1, endedAtMs: null, wrapUpEndedAtMs: null }],
      customerLeftAtMs: null,
    },
    {
      ...{ ...at, kind: 'agent-status', userId: agent, routingStatus: 'IDLE', routingStatusSinceMs: 1 },
      ...{ presence: null, presenceSinceMs: null, activeQueueIds: ['q'] },
    },
  ];
  events.push({
    ...{ ...at, kind: 'channel-gap', channel: 0, queueIds: ['q'], userIds: [agent], startMs: 0, endMs: null },
    ...{ cause: 'silent', repairedBy: 'none' },
  });
  const pseudonymOf = createPseudonyms(key);
  const written = events.map((event) => JSON.stringify(pseudonymize(event, pseudonymOf)));
  for (const text of written) {
    expect(text).not.toContain(agent);
    expect(text).toContain(pseudonymOf(agent));
  }
  const tick: QueueEvent = { kind: 'tick', receivedAtMs: 1, heardUntilMs: null };
  expect(pseudonymize(tick, pseudonymOf)).toBe(tick);
});
