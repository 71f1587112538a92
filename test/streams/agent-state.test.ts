import { describe, expect, test } from 'vitest';
import { followAgents } from '../../streams/agent-state.ts';
import { queueEvent, type QueueEvent } from '../../streams/event.ts';
import { run } from '../../streams/logic.ts';
import type { AgentState } from '../../streams/records/agent-state.ts';

const said = (receivedAtMs: number, routingStatus: string, routingStatusSinceMs: number): QueueEvent => ({
  ...{ kind: 'agent-status', receivedAtMs, userId: 'u', routingStatus, routingStatusSinceMs },
  ...{ presence: null, presenceSinceMs: null, activeQueueIds: null },
});
const last = (...events: QueueEvent[]) => run(followAgents(), events).at(-1)?.value;

describe('what an agent does', () => {
  test('is not set back by an answer that a newer frame has overtaken', () => {
    const events = [said(1_000, 'IDLE', 900), said(2_000, 'INTERACTING', 1_900), said(2_100, 'IDLE', 900)];
    expect(last(...events)).toMatchObject({ routingStatus: 'INTERACTING', routingStatusSinceMs: 1_900 });
  });

  test('is known after the clock of the platform was ahead, though what comes then has earlier dates', () => {
    const ahead = said(1_000, 'IDLE', 91_000);
    expect(last(ahead)).toMatchObject({ routingStatusSinceMs: 1_000 });
    expect(last(ahead, said(30_000, 'INTERACTING', 29_900))).toMatchObject({ routingStatus: 'INTERACTING' });
  });

  test('has its date set right where the status is the same', () => {
    expect(last(said(95_000, 'IDLE', 91_000), said(180_000, 'IDLE', 1_000))).toMatchObject({
      routingStatusSinceMs: 1_000,
    });
  });
});

test('an agent who is watched no more is stale, and known anew when he is heard of again', () => {
  const removed: QueueEvent = { kind: 'agent-removed', receivedAtMs: 2_000, userId: 'u' };
  expect(last(said(1_000, 'IDLE', 900), removed)).toMatchObject({
    status: 'stale',
    routingStatus: 'IDLE',
    observedAtMs: 2_000,
  });
  expect(last(said(1_000, 'IDLE', 900), removed, said(9_000, 'OFF_QUEUE', 800))).toMatchObject({
    status: 'observed',
    routingStatus: 'OFF_QUEUE',
  });
  expect(run(followAgents(), [removed])).toEqual([]);
});

test('how customers liked an agent is told as it changes, also of one who is stale', () => {
  const liked = (value: number | null): QueueEvent => ({
    ...{ kind: 'agent-satisfaction', receivedAtMs: 2_000, userId: 'u', value },
  });
  expect(last(said(1_000, 'IDLE', 900))).toMatchObject({ csat: null });
  expect(last(said(1_000, 'IDLE', 900), liked(0.8))).toMatchObject({ csat: 0.8, routingStatus: 'IDLE' });
  expect(last(said(1_000, 'IDLE', 900), liked(0.8), liked(null))).toMatchObject({ csat: null });
  expect(run(followAgents(), [said(1_000, 'IDLE', 900), liked(0.8), liked(0.8)])).toHaveLength(2);
});

test('what an agent can do is told with how well, in the order of the ids of skills', () => {
  const skills = [
    { skillId: 'b', proficiency: 2.5 },
    { skillId: 'a', proficiency: 4 },
  ];
  const profile: QueueEvent = { kind: 'agent-profile', receivedAtMs: 1_000, userId: 'u', skills, languages: [] };
  expect(last(profile)).toMatchObject({ skillIds: ['a', 'b'], proficiencies: [skills[1], skills[0]] });
});

describe('what an agent did before a gap', () => {
  const gap = (userIds: string[] | null, startMs: number, endMs: number | null, channel = 1): QueueEvent => ({
    ...{ kind: 'channel-gap', receivedAtMs: endMs ?? startMs, channel, queueIds: [], userIds, startMs, endMs },
    ...{ cause: 'silent', repairedBy: endMs === null ? 'none' : 'snapshot' },
  });
  const statuses = (...events: QueueEvent[]) =>
    run(followAgents(), events).map(({ value }) => {
      const { routingStatus, status } = value as AgentState;
      return [routingStatus, status];
    });

  test('is stale from the moment the gap is known until it is over and the agent was heard of again', () => {
    const events = [said(1_000, 'IDLE', 900), gap(['u'], 2_000, null), said(3_000, 'INTERACTING', 2_500)];
    expect(statuses(...events, gap(['u'], 2_000, 4_000))).toEqual([
      ['IDLE', 'observed'],
      ['IDLE', 'stale'],
      ['INTERACTING', 'stale'],
      ['INTERACTING', 'observed'],
    ]);
    const unheard = [said(1_000, 'IDLE', 900), gap(['u'], 2_000, null), gap(['u'], 2_000, 4_000)];
    expect(statuses(...unheard).at(-1)).toEqual(['IDLE', 'stale']);
    expect(statuses(...unheard, said(5_000, 'IDLE', 900)).at(-1)).toEqual(['IDLE', 'observed']);
  });

  test('stays as it is when the gap is that of another channel, and is stale when it is that of all', () => {
    const told = said(1_000, 'IDLE', 900);
    expect(statuses(told, gap(['other'], 2_000, null), gap(['other'], 2_000, 3_000))).toEqual([['IDLE', 'observed']]);
    expect(statuses(told, gap(null, 2_000, null)).at(-1)).toEqual(['IDLE', 'stale']);
  });

  test('is stale for a gap that is found to be wider, and for one of an earlier journal, which names no agents', () => {
    const told = said(1_000, 'IDLE', 900);
    const wider = statuses(told, gap([], 2_000, null), gap(['u'], 2_000, null));
    expect(wider).toEqual([
      ['IDLE', 'observed'],
      ['IDLE', 'stale'],
    ]);
    const { userIds, ...earlier } = gap(null, 2_000, null) as Extract<QueueEvent, { kind: 'channel-gap' }>;
    expect(userIds).toBeNull();
    expect(statuses(told, queueEvent.parse(earlier)).at(-1)).toEqual(['IDLE', 'stale']);
  });

  test('is stale part by part: who was heard to be idle may have another presence by now', () => {
    const present: QueueEvent = { ...said(1_000, 'IDLE', 900), presence: 'ON_QUEUE' } as QueueEvent;
    const events = [present, gap(['u'], 2_000, null), said(3_000, 'IDLE', 900), gap(['u'], 2_000, 4_000)];
    expect(last(...events)).toMatchObject({ status: 'stale' });
    expect(last(...events, { ...present, receivedAtMs: 5_000 })).toMatchObject({ status: 'observed' });
  });

  test('never wins by its date over what is said after the gap', () => {
    const events = [said(2_000, 'IDLE', 1_900), gap(['u'], 2_000, null), said(3_000, 'INTERACTING', 1_000)];
    expect(last(...events, gap(['u'], 2_000, 4_000))).toMatchObject({
      ...{ status: 'observed', routingStatus: 'INTERACTING', routingStatusSinceMs: 1_000 },
    });
  });

  test('is freed by a gap that ends for those who have the channel by then, and by one of all', () => {
    const told = said(1_000, 'IDLE', 900);
    const again = said(3_000, 'IDLE', 900);
    expect(statuses(told, gap(['u'], 2_000, null), again, gap([], 2_000, 4_000)).at(-1)).toEqual(['IDLE', 'observed']);
    const ofAll = gap(null, 1_500, 4_000, 0);
    expect(statuses(told, gap(['u'], 2_000, null), again, ofAll).at(-1)).toEqual(['IDLE', 'observed']);
  });
});
