import { z } from 'zod';
import type { Caller } from './access.ts';
import type { Call, CallCenter, Queue } from './call-center.ts';
import { activitySchema, answerActivity, type Row } from './activity-query.ts';
import { filterSchema, names, selects, type Dimensions } from './filter.ts';
import type { Metric } from './interval-ledger.ts';
import { agentMetrics, callMetrics, longest, presenceOf } from './observations.ts';
import { badRequest, fieldType, forbidden, ok, readBody, type RestRequest, type RouteAnswer } from './rest.ts';
import { language, presences } from './roster.ts';
import { isoTime, sessionIdOf } from './wire.ts';

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

/** Media that a queue could serve and that never carry anything here. */
const idleMedia = ['callback', 'chat', 'email', 'message'];

export function createAnalytics(center: CallCenter): Analytics {
  const skillIds = new Map(center.roster.queues.map(({ id, skillId }) => [id, skillId]));

  const routingOf = (call: Call) => ({
    requestedRoutingSkillIds: [skillIds.get(call.queueId)],
    requestedLanguageId: language.id,
    routingPriority: call.priority,
    direction: 'inbound',
  });

  const observationsOf = (queue: Queue, metric: string) =>
    Array.from(metric === 'oInteracting' ? queue.interacting.values() : queue.waiting.values(), (call) => ({
      observationDate: isoTime(call.answered?.atMs ?? call.enqueuedAtMs),
      conversationId: call.id,
      sessionId: sessionIdOf(call, call.answered === undefined ? 'acd' : 'agent'),
      ...routingOf(call),
      ...(call.answered === undefined ? {} : { userId: call.answered.userId }),
    })).sort((a, b) => (a.observationDate < b.observationDate ? -1 : a.observationDate > b.observationDate ? 1 : 0));

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
    for (const queue of center.queues.values()) {
      const queueId = queue.id;
      report({ queueId }, agentMetrics(queue));
      report({ queueId, mediaType: 'voice' }, [...callMetrics(queue), ...longestMetrics(queue)], (metric) =>
        detailMetrics.includes(metric) && (metric === 'oWaiting' || metric === 'oInteracting')
          ? { truncated: false, observations: observationsOf(queue, metric) }
          : {},
      );
      for (const mediaType of idleMedia) {
        report({ queueId, mediaType }, [zero('oAlerting'), zero('oInteracting'), zero('oWaiting')]);
      }
      report({ queueId, mediaType: 'video' }, [zero('oInteracting')]);
    }
    const mapped = metrics.some((metric) => metric === 'oUserPresences' || metric === 'oOffQueueUsers');
    const mappings = Object.fromEntries(Object.values(presences).map(({ system, id }) => [system, [id]]));
    return ok({ ...(mapped ? { systemToOrganizationMappings: mappings } : {}), results });
  };

  const callRow = (metric: string, call: Call): Row => {
    const activityDate = isoTime(call.answered?.atMs ?? call.enqueuedAtMs);
    const user = call.answered === undefined ? {} : { userId: call.answered.userId };
    const dimensions = { queueId: call.queueId, mediaType: 'voice', direction: 'inbound', ...user };
    return {
      metric,
      dimensions: { ...dimensions, conversationId: call.id },
      entityId: call.id,
      entity: {
        activityDate,
        metric,
        conversationId: call.id,
        sessionId: sessionIdOf(call, call.answered === undefined ? 'acd' : 'agent'),
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
    for (const queue of center.queues.values()) {
      groups.push({ queueId: queue.id, mediaType: 'voice' });
      for (const call of queue.waiting.values()) rows.push(callRow('oWaiting', call), callRow('oLongestWaiting', call));
      for (const call of queue.interacting.values()) {
        rows.push(callRow('oInteracting', call), callRow('oLongestInteracting', call));
      }
    }
    return ok({ entityIdDimension: 'conversationId', results: answerActivity(read.value, groups, rows) });
  };

  const queryRouting = (request: RestRequest): RouteAnswer => {
    const read = readBody(routingActivitySchema, request.body);
    if ('refused' in read) return read.refused;
    const groups = Array.from(center.queues.keys(), (queueId) => ({ queueId }));
    const rows = [...center.queues.values()].flatMap(memberRows);
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

function longestMetrics(queue: Queue): Metric[] {
  const { waitingMs, interactingMs } = longest(queue);
  const metrics = { oLongestWaiting: waitingMs, oLongestInteracting: interactingMs };
  return Object.entries(metrics).flatMap(([metric, startMs]) =>
    startMs === undefined ? [] : [{ metric, stats: { count: 1, calculatedMetricValue: startMs } }],
  );
}

function memberRows(queue: Queue): Row[] {
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
    const row = (metric: string, qualifier?: string): Row => ({
      metric,
      ...(qualifier === undefined ? {} : { qualifier }),
      dimensions: { ...state, ...dates },
      entityId: agent.id,
      entity: { activityDate: isoTime(agent.statusSinceMs ?? 0), metric, ...state, ...dates },
    });
    return [
      row('oMemberUsers'),
      row('oActiveUsers'),
      agent.onQueue ? row('oOnQueueUsers', agent.status) : row('oOffQueueUsers', presence.id),
      row('oUserRoutingStatuses', agent.status),
      row('oUserPresences', presence.id),
    ];
  });
}
