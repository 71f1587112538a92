import type { Quantiles } from '../../../streams/wait/queueing.ts';
import type { Backtest } from '../backtest.ts';

/** A call that was answered after a wait, and what it was told. */
export interface Wait {
  readonly queueId: string;
  /** 0 to 23, by the clocks of the centre. */
  readonly hour: number;
  readonly seconds: number;
  readonly told: Quantiles;
}

/** What the plots are about, as the main figures are: calls answered after a wait, by what was published. */
export function waitsOf({ calls, quotes }: Backtest): readonly Wait[] {
  return calls.flatMap(({ id, queueId, t, outcome, waitSeconds }) => {
    const quote = quotes.get(id);
    const told = quote?.estimates[quote.published];
    if (outcome !== 'answered' || waitSeconds <= 0 || told == null) return [];
    return [{ queueId, hour: Math.floor(t / 3600) % 24, seconds: waitSeconds, told }];
  });
}

export const meanOf = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.reduce((sum, value) => sum + of(value), 0) / values.length;

/** The value that this share of sorted ones does not exceed; NaN without any. */
export function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** Waits in groups of about equal size, from those who were told least to those who were told most. */
export function groupsByTold(waits: readonly Wait[], countMax: number): readonly (readonly Wait[])[] {
  const sorted = [...waits].sort((a, b) => a.told.p50 - b.told.p50);
  const count = Math.max(1, Math.min(countMax, Math.floor(sorted.length / groupMin)));
  const bounds = Array.from({ length: count + 1 }, (_, index) => Math.round((index * sorted.length) / count));
  return bounds.slice(1).map((to, index) => sorted.slice(bounds[index], to));
}

/** Fewer say little. */
const groupMin = 30;

/** A length of time as somebody would say it. */
export function timeText(seconds: number): string {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  const rest = whole % 60;
  return `${Math.floor(whole / 60)} min${rest === 0 ? '' : ` ${rest} s`}`;
}
