import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assignNumbers } from '../../../sinks/kafka/assignment.ts';

const claims = fc
  .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 })
  .chain((members) =>
    fc.tuple(
      ...members.map((memberId) => fc.record({ memberId: fc.constant(memberId), owned: fc.uniqueArray(fc.nat(9)) })),
    ),
  );
const count = fc.integer({ min: 1, max: 10 });

describe('an assignment', () => {
  test('gives each number to one member, evenly, whatever was claimed', () => {
    fc.assert(
      fc.property(claims, count, (members, numbers) => {
        const assigned = assignNumbers(members, numbers);
        expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual(
          Array.from({ length: numbers }, (_, number) => number),
        );
        const sizes = members.map(({ memberId }) => assigned.get(memberId)!.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('is kept when nobody comes or goes', () => {
    fc.assert(
      fc.property(claims, count, (members, numbers) => {
        const first = assignNumbers(members, numbers);
        const again = assignNumbers(
          members.map(({ memberId }) => ({ memberId, owned: first.get(memberId)! })),
          numbers,
        );
        for (const { memberId } of members) expect(new Set(again.get(memberId))).toEqual(new Set(first.get(memberId)));
      }),
    );
  });

  test('leaves the only number with its owner, whoever joins', () => {
    for (const joiner of ['a', 'z']) {
      const assigned = assignNumbers(
        [
          { memberId: joiner, owned: [] },
          { memberId: 'm', owned: [0] },
        ],
        1,
      );
      expect(assigned.get('m')).toEqual([0]);
    }
  });
});
