import fc from 'fast-check';
import { from, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { rankAgents, type RankingInput, type RankingSettings } from '../../streams/agent-ranking.ts';
import type { EventOf } from '../../streams/event.ts';
import { createRunner, run } from '../../streams/logic.ts';
import { rankAll } from '../../streams/ranking/rank.ts';
import { foldAgent, type RosterAgent } from '../../streams/ranking/roster.ts';
import { defaultWeights } from '../../streams/ranking/weights.ts';
import { type Output, topicOf } from '../../streams/record.ts';
import { agentRanking } from '../../streams/records/agent-ranking.ts';
import { queueState } from '../../streams/records/queue-state.ts';
import { routingFairness } from '../../streams/records/routing-fairness.ts';

const settings: RankingSettings = {
  ...{ rankingTop: 2, rankingWeights: defaultWeights },
  ...{ rankingProfiles: [], agentNames: false },
};
const startMs = Date.UTC(2026, 2, 2, 9);
const minuteMs = 60_000;

const queue = (receivedAtMs = startMs, target?: number, queueId = 'q'): RankingInput => ({
  kind: 'queue-profile',
  receivedAtMs,
  queueId,
  name: 'Sales',
  serviceLevels: target === undefined ? [] : [{ mediaType: 'voice', target, durationMs: 20_000 }],
});
const status = (
  userId: string,
  routingStatus: string,
  receivedAtMs: number,
  rest: Partial<EventOf<'agent-status'>> = {},
): RankingInput => ({
  kind: 'agent-status',
  receivedAtMs,
  userId,
  routingStatus,
  routingStatusSinceMs: receivedAtMs,
  presence: null,
  presenceSinceMs: null,
  activeQueueIds: ['q'],
  ...rest,
});
const knows = (
  userId: string,
  skills: Readonly<Record<string, number>>,
  languages: readonly string[] = [],
): RankingInput => ({
  kind: 'agent-profile',
  receivedAtMs: startMs,
  userId,
  skills: Object.entries(skills).map(([skillId, proficiency]) => ({ skillId, proficiency })),
  languages: languages.map((languageId) => ({ languageId, proficiency: 5 })),
});
const talk = (
  conversationId: string,
  receivedAtMs: number,
  rest: Partial<EventOf<'interaction-changed'>> & {
    skillIds?: string[];
    languageId?: string | null;
    left?: boolean;
  } = {},
): RankingInput => {
  const { skillIds = [], languageId = null, left = false, ...event } = rest;
  return {
    kind: 'interaction-changed',
    receivedAtMs,
    queueId: 'q',
    conversationId,
    mediaType: 'voice',
    stays: [{ enqueuedAtMs: receivedAtMs, leftAtMs: left ? receivedAtMs : null, priority: null, skillIds, languageId }],
    agents: [],
    customerLeftAtMs: null,
    ...event,
  };
};
const rings = (userId: string, connectedAtMs: number | null = null, endedAtMs: number | null = null) => ({
  userId,
  connectedAtMs,
  endedAtMs,
  wrapUpEndedAtMs: null,
});
const tick = (receivedAtMs: number): RankingInput => ({ kind: 'tick', receivedAtMs, heardUntilMs: receivedAtMs });
const gap = (receivedAtMs: number, isOver: boolean): RankingInput => ({
  kind: 'channel-gap',
  receivedAtMs,
  channel: 0,
  queueIds: [],
  userIds: [],
  startMs: receivedAtMs,
  endMs: isOver ? receivedAtMs : null,
  cause: 'closed',
  repairedBy: isOver ? 'snapshot' : 'none',
});
const level = (serviceLevel: number | null, observedAtMs: number): RankingInput => ({
  kind: 'queue-state',
  state: {
    ...queueState.schema.parse({
      ...Object.fromEntries(queueState.schema.keyof().options.map((field) => [field, null])),
      queueId: 'q',
      mediaType: 'voice',
      status: 'observed',
      observedAtMs,
    }),
    serviceLevel,
  },
});

const all = (inputs: readonly RankingInput[], of = settings) => run(rankAgents(of), inputs);
const rankings = (inputs: readonly RankingInput[], of = settings) =>
  all(inputs, of)
    .filter(({ type, value }) => type === agentRanking && value !== null)
    .map(({ value }) => agentRanking.schema.parse(value));
const last = (inputs: readonly RankingInput[], profile = 'default') =>
  rankings(inputs).findLast((record) => record.profile === profile);
const ids = (inputs: readonly RankingInput[], profile?: string) =>
  last(inputs, profile)?.top.map(({ agentId }) => agentId);
const tombstones = (outputs: readonly Output[]) => outputs.filter(({ value }) => value === null).map(({ key }) => key);
const fairness = (inputs: readonly RankingInput[]) =>
  all(inputs)
    .filter(({ type }) => type === routingFairness)
    .map(({ value }) => routingFairness.schema.parse(value));

describe('the live ranking', () => {
  test('is there as soon as the queue is, with nobody in it', () => {
    expect(rankings([queue()])).toEqual([
      {
        queueId: 'q',
        profile: 'default',
        requiredSkillIds: [],
        requiredLanguageId: null,
        status: 'observed',
        eligible: 0,
        top: [],
        weights: defaultWeights,
        slaPolicy: null,
        slaTarget: null,
        serviceLevel: null,
        leftOut: { offQueue: 0, notIdle: 0, missingSkill: 0, missingLanguage: 0, belowThreshold: 0 },
        coverage: null,
        observedAtMs: startMs,
      },
    ]);
  });

  test('puts who has been idle for longest first, and says what the score is made of', () => {
    const inputs = [
      queue(),
      status('a', 'IDLE', startMs + 2),
      status('b', 'IDLE', startMs + 3, { routingStatusSinceMs: 1 }),
    ];
    expect(last(inputs)).toMatchObject({
      eligible: 2,
      top: [
        { agentId: 'b', score: 0.85, proficiency: 1, language: 1, csat: 0.5, csatKnown: false, idleSinceMs: 1 },
        { agentId: 'a', score: 0.85, idleSinceMs: startMs + 2 },
      ],
      coverage: 0,
      observedAtMs: startMs + 3,
    });
  });

  test('follows skills, languages, satisfaction, the queues of an agent and what he does', () => {
    const profile = 'sales@de';
    const inputs = [
      queue(),
      talk('c', startMs, { skillIds: ['sales'], languageId: 'de' }),
      status('a', 'IDLE', startMs + 1),
      status('b', 'IDLE', startMs + 2),
    ];
    const steps: (readonly [RankingInput, string[]])[] = [
      [knows('a', { sales: 2 }, ['de']), ['a']],
      [knows('b', { sales: 5 }, ['de']), ['b', 'a']],
      [{ kind: 'agent-satisfaction', receivedAtMs: startMs + 3, userId: 'b', value: 0 }, ['b', 'a']],
      [{ kind: 'agent-satisfaction', receivedAtMs: startMs + 3, userId: 'a', value: 1 }, ['a', 'b']],
      [status('a', 'INTERACTING', startMs + 4), ['b']],
      [status('a', 'IDLE', startMs + 5), ['a', 'b']],
      [status('a', 'IDLE', startMs + 6, { activeQueueIds: ['other'] }), ['b']],
      [knows('b', {}, ['de']), []],
    ];
    for (const [input, expected] of steps) {
      inputs.push(input);
      expect(ids(inputs, profile)).toEqual(expected);
    }
    expect(last(inputs, profile)).toMatchObject({ leftOut: { missingSkill: 1 }, coverage: 1 });
  });

  test('says nothing while neither the first nor their scores change', () => {
    const inputs = [queue(), status('a', 'IDLE', startMs), status('b', 'IDLE', startMs + 1)];
    const before = rankings(inputs).length;
    const third = status('c', 'IDLE', startMs + 2);
    expect(rankings([...inputs, third, status('c', 'INTERACTING', startMs + 3)])).toHaveLength(before);
    expect(rankings([...inputs, third, status('a', 'INTERACTING', startMs + 3)])).toHaveLength(before + 1);
    expect(ids([...inputs, third, status('a', 'INTERACTING', startMs + 3)])).toEqual(['b', 'c']);
  });

  test('goes by the weights that are set', () => {
    const rankingWeights = { ...defaultWeights, proficiency: 0.1, language: 0.1, csat: 0.8 };
    const of = { ...settings, rankingWeights, rankingProfiles: ['sales@'] };
    const inputs: RankingInput[] = [
      queue(startMs, 0.8),
      ...[knows('a', { sales: 5 }), knows('b', { sales: 1 })],
      { kind: 'agent-satisfaction', receivedAtMs: startMs, userId: 'b', value: 1 },
      ...[status('a', 'IDLE', startMs), status('b', 'IDLE', startMs)],
    ];
    const first = (more: readonly RankingInput[] = []) =>
      rankings([...inputs, ...more], of).findLast(({ profile }) => profile === 'sales@');
    expect(first()).toMatchObject({ weights: rankingWeights, top: [{ agentId: 'b' }, { agentId: 'a' }] });
    expect(ids(inputs)).toEqual(['b', 'a']);
    const shifted = first([level(0.7, startMs + 1)])?.weights;
    expect(shifted?.csat).toBeCloseTo(0.725, 12);
    expect(shifted?.language).toBeCloseTo(0.25, 12);
  });

  test('names agents only where that is switched on, and as long as the journal does', () => {
    const named = (userId: string, name?: string): RankingInput => ({
      ...{ kind: 'agent-profile', receivedAtMs: startMs, userId, skills: [], languages: [] },
      ...(name === undefined ? {} : { name }),
    });
    const inputs = [
      queue(),
      named('a', 'Invented Ann'),
      named('b'),
      status('a', 'IDLE', startMs),
      status('b', 'IDLE', startMs),
    ];
    const namesIn = (more: readonly RankingInput[], agentNames = true) =>
      rankings([...inputs, ...more], { ...settings, agentNames })
        .at(-1)
        ?.top.map(({ agentName }) => agentName);
    expect(namesIn([])).toEqual(['Invented Ann', null]);
    expect(namesIn([named('b', 'Invented Bob')])).toEqual(['Invented Ann', 'Invented Bob']);
    expect(namesIn([named('a')])).toEqual([null, null]);
    expect(namesIn([named('b', 'Invented Bob')], false)).toEqual([null, null]);
    expect(JSON.stringify(all(inputs))).not.toContain('Invented');
  });

  test('shifts the weights by the target of the queue and the level that voice has reached', () => {
    const inputs = [queue(startMs, 0.8), status('a', 'IDLE', startMs), level(0.8, startMs + 1)];
    expect(last(inputs)).toMatchObject({ slaPolicy: null, slaTarget: '80/20', weights: defaultWeights });
    inputs.push(level(0.7, startMs + 2));
    expect(last(inputs)).toMatchObject({ slaPolicy: '80/20', serviceLevel: 0.7, top: [{ score: 0.8875 }] });
    expect(last(inputs)?.weights.language).toBeCloseTo(0.45, 12);
    const before = rankings(inputs).length;
    expect(rankings([...inputs, level(0.6, startMs + 3)])).toHaveLength(before);
    expect(last([...inputs, level(null, startMs + 3)])).toMatchObject({ slaPolicy: null, top: [{ score: 0.85 }] });
  });

  test('is stale while a gap is open on any channel: agents may be on it', () => {
    const inputs = [queue(), status('a', 'IDLE', startMs), gap(startMs + 1, false)];
    expect(last(inputs)).toMatchObject({ status: 'stale', top: [{ agentId: 'a' }] });
    expect(last([...inputs, gap(startMs + 2, true)])).toMatchObject({ status: 'observed', top: [{ agentId: 'a' }] });
  });

  test('is not set back by an answer that is older than a frame', () => {
    const inputs = [queue(), status('a', 'INTERACTING', startMs + 5)];
    const old = status('a', 'IDLE', startMs + 6, { routingStatusSinceMs: startMs + 1 });
    expect(last([...inputs, old])?.top).toEqual([]);
  });

  test('knows the agents who were there before the queue was', () => {
    expect(ids([status('a', 'IDLE', startMs), knows('a', {}), queue()])).toEqual(['a']);
  });

  test('ends when the queue is removed, and is not brought back by what was on its way', () => {
    const inputs = [
      queue(),
      talk('c', startMs, { skillIds: ['s'] }),
      { kind: 'queue-removed', receivedAtMs: startMs + 1, queueId: 'q' } as const,
    ];
    const late = [...inputs, talk('d', startMs + 2), status('a', 'IDLE', startMs + 2)];
    const outputs = all(late);
    expect(tombstones(outputs)).toEqual(['q/default', 'q/s@']);
    expect(outputs.at(-1)?.value).toBeNull();
    expect(ids([...late, queue(startMs + 3)])).toEqual(['a']);
  });
});

describe('the profiles of a queue', () => {
  test('are those of who waits, whatever the order of skills, and end ten quiet minutes later', () => {
    const inputs = [
      queue(),
      talk('c', startMs, { skillIds: ['b', 'a'] }),
      talk('d', startMs, { skillIds: ['a', 'b'] }),
      talk('c', startMs + 1, { skillIds: ['b', 'a'], left: true }),
      tick(startMs + 11 * minuteMs),
      talk('d', startMs + 12 * minuteMs, { skillIds: ['a', 'b'], customerLeftAtMs: startMs }),
      tick(startMs + 22 * minuteMs - 1),
    ];
    expect(rankings(inputs).map(({ profile }) => profile)).toEqual(['default', 'a+b@']);
    expect(tombstones(all(inputs))).toEqual([]);
    expect(tombstones(all([...inputs, tick(startMs + 22 * minuteMs)]))).toEqual(['q/a+b@']);
    const back = talk('e', startMs + 22 * minuteMs - 1, { skillIds: ['a', 'b'] });
    expect(tombstones(all([...inputs, back, tick(startMs + 40 * minuteMs)]))).toEqual([]);
  });

  test('are set right by a snapshot of who waits', () => {
    const waiting = [
      { conversationId: 'd', mediaType: 'voice', enqueuedAtMs: 0, priority: null, skillIds: ['x'], languageId: null },
    ];
    const inputs: RankingInput[] = [
      queue(),
      talk('c', startMs, { skillIds: ['s'] }),
      { kind: 'queue-snapshot', receivedAtMs: startMs + 1, queueId: 'q', groups: null, waiting },
      tick(startMs + 1 + 10 * minuteMs),
    ];
    expect(rankings(inputs).map(({ profile }) => profile)).toEqual(['default', 's@', 'x@']);
    expect(tombstones(all(inputs))).toEqual(['q/s@']);
  });

  test('of the settings stay without anybody waiting', () => {
    const of = { ...settings, rankingTop: 1, rankingProfiles: ['s@de'] };
    const inputs = [
      queue(),
      talk('c', startMs, { skillIds: ['s'], languageId: 'de' }),
      talk('c', startMs, { skillIds: ['s'], languageId: 'de', left: true }),
    ];
    const outputs = all([...inputs, tick(startMs + 60 * minuteMs)], of);
    expect(outputs.map(({ key }) => key)).toEqual(['q/default', 'q/s@de']);
  });

  test('are at most fifty: one that is quiet makes room, else the new one waits until one has gone', () => {
    const many = Array.from({ length: 49 }, (_, index) => talk(`c${index}`, startMs, { skillIds: [`s${index}`] }));
    const full = [queue(), ...many];
    const leaves = (index: number, atMs: number) => talk(`c${index}`, atMs, { skillIds: [`s${index}`], left: true });
    const late = talk('late', startMs + 3, { skillIds: ['late'] });
    const asked = (inputs: readonly RankingInput[]) => rankings(inputs).some(({ profile }) => profile === 'late@');
    const madeRoom = [...full, leaves(3, startMs + 1), leaves(2, startMs + 2), late];
    expect(tombstones(all(madeRoom))).toEqual(['q/s3@']);
    expect(asked(madeRoom)).toBe(true);
    const noRoom = [...full, late, leaves(3, startMs + 3)];
    expect(asked(noRoom)).toBe(false);
    const later = [...noRoom, tick(startMs + 3 + 10 * minuteMs)];
    expect(tombstones(all(later))).toEqual(['q/s3@']);
    expect(asked(later)).toBe(true);
  });
});

describe('the fairness of an hour', () => {
  const idle = ['a', 'b', 'c'].map((userId) => status(userId, 'IDLE', startMs));
  const hourEnd = tick(startMs + 60 * minuteMs);

  test('counts who was rung against those who were idle, and says nothing before the hour is over', () => {
    const inputs = [
      queue(),
      ...idle,
      ...Array.from({ length: 6 }, (_, index) => talk(`c${index}`, startMs + index, { agents: [rings('a')] })),
    ];
    expect(fairness([...inputs, tick(startMs + 60 * minuteMs - 1)])).toEqual([]);
    expect(fairness([...inputs, hourEnd, tick(startMs + 120 * minuteMs)])).toEqual([
      {
        queueId: 'q',
        group: 'all',
        windowStartMs: startMs,
        windowEndMs: startMs + 60 * minuteMs,
        test: 'uniform',
        total: 6,
        agents: 3,
        chiSquare: expect.closeTo(12, 9) as number,
        degreesOfFreedom: 2,
        pValue: expect.closeTo(Math.exp(-6), 9) as number,
        gini: expect.closeTo(2 / 3, 9) as number,
        testable: true,
        lowExpectedCounts: true,
        isFair: false,
        counts: [
          { agentId: 'a', chosen: 6, expected: expect.closeTo(2, 9) as number },
          { agentId: 'b', chosen: 0, expected: expect.closeTo(2, 9) as number },
          { agentId: 'c', chosen: 0, expected: expect.closeTo(2, 9) as number },
        ],
        countsLeftOut: 0,
        coverage: 1,
      },
    ]);
  });

  test('expects an agent once in n for each choice among n, and says that it is this test', () => {
    const inputs = [
      queue(),
      ...idle,
      talk('1', startMs + 1, { agents: [rings('a')] }),
      status('a', 'INTERACTING', startMs + 2),
      talk('2', startMs + 3, { agents: [rings('b')] }),
      hourEnd,
    ];
    const [record] = fairness(inputs);
    expect(record).toMatchObject({ test: 'eligible-sets', total: 2, agents: 3 });
    expect(record?.counts.map(({ expected }) => expected)).toEqual([
      expect.closeTo(1 / 3, 12),
      expect.closeTo(5 / 6, 12),
      expect.closeTo(5 / 6, 12),
    ]);
  });

  test('is told for each skill too, against those who have it', () => {
    const able = [knows('a', { s: 1 }), knows('b', { s: 5 })];
    const inputs = [
      queue(),
      ...idle,
      ...able,
      talk('1', startMs + 1, { skillIds: ['s'], agents: [rings('a')] }),
      talk('2', startMs + 2, { agents: [rings('c')] }),
      hourEnd,
    ];
    expect(fairness(inputs).map(({ group, total, agents }) => [group, total, agents])).toEqual([
      ['all', 2, 3],
      ['s', 1, 2],
    ]);
  });

  test('counts a choice once, takes the chosen one for eligible though he is busy by then, and looks at no old news', () => {
    const busy = status('a', 'INTERACTING', startMs + 1);
    const inputs = [
      queue(),
      ...idle,
      busy,
      talk('1', startMs + 1, { agents: [rings('a')] }),
      talk('1', startMs + 5_000, { agents: [rings('a', startMs + 5_000)] }),
      talk('1', startMs + 9_000, {
        agents: [rings('a', startMs + 5_000, startMs + 9_000)],
        customerLeftAtMs: startMs + 9_000,
      }),
      talk('old', startMs + 60_000, { agents: [rings('b', startMs)] }),
      talk('over', startMs + 60_000, { agents: [rings('b', startMs + 59_000, startMs + 59_500)] }),
      hourEnd,
    ];
    expect(fairness(inputs)).toMatchObject([{ total: 1, agents: 3, counts: [{ agentId: 'a', chosen: 1 }, {}, {}] }]);
  });

  test('counts both when it rings at another after the first', () => {
    const inputs = [
      queue(),
      ...idle,
      talk('1', startMs + 1, { agents: [rings('a')] }),
      talk('1', startMs + 2, { agents: [rings('a', null, startMs + 2), rings('b')] }),
      hourEnd,
    ];
    expect(fairness(inputs)).toMatchObject([{ total: 2, counts: [{ chosen: 1 }, { chosen: 1 }, { chosen: 0 }] }]);
  });

  test('leaves out what was chosen while a gap was open, and says how much of the hour was heard', () => {
    const inputs = [
      queue(),
      ...idle,
      talk('1', startMs + 1, { agents: [rings('a')] }),
      gap(startMs + 15 * minuteMs, false),
      talk('2', startMs + 16 * minuteMs, { agents: [rings('b')] }),
      gap(startMs + 30 * minuteMs, true),
      gap(startMs + 45 * minuteMs, false),
      hourEnd,
    ];
    expect(fairness(inputs)).toMatchObject([{ total: 1, coverage: 0.5 }]);
    const next = [gap(startMs + 75 * minuteMs, true), talk('3', startMs + 80 * minuteMs, { agents: [rings('c')] })];
    expect(fairness([...inputs, ...next, tick(startMs + 120 * minuteMs)])).toMatchObject([{}, { coverage: 0.75 }]);
  });

  test('is told for fifty skills at most, and for all together whatever is asked for', () => {
    const many = Array.from({ length: 60 }, (_, index) =>
      talk(`c${index}`, startMs + 1, { skillIds: [`s${index}`], agents: [rings('a')] }),
    );
    const records = fairness([queue(), ...idle, ...many, hourEnd]);
    expect(records).toHaveLength(51);
    expect(records[0]).toMatchObject({ group: 'all', total: 60 });
  });

  test('names a thousand of many agents, those furthest from what was expected', () => {
    const many = Array.from({ length: 1_200 }, (_, index) => status(`a${index}`, 'IDLE', startMs));
    const inputs = [queue(), ...many, talk('1', startMs + 1, { agents: [rings('a7')] }), hourEnd];
    const [record] = fairness(inputs);
    expect(record).toMatchObject({ agents: 1_200, countsLeftOut: 200 });
    expect(record?.counts.find(({ agentId }) => agentId === 'a7')).toMatchObject({ chosen: 1 });
  });
});

describe('rankings and their state', () => {
  const user = fc.constantFrom('a', 'b', 'c');
  const happening: fc.Arbitrary<(atMs: number) => RankingInput> = fc.oneof(
    fc.tuple(user, fc.constantFrom('IDLE', 'IDLE', 'INTERACTING', 'OFF_QUEUE'), fc.subarray(['q', 'r'])).map(
      ([userId, is, activeQueueIds]) =>
        (atMs: number) =>
          status(userId, is, atMs, { activeQueueIds }),
    ),
    fc
      .tuple(user, fc.dictionary(fc.constantFrom('s', 't'), fc.nat(5)), fc.subarray(['de']))
      .map(([userId, skills, languages]) => (atMs: number) => ({
        ...knows(userId, skills, languages),
        receivedAtMs: atMs,
      })),
    fc.tuple(user, fc.option(fc.constantFrom(0, 0.7, 1))).map(([userId, value]) => (receivedAtMs: number) => ({
      kind: 'agent-satisfaction' as const,
      receivedAtMs,
      userId,
      value,
    })),
    fc.tuple(fc.nat(5), fc.subarray(['s', 't']), fc.constantFrom('de', null), fc.boolean(), fc.option(user)).map(
      ([id, skillIds, languageId, left, agent]) =>
        (atMs: number) =>
          talk(`c${id}`, atMs, { skillIds, languageId, left, agents: agent === null ? [] : [rings(agent)] }),
    ),
    fc.constantFrom(0.6, 0.9, null).map((reached) => (atMs: number) => level(reached, atMs)),
    fc.constantFrom(0.8, undefined).map((target) => (atMs: number) => queue(atMs, target)),
    fc.constantFrom('q', 'r').map((queueId) => (atMs: number) => queue(atMs, undefined, queueId)),
    fc.boolean().map((isOver) => (atMs: number) => gap(atMs, isOver)),
    fc.constant((receivedAtMs: number) => ({ kind: 'queue-removed' as const, receivedAtMs, queueId: 'r' })),
    fc.constant(tick),
  );
  const journal = fc.array(fc.tuple(fc.nat({ max: 900_000 }), happening), { maxLength: 50 }).map((steps) => {
    let atMs = startMs;
    return [queue(), ...steps.map(([afterMs, happen]) => happen((atMs += afterMs)))];
  });

  test('name at any time the agents that a ranking from scratch would', () => {
    fc.assert(
      fc.property(journal, (inputs) => {
        const agents = new Map<string, RosterAgent>();
        const published = new Map<string, ReturnType<typeof agentRanking.schema.parse>>();
        const logic = rankAgents(settings);
        let state = logic.start();
        for (const input of inputs) {
          const [next, outputs] = logic.step(state, input);
          state = next;
          if (input.kind === 'agent-status' || input.kind === 'agent-profile' || input.kind === 'agent-satisfaction')
            agents.set(input.userId, foldAgent(agents.get(input.userId), input));
          for (const { type, key, value } of outputs) {
            if (type !== agentRanking) continue;
            if (value === null) published.delete(key);
            else published.set(key, agentRanking.schema.parse(value));
          }
          for (const record of published.values()) {
            const members = [...agents.values()].filter(({ said }) => said.activeQueueIds?.includes(record.queueId));
            const required = { skills: record.requiredSkillIds, language: record.requiredLanguageId };
            const scratch = rankAll(
              members.map(({ candidate }) => candidate),
              required,
              record.weights,
            );
            expect(record.top.map(({ agentId, score }) => [agentId, score])).toEqual(
              scratch.slice(0, settings.rankingTop).map(({ id, score }) => [id, score.score]),
            );
          }
        }
      }),
    );
  });

  test('are the same when neighbouring events of different agents change places', () => {
    const last = (inputs: readonly RankingInput[]) => {
      const standing = new Map<string, unknown>();
      for (const { type, key, value } of all(inputs)) {
        if (type !== agentRanking) continue;
        const record = value === null ? null : agentRanking.schema.parse(value);
        standing.set(key, record === null ? null : [record.status, record.top, record.weights]);
      }
      return [...standing].sort(([a], [b]) => (a < b ? -1 : 1));
    };
    fc.assert(
      fc.property(
        journal,
        happening,
        happening,
        fc.array(happening, { maxLength: 10 }),
        (before, one, other, after) => {
          const atMs = startMs + 60_000_000;
          const [first, second] = [one(atMs), other(atMs)];
          fc.pre('userId' in first && 'userId' in second && first.userId !== second.userId);
          const rest = after.map((happen, at) => happen(atMs + 1 + at * 1_000));
          expect(last([...before, first, second, ...rest])).toEqual(last([...before, second, first, ...rest]));
        },
      ),
    );
  });

  test('go on from a saved state as if nothing had been', () => {
    fc.assert(
      fc.property(journal, fc.nat(), (inputs, at) => {
        const cut = at % (inputs.length + 1);
        const logic = rankAgents(settings);
        const words = (outputs: readonly Output[]) =>
          outputs.map(({ type, key, value }) => JSON.stringify([topicOf(type), key, value]));
        const play = (
          part: readonly RankingInput[],
          runner: ReturnType<typeof createRunner<unknown, RankingInput, Output>>,
        ) => {
          const outputs: Output[] = [];
          runner.operator(from(part)).subscribe((each) => outputs.push(each));
          return {
            outputs,
            saved: JSON.parse(JSON.stringify(runner.snapshot())) as ReturnType<typeof runner.snapshot>,
          };
        };
        const whole = play(inputs, createRunner(logic));
        const before = play(inputs.slice(0, cut), createRunner(logic));
        const after = play(inputs.slice(cut), createRunner(logic, before.saved));
        expect(words([...before.outputs, ...after.outputs])).toEqual(words(whole.outputs));
        expect(after.saved).toEqual(whole.saved);
      }),
    );
  });

  test('forget a conversation that is over', () => {
    const runner = createRunner(rankAgents(settings));
    const saved = () => JSON.stringify(runner.snapshot());
    const input$ = new Subject<RankingInput>();
    input$.pipe(runner.operator).subscribe();
    const talks = talk('talk-1', startMs, { agents: [rings('a')] });
    for (const input of [queue(), talks]) input$.next(input);
    expect(saved()).toContain('talk-1');
    input$.next(
      talk('talk-1', startMs + 1, { agents: [rings('a', startMs, startMs + 1)], customerLeftAtMs: startMs + 1 }),
    );
    expect(saved()).not.toContain('talk-1');
  });

  test('do not depend on the order in which a page of agents comes', () => {
    const page = fc.uniqueArray(
      fc
        .tuple(fc.nat(20), fc.constantFrom('IDLE', 'INTERACTING'))
        .map(([id, is]) => status(`a${id}`, is, startMs, { routingStatusSinceMs: id % 3 })),
      { selector: (input) => ('userId' in input ? input.userId : ''), minLength: 1 },
    );
    fc.assert(
      fc.property(
        page.chain((inputs) =>
          fc.tuple(fc.constant(inputs), fc.shuffledSubarray(inputs, { minLength: inputs.length })),
        ),
        ([one, other]) => {
          expect(ids([queue(), ...other])).toEqual(ids([queue(), ...one]));
        },
      ),
    );
  });
});
