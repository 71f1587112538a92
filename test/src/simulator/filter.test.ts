import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filterSchema, maySelect, selects } from '../../../src/simulator/filter.ts';

const dimensionNames = ['mediaType', 'purpose', 'segmentType'] as const;
const predicate = fc.record({
  dimension: fc.constantFrom(...dimensionNames),
  operator: fc.constantFrom('matches', 'exists', 'notExists'),
  value: fc.constantFrom('a', 'b'),
});
const type = fc.constantFrom('and', 'or');
const predicates = fc.array(predicate, { maxLength: 3 });
const anyFilter = fc
  .record({ type, predicates, clauses: fc.array(fc.record({ type, predicates }), { maxLength: 2 }) })
  .map((filter) => filterSchema.parse(filter));
const anyThing = fc.record(
  Object.fromEntries(dimensionNames.map((name) => [name, fc.constantFrom('a', 'b', '')] as const)),
);

test('whatever a filter selects, it may select by any part of its dimensions', () => {
  fc.assert(
    fc.property(anyFilter, anyThing, fc.subarray([...dimensionNames]), (filter, thing, known) => {
      const part = Object.fromEntries(known.map((name) => [name, thing[name]!]));
      if (selects(filter, thing)) expect(maySelect(filter, part)).toBe(true);
    }),
  );
});

test('by a dimension that it excludes, a filter may select nothing', () => {
  const filter = filterSchema.parse({
    type: 'and',
    predicates: [
      { dimension: 'mediaType', value: 'voice' },
      { dimension: 'purpose', operator: 'exists' },
    ],
  });
  expect(maySelect(filter, { mediaType: 'email' })).toBe(false);
  expect(maySelect(filter, { mediaType: 'voice' })).toBe(true);
  expect(maySelect(undefined, { mediaType: 'email' })).toBe(true);
});
