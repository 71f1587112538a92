import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { refusal, type Routes } from './access.ts';
import type { CallCenter } from './call-center.ts';
import type { ConversationHistory } from './conversation-history.ts';
import { emissionsOf } from './detail-record.ts';
import { filterSchema, names, selects, type Dimensions } from './filter.ts';
import { cutInterval, granularitySchema, intervalSchema, timeZoneSchema, type Interval } from './interval.ts';
import { intervalMs, intervalStartOf, serviceLevel, type Metric } from './interval-ledger.ts';
import { createJobs } from './jobs.ts';
import { addMetrics, computedMetrics, type Totals } from './metric-totals.ts';
import { badRequest, ok, readBody, type RestRequest, type RouteAnswer } from './rest.ts';
import { division } from './roster.ts';
import { isoTime } from './wire.ts';

const querySchema = z.object({
  interval: intervalSchema,
  metrics: z.array(z.string().regex(/^[not][A-Z]\w+$/, { error: ({ input }) => unknownMetric(String(input)) })).min(1),
  granularity: granularitySchema.optional(),
  timeZone: timeZoneSchema.default('UTC'),
  groupBy: z.array(z.string()).default([]),
  filter: filterSchema.optional(),
});

type Query = z.output<typeof querySchema>;

function unknownMetric(name: string): string {
  return `Value [${name}] is not valid for field type [ConversationMetric].`;
}

/** What conversations can be grouped by here; all but the ids are the same for every one of them. */
const sameForAll = {
  mediaType: 'voice',
  direction: 'inbound',
  originatingDirection: 'inbound',
  divisionId: division.id,
};
const dimensionNames = ['queueId', 'userId', 'conversationId', ...Object.keys(sameForAll)];

const bucketsMax = 3_000;
const daysMax = 31;

/** Numbers of one group at one moment. */
interface Part {
  readonly dimensions: Dimensions;
  readonly atMs: EpochMs;
  readonly metrics: readonly Metric[];
}

/** Answers to aggregates queries of conversations and of surveys, of which there are none. */
export function createAggregates(options: {
  readonly center: CallCenter;
  readonly history: ConversationHistory;
  readonly newSecret: () => string;
  /** What a query without a result answers. */
  readonly emptyAnswer: object;
}): Routes {
  const { center, history, newSecret, emptyAnswer } = options;
  const root = '/api/v2/analytics/conversations/aggregates';
  const jobs = createJobs({ root: `${root}/jobs`, rowsName: 'results', newSecret });

  /** The half hours of the ledger: complete and long remembered, but only of queues. */
  function* ledgerParts(interval: Interval): Generator<Part> {
    for (const { id: queueId, ledger } of center.queues.values()) {
      for (const atMs of ledger.startsMs()) {
        if (atMs < interval.fromMs || atMs >= interval.toMs) continue;
        yield { dimensions: { ...sameForAll, queueId }, atMs, metrics: ledger.metrics(atMs) };
      }
    }
  }

  /** Single values of remembered calls: for what the ledger cannot tell apart. */
  function* callParts(interval: Interval): Generator<Part> {
    for (const call of history.all()) {
      if (call.enqueuedAtMs >= interval.toMs || (call.ended?.atMs ?? Infinity) < interval.fromMs) continue;
      for (const { name, value, atMs, leg } of emissionsOf(call)) {
        if (leg === 'customer' || atMs < interval.fromMs || atMs >= interval.toMs) continue;
        const userId = leg === 'agent' ? (call.answered?.userId ?? '') : '';
        const dimensions = { ...sameForAll, queueId: call.queueId, userId, conversationId: call.id };
        const stats = name.startsWith('n') ? { count: value } : { max: value, min: value, count: 1, sum: value };
        yield { dimensions, atMs, metrics: [{ metric: name, stats }] };
        if (['tAnswered', 'tAbandon', 'tFlowOut'].includes(name)) {
          yield { dimensions, atMs, metrics: [{ metric: 'tWait', stats }] };
        }
      }
    }
  }

  const rowsOf = (query: Query, buckets: readonly Interval[]): object[] => {
    const { interval, groupBy, filter, metrics } = query;
    const groups = new Map<string, { readonly group: Dimensions; readonly totals: Map<number, Totals> }>();
    for (const part of needsCalls(query, buckets) ? callParts(interval) : ledgerParts(interval)) {
      if (filter !== undefined && !selects(filter, part.dimensions)) continue;
      if (groupBy.includes('userId') && part.dimensions['userId'] === '') continue;
      const group = Object.fromEntries(groupBy.map((name) => [name, part.dimensions[name] ?? '']));
      const key = JSON.stringify(group);
      const entry = groups.get(key) ?? { group, totals: new Map<number, Totals>() };
      groups.set(key, entry);
      const index = bucketAt(buckets, part.atMs);
      entry.totals.set(index, addMetrics(entry.totals.get(index) ?? new Map<string, Metric['stats']>(), part.metrics));
    }
    return Array.from(groups.values(), ({ group, totals }) => ({
      group,
      data: [...totals.keys()]
        .sort((a, b) => a - b)
        .flatMap((index) => {
          const bucket = buckets[index];
          const all = totals.get(index);
          if (bucket === undefined || all === undefined) return [];
          const shown = computedMetrics(all, serviceLevel.percentage).filter(({ metric }) => metrics.includes(metric));
          const name = `${isoTime(bucket.fromMs)}/${isoTime(bucket.toMs)}`;
          return shown.length === 0 ? [] : [{ interval: name, metrics: shown }];
        }),
    })).filter(({ data }) => data.length > 0);
  };

  const read = (request: RestRequest): { readonly rows: object[] } | { readonly refused: RouteAnswer } => {
    const body = readBody(querySchema, request.body);
    if ('refused' in body) return body;
    const { interval, granularity, timeZone, groupBy } = body.value;
    const unknown = groupBy.find((name) => !dimensionNames.includes(name));
    if (unknown !== undefined) {
      const message = `Value [${unknown}] is not valid for field type [Dimension]. Allowable values are: ${dimensionNames.join(', ')}`;
      return { refused: badRequest(message) };
    }
    if (interval.toMs - interval.fromMs > daysMax * 86_400_000 + 3_600_000) {
      return { refused: badRequest(`The interval may not exceed ${daysMax} days.`) };
    }
    const buckets = cutInterval(interval, granularity, timeZone);
    if (buckets.length > bucketsMax) {
      return { refused: badRequest(`The interval has ${buckets.length} buckets; ${bucketsMax} are allowed.`) };
    }
    return { rows: rowsOf(body.value, buckets) };
  };

  const query = (request: RestRequest): RouteAnswer => {
    const answer = read(request);
    if ('refused' in answer) return answer.refused;
    return ok(answer.rows.length === 0 ? emptyAnswer : { results: answer.rows });
  };

  const submit = (request: RestRequest, nowMs: EpochMs): RouteAnswer => {
    const answer = read(request);
    return 'refused' in answer ? answer.refused : jobs.submit(answer.rows, nowMs);
  };

  return {
    answer(request, caller, nowMs) {
      const { method, path } = request;
      if (path === '/api/v2/analytics/surveys/aggregates/query' && method === 'POST') {
        return refusal(caller, 'analytics:surveyAggregate:view') ?? ok(emptyAnswer);
      }
      if (!path.startsWith(`${root}/`)) return undefined;
      const refused = refusal(caller, 'analytics:conversationAggregate:view');
      if (refused !== undefined) return refused;
      if (path === `${root}/query` && method === 'POST') return query(request);
      if (path === `${root}/jobs` && method === 'POST') return submit(request, nowMs);
      return jobs.answer(request, nowMs);
    },
  };
}

/** The ledger serves whole half hours of queues; anything finer is added up from the calls. */
function needsCalls({ groupBy, filter }: Query, buckets: readonly Interval[]): boolean {
  const personal = ['userId', 'conversationId'];
  return (
    personal.some((name) => groupBy.includes(name) || (filter !== undefined && names(filter, name))) ||
    buckets.some(({ fromMs, toMs }) => intervalStartOf(fromMs) !== fromMs || toMs % intervalMs !== 0)
  );
}

function bucketAt(buckets: readonly Interval[], atMs: EpochMs): number {
  let low = 0;
  for (let high = buckets.length - 1; low < high;) {
    const middle = Math.ceil((low + high) / 2);
    if ((buckets[middle]?.fromMs ?? Infinity) <= atMs) low = middle;
    else high = middle - 1;
  }
  return low;
}
