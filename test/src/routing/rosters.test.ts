import { describe, expect, test } from 'vitest';
import { topicOf } from '../../../streams/record.ts';
import { agentState, type AgentState } from '../../../streams/records/agent-state.ts';
import { heartbeat } from '../../../streams/records/heartbeat.ts';
import { queueProfile } from '../../../streams/records/queue-profile.ts';
import { GenesysError } from '../../../src/genesys/errors.ts';
import type { Rest } from '../../../src/genesys/rest.ts';
import { createLatest } from '../../../src/latest.ts';
import { rosterTopics } from '../../../src/routing/live-roster.ts';
import { createRosters, type Rosters } from '../../../src/routing/rosters.ts';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { createPlatform } from '../../../src/simulator/platform.ts';
import { createVirtualGenesys } from '../../support/virtual-genesys.ts';
import { createVirtualTime } from '../../support/virtual-time.ts';
import { ann, bob, callId, sales, scripted, startMs, support } from '../simulator/virtual-client.ts';

const day = { startMs: startMs - 86_400_000, endMs: startMs + 86_400_000 };
const events: readonly CallCenterEvent[] = [
  { kind: 'agent-on', atMs: startMs, userId: ann },
  { kind: 'agent-on', atMs: startMs, userId: bob },
  { kind: 'arrival', atMs: startMs + 1_000, callId: callId('a'), queueId: sales, priority: 0 },
  { kind: 'answer', atMs: startMs + 2_000, callId: callId('a'), userId: bob },
  { kind: 'survey-sent', atMs: startMs + 3_000, queueId: sales, userId: ann },
  { kind: 'survey-answered', atMs: startMs + 4_000, queueId: sales, userId: ann, score: 80 },
];

/** A platform that answers until it is broken, asked by what is tested, in a time that passes as it needs. */
function withPlatform() {
  const time = createVirtualTime(startMs + 60_000);
  const platform = createPlatform({ driver: scripted(events), clients: [{ id: 'client', secret: 'secret' }] });
  const { rest, asked } = createVirtualGenesys(platform, time, () => 0.5);
  let isBroken = false;
  const guarded = <T>(call: () => Promise<T>): Promise<T> =>
    isBroken ? Promise.reject(new GenesysError('QC_GENESYS_UNREACHABLE', 'it only fails')) : call();
  const breakable: Rest = {
    ...rest,
    get: (path, signal) => guarded(() => rest.get(path, signal)),
    post: (path, body, signal) => guarded(() => rest.post(path, body, signal)),
  };
  const latest = createLatest(rosterTopics);
  const pseudonymOf = (userId: string) => `p-${userId}`;
  const rosters = createRosters({
    latest,
    platformClock: time.clock,
    slackMs: 0,
    systemClock: time.clock,
    reader: { rest: breakable, clock: time.clock, pseudonymOf },
  });
  const ask = async (...question: Parameters<Rosters>) => {
    const answer = rosters(...question);
    answer.catch(() => undefined);
    await time.runUntil(time.clock.nowMs() + 20_000);
    return answer;
  };
  return { ask, asked, breakIt: () => void (isBroken = true), latest, rosters, time };
}

describe('the agents of a queue, from the platform', () => {
  test('come with status, skills and languages, under their pseudonyms, and with the surveys of the days asked for', async () => {
    const { ask } = withPlatform();
    const roster = await ask(sales, day);
    expect(roster).toMatchObject({ origin: 'platform', isStale: false, csat: 'period' });
    const known = new Map(roster.agents.map((agent) => [agent.id, agent]));
    expect([...known.keys()].sort()).toEqual([`p-${ann}`, `p-${bob}`].sort());
    expect(known.get(`p-${ann}`)).toMatchObject({ routingStatus: 'IDLE', csat: 0.8, idleSinceMs: startMs });
    expect(known.get(`p-${bob}`)).toMatchObject({ routingStatus: 'INTERACTING', csat: null, idleSinceMs: null });
  });

  test('are those of before, marked as stale with their age, when the platform fails', async () => {
    const { ask, breakIt, time } = withPlatform();
    const before = await ask(sales, null);
    breakIt();
    const after = await ask(sales, day);
    expect(after).toEqual({ ...before, isStale: true });
    expect(time.clock.nowMs()).toBeGreaterThan(after.asOfMs);
    await expect(ask(support, null)).rejects.toThrow(/it only fails/);
  });

  test('are asked for once by all who ask at a time, and surveys no more than every ten minutes', async () => {
    const { ask, asked, rosters } = withPlatform();
    const surveys = () => asked.filter(({ what }) => what.includes('surveys')).length;
    const also = rosters(sales, day);
    await ask(sales, day);
    await also;
    const calls = asked.length;
    expect(surveys()).toBe(1);
    await ask(sales, day);
    expect(surveys()).toBe(1);
    expect(asked.length - calls).toBeLessThan(calls);
  });
});

const state: AgentState = {
  userId: 'u1',
  status: 'observed',
  routingStatus: 'IDLE',
  routingStatusSinceMs: 10_000,
  presence: null,
  presenceSinceMs: null,
  activeQueueIds: ['q1'],
  skillIds: ['s1'],
  proficiencies: [{ skillId: 's1', proficiency: 4 }],
  languageIds: ['de'],
  csat: 0.75,
  observedAtMs: 10_000,
};
const profile = {
  queueId: 'q1',
  revision: 0,
  validFromMs: 0,
  name: 'q',
  voiceServiceLevelTarget: null,
  voiceServiceLevelMs: null,
};

function withRecords() {
  const time = createVirtualTime(100_000);
  const latest = createLatest(rosterTopics);
  const platformClock = time.clock;
  const rosters = createRosters({ latest, platformClock, slackMs: 0, systemClock: platformClock, reader: undefined });
  const take = (record: string, key: string, value: unknown) => latest.take({ record, key, atMs: 0, value });
  const hear = (heardUntilMs: number) =>
    take(topicOf(heartbeat), 'org/0', { shard: 0, heardUntilMs, tickMs: heardUntilMs, sequence: 1 });
  const tell = (agent: Partial<AgentState>) =>
    take(topicOf(agentState), `org/${agent.userId ?? 'u1'}`, { ...state, ...agent });
  take(topicOf(queueProfile), 'org/q1', profile);
  return { rosters, take, hear, tell };
}

describe('the agents of a queue, from the live records', () => {
  test('are those who serve it, as they are known, with the satisfaction that the ranking goes by', async () => {
    const { rosters, hear, tell } = withRecords();
    hear(99_000);
    tell({});
    tell({ userId: 'u2', activeQueueIds: ['q2'] });
    tell({ userId: 'u3', activeQueueIds: null });
    expect(await rosters('q1', null)).toEqual({
      agents: [
        {
          id: 'u1',
          name: null,
          routingStatus: 'IDLE',
          skills: new Map([['s1', 4]]),
          languages: ['de'],
          csat: 0.75,
          queueTimeSeconds: null,
          idleSinceMs: 10_000,
        },
      ],
      origin: 'live',
      asOfMs: 99_000,
      isStale: false,
      csat: 'ranking',
    });
    tell({ routingStatus: 'INTERACTING' });
    expect((await rosters('q1', null)).agents[0]).toMatchObject({ routingStatus: 'INTERACTING', idleSinceMs: null });
  });

  test('are stale while a gap concerns one of them, and when nothing was heard for a minute', async () => {
    const { rosters, hear, tell } = withRecords();
    hear(99_000);
    tell({ status: 'stale' });
    expect(await rosters('q1', null)).toMatchObject({ isStale: true, asOfMs: 99_000 });
    tell({});
    expect(await rosters('q1', null)).toMatchObject({ isStale: false });
    hear(39_000);
    expect(await rosters('q1', null)).toMatchObject({ isStale: true, asOfMs: 39_000 });
  });

  test('leave out who was written before proficiencies were, and say what to do about an unknown queue', async () => {
    const { rosters, take, hear } = withRecords();
    hear(99_000);
    const { proficiencies: _, ...old } = state;
    take(topicOf(agentState), 'org/u1', old);
    expect((await rosters('q1', null)).agents).toEqual([]);
    await expect(rosters(sales, null)).rejects.toThrow(/send agents with the request/);
  });

  test('and of what is no id of a queue, nobody is asked', async () => {
    const refused = { code: 'QC_GENESYS_NOT_FOUND', message: 'There is no queue q9: ids of queues are UUIDs' };
    await expect(withRecords().rosters('q9', null)).rejects.toMatchObject(refused);
    const { ask, asked } = withPlatform();
    await expect(ask('q9', null)).rejects.toMatchObject(refused);
    expect(asked).toEqual([]);
  });
});
