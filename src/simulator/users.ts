import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { refusal, type Routes } from './access.ts';
import { activitySchema, answerActivity, type Row } from './activity-query.ts';
import type { Agent } from './agent.ts';
import type { CallCenter } from './call-center.ts';
import { filterSchema, names, selects } from './filter.ts';
import { aggregatesSchema, bucketsOf } from './aggregates-query.ts';
import { forgottenReason } from './interval.ts';
import { badRequest, fieldType, listing, notFound, ok, readBody, type RestRequest, type RouteAnswer } from './rest.ts';
import { division, presences } from './roster.ts';
import type { StatusLedger, StatusStretch } from './status-ledger.ts';
import { isoTime } from './wire.ts';

const queueMetrics = ['oActiveQueues', 'oMemberQueues'] as const;
const timeMetrics = ['tAgentRoutingStatus', 'tSystemPresence', 'tOrganizationPresence'] as const;

const observationsSchema = z.object({
  filter: filterSchema,
  metrics: z.array(fieldType('UserObservationMetric', queueMetrics)).min(1),
});

const timesSchema = aggregatesSchema(timeMetrics, ['userId']);

const activityQuerySchema = activitySchema(queueMetrics);

const qualifierOf: Readonly<Record<(typeof timeMetrics)[number], (stretch: StatusStretch) => string>> = {
  tAgentRoutingStatus: ({ routingStatus }) => routingStatus,
  tSystemPresence: ({ systemPresence }) => systemPresence,
  tOrganizationPresence: ({ presenceId }) => presenceId,
};

/** Answers about users beside the directory: their queues, and what analytics knows of them. */
export function createUsers(center: CallCenter, statuses: StatusLedger, emptyAnswer: object): Routes {
  const queues = new Map(center.roster.queues.map((queue) => [queue.id, queue]));

  const listQueues = (request: RestRequest, agent: Agent): RouteAnswer => {
    const joined = request.query.get('joined') !== 'false';
    const shown = (joined ? agent.queueIds : []).map((id) => ({
      id,
      name: queues.get(id)?.name,
      division,
      joined: true,
      memberCount: center.queues.get(id)?.members.length ?? 0,
      selfUri: `/api/v2/routing/queues/${id}`,
    }));
    return listing(request, shown);
  };

  const observations = (request: RestRequest): RouteAnswer => {
    const read = readBody(observationsSchema, request.body);
    if ('refused' in read) return read.refused;
    const { filter, metrics } = read.value;
    if (!names(filter, 'userId')) return badRequest('filter: a userId predicate is required.');
    const found = [...center.agents.values()].filter(({ id }) => selects(filter, { userId: id }));
    return ok({
      results: found.map(({ id, queueIds }) => ({
        group: { userId: id },
        data: metrics.map((metric) => ({ metric, stats: { count: queueIds.length } })),
      })),
    });
  };

  const activity = (request: RestRequest): RouteAnswer => {
    const read = readBody(activityQuerySchema, request.body);
    if ('refused' in read) return read.refused;
    const agents = [...center.agents.values()];
    const rows = agents.flatMap((agent) => queueMetrics.flatMap((metric) => queueRows(metric, agent)));
    const groups = agents.map(({ id }) => ({ userId: id }));
    return ok({ entityIdDimension: 'queueId', results: answerActivity(read.value, groups, rows) });
  };

  const aggregates = (request: RestRequest, nowMs: EpochMs): RouteAnswer => {
    const read = readBody(timesSchema, request.body);
    if ('refused' in read) return read.refused;
    const { interval, metrics, groupBy, filter } = read.value;
    const cut = bucketsOf(read.value);
    if ('refused' in cut) return cut.refused;
    const { buckets } = cut;
    const forgotten = forgottenReason(interval, statuses.completeFromMs());
    if (forgotten !== undefined) return badRequest(forgotten);
    const groups = new Map<string, StatusStretch[]>();
    for (const stretch of statuses.all()) {
      if (filter !== undefined && !selects(filter, { userId: stretch.userId })) continue;
      const key = groupBy.length === 0 ? '' : stretch.userId;
      const stretches = groups.get(key) ?? [];
      groups.set(key, stretches);
      stretches.push(stretch);
    }
    const results = Array.from(groups, ([userId, stretches]) => ({
      group: groupBy.length === 0 ? {} : { userId },
      data: buckets.flatMap((bucket) => {
        const shown = metrics.flatMap((metric) => sumsOf(metric, stretches, bucket, nowMs));
        return shown.length === 0
          ? []
          : [{ interval: `${isoTime(bucket.fromMs)}/${isoTime(bucket.toMs)}`, metrics: shown }];
      }),
    })).filter(({ data }) => data.length > 0);
    const mappings = Object.fromEntries(Object.values(presences).map(({ system, id }) => [system, [id]]));
    return ok(results.length === 0 ? emptyAnswer : { systemToOrganizationMappings: mappings, results });
  };

  const queries: Readonly<
    Record<string, readonly [permission: string, answer: (request: RestRequest, nowMs: EpochMs) => RouteAnswer]>
  > = {
    '/api/v2/analytics/users/observations/query': ['analytics:userObservation:view', observations],
    '/api/v2/analytics/users/activity/query': ['analytics:userObservation:view', activity],
    '/api/v2/analytics/users/aggregates/query': ['analytics:userAggregate:view', aggregates],
  };

  return {
    answer(request, caller, nowMs) {
      const { method, path } = request;
      const [permission, query] = (method === 'POST' ? queries[path] : undefined) ?? [];
      if (permission !== undefined && query !== undefined) return refusal(caller, permission) ?? query(request, nowMs);
      const id = method === 'GET' ? /^\/api\/v2\/users\/([^/]+)\/queues$/.exec(path)?.[1] : undefined;
      if (id === undefined) return undefined;
      const agent = center.agents.get(id);
      return (
        refusal(caller, 'routing:queue:view') ??
        (agent === undefined ? notFound(`User ${id}`) : listQueues(request, agent))
      );
    },
  };
}

function queueRows(metric: string, { id: userId, queueIds, statusSinceMs }: Agent): Row[] {
  const activityDate = isoTime(statusSinceMs ?? 0);
  return queueIds.map((queueId) => ({
    metric,
    dimensions: { userId, queueId, queueMembershipStatus: 'active' },
    entityId: queueId,
    entity: { activityDate, metric, userId, queueId, queueMembershipStatus: 'active' },
  }));
}

/** Time in each state within a bucket, in milliseconds; a state that nobody was in is absent. */
function sumsOf(
  metric: (typeof timeMetrics)[number],
  stretches: readonly StatusStretch[],
  bucket: { readonly fromMs: EpochMs; readonly toMs: EpochMs },
  nowMs: EpochMs,
): object[] {
  const sums = new Map<string, number>();
  for (const stretch of stretches) {
    const ms = Math.min(stretch.toMs ?? nowMs, bucket.toMs) - Math.max(stretch.fromMs, bucket.fromMs);
    const qualifier = qualifierOf[metric](stretch);
    if (ms > 0) sums.set(qualifier, (sums.get(qualifier) ?? 0) + ms);
  }
  return Array.from(sums, ([qualifier, sum]) => ({ metric, qualifier, stats: { sum } }));
}
