import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignBatch } from '../../../streams/ranking/rank.ts';
import type { Candidate } from '../../../streams/ranking/score.ts';
import { defaultWeights } from '../../../streams/ranking/weights.ts';
import type { Interaction } from '../../../src/routing/interaction.ts';
import { type CapacityRules, createSimulation } from '../../../src/routing/simulation.ts';

const agent = (id: string, of: Partial<Candidate> = {}): Candidate => ({
  id,
  routingStatus: 'IDLE',
  skills: new Map([['s', 5]]),
  languages: ['de'],
  csat: 1,
  queueTimeSeconds: null,
  idleSinceMs: null,
  ...of,
});

const call = (id: string, startSeconds: number, handleSeconds: number | null, of: Partial<Interaction> = {}) => ({
  id,
  skills: ['s'],
  language: 'de',
  handleSeconds,
  ...of,
  startMs: startSeconds * 1000,
});

const usual: CapacityRules = { handleSeconds: 60, waitSecondsMax: null };

function simulate(agents: readonly Candidate[], log: readonly Interaction[], capacity: CapacityRules | null = usual) {
  const simulation = createSimulation({ agents, weights: defaultWeights, capacity });
  for (const each of log) simulation.take(each);
  const { assignments, ...rest } = simulation.finish();
  return { ...rest, assignments, told: assignments.map((a) => `${a.interactionId} ${a.agentId} ${a.waitSeconds}`) };
}

describe('a simulation with capacity', () => {
  test('gives an agent nothing more until his interaction is over, and the next to who has been idle for longest', () => {
    // ann  0-----30 | 40---
    // bob    10------------70
    const { told, shares } = simulate(
      [agent('ann'), agent('bob')],
      [call('1', 0, 30), call('2', 10, 60), call('3', 40, 20)],
    );
    expect(told).toEqual(['1 ann 0', '2 bob 0', '3 ann 0']);
    expect(Array.from(shares, ([id, { chosen }]) => [id, chosen])).toEqual([
      ['ann', 2],
      ['bob', 1],
    ]);
  });

  test('lets whoever finds nobody idle wait for the first who can take it, in the order in which they came', () => {
    const agents = [
      agent('ann'),
      agent('bob', {
        skills: new Map([
          ['s', 5],
          ['t', 5],
        ]),
      }),
    ];
    const log = [call('1', 0, 100), call('2', 0, 50), call('3', 10, 10), call('4', 20, 10, { skills: ['t'] })];
    // bob is idle at 50 and takes 3, who came before 4; at 60 he takes 4.
    expect(simulate(agents, log).told).toEqual(['1 ann 0', '2 bob 0', '3 bob 40', '4 bob 40']);
  });

  test('serves who came at the moment at which an agent becomes idle', () => {
    expect(simulate([agent('ann')], [call('1', 0, 10), call('2', 10, 10)]).told).toEqual(['1 ann 0', '2 ann 0']);
  });

  test('takes the usual time for interactions that say none, and an interaction of no time at all', () => {
    const log = [call('1', 0, null), call('2', 10, 0), call('3', 10, 5)];
    expect(simulate([agent('ann')], log).told).toEqual(['1 ann 0', '2 ann 50', '3 ann 50']);
  });

  test('names those who wait too long, and those whom nobody can ever take', () => {
    const log = [
      call('1', 0, 100),
      call('2', 10, 5),
      call('3', 71, 5),
      call('4', 80, 5, { skills: ['x'], language: 'fr' }),
    ];
    const { told, unassigned } = simulate([agent('ann', { csat: 0 })], log, { ...usual, waitSecondsMax: 30 });
    expect(told).toEqual(['1 ann 0', '3 ann 29']);
    expect(unassigned).toEqual([
      { interactionId: '4', reason: 'none-eligible' },
      { interactionId: '2', reason: 'waited-too-long' },
    ]);
  });

  test('begins with agents who have been idle as long as they had been, whenever the log is from', () => {
    const nowMs = Date.parse('2026-03-01');
    const agents = [agent('a'), agent('b', { idleSinceMs: nowMs }), agent('c', { idleSinceMs: nowMs - 1_000 })];
    const log = ['1', '2', '3', '4'].map((id, at) => call(id, at, 0.5));
    expect(simulate(agents, log).told).toEqual(['1 c 0', '2 a 0', '3 b 0', '4 c 0']);
  });

  test('holds choices against those who were idle and eligible each time', () => {
    // 1 is one of two; when 2 comes only bob is idle; 3 is one of two again.
    const { fairness, test: how } = simulate(
      [agent('ann'), agent('bob')],
      [call('1', 0, 60), call('2', 1, 10), call('3', 90, 1)],
    );
    expect(how).toBe('eligible-sets');
    // Expected: ann 1/2 + 1/2, bob 1/2 + 1 + 1/2; chosen: ann 1, bob 2.
    expect(fairness).toMatchObject({ total: 3, agents: 2, chiSquare: 0, gini: 0, testable: true });
  });
});

const candidates = fc
  .array(
    fc.record({
      level: fc.integer({ min: 0, max: 5 }),
      csat: fc.constantFrom(null, 0.2, 0.9),
      language: fc.constantFrom('de', 'en'),
      status: fc.constantFrom('IDLE', 'IDLE', 'INTERACTING'),
      idleSinceMs: fc.constantFrom(null, 1, 2),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((all) =>
    all.map(({ level, csat, language, status, idleSinceMs }, at) =>
      agent(`a${at}`, {
        skills: new Map([['s', level]]),
        csat,
        languages: [language],
        routingStatus: status,
        idleSinceMs,
      }),
    ),
  );
const logs = fc
  .array(
    fc.record({
      gap: fc.integer({ min: 0, max: 20 }),
      handle: fc.constantFrom(null, 0, 5, 40),
      skills: fc.constantFrom([], ['s'], ['t']),
      language: fc.constantFrom(null, 'de', 'fr'),
    }),
    { maxLength: 30 },
  )
  .map((all) => {
    let atSeconds = 0;
    return all.map(({ gap, handle, ...asked }, at) => call(`i${at}`, (atSeconds += gap), handle, asked));
  });

describe('any simulation', () => {
  test('without capacity is what the golden batch is', () => {
    fc.assert(
      fc.property(candidates, logs, (agents, log) => {
        const { assignments, unassigned } = simulate(agents, log, null);
        const golden = assignBatch(agents, log, defaultWeights);
        expect(assignments.map(({ waitSeconds: _, ...each }) => each)).toEqual(golden.assignments);
        expect(unassigned.map(({ interactionId }) => interactionId)).toEqual(golden.unassigned);
      }),
    );
  });

  test('with capacity loses nobody, has no agent at two interactions, and expects as many choices as there were', () => {
    fc.assert(
      fc.property(candidates, logs, fc.constantFrom(null, 0, 30), (agents, log, waitSecondsMax) => {
        const { assignments, unassigned, fairness, shares } = simulate(agents, log, {
          handleSeconds: 60,
          waitSecondsMax,
        });
        const told = [...assignments, ...unassigned].map(({ interactionId }) => interactionId);
        expect(told.sort()).toEqual(log.map(({ id }) => id).sort());
        const byId = new Map(log.map((each) => [each.id, each]));
        const freeAtMs = new Map<string, number>();
        for (const { interactionId, agentId, waitSeconds } of assignments) {
          const { startMs, handleSeconds } = byId.get(interactionId)!;
          const beginMs = startMs + (waitSeconds ?? NaN) * 1000;
          expect(beginMs).toBeGreaterThanOrEqual(freeAtMs.get(agentId) ?? 0);
          expect(agents.find(({ id }) => id === agentId)?.routingStatus).toBe('IDLE');
          if (waitSecondsMax !== null) expect(waitSeconds).toBeLessThanOrEqual(waitSecondsMax);
          freeAtMs.set(agentId, beginMs + (handleSeconds ?? 60) * 1000);
        }
        expect(fairness.total).toBe(assignments.length);
        const expected = [...shares.values()].reduce((sum, share) => sum + share.expected, 0);
        expect(expected).toBeCloseTo(assignments.length, 6);
      }),
    );
  });

  test('with capacity is without capacity where everything takes no time', () => {
    fc.assert(
      fc.property(candidates, logs, (agents, log) => {
        const quick = log.map((each, at) => ({ ...each, startMs: at * 1000, handleSeconds: 0 }));
        const scores = (told: ReturnType<typeof simulate>) =>
          told.assignments.map(({ interactionId, score }) => [interactionId, score]);
        expect(scores(simulate(agents, quick))).toEqual(scores(simulate(agents, quick, null)));
      }),
    );
  });
});
