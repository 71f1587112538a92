import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roundHalfEven } from '../../streams/rounding.ts';

describe('roundHalfEven', () => {
  test.each([
    // An exact tie goes to the even digit.
    [0.5, 0, 0],
    [1.5, 0, 2],
    [2.5, 0, 2],
    [0.125, 2, 0.12],
    [0.375, 2, 0.38],
    [0.0625, 3, 0.062],
    [1234567.5, 0, 1234568],
    [1234566.5, 0, 1234566],
    [0.25, 1, 0.2],
    [9.5, 0, 10],
    [99.5, 0, 100],
    [0.75, 1, 0.8],
    // These only look like ties: the double lies beside them.
    [2.675, 2, 2.67],
    [1.005, 2, 1],
    [0.15, 1, 0.1],
    [0.35, 1, 0.3],
    [1.15, 1, 1.1],
    [0.49999999999999994, 0, 0],
    [2.5000000000000004, 0, 3],
    // Large, small and already round.
    [1e21, 2, 1e21],
    [4503599627370496.5, 0, 4503599627370496],
    [5e-324, 3, 0],
    [7, 2, 7],
  ])('rounds %d to %d digits as %d, and its negative likewise', (x, digits, rounded) => {
    expect(roundHalfEven(x, digits)).toBe(rounded);
    expect(roundHalfEven(-x, digits)).toBe(rounded === 0 ? 0 : -rounded);
  });

  test('leaves alone what is no finite number', () => {
    expect(roundHalfEven(NaN, 2)).toBeNaN();
    expect(roundHalfEven(-Infinity, 2)).toBe(-Infinity);
  });

  test('equals exact arithmetic on the binary value', () => {
    const quarters = fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 64);
    const any = fc.double({ min: -1e9, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(fc.oneof(quarters, any), fc.nat(6), (x, digits) => {
        expect(roundHalfEven(x, digits)).toBe(roundExactly(x, digits));
      }),
      { numRuns: 2000 },
    );
  });
});

/** The same by fractions: every double is a whole number over a power of two. */
function roundExactly(x: number, digits: number): number {
  let [numerator, exponent] = [Math.abs(x), 0];
  while (!Number.isInteger(numerator)) [numerator, exponent] = [numerator * 2, exponent + 1];
  const [scaled, divisor] = [BigInt(numerator) * 10n ** BigInt(digits), 2n ** BigInt(exponent)];
  let whole = scaled / divisor;
  const twiceRest = (scaled % divisor) * 2n;
  if (twiceRest > divisor || (twiceRest === divisor && whole % 2n === 1n)) whole += 1n;
  const text = whole.toString().padStart(digits + 1, '0');
  const size = Number(`${text.slice(0, text.length - digits)}.${text.slice(text.length - digits)}`);
  return x < 0 && size !== 0 ? -size : size;
}
