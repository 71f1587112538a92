import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import type { Caller } from './access.ts';
import { alertingLeg, type Call } from './call.ts';
import type { CallCenter } from './call-center.ts';
import { activitySchema, answerActivity, type Row } from './activity-query.ts';
import { filterSchema, maySelect, names, selects, type Dimensions, type Filter } from './filter.ts';
import type { Metric } from './interval-ledger.ts';
import { mediaTypes } from './media.ts';
import { agentMetrics, callMetrics, longest, presenceOf, showCalls, type ShownCalls } from './observations.ts';
import { badRequest, fieldType, forbidden, ok, readBody, type RestRequest, type RouteAnswer } from './rest.ts';
import type { Queue } from './queue.ts';
import { presences } from './roster.ts';
import type { PlatformSwitches } from './switches.ts';
import { sessionIdOf } from './conversation-wire.ts';
import { isoTime } from './wire.ts';

/** Answers to analytics queries; undefined if the path is none. */
export interface Analytics {
  answer(request: RestRequest, caller: Caller): RouteAnswer | undefined;
}

const callMetricNames = ['oAlerting', 'oInteracting', 'oLongestInteracting', 'oLongestWaiting', 'oWaiting'] as const;
const agentMetricNames = [
  'oActiveUsers',
  'oMemberUsers',
  'oOffQueueUsers',
  'oOnQueueUsers',
  'oUserPresences',
  'oUserRoutingStatuses',
] as const;

const observationsSchema = z.object({
  filter: filterSchema,
  metrics: z.array(fieldType('QueueObservationMetric', [...agentMetricNames, ...callMetricNames])).min(1),
  detailMetrics: z.array(z.string()).default([]),
});

const conversationActivitySchema = activitySchema(callMetricNames);
const routingActivitySchema = activitySchema(agentMetricNames);

export function createAnalytics(center: CallCenter, switches: Pick<PlatformSwitches, 'alertingInWaiting'>): Analytics {
  const queuesOf = (filter: Filter | undefined): Queue[] =>
    [...center.queues.values()].filter(({ id: queueId }) => maySelect(filter, { queueId }));

  const observationsOf = (shown: ShownCalls, metric: string) =>
    Array.from((partOf(shown, metric) ?? new Map<string, Call>()).values(), (call) => {
      const { atMs, sessionId, userId } = stageOf(call, metric);
      return {
        observationDate: isoTime(atMs),
        conversationId: call.id,
        sessionId,
        ...routingOf(call),
        ...(userId === undefined ? {} : { userId }),
      };
    }).sort((a, b) => (a.observationDate < b.observationDate ? -1 : a.observationDate > b.observationDate ? 1 : 0));

  const queryObservations = (request: RestRequest): RouteAnswer => {
    const read = readBody(observationsSchema, request.body);
    if ('refused' in read) return read.refused;
    const { filter, detailMetrics } = read.value;
    const metrics: readonly string[] = read.value.metrics;
    if (!names(filter, 'queueId')) return badRequest('filter: a queueId predicate is required.');
    const results: object[] = [];
    const report = (group: Dimensions, all: readonly Metric[], detail: (metric: string) => object = () => ({})) => {
      if (!selects(filter, group)) return;
      const data = all.filter(({ metric }) => metrics.includes(metric));
      if (data.length === 0) return;
      results.push({ group, data: data.map((each) => ({ ...each, ...detail(each.metric) })) });
    };
    for (const queue of queuesOf(filter)) {
      const queueId = queue.id;
      report({ queueId }, agentMetrics(queue));
      for (const mediaType of mediaTypes) {
        const lane = queue.media.get(mediaType);
        if (lane === undefined) {
          report({ queueId, mediaType }, [zero('oAlerting'), zero('oInteracting'), zero('oWaiting')]);
          continue;
        }
        const shown = showCalls(lane, switches);
        report({ queueId, mediaType }, [...callMetrics(shown), ...longestMetrics(shown)], (metric) =>
          detailMetrics.includes(metric) && partOf(shown, metric) !== undefined
            ? { truncated: false, observations: observationsOf(shown, metric) }
            : {},
        );
      }
      report({ queueId, mediaType: 'video' }, [zero('oInteracting')]);
    }
    const mapped = metrics.some((metric) => metric === 'oUserPresences' || metric === 'oOffQueueUsers');
    const mappings = Object.fromEntries(Object.values(presences).map(({ system, id }) => [system, [id]]));
    return ok({ ...(mapped ? { systemToOrganizationMappings: mappings } : {}), results });
  };

  const callRow = (metric: string, call: Call): Row => {
    const { atMs, sessionId, userId } = stageOf(call, metric);
    const activityDate = isoTime(atMs);
    const user = userId === undefined ? {} : { userId };
    const dimensions = { queueId: call.queueId, mediaType: call.mediaType, direction: 'inbound', ...user };
    return {
      metric,
      dimensions: { ...dimensions, conversationId: call.id },
      entityId: call.id,
      entity: {
        activityDate,
        metric,
        conversationId: call.id,
        sessionId,
        ...dimensions,
        ...routingOf(call),
        requestedRoutings: ['Standard'],
      },
    };
  };

  const queryConversations = (request: RestRequest): RouteAnswer => {
    const read = readBody(conversationActivitySchema, request.body);
    if ('refused' in read) return read.refused;
    const rows: Row[] = [];
    const groups: Dimensions[] = [];
    for (const queue of queuesOf(read.value.filter)) {
      for (const lane of queue.media.values()) {
        const { waiting, alerting, interacting } = showCalls(lane, switches);
        groups.push({ queueId: queue.id, mediaType: lane.mediaType });
        for (const call of waiting.values()) rows.push(callRow('oWaiting', call), callRow('oLongestWaiting', call));
        for (const call of alerting.values()) rows.push(callRow('oAlerting', call));
        for (const call of interacting.values()) {
          rows.push(callRow('oInteracting', call), callRow('oLongestInteracting', call));
        }
      }
    }
    return ok({ entityIdDimension: 'conversationId', results: answerActivity(read.value, groups, rows) });
  };

  const queryRouting = (request: RestRequest): RouteAnswer => {
    const read = readBody(routingActivitySchema, request.body);
    if ('refused' in read) return read.refused;
    const asked = queuesOf(read.value.filter);
    const groups = asked.map(({ id: queueId }) => ({ queueId }));
    const metrics = new Set<string>(read.value.metrics.map(({ metric }) => metric));
    const rows = asked.flatMap((queue) => memberRows(queue, metrics));
    return ok({ entityIdDimension: 'userId', results: answerActivity(read.value, groups, rows) });
  };

  const queries: Readonly<Record<string, (request: RestRequest) => RouteAnswer>> = {
    '/api/v2/analytics/queues/observations/query': queryObservations,
    '/api/v2/analytics/conversations/activity/query': queryConversations,
    '/api/v2/analytics/routing/activity/query': queryRouting,
  };

  return {
    answer(request, caller) {
      const query = request.method === 'POST' ? queries[request.path] : undefined;
      if (query === undefined) return undefined;
      const permission = 'analytics:queueObservation:view';
      return caller.permissions.has(permission) ? query(request) : forbidden([permission]);
    },
  };
}

function zero(metric: string): Metric {
  return { metric, stats: { count: 0 } };
}

function routingOf({ skillIds, languageId, priority }: Call) {
  return {
    requestedRoutingSkillIds: skillIds,
    requestedLanguageId: languageId,
    routingPriority: priority,
    direction: 'inbound',
  };
}

/** Since when a call is what the metric counts, in which session, and with whom. */
function stageOf(
  call: Call,
  metric: string,
): { readonly atMs: EpochMs; readonly sessionId: string; readonly userId?: string } {
  const { answered, enqueuedAtMs, agentLegs } = call;
  const leg = agentLegs.at(-1);
  if (answered !== undefined && leg !== undefined) {
    return { atMs: answered.atMs, sessionId: sessionIdOf(call, 'agent', leg.index), userId: answered.userId };
  }
  const alerting = metric === 'oAlerting' ? alertingLeg(call) : undefined;
  if (alerting?.alertedAtMs !== undefined) {
    const { alertedAtMs: atMs, index, userId } = alerting;
    return { atMs, sessionId: sessionIdOf(call, 'agent', index), userId };
  }
  return { atMs: enqueuedAtMs, sessionId: sessionIdOf(call, 'acd', call.index) };
}

function partOf(shown: ShownCalls, metric: string): ReadonlyMap<string, Call> | undefined {
  switch (metric) {
    case 'oWaiting':
      return shown.waiting;
    case 'oAlerting':
      return shown.alerting;
    case 'oInteracting':
      return shown.interacting;
    default:
      return undefined;
  }
}

function longestMetrics(shown: ShownCalls): Metric[] {
  const { waitingMs, interactingMs } = longest(shown);
  const metrics = { oLongestWaiting: waitingMs, oLongestInteracting: interactingMs };
  return Object.entries(metrics).flatMap(([metric, startMs]) =>
    startMs === undefined ? [] : [{ metric, stats: { count: 1, calculatedMetricValue: startMs } }],
  );
}

function memberRows(queue: Queue, metrics: ReadonlySet<string>): Row[] {
  return queue.members.flatMap((agent) => {
    const presence = presenceOf(agent);
    const state = {
      userId: agent.id,
      queueId: queue.id,
      queueMembershipStatus: 'active',
      routingStatus: agent.status,
      systemPresence: presence.label,
      organizationPresenceId: presence.id,
    };
    const dates = {
      ...(agent.statusSinceMs === undefined ? {} : { routingStatusDate: isoTime(agent.statusSinceMs) }),
      ...(agent.onQueueChangedMs === undefined ? {} : { presenceDate: isoTime(agent.onQueueChangedMs) }),
    };
    const activityDate = isoTime(agent.statusSinceMs ?? 0);
    const row = (metric: string, qualifier?: string): Row[] =>
      metrics.has(metric)
        ? [
            {
              metric,
              ...(qualifier === undefined ? {} : { qualifier }),
              dimensions: { ...state, ...dates },
              entityId: agent.id,
              entity: { activityDate, metric, ...state, ...dates },
            },
          ]
        : [];
    return [
      ...row('oMemberUsers'),
      ...row('oActiveUsers'),
      ...(agent.onQueue ? row('oOnQueueUsers', agent.status) : row('oOffQueueUsers', presence.id)),
      ...row('oUserRoutingStatuses', agent.status),
      ...row('oUserPresences', presence.id),
    ];
  });
}
