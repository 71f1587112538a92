import type { EpochMs } from '../record.ts';

/** A sum in which what is older counts less. */
export interface Decayed {
  value: number;
  atMs: EpochMs;
}

/** The sum as it stands at a time; time that runs backwards stands still. */
export function decayedAt(sum: Decayed, atMs: EpochMs, halfLifeSeconds: number): number {
  return sum.value * 0.5 ** (Math.max(0, atMs - sum.atMs) / 1000 / halfLifeSeconds);
}

export function addDecayed(sum: Decayed, amount: number, atMs: EpochMs, halfLifeSeconds: number): void {
  sum.value = decayedAt(sum, atMs, halfLifeSeconds) + amount;
  sum.atMs = Math.max(sum.atMs, atMs);
}

/** Mean and variance of values, the newest of which weighs at least `1 / countMax`. */
export interface RunningMean {
  count: number;
  mean: number;
  variance: number;
}

export const startMean = (): RunningMean => ({ count: 0, mean: 0, variance: 0 });

export function addToMean(running: RunningMean, value: number, countMax: number): void {
  running.count = Math.min(running.count + 1, countMax);
  const before = value - running.mean;
  running.mean += before / running.count;
  running.variance += (before * (value - running.mean) - running.variance) / running.count;
}
