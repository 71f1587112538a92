/** Seconds that half, eight and nine tenths of the callers wait at most; never falling from one to the next. */
export interface Quantiles {
  readonly p50: number;
  readonly p80: number;
  readonly p90: number;
}

/** The levels of `Quantiles`, in its order. */
export const levels = [0.5, 0.8, 0.9] as const;

/** What a quantile is off by, weighed so that the true one loses least in the mean (Koenker and Bassett 1978). */
export function pinballSeconds(quantile: number, level: number, waitSeconds: number): number {
  return waitSeconds >= quantile ? level * (waitSeconds - quantile) : (1 - level) * (quantile - waitSeconds);
}

/** What a queue looks like to the formulas. Seconds; `abandonRate` = abandonments per second of waiting. */
export interface Load {
  /** Callers who are served first; a share of one counts as a share. */
  readonly ahead: number;
  readonly agents: number;
  readonly handleSeconds: number;
  readonly abandonRate: number;
}

/** Nobody on queue is taken for half an agent: somebody may come. */
const agentsMin = 0.5;

/** Mean wait with `agents` agents who never stop and callers who never leave (Whitt 1999, QL). */
export function queueLengthSeconds({ ahead, agents, handleSeconds }: Load): number {
  return ((ahead + 1) * handleSeconds) / Math.max(agents, agentsMin);
}

/**
 * Mean and variance of the wait when callers ahead also give up (Whitt 1999, Markovian QL with abandonment): one exponential stage
 * for each departure that has to come first, `sum 1 / (agents / handle + j * abandonRate)` for j from 0 to `ahead`.
 */
export function queueLengthWithAbandonment(load: Load): { readonly mean: number; readonly variance: number } {
  const serviceRate = Math.max(load.agents, agentsMin) / load.handleSeconds;
  const rateAt = (j: number) => serviceRate + j * load.abandonRate;
  const whole = Math.floor(load.ahead);
  const single = Math.min(whole, singleStagesMax);
  let mean = 0;
  let variance = 0;
  for (let j = 0; j <= single; j += 1) {
    mean += 1 / rateAt(j);
    variance += 1 / rateAt(j) ** 2;
  }
  if (whole > single) {
    // The trapezoid from the last single stage on, whose half is counted already: off by less than a millionth by then.
    const [from, to] = [rateAt(single), rateAt(whole)];
    const slope = load.abandonRate * (whole - single) < from * 1e-9 ? null : load.abandonRate;
    mean += (slope === null ? (whole - single) / from : Math.log(to / from) / slope) + (1 / to - 1 / from) / 2;
    variance += (whole - single) / (from * to) + (1 / to ** 2 - 1 / from ** 2) / 2;
  }
  const part = load.ahead - whole;
  const next = rateAt(whole + 1);
  return { mean: mean + part / next, variance: variance + part / next ** 2 };
}

const singleStagesMax = 64;

/** Standard normal quantiles of `levels`. */
const normalQuantiles = [0, 0.841_621_233_6, 1.281_551_565_5] as const;

/** Quantiles of the gamma distribution with this mean and variance, by the cube-root normal approximation (Wilson and Hilferty 1931). */
export function gammaQuantiles(mean: number, variance: number): Quantiles {
  const ninth = variance / (9 * mean * mean);
  const at = (z: number) => mean * Math.max(0, 1 - ninth + z * Math.sqrt(ninth)) ** 3;
  const [z50, z80, z90] = normalQuantiles;
  return { p50: at(z50), p80: at(z80), p90: at(z90) };
}

/** A point estimate said as if it were certain. */
export function pointQuantiles(seconds: number): Quantiles {
  return { p50: seconds, p80: seconds, p90: seconds };
}
