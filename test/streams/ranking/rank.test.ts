import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanSatisfaction } from '../../../streams/ranking/csat.ts';
import { assignBatch, pickAgent, rankAll } from '../../../streams/ranking/rank.ts';
import { type Candidate, gridOf, scoreAgent } from '../../../streams/ranking/score.ts';
import { adjustWeights, defaultWeights, policyOf } from '../../../streams/ranking/weights.ts';

const agent = (id: string, rest: Partial<Candidate> = {}): Candidate => ({
  id,
  routingStatus: 'IDLE',
  skills: new Map([['billing', 5]]),
  languages: ['en'],
  csat: null,
  queueTimeSeconds: null,
  idleSinceMs: null,
  ...rest,
});
const required = { skills: ['billing'], language: 'en' };
const idsOf = (agents: readonly Candidate[]) => rankAll(agents, required, defaultWeights).map(({ id }) => id);

describe('the weights', () => {
  test('are shifted by a target only while its level is missed, or met', () => {
    expect(policyOf({ target: '80/20', performance: 0.7499 })).toBe('80/20');
    expect(policyOf({ target: '80/20', performance: 0.75 })).toBeNull();
    expect(policyOf({ target: '95/30', performance: 0.9 })).toBe('95/30');
    expect(policyOf({ target: '95/30', performance: 0.8999 })).toBeNull();
    expect(policyOf({ target: '70/20', performance: 0.1 })).toBeNull();
    expect(policyOf({ target: '80/20', performance: null })).toBeNull();
    expect(policyOf(null)).toBeNull();
  });

  test('never fall below zero, add up to one and keep the threshold', () => {
    const { threshold, ...shares } = adjustWeights(
      { proficiency: 0.01, language: 0.1, csat: 0.02, threshold: 0.2 },
      { target: '80/20', performance: 0 },
    );
    expect(shares).toEqual({ proficiency: 0, language: 1, csat: 0 });
    expect(threshold).toBe(0.2);
  });

  test('that are all nothing are those of the product, with the threshold that was asked for', () => {
    const none = { proficiency: 0, language: -1, csat: 0, threshold: 0.9 };
    expect(adjustWeights(none, null)).toEqual({ ...defaultWeights, threshold: 0.9 });
  });
});

describe('a score', () => {
  test('right on the threshold passes, in spite of the noise of floats', () => {
    const onIt = agent('a', { skills: new Map([['billing', 1]]), csat: 0.4 });
    const { raw, score } = scoreAgent(onIt, required, { ...defaultWeights, threshold: 0.08 + 0.3 + 0.12 });
    expect(gridOf(raw)).toBe(500_000_000);
    expect(score).toBe(0.5);
  });

  test('just below it is none', () => {
    const below = agent('a', { skills: new Map([['billing', 1]]), csat: 0.39 });
    expect(scoreAgent(below, required, defaultWeights).score).toBe(0);
    expect(idsOf([below])).toEqual([]);
  });

  test('of nothing is none, even where the threshold is zero', () => {
    const useless = agent('a', { skills: new Map(), languages: [], csat: 0 });
    expect(rankAll([useless], required, { ...defaultWeights, threshold: 0 })).toEqual([]);
  });

  test('holds what is not required for fulfilled, and what is beyond the scale for its end', () => {
    const expert = agent('a', { skills: new Map([['billing', 7]]), languages: [], csat: 2 });
    expect(scoreAgent(expert, { skills: [], language: null }, defaultWeights)).toMatchObject({ score: 1 });
    expect(scoreAgent(expert, required, defaultWeights)).toMatchObject({ proficiency: 1, language: 0, csat: 1 });
  });

  test('takes the mean of the skills required', () => {
    const skills = new Map([
      ['billing', 5],
      ['sales', 2],
    ]);
    const { proficiency } = scoreAgent(
      agent('a', { skills }),
      { skills: ['billing', 'sales', 'tech'], language: null },
      defaultWeights,
    );
    expect(proficiency).toBeCloseTo(7 / 15, 12);
  });
});

describe('the order', () => {
  test('is by score, queue time, idle time and id, the unknown last', () => {
    const best = agent('z', { csat: 1 });
    const shortQueue = agent('y', { queueTimeSeconds: 10_000 });
    const longIdle = agent('x', { idleSinceMs: 1 });
    const shortIdle = agent('w', { idleSinceMs: 2 });
    expect(idsOf([agent('b'), agent('a'), shortIdle, longIdle, shortQueue, best])).toEqual([
      'z',
      'y',
      'x',
      'w',
      'a',
      'b',
    ]);
  });

  test('compares ids by code unit', () => {
    expect(idsOf([agent('a'), agent('B'), agent('ä'), agent('Z')])).toEqual(['B', 'Z', 'a', 'ä']);
  });

  test('leaves out whoever is not idle', () => {
    expect(
      idsOf([agent('a', { routingStatus: 'INTERACTING' }), agent('b', { routingStatus: null }), agent('c')]),
    ).toEqual(['c']);
  });

  test('does not depend on the order of a page, and its first is the one that is picked', () => {
    const agents = fc.uniqueArray(
      fc
        .tuple(
          fc.nat(30),
          fc.constantFrom('IDLE', 'IDLE', 'OFF_QUEUE'),
          fc.nat(5),
          fc.option(fc.nat(2)),
          fc.option(fc.nat(2)),
        )
        .map(([id, routingStatus, level, queueTimeSeconds, idleSinceMs]) =>
          agent(`a${id}`, { routingStatus, skills: new Map([['billing', level]]), queueTimeSeconds, idleSinceMs }),
        ),
      { selector: ({ id }) => id },
    );
    fc.assert(
      fc.property(
        agents.chain((page) => fc.tuple(fc.constant(page), fc.shuffledSubarray(page, { minLength: page.length }))),
        ([page, shuffled]) => {
          expect(rankAll(shuffled, required, defaultWeights)).toEqual(rankAll(page, required, defaultWeights));
          expect(pickAgent(shuffled, required, defaultWeights)).toEqual(
            rankAll(page, required, defaultWeights)[0] ?? null,
          );
        },
      ),
    );
  });
});

describe('a batch', () => {
  test('names those whom nobody may take, in their order, and lets nobody become busy', () => {
    const ask = (id: string, skill: string) => ({ id, skills: [skill], language: 'en' });
    const agents = [agent('a', { csat: 0.1 }), agent('b', { csat: 0.2 })];
    const weights = { ...defaultWeights, threshold: 0.7 };
    const asked = [ask('1', 'tech'), ask('2', 'billing'), ask('3', 'billing'), ask('4', 'sales')];
    expect(assignBatch(agents, asked, weights)).toEqual({
      assignments: [
        { interactionId: '2', agentId: 'b', score: 0.76 },
        { interactionId: '3', agentId: 'b', score: 0.76 },
      ],
      unassigned: ['1', '4'],
    });
  });
});

describe('the satisfaction of an agent', () => {
  test('is the mean of the scores given on their scale, and unknown without any', () => {
    const surveys = [
      { agentId: 'a', score: 4 },
      { agentId: 'a', score: null },
      { agentId: 'a', score: 1 },
      { agentId: null, score: 5 },
      { agentId: 'b', score: null },
      { agentId: 'c', score: 9 },
    ];
    expect([...meanSatisfaction(surveys, 5)]).toEqual([
      ['a', 0.5],
      ['c', 1],
    ]);
  });
});
