import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Inventory, planChannels, topicsOf } from '../../../src/genesys/channel-plan.ts';

const inventories: fc.Arbitrary<Inventory> = fc
  .record({ queues: fc.array(fc.nat(2_500)), users: fc.array(fc.nat(2_500)) })
  .map(({ queues, users }) => ({
    queueIds: [...new Set(queues)].map((queue) => `q${queue}`),
    userIds: [...new Set(users)].map((user) => `u${user}`),
  }));
const range = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

describe('a plan of channels', () => {
  test('holds everything once, and no channel has more than a thousand topics', () => {
    fc.assert(
      fc.property(fc.array(inventories, { minLength: 1, maxLength: 5 }), (found) => {
        let plan: readonly Inventory[] = [];
        for (const inventory of found) {
          plan = planChannels(inventory, plan) ?? [];
          expect(plan.flatMap(({ queueIds }) => queueIds).sort()).toEqual([...inventory.queueIds].sort());
          expect(plan.flatMap(({ userIds }) => userIds).sort()).toEqual([...inventory.userIds].sort());
          for (const share of plan) expect(topicsOf(share).length).toBeLessThanOrEqual(1_000);
        }
      }),
    );
  });

  test('leaves whatever had a channel where it was', () => {
    const before = planChannels({ queueIds: range('q', 700), userIds: range('u', 300) }) ?? [];
    const after = planChannels({ queueIds: range('q', 900).slice(100), userIds: range('u', 300) }, before) ?? [];
    for (const [number, share] of before.entries()) {
      const kept = share.queueIds.filter((id) => Number(id.slice(1)) >= 100);
      expect(after[number]?.queueIds.slice(0, kept.length)).toEqual(kept);
      expect(after[number]?.userIds.slice(0, share.userIds.length)).toEqual(share.userIds);
    }
    expect(after).toHaveLength(2);
  });

  test('leaves one of the twenty channels free, and is none when that is not enough', () => {
    expect(planChannels({ queueIds: range('q', 9_500), userIds: [] })).toHaveLength(19);
    expect(planChannels({ queueIds: range('q', 9_501), userIds: [] })).toBeUndefined();
  });
});
