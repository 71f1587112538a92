import type { Quote } from '../../streams/wait/quote.ts';
import type { StartingWeights } from '../../streams/wait/regression.ts';
import type { TraceLine } from '../simulator/trace.ts';
import { seededRandom } from '../simulator/model/random.ts';
import { estimatePatience } from './patience.ts';
import { type Replayed, replayTrace } from './replay.ts';
import { type Score, scoreCalls } from './score.ts';
import { createHearing, type Variant } from './variants.ts';

type EstimatorName = Quote['published'];

/** In the order of the tables: from the plainest to the one that knows most. */
const estimators: readonly EstimatorName[] = ['seed', 'ql', 'hol', 'les', 'smoothed', 'ql-a', 'ratio', 'regression'];

/** How a trace was heard and what came of it. */
export interface Backtest extends Replayed {
  readonly heard: 'all' | Variant;
  /** What callers were told: of each the estimator that the ladder chose. */
  readonly published: Score;
  readonly scores: ReadonlyMap<EstimatorName, Score>;
  /** Share of the calls for which each was published; those never published are absent. */
  readonly publishedShares: ReadonlyMap<EstimatorName, number>;
}

export interface BacktestSettings {
  /** Null = cold. */
  readonly start: StartingWeights | null;
  readonly heard?: 'all' | Variant;
  /** Which events are lost, where some are. */
  readonly seed?: string;
  readonly onLine?: (done: number) => void;
}

export function backtest(lines: readonly TraceLine[], settings: BacktestSettings): Backtest {
  const { start, heard = 'all', seed = '1', onLine } = settings;
  const replayed = replayTrace(lines, start, {
    ...(heard === 'all' ? {} : { hearing: createHearing(heard, lines, seededRandom(seed)) }),
    ...(onLine === undefined ? {} : { onLine }),
  });
  const { calls, quotes } = replayed;
  const patience = estimatePatience(calls);
  const scoreOf = (choose: (quote: Quote) => EstimatorName) =>
    scoreCalls(calls, patience, ({ id }) => {
      const quote = quotes.get(id);
      return quote === undefined ? null : quote.estimates[choose(quote)];
    });
  const counts = new Map<EstimatorName, number>();
  for (const { published } of quotes.values()) counts.set(published, (counts.get(published) ?? 0) + 1);
  return {
    ...replayed,
    heard,
    published: scoreOf(({ published }) => published),
    scores: new Map(estimators.map((name) => [name, scoreOf(() => name)])),
    publishedShares: new Map(Array.from(counts, ([name, count]) => [name, count / quotes.size])),
  };
}
