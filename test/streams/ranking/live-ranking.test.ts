import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRanking, type RankingEvent } from '../../../streams/ranking/live-ranking.ts';
import { createOrder } from '../../../streams/ranking/order.ts';
import { rankAll } from '../../../streams/ranking/rank.ts';
import type { Candidate } from '../../../streams/ranking/score.ts';
import { defaultWeights } from '../../../streams/ranking/weights.ts';

const required = { skills: ['billing'], language: 'en' };
const weights = defaultWeights;

const what = fc.oneof(
  fc.constant({ type: 'join' as const }),
  fc.constant({ type: 'leave' as const }),
  fc.constantFrom('IDLE', 'IDLE', 'INTERACTING', 'OFF_QUEUE').map((routingStatus) => ({
    type: 'status' as const,
    routingStatus,
  })),
  fc
    .tuple(fc.constantFrom('billing', 'sales'), fc.option(fc.nat(5)))
    .map(([skillId, level]) => ({ type: 'skill' as const, skillId, level })),
  fc.subarray(['en', 'de']).map((languages) => ({ type: 'languages' as const, languages })),
  fc.option(fc.constantFrom(0, 0.4, 1)).map((value) => ({ type: 'csat' as const, value })),
  fc.option(fc.nat(2)).map((seconds) => ({ type: 'queueTime' as const, seconds })),
);
const events: fc.Arbitrary<RankingEvent[]> = fc
  .array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(20), what), { maxLength: 60 })
  .map((steps) => [
    ...['a', 'b', 'c'].map((agentId) => ({ agentId, atMs: 0, type: 'join' as const })),
    ...steps.map(([agentId, atMs, each]) => ({ agentId, atMs, ...each })),
  ]);

/** All agents by a plain reading of the rules, each field from its winner. */
function agentsAfter(all: readonly RankingEvent[]): Candidate[] {
  const since = new Map<string, RankingEvent[]>();
  for (const event of all) {
    if (event.type === 'leave') since.delete(event.agentId);
    else if (event.type === 'join') since.set(event.agentId, since.get(event.agentId) ?? []);
    else since.get(event.agentId)?.push(event);
  }
  return Array.from(since, ([id, own]) => {
    const newest = <Type extends RankingEvent['type']>(
      type: Type,
      counts: (event: RankingEvent) => boolean = () => true,
    ) =>
      accepted(own.filter((event) => event.type === type && counts(event))) as Extract<RankingEvent, { type: Type }>[];
    const statuses = newest('status');
    const levels = ['billing', 'sales'].flatMap((skillId) => {
      const last = newest('skill', (event) => event.type === 'skill' && event.skillId === skillId).at(-1);
      return last === undefined || last.level === null ? [] : [[skillId, last.level] as const];
    });
    const busyLast = statuses.findLastIndex(({ routingStatus }) => routingStatus !== 'IDLE');
    return {
      id,
      routingStatus: statuses.at(-1)?.routingStatus ?? 'OFF_QUEUE',
      idleSinceMs: statuses[busyLast + 1]?.atMs ?? null,
      skills: new Map(levels),
      languages: newest('languages').at(-1)?.languages ?? [],
      csat: newest('csat').at(-1)?.value ?? null,
      queueTimeSeconds: newest('queueTime').at(-1)?.seconds ?? null,
    };
  });
}

/** Those not older than any before. */
const accepted = (all: readonly RankingEvent[]) =>
  all.filter((event, index) => all.slice(0, index).every((before) => before.atMs <= event.atMs));

describe('a ranking that follows events', () => {
  test('is after each of them the one made from scratch', () => {
    fc.assert(
      fc.property(events, (all) => {
        const ranking = createRanking(required, weights);
        for (const [index, event] of all.entries()) {
          ranking.apply(event);
          const scratch = rankAll(agentsAfter(all.slice(0, index + 1)), required, weights);
          expect(ranking.first(Infinity)).toEqual(scratch);
          expect(ranking.eligible).toBe(scratch.length);
        }
      }),
    );
  });

  test('is the same when neighbouring events of different agents change places', () => {
    fc.assert(
      fc.property(events, fc.nat(), (all, at) => {
        const index = at % (all.length - 1);
        const [one, other] = [all[index]!, all[index + 1]!];
        fc.pre(one.agentId !== other.agentId);
        const swapped = all.toSpliced(index, 2, other, one);
        const [a, b] = [all, swapped].map((each) => {
          const ranking = createRanking(required, weights);
          for (const event of each) ranking.apply(event);
          return ranking.first(Infinity);
        });
        expect(b).toEqual(a);
      }),
    );
  });

  test('takes an event of the same time for later, and one of an earlier time for nothing', () => {
    const ranking = createRanking({ skills: [], language: null }, weights);
    const status = (atMs: number, routingStatus: string) =>
      ranking.apply({ type: 'status', agentId: 'a', atMs, routingStatus });
    expect(status(1, 'IDLE')).toBe(false);
    ranking.apply({ type: 'join', agentId: 'a', atMs: 9 });
    expect([status(5, 'IDLE'), status(5, 'INTERACTING'), status(4, 'IDLE')]).toEqual([true, true, false]);
    expect(ranking.eligible).toBe(0);
    expect([status(6, 'IDLE'), status(8, 'IDLE')]).toEqual([true, true]);
    expect(ranking.first(1)).toMatchObject([{ idleSinceMs: 6 }]);
  });

  test('says why the others are left out, each once and for the first reason that holds', () => {
    const agent = (id: string, rest: Partial<Candidate>): Candidate => ({
      id,
      routingStatus: 'IDLE',
      skills: new Map([['billing', 0]]),
      languages: ['en'],
      csat: 0.1,
      queueTimeSeconds: null,
      idleSinceMs: null,
      ...rest,
    });
    const agents = [
      agent('a', { routingStatus: 'OFF_QUEUE', skills: new Map() }),
      agent('b', { routingStatus: 'INTERACTING', languages: [] }),
      agent('c', { routingStatus: null }),
      agent('d', { skills: new Map(), languages: [] }),
      agent('e', { languages: [] }),
      agent('f', {}),
      agent('g', { csat: 0.9 }),
    ];
    const order = createOrder(required, weights, agents);
    expect(order.eligible).toBe(1);
    expect(order.leftOut).toEqual({ offQueue: 1, notIdle: 2, missingSkill: 1, missingLanguage: 1, belowThreshold: 1 });
    for (const each of agents) order.replace(each, undefined);
    expect(Object.values(order.leftOut)).toEqual([0, 0, 0, 0, 0]);
  });
});
