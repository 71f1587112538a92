import type { EpochMs } from '../../streams/record.ts';
import { refusal, type Routes } from './access.ts';
import {
  aggregate,
  aggregatesSchema,
  bucketsOf,
  type AggregatesQuery,
  type Portion,
  type Subject,
} from './aggregates-query.ts';
import type { CallCenter } from './call-center.ts';
import { names, selects } from './filter.ts';
import { forgottenReason, type Interval } from './interval.ts';
import {
  addEmission,
  addTotals,
  createTotals,
  intervalMs,
  intervalStartOf,
  metricsOf,
  type Totals,
} from './interval-ledger.ts';
import { createJobs } from './jobs.ts';
import { badRequest, ok, readBody, type RestRequest, type RouteAnswer } from './rest.ts';
import { division } from './roster.ts';
import { addSurveys, createSurveySum, surveyMetrics, surveyMetricsOf, type SurveySum } from './survey-ledger.ts';

/** All that the platform can be asked for; some of it never happens here, and is absent. */
const conversationMetrics = [
  ...['nBlindTransferred', 'nConnected', 'nConsult', 'nConsultTransferred', 'nError', 'nOffered', 'nOutbound'],
  ...['nOutboundAbandoned', 'nOutboundAttempted', 'nOutboundConnected', 'nOverSla', 'nTransferred'],
  ...['oServiceLevel', 'oServiceTarget', 'tAbandon', 'tAcd', 'tActiveCallback', 'tAcw', 'tAgentResponseTime'],
  ...['tAlert', 'tAnswered', 'tContacting', 'tDialing', 'tFlowOut', 'tHandle', 'tHeld', 'tHeldComplete', 'tIvr'],
  ...['tMonitoring', 'tNotResponding', 'tShortAbandon', 'tTalk', 'tTalkComplete', 'tUserResponseTime', 'tVoicemail'],
] as const;

/** The same for every conversation here. */
const sameForAll = { direction: 'inbound', originatingDirection: 'inbound', divisionId: division.id };
const conversationsSchema = aggregatesSchema(
  ['tWait', ...conversationMetrics],
  ['queueId', 'mediaType', 'userId', 'conversationId', 'direction', 'originatingDirection', 'divisionId'],
);
const surveysSchema = aggregatesSchema(surveyMetrics, ['queueId', 'userId']);

interface CallSum {
  readonly totals: Totals;
  /** Shares that the service levels are to reach, 0 to 1. */
  readonly targets: Set<number>;
}

const calls: Subject<CallSum> = {
  createSum: () => ({ totals: createTotals(), targets: new Set() }),
  // Queues of different targets have none in common.
  metricsOf: ({ totals, targets: [target, ...others] }) => metricsOf(totals, others.length === 0 ? target : undefined),
};
const surveys: Subject<SurveySum> = { createSum: createSurveySum, metricsOf: surveyMetricsOf };

const root = '/api/v2/analytics/conversations/aggregates';
/** Of jobs: a row holds all buckets of a group, half a megabyte in a week of half hours. */
const keptRowsMax = 1_000;

/** Answers to aggregates queries of conversations and of surveys. */
export function createAggregates(options: {
  readonly center: CallCenter;
  readonly newSecret: () => string;
  /** What a query without a result answers. */
  readonly emptyAnswer: object;
}): Routes {
  const { center, newSecret, emptyAnswer } = options;
  const jobs = createJobs({ root: `${root}/jobs`, rowsName: 'results', newSecret, rowsMax: keptRowsMax });

  /** The half hours of the ledgers: complete and long remembered, but only of queues and media. */
  function* ledgerPortions({ interval: { fromMs, toMs }, filter }: AggregatesQuery): Generator<Portion<CallSum>> {
    for (const { id: queueId, media } of center.queues.values()) {
      for (const { mediaType, ledger } of media.values()) {
        const dimensions = { ...sameForAll, queueId, mediaType };
        if (filter !== undefined && !selects(filter, dimensions)) continue;
        for (let atMs = intervalStartOf(fromMs); atMs < toMs; atMs += intervalMs) {
          const totals = ledger.totals(atMs);
          if (totals === undefined) continue;
          const addTo = (sum: CallSum) => {
            addTotals(sum.totals, totals);
            sum.targets.add(ledger.target);
          };
          yield { dimensions, atMs, addTo };
        }
      }
    }
  }

  const ledgersFromMs = (): EpochMs => {
    let fromMs = -Infinity;
    for (const { media } of center.queues.values()) {
      for (const { ledger } of media.values()) fromMs = Math.max(fromMs, ledger.completeFromMs());
    }
    return fromMs;
  };

  /** Single values of remembered calls: for what the ledgers cannot tell apart. */
  function* callPortions({ interval: { fromMs, toMs } }: AggregatesQuery): Generator<Portion<CallSum>> {
    for (const { startedAtMs, calls: stays } of center.history.all()) {
      if (startedAtMs >= toMs) continue;
      for (const { id: conversationId, queueId, mediaType, emissions } of stays) {
        const target = center.queues.get(queueId)?.media.get(mediaType)?.ledger.target;
        for (const emission of emissions) {
          if (emission.atMs < fromMs || emission.atMs >= toMs) continue;
          const userId = emission.leg?.userId ?? '';
          const addTo = (sum: CallSum) => {
            addEmission(sum.totals, emission);
            if (target !== undefined) sum.targets.add(target);
          };
          const dimensions = { ...sameForAll, queueId, mediaType, userId, conversationId };
          yield { dimensions, atMs: emission.atMs, addTo };
        }
      }
    }
  }

  /** Half hours that are never divided: one belongs where it begins. */
  function* surveyPortions({ fromMs, toMs }: Interval): Generator<Portion<SurveySum>> {
    for (const each of center.surveys.totals(fromMs, toMs)) {
      const { queueId, userId, intervalStartMs: atMs } = each;
      yield { dimensions: { queueId, userId }, atMs, addTo: (sum) => addSurveys(sum, each) };
    }
  }

  const conversationRows = (request: RestRequest): Rows => {
    const read = readBody(conversationsSchema, request.body);
    if ('refused' in read) return read;
    const cut = bucketsOf(read.value);
    if ('refused' in cut) return cut;
    const { buckets } = cut;
    const byCall = needsCalls(read.value, buckets);
    const forgotten = forgottenReason(read.value.interval, byCall ? center.history.completeFromMs() : ledgersFromMs());
    if (forgotten !== undefined) return { refused: badRequest(forgotten) };
    const portionsIn = byCall ? callPortions : ledgerPortions;
    return { rows: aggregate(read.value, buckets, portionsIn(read.value), calls) };
  };

  const surveyRows = (request: RestRequest): Rows => {
    const read = readBody(surveysSchema, request.body);
    if ('refused' in read) return read;
    const { granularity = '', interval } = read.value;
    if (Number(/^PT(\d+)M$/.exec(granularity)?.[1] ?? 0) % 30 > 0) {
      return { refused: badRequest(`granularity: ${granularity} is no whole number of half hours.`) };
    }
    const cut = bucketsOf(read.value);
    return 'refused' in cut ? cut : { rows: aggregate(read.value, cut.buckets, surveyPortions(interval), surveys) };
  };

  const show = (answer: Rows): RouteAnswer => {
    if ('refused' in answer) return answer.refused;
    return ok(answer.rows.length === 0 ? emptyAnswer : { results: answer.rows });
  };

  const submit = (request: RestRequest, nowMs: EpochMs): RouteAnswer => {
    const answer = conversationRows(request);
    return 'refused' in answer ? answer.refused : jobs.submit(answer.rows, nowMs);
  };

  return {
    answer(request, caller, nowMs) {
      const { method, path } = request;
      if (path === '/api/v2/analytics/surveys/aggregates/query' && method === 'POST') {
        return refusal(caller, 'analytics:surveyAggregate:view') ?? show(surveyRows(request));
      }
      if (!path.startsWith(`${root}/`)) return undefined;
      const refused = refusal(caller, 'analytics:conversationAggregate:view');
      if (refused !== undefined) return refused;
      if (path === `${root}/query` && method === 'POST') return show(conversationRows(request));
      if (path === `${root}/jobs` && method === 'POST') return submit(request, nowMs);
      return jobs.answer(request, nowMs);
    },
  };
}

type Rows = { readonly rows: object[] } | { readonly refused: RouteAnswer };

/** The ledgers serve whole half hours of queues; anything finer is added up from the calls. */
function needsCalls({ groupBy, filter }: AggregatesQuery, buckets: readonly Interval[]): boolean {
  const personal = ['userId', 'conversationId'];
  return (
    personal.some((name) => groupBy.includes(name) || (filter !== undefined && names(filter, name))) ||
    buckets.some(({ fromMs, toMs }) => fromMs % intervalMs !== 0 || toMs % intervalMs !== 0)
  );
}
