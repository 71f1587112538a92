import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createOrderedSet } from '../../../streams/ranking/ordered-set.ts';

const numbers = () => createOrderedSet<number>((a, b) => a - b, String);

describe('an ordered set', () => {
  test('is at any time what a sorted list without doubles would be', () => {
    const change = fc.tuple(fc.boolean(), fc.nat({ max: 40 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const set = numbers();
        const model = new Set<number>();
        for (const [comes, item] of changes) {
          if (comes) {
            set.add(item);
            model.add(item);
          } else expect(set.remove(item)).toBe(model.delete(item));
          const sorted = [...model].sort((a, b) => a - b);
          expect([set.size, set.first(3), set.first(Infinity)]).toEqual([model.size, sorted.slice(0, 3), sorted]);
        }
      }),
    );
  });

  test('gives nothing when nothing is asked for or there', () => {
    const set = numbers();
    expect(set.first(5)).toEqual([]);
    set.add(1);
    expect(set.first(0)).toEqual([]);
  });

  test('lets an item take the place of its equal', () => {
    const set = createOrderedSet<{ id: number; note: string }>((a, b) => a.id - b.id, String);
    set.add({ id: 1, note: 'old' });
    set.add({ id: 1, note: 'new' });
    expect([set.size, set.first(9)]).toEqual([1, [{ id: 1, note: 'new' }]]);
  });

  test.each(['ascending', 'descending'])(
    'compares a few dozen times a change, with 100,000 in %s order',
    (direction) => {
      let compared = 0;
      const set = createOrderedSet<number>((a, b) => {
        compared += 1;
        return a - b;
      }, String);
      const many = 100_000;
      const at = (index: number) => (direction === 'ascending' ? index : many - index);
      for (let index = 0; index < many; index += 1) set.add(at(index));
      compared = 0;
      for (let index = 0; index < many; index += 100) {
        set.remove(at(index));
        set.add(at(index));
      }
      expect(compared / 1_000).toBeLessThan(250);
    },
  );
});
