import { pinballSeconds, type Quantiles } from '../../streams/wait/queueing.ts';
import type { Patience } from './patience.ts';
import type { TrueCall } from './truth.ts';

/**
 * How far what callers were told was from what happened, over some calls that were answered. Seconds, or shares of 1. The names are those
 * of the scoring script that comes with the public traces, so that its output and ours can be laid side by side.
 *
 * An error is prediction less wait, of P50. `rel` divides it by at least 30 s; `late30` and `early30` = answered over 30 s later, earlier
 * than told; `pin…` = pinball loss; `cov…` = share of waits within the quantile. `…_c` gives each answered call the weight 1/G, G = share
 * of callers patient enough to see it: it says what the figure would be if nobody gave up. `mae_se` = standard error of `mae`, days
 * taken as a whole.
 */
export interface Measures {
  readonly n: number;
  readonly mean_wait: number;
  readonly mae: number;
  readonly medae: number;
  readonly rmse: number;
  readonly bias: number;
  readonly rel: number;
  readonly late30: number;
  readonly early30: number;
  readonly pin: number;
  readonly pin50: number;
  readonly pin80: number;
  readonly pin90: number;
  readonly cov50: number;
  readonly cov80: number;
  readonly cov90: number;
  readonly mae_c: number;
  readonly pin_c: number;
  readonly cov50_c: number;
  readonly cov80_c: number;
  readonly cov90_c: number;
  /** Absent within a single day. */
  readonly mae_se?: number;
}

/** `waited` = answered after a wait; `busy` = nobody was idle; `rising`, `falling` = over a minute and twice above, below the last ten. */
export type Subset = 'waited' | 'busy' | 'all' | 'rising' | 'falling' | `waited:${string}`;

export interface Score {
  /** Without those that hold no call. */
  readonly subsets: ReadonlyMap<Subset, Measures>;
  /** Calls for which nothing was said: they count as told 0. */
  readonly missing: number;
  readonly outOfOrder: number;
  /** Of those who waited and gave up. */
  readonly abandoned: number;
  /** Share of them who had waited longer than P90 by then. */
  readonly abandonedAfterP90: number;
}

/** One call and what it was told. */
interface Told {
  readonly waitSeconds: number;
  readonly told: Quantiles;
  readonly weight: number;
  readonly day: number;
}

const promiseSeconds = 30;
const relativeFloorSeconds = 30;
/** The largest weight is five. */
const patienceMin = 0.2;
const daySeconds = 86_400;
const nothing: Quantiles = { p50: 0, p80: 0, p90: 0 };

/** Scores what `toldTo` says that each call was told; null counts as 0. */
export function scoreCalls(
  calls: readonly TrueCall[],
  patience: Patience,
  toldTo: (call: TrueCall) => Quantiles | null,
): Score {
  const subsets = new Map<Subset, Told[]>();
  let [missing, outOfOrder, abandoned, abandonedLate] = [0, 0, 0, 0];
  for (const call of calls) {
    if (call.outcome === 'open') continue;
    const { waitSeconds } = call;
    const given = toldTo(call);
    if (given === null) missing += 1;
    const told = given ?? nothing;
    if (!(told.p50 <= told.p80 && told.p80 <= told.p90)) outOfOrder += 1;
    if (call.outcome === 'abandoned') {
      if (waitSeconds <= 0) continue;
      abandoned += 1;
      if (told.p90 < waitSeconds) abandonedLate += 1;
      continue;
    }
    const weight = waitSeconds <= 0 ? 1 : 1 / Math.max(patienceMin, patience(call.queueId, waitSeconds));
    const one = { waitSeconds, told, weight, day: Math.floor(call.t / daySeconds) };
    for (const subset of subsetsOf(call)) {
      const members = subsets.get(subset);
      if (members === undefined) subsets.set(subset, [one]);
      else members.push(one);
    }
  }
  return {
    subsets: new Map(Array.from(subsets, ([subset, members]) => [subset, measure(members)])),
    missing,
    outOfOrder,
    abandoned,
    abandonedAfterP90: abandoned === 0 ? 0 : abandonedLate / abandoned,
  };
}

function subsetsOf({ queueId, waitSeconds, recentSeconds, agentIdle }: TrueCall): readonly Subset[] {
  const subsets: Subset[] = ['all'];
  if (!agentIdle) subsets.push('busy');
  if (waitSeconds <= 0) return subsets;
  subsets.push('waited', `waited:${queueId}`);
  if (recentSeconds === null) return subsets;
  const isFarAbove = (a: number, b: number) => a > 60 + b && a > 2 * b;
  if (isFarAbove(waitSeconds, recentSeconds)) subsets.push('rising');
  else if (isFarAbove(recentSeconds, waitSeconds)) subsets.push('falling');
  return subsets;
}

function measure(members: readonly Told[]): Measures {
  const n = members.length;
  const mean = (of: (one: Told) => number) => members.reduce((sum, one) => sum + of(one), 0) / n;
  const weights = members.reduce((sum, { weight }) => sum + weight, 0);
  const weighted = (of: (one: Told) => number) => members.reduce((sum, one) => sum + one.weight * of(one), 0) / weights;
  const error = ({ told, waitSeconds }: Told) => told.p50 - waitSeconds;
  const size = (one: Told) => Math.abs(error(one));
  const share = (is: (one: Told) => boolean) => (one: Told) => (is(one) ? 1 : 0);
  const loss =
    (name: keyof Quantiles, level: number) =>
    ({ told, waitSeconds }: Told) =>
      pinballSeconds(told[name], level, waitSeconds);
  const within = (name: keyof Quantiles) => share(({ told, waitSeconds }) => waitSeconds <= told[name]);
  const [loss50, loss80, loss90] = [loss('p50', 0.5), loss('p80', 0.8), loss('p90', 0.9)];
  const lossOfAll = (one: Told) => (loss50(one) + loss80(one) + loss90(one)) / 3;
  const mae = mean(size);
  const standardError = errorByDays(members, size, mae);
  return {
    n,
    mean_wait: mean(({ waitSeconds }) => waitSeconds),
    mae,
    medae: median(members.map(size)),
    rmse: Math.sqrt(mean((one) => error(one) ** 2)),
    bias: mean(error),
    rel: mean((one) => size(one) / Math.max(one.waitSeconds, relativeFloorSeconds)),
    late30: mean(share((one) => error(one) < -promiseSeconds)),
    early30: mean(share((one) => error(one) > promiseSeconds)),
    pin: mean(lossOfAll),
    pin50: mean(loss50),
    pin80: mean(loss80),
    pin90: mean(loss90),
    cov50: mean(within('p50')),
    cov80: mean(within('p80')),
    cov90: mean(within('p90')),
    mae_c: weighted(size),
    pin_c: weighted(lossOfAll),
    cov50_c: weighted(within('p50')),
    cov80_c: weighted(within('p80')),
    cov90_c: weighted(within('p90')),
    ...(standardError === null ? {} : { mae_se: standardError }),
  };
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  const middle = (values.length - 1) / 2;
  return ((values[Math.floor(middle)] ?? NaN) + (values[Math.ceil(middle)] ?? NaN)) / 2;
}

/** Calls of one day err alike, so each day counts as one observation. */
function errorByDays(members: readonly Told[], size: (one: Told) => number, mae: number): number | null {
  const days = new Map<number, number>();
  for (const one of members) days.set(one.day, (days.get(one.day) ?? 0) + size(one) - mae);
  if (days.size < 2) return null;
  const squares = [...days.values()].reduce((sum, excess) => sum + excess ** 2, 0);
  return Math.sqrt((squares * days.size) / (days.size - 1)) / members.length;
}
