import type { Quantiles } from './queueing.ts';

type EstimatorName = 'seed' | 'ql' | 'hol' | 'les' | 'smoothed' | 'ql-a' | 'ratio' | 'regression';

/** What each estimator says of one moment; null = it has nothing to go by. */
type Estimates = Readonly<Record<EstimatorName, Quantiles | null>>;

/** What was said to somebody who joined, and what has to be kept to learn from how it went. */
export interface Quote {
  readonly estimates: Estimates;
  readonly published: EstimatorName;
  readonly inputs: readonly number[];
  readonly base: number;
  readonly agentIdle: boolean;
  /** Callers who were there already: about so many are answered before it is seen how this one went. */
  readonly waiting: number;
}
