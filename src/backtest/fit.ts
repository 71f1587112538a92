import type { Quote } from '../../streams/wait/quote.ts';
import {
  type Example,
  learnStep,
  type Regression,
  startRegression,
  type StartingWeights,
} from '../../streams/wait/regression.ts';
import { seededRandom } from '../simulator/model/random.ts';
import type { Replayed } from './replay.ts';
import type { TrueCall } from './truth.ts';

const epochs = 12;

/** As many examples as the fitted weights count for when new ones come: fewer are forgotten sooner. */
const examplesWorth = 4000;

/** Weights for a start, from the calls of one or more traces. The same calls give the same weights. */
export function fitWeights(traces: readonly Replayed[]): StartingWeights {
  const regression = startRegression(null);
  const examples = traces.flatMap(({ calls, quotes }) => calls.flatMap((call) => exampleOf(call, quotes.get(call.id))));
  const random = seededRandom('fit');
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    shuffle(examples, random);
    for (const example of examples) learnStep(regression, example);
  }
  return rounded(regression, examplesWorth / (examples.length * epochs));
}

function exampleOf({ outcome, waitSeconds }: TrueCall, quote: Quote | undefined): Example[] {
  if (quote === undefined || outcome !== 'answered') return [];
  // With an idle agent an answer at once was to be expected.
  if (waitSeconds === 0 && quote.agentIdle) return [];
  return [{ inputs: quote.inputs, base: quote.base, waitSeconds }];
}

function shuffle(examples: Example[], random: () => number): void {
  for (let last = examples.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const [a, b] = [examples[last], examples[other]];
    if (a === undefined || b === undefined) continue;
    examples[last] = b;
    examples[other] = a;
  }
}

function rounded({ weights, squares }: Regression, share: number): StartingWeights {
  const round = (value: number) => Number(value.toPrecision(5));
  return { weights: weights.map(round), squares: squares.map((square) => round(square * share)) };
}
