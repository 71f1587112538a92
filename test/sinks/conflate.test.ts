import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startConflation } from '../../sinks/conflate.ts';
import { defineRecord, type Output, output, type RecordKind } from '../../streams/record.ts';

const recordOf = (name: string, kind: RecordKind) =>
  defineRecord({ name, version: 1, kind, key: ['id'], schema: z.object({ id: z.string(), n: z.int() }) });

const level = recordOf('level', 'state');
const other = recordOf('other', 'state');
const call = recordOf('call', 'fact');
const window = recordOf('window', 'revised');

const conflate = (outputs: readonly Output[]) => {
  const conflation = startConflation();
  for (const each of outputs) conflation.add(each);
  return conflation.conflated();
};

describe('conflation', () => {
  test('keeps the last state of a key where it stood, and all facts and revisions', () => {
    const outputs = [
      output(level, { id: 'a', n: 1 }, 1),
      output(call, { id: 'a', n: 1 }, 1),
      output(other, { id: 'a', n: 1 }, 1),
      output(level, { id: 'b', n: 1 }, 1),
      output(level, { id: 'a', n: 2 }, 2),
      output(window, { id: 'a', n: 1 }, 2),
      output(window, { id: 'a', n: 2 }, 2),
      output(call, { id: 'a', n: 1 }, 3),
    ];
    expect(conflate(outputs)).toEqual({ kept: outputs.slice(1), dropped: 1 });
  });

  test('what is kept folds to the same newest states, drops no fact and keeps the order', () => {
    const anyOutput = fc
      .record({ type: fc.constantFrom(level, other, call, window), id: fc.constantFrom('a', 'b'), n: fc.nat() })
      .map(({ type, id, n }) => output(type, { id, n }, 0));
    fc.assert(
      fc.property(fc.array(anyOutput), (outputs) => {
        const { kept, dropped } = conflate(outputs);
        expect(kept.length + dropped).toBe(outputs.length);
        expect(kept).toEqual(outputs.filter((each) => kept.includes(each)));
        const isFact = ({ type }: (typeof outputs)[number]) => type.kind !== 'state';
        expect(kept.filter(isFact)).toEqual(outputs.filter(isFact));
        const newest = (of: readonly (typeof outputs)[number][]) =>
          new Map(of.map((each) => [`${each.type.name}/${each.key}`, each.value]));
        expect(newest(kept)).toEqual(newest(outputs));
        const states = kept.filter(({ type }) => type.kind === 'state');
        expect(new Set(states.map(({ type, key }) => `${type.name}/${key}`)).size).toBe(states.length);
      }),
    );
  });
});
