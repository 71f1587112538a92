import { describe, expect, test } from 'vitest';
import { followAgents } from '../../streams/agent-state.ts';
import { publishGaps } from '../../streams/channel-gap.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { beat } from '../../streams/heartbeat.ts';
import { type Logic, run } from '../../streams/logic.ts';
import { publishQueueProfiles } from '../../streams/queue-profile.ts';
import type { Output } from '../../streams/record.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { localDate } from '../../streams/time-zone.ts';

const values = <S>(logic: Logic<S, QueueEvent, Output>, ...events: QueueEvent[]) =>
  run(logic, events).map(({ value }) => value);

describe('an agent', () => {
  const status = (
    receivedAtMs: number,
    change: Partial<Extract<QueueEvent, { kind: 'agent-status' }>>,
  ): QueueEvent => ({
    kind: 'agent-status',
    receivedAtMs,
    userId: 'u',
    routingStatus: null,
    routingStatusSinceMs: null,
    presence: null,
    presenceSinceMs: null,
    activeQueueIds: null,
    ...change,
  });

  test('keeps what a later message does not say', () => {
    const idle = status(1, { routingStatus: 'IDLE', routingStatusSinceMs: 1, activeQueueIds: ['b', 'a'] });
    const present = status(2, { presence: 'ON_QUEUE', presenceSinceMs: 2 });
    expect(values(followAgents(), idle, present).at(-1)).toMatchObject({
      routingStatus: 'IDLE',
      routingStatusSinceMs: 1,
      presence: 'ON_QUEUE',
      activeQueueIds: ['a', 'b'],
    });
  });

  test('is not set back by an answer that is older than a frame', () => {
    const frame = status(10, { routingStatus: 'INTERACTING', routingStatusSinceMs: 9 });
    const answer = status(11, { routingStatus: 'IDLE', routingStatusSinceMs: 5 });
    expect(values(followAgents(), frame, answer)).toMatchObject([{ routingStatus: 'INTERACTING' }]);
    const left = status(12, { routingStatus: 'OFF_QUEUE', routingStatusSinceMs: 12, activeQueueIds: [] });
    const late = status(13, { routingStatus: 'IDLE', routingStatusSinceMs: 5, activeQueueIds: ['a'] });
    expect(values(followAgents(), left, late)).toMatchObject([{ activeQueueIds: [] }]);
  });
});

describe('a gap', () => {
  const gap = (startMs: number, endMs: number | null): QueueEvent => ({
    kind: 'channel-gap',
    queueIds: null,
    userIds: null,
    receivedAtMs: endMs ?? startMs,
    channel: 0,
    startMs,
    endMs,
    cause: 'closed',
    repairedBy: endMs === null ? 'none' : 'snapshot',
  });

  test('is published when found, and once more when repaired', () => {
    expect(values(publishGaps(), gap(5, null), gap(5, 9))).toMatchObject([
      { startMs: 5, endMs: null, repairedBy: 'none', revision: 0 },
      { startMs: 5, endMs: 9, repairedBy: 'snapshot', revision: 1 },
    ]);
  });

  test('left open by a process that died is closed with that of its successor', () => {
    expect(values(publishGaps(), gap(5, null), gap(7, null), gap(7, 9)).slice(2)).toMatchObject([
      { startMs: 5, endMs: 9, revision: 1 },
      { startMs: 7, endMs: 9, revision: 1 },
    ]);
  });
});

test('a queue profile is published with a new revision only when something in it has changed', () => {
  const profile = (receivedAtMs: number, name: string): QueueEvent => ({
    kind: 'queue-profile',
    receivedAtMs,
    queueId: 'q',
    name,
    serviceLevels: [{ mediaType: 'voice', target: 0.8, durationMs: 20_000 }],
  });
  expect(values(publishQueueProfiles(), profile(1, 'Sales'), profile(2, 'Sales'), profile(3, 'Orders'))).toMatchObject([
    { name: 'Sales', revision: 0, validFromMs: 1, voiceServiceLevelTarget: 0.8 },
    { name: 'Orders', revision: 1, validFromMs: 3 },
  ]);
});

test('a heartbeat comes every five seconds of ticks and says how far was heard', () => {
  const ticks = Array.from({ length: 12 }, (_, second): QueueEvent => ({
    kind: 'tick',
    receivedAtMs: second * 1000,
    heardUntilMs: 3,
  }));
  expect(values(beat(0), ...ticks)).toEqual([
    { shard: 0, heardUntilMs: 3, tickMs: 0, sequence: 0 },
    { shard: 0, heardUntilMs: 3, tickMs: 5_000, sequence: 1 },
    { shard: 0, heardUntilMs: 3, tickMs: 10_000, sequence: 2 },
  ]);
});

test('a local date follows the zone, across its change of clocks', () => {
  expect(localDate(Date.UTC(2026, 2, 28, 22, 59), 'Europe/Berlin')).toBe('2026-03-28');
  expect(localDate(Date.UTC(2026, 2, 28, 23, 0), 'Europe/Berlin')).toBe('2026-03-29');
  expect(localDate(Date.UTC(2026, 2, 29, 22, 0), 'Europe/Berlin')).toBe('2026-03-30');
});

test('no two record types share a topic, and names are what topics may hold', () => {
  const topics = recordTypes.map(({ name, version }) => `${name}.v${version}`);
  expect(new Set(topics).size).toBe(topics.length);
  for (const topic of topics) expect(topic).toMatch(/^[a-z]+(-[a-z]+)*\.v\d+$/);
});
