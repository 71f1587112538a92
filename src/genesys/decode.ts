import type { OperatorFunction } from 'rxjs';
import type { z } from 'zod';
import type { InstantMetric, IntervalMetric, QueueEvent } from '../../streams/event.ts';
import { toOperator } from '../../streams/logic.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { Arrival, FrameArrival, RestArrival } from './arrival.ts';
import * as wire from './wire.ts';

/** What arrives → journal events. What does not validate becomes `input-rejected`; nothing throws, nothing is dropped unseen. */
export function decode(): OperatorFunction<Arrival, QueueEvent> {
  return toOperator({
    name: 'decode',
    version: 1,
    start: () => null,
    step: (state, arrival: Arrival) => [state, decodeArrival(arrival)],
  });
}

export function decodeArrival(arrival: Arrival): readonly QueueEvent[] {
  switch (arrival.kind) {
    case 'frame':
      return decodeFrame(arrival);
    case 'rest':
      return decodeRest(arrival);
    case 'tick':
    case 'channel-gap':
    case 'queue-removed':
    case 'agent-removed':
    case 'agent-satisfaction':
      return [arrival];
  }
}

/** The schema that a body is read by; undefined where no body is read. */
export function bodySchemaOf(arrival: FrameArrival | RestArrival): z.ZodType | undefined {
  let found: z.ZodType | undefined;
  const note: typeof validate = (schema) => {
    found = schema;
    return [];
  };
  if (arrival.kind === 'frame') decodeFrame(arrival, note);
  else decodeRest(arrival, note);
  return found;
}

function decodeFrame(frame: FrameArrival, validated = validate): readonly QueueEvent[] {
  const { topic, receivedAtMs } = frame;
  if (topic === null) return [reject('socket', 'not a JSON object with a topic', receivedAtMs)];
  // Heartbeats, pongs and system notices move the connection, not the state; a reply without topic is for nobody.
  if (topic === '' || topic === 'channel.metadata' || topic.startsWith('v2.system.')) return [];
  if (topic.startsWith('v2.analytics.queues.') && topic.endsWith('.observations')) {
    return validated(wire.observationsBody, frame.body, topic, receivedAtMs, decodeObservations);
  }
  if (topic.startsWith('v2.routing.queues.') && topic.endsWith('.conversations')) {
    return validated(wire.conversationBody, frame.body, topic, receivedAtMs, (body) =>
      decodeConversation(body, topic.split('.')[3] ?? '', receivedAtMs),
    );
  }
  if (topic.startsWith('v2.users.') && topic.endsWith('.activity')) {
    return validated(wire.userActivityBody, frame.body, topic, receivedAtMs, decodeUserActivity);
  }
  return [reject(topic, 'unknown topic', receivedAtMs)];
}

function decodeRest(answer: RestArrival, validated = validate): readonly QueueEvent[] {
  const { path, body, receivedAtMs, queueIds } = answer;
  switch (path) {
    case '/api/v2/analytics/queues/observations/query':
      return validated(wire.observationsAnswer, body, path, receivedAtMs, (value) =>
        decodeObservationsAnswer(value, queueIds, receivedAtMs),
      );
    case '/api/v2/analytics/conversations/aggregates/query':
      return validated(wire.aggregatesAnswer, body, path, receivedAtMs, (value) =>
        decodeAggregates(value, answer, receivedAtMs),
      );
    case '/api/v2/analytics/conversations/activity/query':
      return validated(wire.conversationActivityAnswer, body, path, receivedAtMs, (value) =>
        decodeConversationActivity(value, queueIds, receivedAtMs),
      );
    case '/api/v2/analytics/routing/activity/query':
      return validated(wire.routingActivityAnswer, body, path, receivedAtMs, decodeRoutingActivity);
    case '/api/v2/routing/queues':
      return validated(wire.queuesAnswer, body, path, receivedAtMs, decodeQueues);
    case '/api/v2/users':
      return validated(wire.usersAnswer, body, path, receivedAtMs, (value) =>
        decodeUsers(value, answer.names, receivedAtMs),
      );
    default:
      return [reject(path, 'unknown path', receivedAtMs)];
  }
}

function validate<T>(
  schema: z.ZodType<T>,
  body: unknown,
  place: string,
  receivedAtMs: EpochMs,
  then: (value: T, receivedAtMs: EpochMs) => readonly QueueEvent[],
): readonly QueueEvent[] {
  const result = schema.safeParse(body);
  if (result.success) return orRejected(place, receivedAtMs, () => then(result.data, receivedAtMs));
  // Codes and paths only: a message may quote a value, and a value may be personal.
  const cause = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.code}`).join(', ');
  return [reject(place, cause, receivedAtMs)];
}

/** Makes events out of a value that may still be malformed somewhere; then it is rejected. */
function orRejected(place: string, receivedAtMs: EpochMs, make: () => readonly QueueEvent[]): readonly QueueEvent[] {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return [reject(place, error.message, receivedAtMs)];
  }
}

function reject(place: string, cause: string, receivedAtMs: EpochMs): QueueEvent {
  return { kind: 'input-rejected', receivedAtMs, place: place.slice(0, 200), cause: cause.slice(0, 500) };
}

/** A text or number that its schema lets pass and that means nothing all the same. */
class Malformed extends Error {}

function timeMs(text: string, field: string): EpochMs {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new Malformed(`${field}: not a time`);
  return ms;
}

const optionalTimeMs = (text: string | undefined, field: string) => (text === undefined ? null : timeMs(text, field));

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

/** Queue settings say `call` where analytics say `voice`. */
const mediaTypeOf = (name: string) => (name === 'call' ? 'voice' : name);

type Metric = z.infer<typeof wire.observationsBody>['data'][number]['metrics'][number];
type AnsweredMetric = Metric & { readonly stats: { readonly calculatedMetricValue?: number | undefined } };

function instants(metrics: readonly AnsweredMetric[]): InstantMetric[] {
  const counted: InstantMetric[] = [];
  for (const { metric, qualifier, stats } of metrics) {
    // No count is not a count of zero.
    if (stats.count === undefined) continue;
    const startedAtMs = stats.calculatedMetricValue === undefined ? null : whole(stats.calculatedMetricValue, metric);
    counted.push({ metric, qualifier: qualifier ?? null, count: Math.max(0, whole(stats.count, metric)), startedAtMs });
  }
  return counted;
}

/** Checked here and not by the schema, which would check every number of every frame so. */
function whole(value: number, metric: string): number {
  if (!Number.isSafeInteger(value)) throw new Malformed(`${metric}: not a whole number`);
  return value;
}

function intervals(metrics: readonly Metric[]): IntervalMetric[] {
  return metrics.map(({ metric, qualifier, stats }) => ({ metric, qualifier: qualifier ?? null, stats }));
}

function decodeObservations(body: z.infer<typeof wire.observationsBody>, receivedAtMs: EpochMs): QueueEvent[] {
  const { queueId } = body.group;
  const mediaType = body.group.mediaType === undefined ? null : mediaTypeOf(body.group.mediaType);
  const events = body.data.map(({ interval, metrics }): QueueEvent => {
    const slash = interval.indexOf('/');
    const start = interval.slice(0, slash);
    const end = interval.slice(slash + 1);
    if (start === end) {
      return { kind: 'queue-observed', receivedAtMs, queueId, mediaType, metrics: instants(metrics) };
    }
    return {
      kind: 'queue-interval',
      receivedAtMs,
      queueId,
      mediaType,
      startMs: timeMs(start, 'interval'),
      endMs: timeMs(end, 'interval'),
      metrics: intervals(metrics),
    };
  });
  // The totals first: they tell who it was that the counts miss.
  const isTotals = ({ kind }: QueueEvent) => kind === 'queue-interval';
  return [...events.filter(isTotals), ...events.filter((event) => !isTotals(event))];
}

function decodeConversation(
  body: z.infer<typeof wire.conversationBody>,
  queueId: string,
  receivedAtMs: EpochMs,
): QueueEvent[] {
  const here = body.participants.filter(
    (each) => (each.queueId ?? each.conversationRoutingData?.queue?.id) === queueId,
  );
  const stays = here.flatMap((each) => {
    if (each.purpose !== 'acd' || each.connectedTime === undefined) return [];
    return {
      enqueuedAtMs: timeMs(each.connectedTime, 'connectedTime'),
      leftAtMs: optionalTimeMs(each.endTime, 'endTime'),
      priority: each.conversationRoutingData?.priority ?? null,
      skillIds: each.conversationRoutingData?.skills?.map((skill) => skill.id) ?? [],
      languageId: each.conversationRoutingData?.language?.id ?? null,
    };
  });
  const agents = here.flatMap((each) => {
    if (each.purpose !== 'agent' || each.userId === undefined) return [];
    return {
      userId: each.userId,
      connectedAtMs: optionalTimeMs(each.connectedTime, 'connectedTime'),
      endedAtMs: optionalTimeMs(each.endTime, 'endTime'),
      wrapUpEndedAtMs: optionalTimeMs(each.endAcwTime, 'endAcwTime'),
    };
  });
  const customer = body.participants.find((each) => each.purpose === 'customer' || each.purpose === 'external');
  // In the same queue again with another medium, as a callback: where it is now is what counts.
  const inQueue = here.filter((each) => each.purpose === 'acd');
  const acd = inQueue.findLast((each) => each.endTime === undefined) ?? inQueue.at(-1) ?? here[0];
  return [
    {
      kind: 'interaction-changed',
      receivedAtMs,
      queueId,
      conversationId: body.id,
      mediaType: acd === undefined ? 'voice' : sessionMediaType(acd),
      stays,
      agents,
      customerLeftAtMs: optionalTimeMs(customer?.endTime, 'endTime'),
    },
  ];
}

function sessionMediaType(participant: z.infer<typeof wire.conversationBody>['participants'][number]): string {
  const { callbacks = [], chats = [], emails = [], messages = [], videos = [] } = participant;
  if (callbacks.length > 0) return 'callback';
  if (chats.length > 0) return 'chat';
  if (emails.length > 0) return 'email';
  if (messages.length > 0) return 'message';
  if (videos.length > 0) return 'video';
  return 'voice';
}

function decodeUserActivity(body: z.infer<typeof wire.userActivityBody>, receivedAtMs: EpochMs): QueueEvent[] {
  return [
    {
      kind: 'agent-status',
      receivedAtMs,
      userId: body.id,
      routingStatus: body.routingStatus?.status ?? null,
      routingStatusSinceMs: optionalTimeMs(body.routingStatus?.startTime, 'startTime'),
      presence: presenceOf(body.presence?.presenceDefinition?.systemPresence),
      presenceSinceMs: optionalTimeMs(body.presence?.modifiedDate, 'modifiedDate'),
      activeQueueIds: body.activeQueueIds ?? null,
    },
  ];
}

/** Sockets say ON_QUEUE, REST says `On Queue`. */
const presenceOf = (name: string | undefined) => name?.toUpperCase().replaceAll(' ', '_') ?? null;

function decodeObservationsAnswer(
  answer: z.infer<typeof wire.observationsAnswer>,
  queueIds: readonly string[],
  receivedAtMs: EpochMs,
): QueueEvent[] {
  const results = groupBy(answer.results ?? [], (result) => result.group.queueId);
  return queueIds.map((queueId) => ({
    kind: 'queue-snapshot',
    receivedAtMs,
    queueId,
    groups: (results.get(queueId) ?? []).map(({ group, data }) => ({
      mediaType: group.mediaType === undefined ? null : mediaTypeOf(group.mediaType),
      metrics: instants(data ?? []),
    })),
    waiting: null,
  }));
}

const halfHourMs = 1_800_000;

/** Of each half hour of an interval; a queue without an answer had nothing in it. */
function decodeAggregates(
  answer: z.infer<typeof wire.aggregatesAnswer>,
  { queueIds, interval }: RestArrival,
  receivedAtMs: EpochMs,
): QueueEvent[] {
  if (interval === undefined) throw new Malformed('interval: nobody said what was asked for');
  const told = (answer.results ?? []).flatMap(({ group, data = [] }) =>
    data.map((each) => ({
      queueId: group.queueId,
      startMs: timeMs(each.interval.split('/')[0] ?? '', 'interval'),
      mediaType: mediaTypeOf(group.mediaType),
      metrics: intervals(each.metrics),
    })),
  );
  const cells = groupBy(told, ({ queueId, startMs }) => `${queueId} ${startMs}`);
  const events: QueueEvent[] = [];
  for (let { startMs } = interval; startMs < interval.endMs; startMs += halfHourMs) {
    for (const queueId of queueIds) {
      const groups = (cells.get(`${queueId} ${startMs}`) ?? []).map(({ mediaType, metrics }) => ({
        mediaType,
        metrics,
      }));
      events.push({ kind: 'interval-read', receivedAtMs, queueId, startMs, endMs: startMs + halfHourMs, groups });
    }
  }
  return events;
}

function decodeConversationActivity(
  answer: z.infer<typeof wire.conversationActivityAnswer>,
  queueIds: readonly string[],
  receivedAtMs: EpochMs,
): QueueEvent[] {
  const results = answer.results ?? [];
  const cut = new Set(results.filter((result) => result.truncated === true).map((result) => result.group.queueId));
  const entities = results.flatMap((result) => result.entities ?? []).filter((entity) => entity.metric === 'oWaiting');
  const waiting = groupBy(entities, (entity) => entity.queueId);
  return queueIds
    .filter((queueId) => !cut.has(queueId))
    .flatMap((queueId) =>
      // One malformed row spoils the list of its queue, not of the others.
      orRejected(`conversations/activity of ${queueId}`, receivedAtMs, () => [
        {
          kind: 'queue-snapshot',
          receivedAtMs,
          queueId,
          groups: null,
          waiting: (waiting.get(queueId) ?? []).map((entity) => ({
            conversationId: entity.conversationId,
            mediaType: mediaTypeOf(entity.mediaType),
            enqueuedAtMs: timeMs(entity.activityDate, 'activityDate'),
            priority: entity.routingPriority ?? null,
            skillIds: entity.requestedRoutingSkillIds ?? [],
            languageId: entity.requestedLanguageId ?? null,
          })),
        },
      ]),
    );
}

function decodeRoutingActivity(
  answer: z.infer<typeof wire.routingActivityAnswer>,
  receivedAtMs: EpochMs,
): QueueEvent[] {
  const entities = (answer.results ?? []).flatMap((result) => result.entities ?? []);
  return [...groupBy(entities, (entity) => entity.userId)].flatMap(([userId, memberships]) => {
    const [one] = memberships;
    const active = memberships.filter((each) => each.queueMembershipStatus !== 'inactive');
    return orRejected(`routing/activity of ${userId}`, receivedAtMs, () => [
      {
        kind: 'agent-status',
        receivedAtMs,
        userId,
        routingStatus: one?.routingStatus ?? null,
        routingStatusSinceMs: optionalTimeMs(one?.routingStatusDate, 'routingStatusDate'),
        presence: presenceOf(one?.systemPresence),
        presenceSinceMs: optionalTimeMs(one?.presenceDate, 'presenceDate'),
        activeQueueIds: active.map((each) => each.queueId),
      },
    ]);
  });
}

function decodeQueues(answer: z.infer<typeof wire.queuesAnswer>, receivedAtMs: EpochMs): QueueEvent[] {
  return answer.entities.map(({ id, name, mediaSettings }) => ({
    kind: 'queue-profile',
    receivedAtMs,
    queueId: id,
    name,
    serviceLevels: Object.entries(mediaSettings ?? {}).flatMap(([mediaType, { serviceLevel }]) =>
      serviceLevel === undefined
        ? []
        : { mediaType: mediaTypeOf(mediaType), target: serviceLevel.percentage, durationMs: serviceLevel.durationMs },
    ),
  }));
}

function decodeUsers(
  answer: z.infer<typeof wire.usersAnswer>,
  names: RestArrival['names'],
  receivedAtMs: EpochMs,
): QueueEvent[] {
  const active = (each: { readonly state?: string | undefined }) => each.state === undefined || each.state === 'active';
  return answer.entities.map(({ id, skills = [], languages = [] }) => ({
    kind: 'agent-profile',
    receivedAtMs,
    userId: id,
    skills: skills.filter(active).map((each) => ({ skillId: each.id, proficiency: each.proficiency ?? 0 })),
    languages: languages.filter(active).map((each) => ({ languageId: each.id, proficiency: each.proficiency ?? 0 })),
    name: names?.get(id),
  }));
}
