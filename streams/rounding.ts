/**
 * The nearest decimal of `digits` places (0 to 99) to the exact binary value of `x`; an exact tie goes to the even digit, as
 * with Python's `round`. Never -0; NaN and the infinities stay what they are. Throws a RangeError for other digits.
 */
export function roundHalfEven(x: number, digits: number): number {
  if (!Number.isFinite(x)) return x;
  const size = Math.abs(x);
  const rounded = isTie(size, digits) ? evenNeighbour(size, digits) : Number(size.toFixed(digits));
  return x < 0 && rounded !== 0 ? -rounded : rounded;
}

/** A tie lies halfway between two decimals, so twice its scaled value is odd; only what looks so is worth all its digits. */
function isTie(size: number, digits: number): boolean {
  const scaled = size * 10 ** digits;
  if (Math.abs((scaled % 1) - 0.5) > 1e-3) return false;
  return /^50*$/.test(fractionOf(size).slice(digits));
}

/** `toFixed` rounds a tie up; the digit below is even if that one is odd. */
function evenNeighbour(size: number, digits: number): number {
  const above = size.toFixed(digits);
  if (Number(above.at(-1)) % 2 === 0) return Number(above);
  const whole = Math.trunc(size).toString();
  return Number(digits === 0 ? whole : `${whole}.${fractionOf(size).slice(0, digits)}`);
}

/** A tie of `digits` places has `digits` + 1 decimals, so 100 show all that matter. */
const fractionOf = (size: number): string => size.toFixed(100).split('.')[1] ?? '';
