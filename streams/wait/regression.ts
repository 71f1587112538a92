import { type Features, pooledWait } from './features.ts';
import { levels, queueLengthWithAbandonment, type Quantiles } from './queueing.ts';

/**
 * Log-linear quantile regression, learned online: what the textbook (pooled QL-A, `base`) says is multiplied by the exponential of a
 * weighted sum of the inputs, for P50; two more sums say how far P80 and P90 lie above. All inputs are ratios, so that weights learned
 * in one centre are a start in another.
 */
export interface Regression {
  /** Three rows of one weight an input. */
  weights: number[];
  /** Sums of squared gradients: how much each weight has moved already (AdaGrad; Duchi et al. 2011). */
  squares: number[];
  /** Some of the latest examples, at most `examplesMax`. */
  examples: Example[];
  /** Examples since the start. */
  learned: number;
  /** Whether it started with weights that were learned elsewhere. */
  startsTrained: boolean;
  random: number;
}

/** What was known when somebody joined, and what then happened. */
export interface Example {
  readonly inputs: readonly number[];
  readonly base: number;
  readonly waitSeconds: number;
}

export const inputNames = [
  ...['always', 'base', 'smoothed wait', 'own queue', 'waiting', 'agents', 'idle agent', 'since last answer'],
  ...['expected ends', 'served first', 'elapsed', 'waiting beside idle', 'base and smoothed wait', 'pace'],
  ...['base of those ahead', 'priority', 'priority and base', 'unusual priority', 'unusual priority and base'],
] as const;

/** Seconds that are added before a logarithm is taken: short waits are much alike. */
const offsetSeconds = 5;
const log = (seconds: number) => Math.log(Math.max(0, seconds) + offsetSeconds);
const clamp = (value: number, limit: number) => Math.max(-limit, Math.min(limit, value));

export function inputsOf(features: Features): { readonly inputs: readonly number[]; readonly base: number } {
  const { poolHandleSeconds: handleSeconds, agentsIdle, poolWaiting } = features;
  const agents = Math.max(features.agents, 0.5);
  const base = pooledWait(features, poolWaiting).mean;
  const baseAhead = pooledWait(features, features.poolAhead).mean;
  const baseOwn = queueLengthWithAbandonment({
    ahead: features.waiting,
    agents,
    handleSeconds: features.handleSeconds,
    abandonRate: features.abandonRate,
  }).mean;
  const toBase = (seconds: number | null) => (seconds === null ? 0 : clamp(log(seconds) - log(base), 3));
  const load = (log(base) - log(handleSeconds)) / 1.5;
  const isIdle = agentsIdle > 0 ? 1 : 0;
  const textbookEnds = agents / handleSeconds;
  const ends = features.endsPerSecond ?? textbookEnds;
  const smoothed = toBase(features.smoothedWaitSeconds);
  const sinceAnswer = features.sinceAnswerSeconds ?? 600;
  const priority = clamp(features.headStartSeconds / handleSeconds, 3);
  const other = features.isUsualPriority ? 0 : 1;
  const inputs = [
    1,
    load,
    smoothed,
    toBase(baseOwn),
    Math.log1p(features.waiting) / 1.5,
    Math.log(agents) - 1.5,
    isIdle,
    Math.log1p((sinceAnswer / handleSeconds) * agents) - 1,
    Math.log((ends + 0.1 * textbookEnds) / (1.1 * textbookEnds)),
    Math.log1p(features.poolAhead) - Math.log1p(poolWaiting),
    features.elapsedSecondsMean === null ? 0 : Math.log((features.elapsedSecondsMean + 10) / handleSeconds),
    isIdle * Math.log1p(poolWaiting),
    (load * smoothed) / 2,
    Math.log((features.answersPerSecond * handleSeconds + 0.2) / (agents + 0.2)),
    toBase(baseAhead),
    priority,
    priority * load,
    other,
    other * load,
  ];
  // Ten thousandths are enough, and a thousand examples are part of every checkpoint.
  return {
    inputs: inputs.map((input) => Math.round(clamp(input, 10) * 1e4) / 1e4),
    base: Math.round(base * 1e3) / 1e3,
  };
}

const rows = levels.length;

/** Without starting weights: the textbook value, a little less, with some width. */
export function startRegression(start: StartingWeights | null): Regression {
  const size = rows * inputNames.length;
  const weights = Array.from({ length: size }, () => 0);
  weights[0] = -0.2;
  weights[inputNames.length] = -0.3;
  weights[2 * inputNames.length] = -0.8;
  return {
    weights: start === null ? weights : [...start.weights],
    squares: start === null ? Array.from({ length: size }, () => 1e-3) : [...start.squares],
    examples: [],
    learned: 0,
    startsTrained: start !== null,
    random: 12_345,
  };
}

export interface StartingWeights {
  readonly weights: readonly number[];
  readonly squares: readonly number[];
}

const softplus = (x: number) => (x > 20 ? x : Math.log1p(Math.exp(x)));
const logistic = (x: number) => 1 / (1 + Math.exp(-x));

/** Sums of the three rows. Bounded: no weights make a wait of years, or none at all. */
function sums({ weights }: Regression, inputs: readonly number[]): [number, number, number] {
  const sum: [number, number, number] = [0, 0, 0];
  const n = inputs.length;
  for (let i = 0; i < n; i += 1) {
    const input = inputs[i] ?? 0;
    sum[0] += (weights[i] ?? 0) * input;
    sum[1] += (weights[n + i] ?? 0) * input;
    sum[2] += (weights[2 * n + i] ?? 0) * input;
  }
  return [clamp(sum[0], 4), clamp(sum[1], 6), clamp(sum[2], 6)];
}

/** The quantiles as logarithms of the ratio to `base`, never falling from one to the next. */
export function logRatios(regression: Regression, inputs: readonly number[]): readonly [number, number, number] {
  const [middle, toP80, toP90] = sums(regression, inputs);
  const p80 = middle + softplus(toP80);
  return [middle, p80, p80 + softplus(toP90)];
}

/** Seconds at these logarithms of the ratio to `base`. */
export function secondsAt(base: number, [p50, p80, p90]: readonly [number, number, number]): Quantiles {
  const at = (ratio: number) => Math.max(0, (base + offsetSeconds) * Math.exp(ratio) - offsetSeconds);
  return { p50: at(p50), p80: Math.max(at(p50), at(p80)), p90: Math.max(at(p50), at(p80), at(p90)) };
}

const stepSize = 0.05;
const examplesMax = 1024;
const repeats = 3;
/** Somebody who was answered at once though nobody was idle says half as much as one who waited, and of the median only. */
const immediateWeight = 0.5;

/** Learns from a new example and, that it be known sooner, from a few older ones again. */
export function learnExample(regression: Regression, example: Example): void {
  learnStep(regression, example);
  const { examples } = regression;
  for (let repeat = 0; repeat < repeats && examples.length >= 20; repeat += 1) {
    const again = examples[Math.floor(nextRandom(regression) * examples.length)];
    if (again !== undefined) learnStep(regression, again);
  }
  if (examples.length < examplesMax) examples.push(example);
  else examples[Math.floor(nextRandom(regression) * examplesMax)] = example;
  regression.learned += 1;
}

/** Part of the state, so that a replay draws the same. */
function nextRandom(regression: Regression): number {
  regression.random = (regression.random * 1_103_515_245 + 12_345) % 2_147_483_648;
  return regression.random / 2_147_483_648;
}

/** One step down the gradient of the pinball loss (Koenker and Bassett 1978) of the three quantiles. */
export function learnStep(regression: Regression, { inputs, base, waitSeconds }: Example): void {
  const ratios = logRatios(regression, inputs);
  const [, toP80, toP90] = sums(regression, inputs);
  const slope = (row: 0 | 1 | 2): number => {
    const seconds = (base + offsetSeconds) * Math.exp(ratios[row]);
    const level = levels[row];
    return ((waitSeconds + offsetSeconds >= seconds ? -level : 1 - level) * seconds) / 100;
  };
  let gradient: readonly [number, number, number];
  if (waitSeconds > 0) {
    const [d50, d80, d90] = [slope(0), slope(1), slope(2)];
    gradient = [d50 + d80 + d90, (d80 + d90) * logistic(toP80), d90 * logistic(toP90)];
  } else {
    // P80 stays where it is: what the median loses the first distance gains.
    const d50 = immediateWeight * slope(0);
    gradient = [d50, -d50 * logistic(toP80), 0];
  }
  const n = inputs.length;
  for (let row = 0; row < rows; row += 1) {
    const rowGradient = gradient[row] ?? 0;
    if (rowGradient === 0) continue;
    for (let i = 0; i < n; i += 1) {
      const part = rowGradient * (inputs[i] ?? 0);
      if (part === 0) continue;
      const at = row * n + i;
      const squares = (regression.squares[at] ?? 0) + part * part;
      regression.squares[at] = squares;
      regression.weights[at] = (regression.weights[at] ?? 0) - (stepSize * part) / Math.sqrt(squares);
    }
  }
}
