/**
 * The chance that a chi-square variable with so many whole degrees of freedom is at least `x`; 1 without any degree. Exact to about
 * twelve digits of the tail itself, however small that is.
 */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom <= 0 || x <= 0) return 1;
  if (x === Infinity) return 0;
  const a = degreesOfFreedom / 2;
  const y = x / 2;
  // Each converges fast where the other does not, and the difference from 1 loses no digits where it is not small.
  return y < a + 1 ? Math.max(0, 1 - density(a, y) * lowerSeries(a, y)) : density(a, y) * a * upperFraction(a, y);
}

const precision = 1e-16;
/** Far more than are needed: about ten times the root of `a`. */
const termsMax = 1_000_000;

/** y^a e^-y / Γ(a+1) for a multiple of 1/2. */
function density(a: number, y: number): number {
  if (a < 10) return Math.exp(a * Math.log(y) - y) / gammaOfNext(a);
  // Powers and factorials of large numbers would cost digits: what is left of them when they have cancelled is small.
  const u = (y - a) / a;
  return Math.exp(-a * (u - Math.log1p(u)) - stirlingError(a)) / Math.sqrt(2 * Math.PI * a);
}

/** Γ(a+1) as a product down to Γ(1) or Γ(1/2). */
function gammaOfNext(a: number): number {
  let product = Number.isInteger(a) ? 1 : Math.sqrt(Math.PI);
  for (let factor = a; factor > 0; factor -= 1) product *= factor;
  return product;
}

/** How far the logarithm of Stirling's formula for Γ(a+1) is off, for a from 10 on. */
function stirlingError(a: number): number {
  const r = 1 / (a * a);
  return (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r * (1 / 1680 - r * (1 / 1188 - (r * 691) / 360360))))) / a;
}

/** 1 + y/(a+1) + y²/((a+1)(a+2)) + … */
function lowerSeries(a: number, y: number): number {
  let term = 1;
  let sum = 1;
  for (let n = 1; n < termsMax && term > sum * precision; n += 1) {
    term *= y / (a + n);
    sum += term;
  }
  return sum;
}

/** 1/(y+1-a - 1(1-a)/(y+3-a - 2(2-a)/(y+5-a - …))), evaluated forwards as a product of ratios of successive convergents. */
function upperFraction(a: number, y: number): number {
  let b = y + 1 - a;
  let numerators = Infinity;
  let denominators = 1 / b;
  let value = denominators;
  for (let n = 1; n < termsMax; n += 1) {
    const step = -n * (n - a);
    b += 2;
    denominators = 1 / (step * denominators + b);
    numerators = b + step / numerators;
    const ratio = numerators * denominators;
    value *= ratio;
    if (Math.abs(ratio - 1) <= precision) break;
  }
  return value;
}
