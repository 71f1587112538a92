import { type EpochMs, type Output, output } from './record.ts';
import { predictionScore, type PredictionScore, type ScoreSpan } from './records/prediction-score.ts';
import { levels, pinballSeconds, type Quantiles } from './wait/queueing.ts';

/** Sums over some waits. */
interface Sums {
  answered: number;
  errorSeconds: number;
  biasSeconds: number;
  pinballSeconds: number;
  withinP80: number;
  withinP90: number;
  late: number;
  abandoned: number;
  abandonedAfterP90: number;
}

interface Score {
  readonly queueId: string;
  readonly mediaType: string;
  readonly estimator: string;
  /** By start, in order: those of the last hour and those of the last day. */
  fiveMinutes: Map<EpochMs, Sums>;
  hours: Map<EpochMs, Sums>;
  changed: boolean;
}

/** Of all queues, media and estimators; by key. */
export interface Scores {
  byKey: Map<string, Score>;
  /** The minute in which they were said last. */
  saidMinute: number;
}

export const startScores = (): Scores => ({ byKey: new Map(), saidMinute: 0 });

const minuteMs = 60_000;
const fiveMinutesMs = 5 * minuteMs;
const hourMs = 60 * minuteMs;
/** A promise broken by more than this counts as late. */
const lateSeconds = 30;

/** Somebody of whom an estimator had said this has waited so long. Who did not wait at all is no measure of it. */
export function scoreWait(
  scores: Scores,
  of: { readonly queueId: string; readonly mediaType: string; readonly estimator: string },
  given: Quantiles,
  { outcome, waitSeconds }: { readonly outcome: 'answered' | 'abandoned'; readonly waitSeconds: number },
  atMs: EpochMs,
): void {
  if (waitSeconds <= 0) return;
  const key = `${of.queueId}/${of.mediaType}/${of.estimator}`;
  let score = scores.byKey.get(key);
  if (score === undefined) {
    const { queueId, mediaType, estimator } = of;
    score = { queueId, mediaType, estimator, fiveMinutes: new Map(), hours: new Map(), changed: false };
    scores.byKey.set(key, score);
  }
  score.changed = true;
  add(sumsAt(score.fiveMinutes, atMs, fiveMinutesMs, 12), given, outcome, waitSeconds);
  add(sumsAt(score.hours, atMs, hourMs, 24), given, outcome, waitSeconds);
}

/** The sums of the span a time is in; the oldest beyond `spansMax` spans are let go. */
function sumsAt(spans: Map<EpochMs, Sums>, atMs: EpochMs, sizeMs: number, spansMax: number): Sums {
  const startMs = atMs - (atMs % sizeMs);
  let sums = spans.get(startMs);
  if (sums === undefined) {
    sums = noSums();
    spans.set(startMs, sums);
    forgetBefore(spans, startMs - (spansMax - 1) * sizeMs);
  }
  return sums;
}

function forgetBefore(spans: Map<EpochMs, Sums>, firstMs: EpochMs): void {
  for (const startMs of spans.keys()) if (startMs < firstMs) spans.delete(startMs);
}

const noSums = (): Sums => ({
  answered: 0,
  errorSeconds: 0,
  biasSeconds: 0,
  pinballSeconds: 0,
  withinP80: 0,
  withinP90: 0,
  late: 0,
  abandoned: 0,
  abandonedAfterP90: 0,
});

function add(sums: Sums, given: Quantiles, outcome: 'answered' | 'abandoned', waitSeconds: number): void {
  if (outcome === 'abandoned') {
    sums.abandoned += 1;
    sums.abandonedAfterP90 += waitSeconds > given.p90 ? 1 : 0;
    return;
  }
  sums.answered += 1;
  sums.errorSeconds += Math.abs(given.p50 - waitSeconds);
  sums.biasSeconds += given.p50 - waitSeconds;
  sums.pinballSeconds += pinballMean(given, waitSeconds);
  sums.withinP80 += waitSeconds <= given.p80 ? 1 : 0;
  sums.withinP90 += waitSeconds <= given.p90 ? 1 : 0;
  sums.late += waitSeconds - given.p50 > lateSeconds ? 1 : 0;
}

/** Mean over the three quantiles. */
function pinballMean({ p50, p80, p90 }: Quantiles, waitSeconds: number): number {
  const losses = [p50, p80, p90].map((quantile, index) => pinballSeconds(quantile, levels[index] ?? 0, waitSeconds));
  return losses.reduce((sum, loss) => sum + loss, 0) / levels.length;
}

/** Once a minute: the scores that have changed since, and those from which something has passed out of the hour or the day. */
export function sayScores(scores: Scores, atMs: EpochMs): readonly Output[] {
  const minute = Math.floor(atMs / minuteMs);
  if (minute <= scores.saidMinute) return [];
  scores.saidMinute = minute;
  const said: Output[] = [];
  for (const [key, score] of [...scores.byKey].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const before = score.fiveMinutes.size + score.hours.size;
    forgetBefore(score.fiveMinutes, atMs - (atMs % fiveMinutesMs) - 11 * fiveMinutesMs);
    forgetBefore(score.hours, atMs - (atMs % hourMs) - 23 * hourMs);
    if (!score.changed && score.fiveMinutes.size + score.hours.size === before) continue;
    score.changed = false;
    said.push(output(predictionScore, describe(score, atMs), atMs));
    if (score.hours.size === 0) scores.byKey.delete(key);
  }
  return said;
}

function describe(
  { queueId, mediaType, estimator, fiveMinutes, hours }: Score,
  observedAtMs: EpochMs,
): PredictionScore {
  return { queueId, mediaType, estimator, lastHour: spanOf(fiveMinutes), lastDay: spanOf(hours), observedAtMs };
}

function spanOf(spans: Map<EpochMs, Sums>): ScoreSpan {
  const all = noSums();
  for (const sums of spans.values()) {
    all.answered += sums.answered;
    all.errorSeconds += sums.errorSeconds;
    all.biasSeconds += sums.biasSeconds;
    all.pinballSeconds += sums.pinballSeconds;
    all.withinP80 += sums.withinP80;
    all.withinP90 += sums.withinP90;
    all.late += sums.late;
    all.abandoned += sums.abandoned;
    all.abandonedAfterP90 += sums.abandonedAfterP90;
  }
  const mean = (sum: number, count = all.answered) => (count === 0 ? null : Math.round((sum / count) * 1000) / 1000);
  return {
    answered: all.answered,
    errorSecondsMean: mean(all.errorSeconds),
    biasSecondsMean: mean(all.biasSeconds),
    pinballSecondsMean: mean(all.pinballSeconds),
    coverageP80: mean(all.withinP80),
    coverageP90: mean(all.withinP90),
    late30: mean(all.late),
    abandoned: all.abandoned,
    abandonedAfterP90: mean(all.abandonedAfterP90, all.abandoned),
  };
}
