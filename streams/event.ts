import { z } from 'zod';
import { count, epochMs } from './record.ts';

/** A count right now (`o…` metrics), as the platform names it. `startedAtMs` comes with oLongestWaiting and its like. */
const instantMetric = z.object({
  metric: z.string(),
  qualifier: z.string().nullable(),
  count: count(),
  startedAtMs: epochMs().nullable(),
});

const stat = () => z.number().optional();

/** A running total of a half hour, with the platform's names; `sum`, `min`, `max` of `t…` metrics are milliseconds. */
export const intervalStats = z.object({
  count: stat(),
  sum: stat(),
  min: stat(),
  max: stat(),
  current: stat(),
  numerator: stat(),
  denominator: stat(),
  target: stat(),
});

const intervalMetric = z.object({ metric: z.string(), qualifier: z.string().nullable(), stats: intervalStats });

/** Some counts of one group changed. `mediaType` null is the group that counts agents. Absent metrics have not changed. */
const queueObserved = z.object({
  kind: z.literal('queue-observed'),
  receivedAtMs: epochMs(),
  queueId: z.string(),
  mediaType: z.string().nullable(),
  metrics: z.array(instantMetric),
});

/** Totals of one group and interval; each supersedes the one before for its metric and qualifier. */
const queueInterval = z.object({
  kind: z.literal('queue-interval'),
  receivedAtMs: epochMs(),
  queueId: z.string(),
  mediaType: z.string().nullable(),
  startMs: epochMs(),
  endMs: epochMs(),
  metrics: z.array(intervalMetric),
});

/**
 * The totals of an interval that is over, read again since it was not heard whole. A media type or metric that is not named is zero.
 */
const intervalRead = z.object({
  kind: z.literal('interval-read'),
  receivedAtMs: epochMs(),
  queueId: z.string(),
  startMs: epochMs(),
  endMs: epochMs(),
  groups: z.array(z.object({ mediaType: z.string(), metrics: z.array(intervalMetric) })),
});

const waitingInteraction = z.object({
  conversationId: z.string(),
  mediaType: z.string(),
  enqueuedAtMs: epochMs(),
  priority: z.number().nullable(),
  skillIds: z.array(z.string()),
  languageId: z.string().nullable(),
});

/** The counts that a snapshot asks for: of these, and no others, an absent one is zero. */
export const snapshotMetrics = [
  'oWaiting',
  'oInteracting',
  'oAlerting',
  'oMemberUsers',
  'oActiveUsers',
  'oOnQueueUsers',
  'oOffQueueUsers',
] as const;

/** REST truth that replaces what was known of a queue; a part that is null was not asked for. */
const queueSnapshot = z.object({
  kind: z.literal('queue-snapshot'),
  receivedAtMs: epochMs(),
  queueId: z.string(),
  groups: z.array(z.object({ mediaType: z.string().nullable(), metrics: z.array(instantMetric) })).nullable(),
  waiting: z.array(waitingInteraction).nullable(),
});

/** One conversation as it now is, without personal data. A stay is one `acd` participant of this queue. */
const interactionChanged = z.object({
  kind: z.literal('interaction-changed'),
  receivedAtMs: epochMs(),
  queueId: z.string(),
  conversationId: z.string(),
  mediaType: z.string(),
  stays: z.array(
    z.object({
      enqueuedAtMs: epochMs(),
      leftAtMs: epochMs().nullable(),
      priority: z.number().nullable(),
      skillIds: z.array(z.string()),
      languageId: z.string().nullable(),
    }),
  ),
  agents: z.array(
    z.object({
      userId: z.string(),
      connectedAtMs: epochMs().nullable(),
      endedAtMs: epochMs().nullable(),
      wrapUpEndedAtMs: epochMs().nullable(),
    }),
  ),
  customerLeftAtMs: epochMs().nullable(),
});

/** What the platform says of an agent now; a part that is null was not said. */
const agentStatus = z.object({
  kind: z.literal('agent-status'),
  receivedAtMs: epochMs(),
  userId: z.string(),
  routingStatus: z.string().nullable(),
  routingStatusSinceMs: epochMs().nullable(),
  presence: z.string().nullable(),
  presenceSinceMs: epochMs().nullable(),
  activeQueueIds: z.array(z.string()).nullable(),
});

const agentProfile = z.object({
  kind: z.literal('agent-profile'),
  receivedAtMs: epochMs(),
  userId: z.string(),
  skills: z.array(z.object({ skillId: z.string(), proficiency: z.number() })),
  languages: z.array(z.object({ languageId: z.string(), proficiency: z.number() })),
  /** Only where names are switched on. */
  name: z.string().optional(),
});

/** How customers liked an agent of late, 0 to 1; null = nobody has said. */
const agentSatisfaction = z.object({
  kind: z.literal('agent-satisfaction'),
  receivedAtMs: epochMs(),
  userId: z.string(),
  value: z.number().min(0).max(1).nullable(),
});

const queueProfile = z.object({
  kind: z.literal('queue-profile'),
  receivedAtMs: epochMs(),
  queueId: z.string(),
  name: z.string(),
  serviceLevels: z.array(z.object({ mediaType: z.string(), target: z.number(), durationMs: z.number() })),
});

/**
 * An interval in which nothing was heard on a channel: once with `endMs` null when it is found out, once more when a snapshot
 * has repaired it. `startMs` = arrival of the last frame before the fault.
 */
const channelGap = z.object({
  kind: z.literal('channel-gap'),
  receivedAtMs: epochMs(),
  channel: count(),
  /** Those that this channel tells of; null = all of the shard, on whatever channel. */
  queueIds: z.array(z.string()).nullable(),
  /** Agents that it tells of; null = all of the shard. Journals of earlier versions do not say. */
  userIds: z.array(z.string()).nullable().default(null),
  startMs: epochMs(),
  endMs: epochMs().nullable(),
  cause: z.string(),
  repairedBy: z.enum(['snapshot', 'aggregate', 'none']),
});

/** A queue is not watched any more: it was deleted, or taken out of the client's divisions. */
const queueRemoved = z.object({ kind: z.literal('queue-removed'), receivedAtMs: epochMs(), queueId: z.string() });

/** An agent is not watched any more: deleted, or no member of any queue that is. */
const agentRemoved = z.object({ kind: z.literal('agent-removed'), receivedAtMs: epochMs(), userId: z.string() });

/** Only moves time. `heardUntilMs` = the oldest "last frame" over the shard's channels; null before the first. */
const tick = z.object({
  kind: z.literal('tick'),
  receivedAtMs: epochMs(),
  heardUntilMs: epochMs().nullable(),
});

/** Something arrived that does not validate; `place` = topic or path, `cause` names fields, never values. */
const inputRejected = z.object({
  kind: z.literal('input-rejected'),
  receivedAtMs: epochMs(),
  place: z.string(),
  cause: z.string(),
});

/** What the journal holds. */
export const queueEvent = z.discriminatedUnion('kind', [
  queueObserved,
  queueInterval,
  intervalRead,
  queueSnapshot,
  interactionChanged,
  agentStatus,
  agentProfile,
  agentSatisfaction,
  queueProfile,
  queueRemoved,
  agentRemoved,
  channelGap,
  tick,
  inputRejected,
]);

export type QueueEvent = z.infer<typeof queueEvent>;
export type EventOf<Kind extends QueueEvent['kind']> = Extract<QueueEvent, { kind: Kind }>;
export type InstantMetric = z.infer<typeof instantMetric>;
export type IntervalMetric = z.infer<typeof intervalMetric>;
export type ChannelGap = z.infer<typeof channelGap>;
export type Tick = z.infer<typeof tick>;

/** The end of a journal record's key: the queue or agent, or the shard for what concerns all of it. */
export function subjectOf(event: QueueEvent, shard: number): string {
  if ('queueId' in event) return event.queueId;
  if ('userId' in event) return event.userId;
  return String(shard);
}
