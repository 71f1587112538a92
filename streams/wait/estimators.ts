import { predictSeedWait } from '../seed-wait.ts';
import { type Features, pooledWait } from './features.ts';
import { gammaQuantiles, levels, pointQuantiles, queueLengthSeconds, type Quantiles } from './queueing.ts';
import type { Quote } from './quote.ts';
import {
  type Example,
  inputsOf,
  learnExample,
  logRatios,
  type Regression,
  secondsAt,
  startRegression,
  type StartingWeights,
} from './regression.ts';

/** What was learned of one medium. */
export interface Learned {
  regression: Regression;
  /** By line. */
  tunings: Map<string, Tuning>;
}

type Triple = [number, number, number];

/** Logarithms that follow the share of waits within each quantile until it is what it should be. */
export interface Tuning {
  /** Of the textbook value (Robbins and Monro 1951). */
  ratio: Triple;
  /** Of the regression (adaptive conformal steps; Gibbs and Candes 2021). */
  shift: Triple;
  answers: number;
  /** Share of the latest waits within the published quantiles, later ones weighing more. */
  coverage: Triple;
}

export const startLearned = (start: StartingWeights | null): Learned => ({
  regression: startRegression(start),
  tunings: new Map(),
});

export function tuningOf({ tunings }: Learned, lineKey: string): Tuning {
  let tuning = tunings.get(lineKey);
  if (tuning === undefined) {
    tuning = { ratio: [0, 0, 0], shift: [0, 0, 0], answers: 0, coverage: [...levels] };
    tunings.set(lineKey, tuning);
  }
  return tuning;
}

/** Waits a regression without starting weights has to have seen before it is published. */
const learnedMin = 50;
/** Waits of its own a line has to have seen before its ratio is published. */
const answersMin = 20;

export function quote(learned: Learned, lineKey: string, features: Features): Quote {
  const tuning = tuningOf(learned, lineKey);
  const { inputs, base } = inputsOf(features);
  const isFree = features.agentsIdle > 0 && features.waiting === 0;
  // Most who find an idle agent do not wait; P80 and P90 are those of the others.
  const honest = (quantiles: Quantiles): Quantiles => (isFree ? { ...quantiles, p50: 0 } : quantiles);
  const textbook = pooledWait(features, features.poolWaiting);
  const gamma = gammaQuantiles(textbook.mean, textbook.variance);
  const point = (seconds: number | null) => (seconds === null ? null : pointQuantiles(seconds));
  const [r50, r80, r90] = logRatios(learned.regression, inputs);
  const [s50, s80, s90] = tuning.shift;
  const isTrained = learned.regression.learned >= learnedMin || learned.regression.startsTrained;
  return {
    estimates: {
      seed: pointQuantiles(seedSeconds(features)),
      ql: pointQuantiles(queueLengthSeconds({ ...features, ahead: features.waiting })),
      hol: point(features.longestWaitSeconds ?? 0),
      les: point(features.lastWaitSeconds),
      smoothed: point(features.smoothedWaitSeconds),
      'ql-a': honest(gamma),
      ratio: honest(secondsAt(base, tuning.ratio)),
      regression: honest(secondsAt(base, [r50 + s50, r80 + s80, r90 + s90])),
    },
    published: publishedBy({ isTrained, answers: tuning.answers, agentsKnown: features.agentsKnown }),
    inputs,
    base,
    agentIdle: features.agentsIdle > 0,
    waiting: features.waiting,
  };
}

/** Of agents nobody knows of there is only the tutorial's guess, which takes none for one. */
function publishedBy({
  isTrained,
  answers,
  agentsKnown,
}: {
  readonly isTrained: boolean;
  readonly answers: number;
  readonly agentsKnown: boolean;
}): Quote['published'] {
  if (!agentsKnown) return 'seed';
  if (isTrained) return 'regression';
  return answers >= answersMin ? 'ratio' : 'ql-a';
}

function seedSeconds({ waiting, agentsIdle, handleSeconds, handleKnown }: Features): number {
  const ahtSeconds = handleKnown ? handleSeconds : null;
  return predictSeedWait({ inQueue: waiting, agentsAvailable: agentsIdle, ahtSeconds }).predictedWaitSeconds;
}

const ratioStep = 0.03;
const shiftStep = 0.005;
/** How far they go at most: where most who wait were told 0, since an agent was idle, P50 of the others would rise for ever. */
const ratioMax = 3;
const shiftMax = 1;
/**
 * How far they go at most before it is seen what came of it. Where hundreds wait each of them was told before the first of them was
 * answered: with full steps all would set the same error right, and then its opposite, ever more.
 */
const unseenMax = 0.08;
const stepOf = (step: number, { waiting }: Quote) => Math.min(step, unseenMax / Math.max(1, waiting));
/** Each wait takes this share of the weight of all before it. */
const coverageStep = 0.02;

/** Learns from somebody who was answered after `waitSeconds`. */
export function learnWait(learned: Learned, lineKey: string, given: Quote, waitSeconds: number): void {
  const example: Example = { inputs: given.inputs, base: given.base, waitSeconds };
  if (waitSeconds <= 0) {
    // With an idle agent that is what was to be expected.
    if (!given.agentIdle) learnExample(learned.regression, example);
    return;
  }
  learnExample(learned.regression, example);
  const tuning = tuningOf(learned, lineKey);
  tuning.answers += 1;
  follow(tuning.ratio, given.estimates.ratio, waitSeconds, { step: stepOf(ratioStep, given), max: ratioMax });
  follow(tuning.shift, given.estimates.regression, waitSeconds, { step: stepOf(shiftStep, given), max: shiftMax });
  const published = given.estimates[given.published];
  if (published === null) return;
  within(published, waitSeconds).forEach((isWithin, index) => {
    const share = tuning.coverage[index] ?? 0;
    tuning.coverage[index] = share + coverageStep * ((isWithin ? 1 : 0) - share);
  });
}

function follow(
  logarithms: Triple,
  given: Quantiles | null,
  waitSeconds: number,
  { step, max }: { readonly step: number; readonly max: number },
): void {
  if (given === null) return;
  within(given, waitSeconds).forEach((isWithin, index) => {
    const moved = (logarithms[index] ?? 0) + step * ((levels[index] ?? 0) - (isWithin ? 1 : 0));
    logarithms[index] = Math.max(-max, Math.min(max, moved));
  });
}

/** Whether a wait is within each of the quantiles. */
const within = ({ p50, p80, p90 }: Quantiles, waitSeconds: number): readonly boolean[] =>
  [p50, p80, p90].map((quantile) => waitSeconds <= quantile);
