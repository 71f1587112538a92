import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSchedule } from '../../../src/simulator/schedule.ts';

test('what is planned comes in order of time, things of one moment in the order in which they were planned', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.nat({ max: 9 }), { nil: undefined })), (steps) => {
      const schedule = createSchedule<number>();
      let expected: { readonly atMs: number; readonly plan: number }[] = [];
      steps.forEach((atMs, plan) => {
        if (atMs === undefined) {
          expect(schedule.nextMs()).toBe(expected[0]?.atMs ?? Infinity);
          const next = schedule.next();
          expect(next && { atMs: next.atMs, plan: next.plan }).toEqual(expected.shift());
          return;
        }
        schedule.at(atMs, plan);
        expected = [...expected, { atMs, plan }].sort((a, b) => a.atMs - b.atMs || a.plan - b.plan);
      });
    }),
  );
});
