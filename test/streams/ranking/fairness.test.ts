import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chiSquareTail } from '../../../streams/ranking/chi-square.ts';
import { countChoices, fairnessOf, uniformFairness } from '../../../streams/ranking/fairness.ts';

const counts = fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 40 });
const shares = fc.array(
  fc.record({ chosen: fc.nat({ max: 50 }), expected: fc.double({ min: 0.01, max: 50, noNaN: true }) }),
  { minLength: 1, maxLength: 30 },
);

describe('the upper tail of the chi-square distribution', () => {
  // By the closed forms of even and odd degrees, in decimals of 200 places.
  test.each([
    [0.001, 1, 0.9747728793699604],
    [3.841458820694124, 1, 0.05],
    [40, 1, 2.539628589470865e-10],
    [200, 1, 2.088487583762545e-45],
    [2, 3, 0.5724067044708798],
    [100, 3, 1.554159431389605e-21],
    [15.5, 5, 0.008426502450456851],
    [0.5, 9, 0.9999695662588389],
    [160, 34, 3.0237125356822996e-18],
    [30, 34, 0.6641232006065446],
    [25.5, 19, 0.14473387816051217],
    [19.5, 20, 0.48957123911498546],
    [700, 20, 2.213405340424449e-135],
    [100, 101, 0.5094245039718839],
    [1000, 999, 0.48513148927490146],
    [1300, 1001, 4.450163496674103e-10],
    [9999, 10_000, 0.5009403844126935],
    [11_000, 10_000, 3.618329558096479e-12],
    [1400, 2, 9.85967654375977e-305],
  ])('at %d with %d degrees is right to eleven digits, however small', (x, degrees, expected) => {
    expect(Math.abs(chiSquareTail(x, degrees) / expected - 1)).toBeLessThan(1e-11);
  });

  test('is everything at zero and nothing at the end', () => {
    expect([chiSquareTail(0, 3), chiSquareTail(5, 0), chiSquareTail(1e6, 3), chiSquareTail(Infinity, 3)]).toEqual([
      1, 1, 0, 0,
    ]);
  });

  test('falls with the value and rises with the degrees', () => {
    const x = fc.double({ min: 0, max: 500, noNaN: true });
    fc.assert(
      fc.property(x, x, fc.integer({ min: 1, max: 300 }), (a, b, degrees) => {
        const tail = chiSquareTail(a, degrees);
        expect(tail).toBeGreaterThanOrEqual(0);
        expect(tail).toBeLessThanOrEqual(1);
        expect(chiSquareTail(a + b, degrees)).toBeLessThanOrEqual(tail * (1 + 1e-11));
        expect(chiSquareTail(a, degrees + 1)).toBeGreaterThanOrEqual(tail * (1 - 1e-11));
      }),
    );
  });
});

describe('fairness', () => {
  test('counts those who were never chosen, and those chosen from outside', () => {
    expect([...countChoices(['b', 'x', 'b'], ['a', 'b'])]).toEqual([
      ['a', 0],
      ['b', 2],
      ['x', 1],
    ]);
    expect([...countChoices(['b'])]).toEqual([['b', 1]]);
  });

  test('is found wanting where one takes all', () => {
    expect(uniformFairness([20, 0, 0, 0])).toMatchObject({ chiSquare: 60, gini: 0.75, isFair: false, testable: true });
  });

  test.each([[[]], [[7]], [[0, 0, 0]]])('has nothing to object to in %j, and says that it tested nothing', (chosen) => {
    expect(uniformFairness(chosen)).toMatchObject({ chiSquare: 0, pValue: 1, gini: 0, testable: false, isFair: true });
  });

  test.each([
    [[5, 5], false],
    [[5, 4], true],
    [[0, 0], false],
    [[9], false],
    [[4], true],
  ])('of %j rests on low expected counts: %j', (chosen, lowExpectedCounts) => {
    expect(uniformFairness(chosen)).toMatchObject({ lowExpectedCounts });
  });

  test('does not hold against somebody that he could be chosen less often', () => {
    const shifts = [
      { chosen: 30, expected: 30 },
      { chosen: 10, expected: 10 },
    ];
    expect(fairnessOf(shifts)).toMatchObject({ chiSquare: 0, gini: 0, pValue: 1, isFair: true });
    expect(uniformFairness([30, 10])).toMatchObject({ chiSquare: 10, gini: 0.25, isFair: false });
  });

  test('does not depend on the order of the agents', () => {
    const shuffled = counts.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        const [a, b] = [uniformFairness(all), uniformFairness(other)];
        expect(b.chiSquare).toBeCloseTo(a.chiSquare, 6);
        expect(b.gini).toBeCloseTo(a.gini, 12);
        expect(b.isFair).toBe(a.isFair);
      }),
    );
  });

  test('has a Gini of 0 to 1, which stays when all are chosen so many times as often', () => {
    fc.assert(
      fc.property(shares, fc.integer({ min: 2, max: 9 }), (all, times) => {
        const { gini } = fairnessOf(all);
        expect(gini).toBeGreaterThanOrEqual(0);
        expect(gini).toBeLessThan(1);
        const more = all.map(({ chosen, expected }) => ({ chosen: chosen * times, expected: expected * times }));
        expect(fairnessOf(more).gini).toBeCloseTo(gini, 9);
      }),
    );
  });

  test('has the Gini of pairwise differences when all are expected alike', () => {
    fc.assert(
      fc.property(counts, (all) => {
        const total = all.reduce((sum, each) => sum + each, 0);
        fc.pre(total > 0 && all.length > 1);
        const apart = all.flatMap((a) => all.map((b) => Math.abs(a - b))).reduce((sum, each) => sum + each, 0);
        expect(uniformFairness(all).gini).toBeCloseTo(apart / (2 * all.length * total), 9);
      }),
    );
  });
});
