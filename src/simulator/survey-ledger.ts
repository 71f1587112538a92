import type { EpochMs } from '../../streams/record.ts';
import { intervalMs, intervalStartOf, type Metric } from './interval-ledger.ts';

/** Whose work a survey is about. */
interface SurveySubject {
  readonly queueId: string;
  readonly userId: string;
}

/** How many surveys were sent and answered, and the scores of the answers, from 0 to 100. */
export interface SurveySum {
  sent: number;
  responses: number;
  scoreSum: number;
  /** Infinite while there is no answer. */
  scoreMin: number;
  scoreMax: number;
}

/** Surveys about one agent's work for one queue in one half hour. */
interface SurveyTotals extends SurveySubject, SurveySum {
  readonly intervalStartMs: EpochMs;
}

/** All that the platform can be asked for; some of it never happens here, and is absent. */
export const surveyMetrics = [
  ...['nSurveyErrors', 'nSurveyNpsDetractors', 'nSurveyNpsPromoters', 'nSurveyNpsResponses'],
  ...['nSurveyQuestionGroupResponses', 'nSurveyQuestionResponses', 'nSurveyResponses', 'nSurveysAbandoned'],
  ...['nSurveysDeleted', 'nSurveysExpired', 'nSurveysSent', 'nSurveysStarted', 'oSurveyQuestionGroupScore'],
  ...['oSurveyQuestionScore', 'oSurveyTotalScore'],
] as const;

export interface SurveyLedger {
  /** A survey that was sent, or with a score one that was answered. */
  add(atMs: EpochMs, subject: SurveySubject, score: number | undefined): void;
  /** From the first moment on to before the second, in whole half hours. */
  totals(fromMs: EpochMs, toMs: EpochMs): readonly SurveyTotals[];
}

/** A month of half hours; older ones are forgotten. */
const intervalsMax = 1_488;

export function createSurveyLedger(): SurveyLedger {
  const intervals = new Map<EpochMs, Map<string, SurveyTotals>>();

  const totalsOf = (atMs: EpochMs, { queueId, userId }: SurveySubject): SurveyTotals => {
    const intervalStartMs = intervalStartOf(atMs);
    let interval = intervals.get(intervalStartMs);
    if (interval === undefined) {
      interval = new Map();
      intervals.set(intervalStartMs, interval);
      for (const oldest of intervals.keys()) {
        if (intervals.size <= intervalsMax) break;
        intervals.delete(oldest);
      }
    }
    const key = `${queueId}/${userId}`;
    let totals = interval.get(key);
    if (totals === undefined) {
      totals = { queueId, userId, intervalStartMs, ...createSurveySum() };
      interval.set(key, totals);
    }
    return totals;
  };

  return {
    add(atMs, subject, score) {
      addSurveys(
        totalsOf(atMs, subject),
        score === undefined
          ? { ...createSurveySum(), sent: 1 }
          : { sent: 0, responses: 1, scoreSum: score, scoreMin: score, scoreMax: score },
      );
    },
    totals(fromMs, toMs) {
      const found: SurveyTotals[] = [];
      for (let startMs = intervalStartOf(fromMs); startMs < toMs; startMs += intervalMs) {
        found.push(...(intervals.get(startMs)?.values() ?? []));
      }
      return found;
    },
  };
}

export function createSurveySum(): SurveySum {
  return { sent: 0, responses: 0, scoreSum: 0, scoreMin: Infinity, scoreMax: -Infinity };
}

/** Adds the second to the first. */
export function addSurveys(into: SurveySum, { sent, responses, scoreSum, scoreMin, scoreMax }: SurveySum): void {
  into.sent += sent;
  into.responses += responses;
  into.scoreSum += scoreSum;
  into.scoreMin = Math.min(into.scoreMin, scoreMin);
  into.scoreMax = Math.max(into.scoreMax, scoreMax);
}

/** Metrics as the platform states them; what never happened is absent. */
export function surveyMetricsOf({ sent, responses: count, scoreSum: sum, scoreMin, scoreMax }: SurveySum): Metric[] {
  const metrics: Metric[] = sent > 0 ? [{ metric: 'nSurveysSent', stats: { count: sent } }] : [];
  if (count === 0) return metrics;
  const scores = { max: scoreMax, min: scoreMin, count, sum };
  return [...metrics, { metric: 'nSurveyResponses', stats: { count } }, { metric: 'oSurveyTotalScore', stats: scores }];
}
