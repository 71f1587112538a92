/** A number from 0 to below 1 each time, the same ones for the same seed. */
export type Random = () => number;

/** A generator of two 32-bit words (xoroshiro64**): quick, and far better than this model needs. */
export function seededRandom(seed: string): Random {
  let a = hash(seed, 0x811c9dc5);
  let b = hash(seed, 0x9e3779b9) | 1;
  return () => {
    const product = Math.imul(a, 0x9e3779bb);
    const result = Math.imul((product << 5) | (product >>> 27), 5) >>> 0;
    b ^= a;
    a = ((a << 26) | (a >>> 6)) ^ b ^ (b << 9);
    b = (b << 13) | (b >>> 19);
    return result / 2 ** 32;
  };
}

function hash(text: string, start: number): number {
  let value = start;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
    value ^= value >>> 15;
  }
  return Math.imul(value ^ (value >>> 13), 0x5bd1e995);
}

export function uniform(random: Random, from: number, to: number): number {
  return from + random() * (to - from);
}

export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** Shape 1 is the exponential; above it, the longer somebody waited the sooner they leave. */
export function weibull(random: Random, scale: number, shape: number): number {
  return scale * (-Math.log(1 - random())) ** (1 / shape);
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** `spread` is the coefficient of variation: standard deviation over mean. */
export function logNormal(random: Random, mean: number, spread: number): number {
  const variance = Math.log(1 + spread ** 2);
  return mean * Math.exp(Math.sqrt(variance) * normal(random) - variance / 2);
}

/** An index, each as likely as its weight says. */
export function pickWeighted(random: Random, weights: readonly number[]): number {
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const index = weights.findIndex((weight) => (left -= weight) < 0);
  return index === -1 ? weights.length - 1 : index;
}
