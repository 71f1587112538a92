import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import type { FrameFaults } from './faults.ts';
import type { Agent } from './agent.ts';
import type { Call } from './call.ts';
import type { CallCenter } from './call-center.ts';
import type { Channel, ChannelRegistry, ObservationGroup, Socket, Watch } from './channels.ts';
import type { Line } from './line.ts';
import type { PlatformSwitches } from './switches.ts';
import { intervalMs, intervalStartOf, type Metric } from './interval-ledger.ts';
import { agentMetrics, callMetrics, showCalls, tellChanges, type ToldMetrics } from './observations.ts';
import type { Queue } from './queue.ts';
import { countedId } from './rest.ts';
import { createSchedule } from './schedule.ts';
import { conversationsTopic, observationsTopic, userTopic, type Topic } from './topics.ts';
import { conversationBody } from './conversation-wire.ts';
import { isoTime, userTopicBodies } from './wire.ts';

/** Everything that changed in one instant. */
interface Changes {
  readonly queueIds: ReadonlySet<string>;
  readonly calls: ReadonlySet<Call>;
  readonly agents: ReadonlySet<Agent>;
}

/** Turns changes of the call centre into frames, each at its own time. */
export interface Notifications {
  /** Begins to watch a topic: what is true now counts as told. */
  readonly watch: (topic: Topic, nowMs: EpochMs) => Watch;
  publish(changes: Changes, atMs: EpochMs): void;
  /** Sends what is due at this time: held-back observations and heartbeats. */
  sendDue(atMs: EpochMs): void;
  /** When `sendDue` is next needed; infinite if never. */
  nextDueMs(): EpochMs;
  connect(channel: Channel, socket: Omit<Socket, 'heartbeatDueMs'>, nowMs: EpochMs): Socket;
  /** A text from the client: a ping, a subscription, or nothing to answer. */
  receive(channel: Channel, socket: Socket, text: string, nowMs: EpochMs): void;
}

const heartbeatMs = 30_000;
/** At most one observations message in this time, for each channel, topic and group. */
const spacingMs = 1_000;

const pingSchema = z.object({ message: z.literal('ping') });
const subscribeSchema = z.object({
  message: z.literal('subscribe'),
  topics: z.unknown().optional(),
  correlationId: z.unknown().optional(),
});
const topicsSchema = z.array(z.string());

export function createNotifications(options: {
  readonly center: CallCenter;
  readonly channels: ChannelRegistry;
  /** Subscribes a channel for its socket; the status and, if refused, why. */
  readonly subscribe: (
    channel: Channel,
    topics: readonly string[],
    nowMs: EpochMs,
  ) => { status: number; message?: string };
  readonly line: Line;
  readonly frameFaults: FrameFaults;
  readonly switches: Pick<PlatformSwitches, 'zerosSent' | 'metricsPerMessage' | 'alertingInWaiting'>;
}): Notifications {
  const { center, channels, subscribe, line, frameFaults, switches } = options;
  const rosterQueues = new Map(center.roster.queues.map((queue) => [queue.id, queue]));
  /** Groups whose change is held back, and until when. */
  const held = new Map<ObservationGroup, EpochMs>();
  const dues = createSchedule<{
    readonly group: ObservationGroup;
    readonly channel: Channel;
    readonly topic: Topic;
  }>();
  let frameCount = 0;

  const sendEvent = (channel: Channel, topicName: string, eventBody: object, atMs: EpochMs): void => {
    frameCount += 1;
    const CorrelationId = countedId(frameCount);
    const text = JSON.stringify({ topicName, version: '2', eventBody, metadata: { CorrelationId } });
    for (const each of frameFaults(channel.id, text)) line.transmit(channel, each, atMs);
  };

  const sendMetadata = (channel: Channel, message: string, atMs: EpochMs): void =>
    line.transmit(channel, JSON.stringify({ topicName: 'channel.metadata', eventBody: { message } }), atMs);

  const announce = (topicName: string, bodyOf: () => object, atMs: EpochMs): void => {
    let body: object | undefined;
    for (const channel of channels.all.values()) {
      if (!channel.watches.has(topicName)) continue;
      body ??= bodyOf();
      sendEvent(channel, topicName, body, atMs);
    }
  };

  const flush = (channel: Channel, topic: Topic, group: ObservationGroup, atMs: EpochMs): void => {
    if (atMs < group.sentMs + spacingMs) {
      if (held.has(group)) return;
      const dueMs = group.sentMs + spacingMs;
      held.set(group, dueMs);
      dues.at(dueMs, { group, channel, topic });
      return;
    }
    held.delete(group);
    const data = changedData(group, atMs, switches);
    if (data.length === 0) return;
    group.sentMs = atMs;
    sendEvent(channel, topic.name, { group: group.group, data }, atMs);
  };

  const publishObservations = (queueId: string, atMs: EpochMs): void => {
    const topicName = observationsTopic(queueId);
    for (const channel of channels.all.values()) {
      const watch = channel.watches.get(topicName);
      for (const group of watch?.groups ?? []) if (watch !== undefined) flush(channel, watch.topic, group, atMs);
    }
  };

  return {
    watch(topic, nowMs) {
      const queue = topic.kind === 'observations' ? center.queues.get(topic.entityId) : undefined;
      return { topic, groups: queue === undefined ? [] : observationGroups(queue, switches, nowMs) };
    },

    publish({ queueIds, calls, agents }, atMs) {
      // Every queue that a conversation has been in hears of it.
      for (const conversation of new Set(Array.from(calls, (call) => call.conversation))) {
        const body = () => conversationBody(conversation, rosterQueues);
        for (const queueId of new Set(conversation.calls.map((call) => call.queueId))) {
          announce(conversationsTopic(queueId), body, atMs);
        }
      }
      for (const agent of agents) {
        for (const kind of ['activity', 'routingStatus', 'presence'] as const) {
          announce(userTopic(agent.id, kind), () => userTopicBodies[kind](agent), atMs);
        }
      }
      for (const queueId of queueIds) publishObservations(queueId, atMs);
    },

    sendDue(atMs) {
      while (dues.nextMs() <= atMs) {
        const due = dues.next();
        // It may have been sent since, because something changed at this very moment.
        if (due === undefined || held.get(due.plan.group) !== due.atMs) continue;
        const { group, channel, topic } = due.plan;
        held.delete(group);
        const watched =
          channels.all.has(channel.id) && channel.watches.get(topic.name)?.groups.includes(group) === true;
        if (watched) flush(channel, topic, group, atMs);
      }
      for (const channel of channels.all.values()) {
        const { socket } = channel;
        if (socket === undefined || socket.heartbeatDueMs > atMs) continue;
        socket.heartbeatDueMs += heartbeatMs;
        sendMetadata(channel, 'WebSocket Heartbeat', atMs);
      }
    },

    nextDueMs() {
      let nextMs = dues.nextMs();
      for (const { socket } of channels.all.values()) {
        if (socket !== undefined) nextMs = Math.min(nextMs, socket.heartbeatDueMs);
      }
      return nextMs;
    },

    connect(channel, ends, nowMs) {
      channel.socket?.close(1000);
      const socket: Socket = { ...ends, heartbeatDueMs: nowMs + heartbeatMs };
      channel.socket = socket;
      return socket;
    },

    receive(channel, socket, text, nowMs) {
      if (channel.socket !== socket) return;
      const message = readJson(text);
      if (pingSchema.safeParse(message).success) {
        sendMetadata(channel, 'pong', nowMs);
        return;
      }
      const asked = subscribeSchema.safeParse(message);
      if (!asked.success) return;
      const { correlationId } = asked.data;
      const topics = topicsSchema.safeParse(asked.data.topics);
      const { status, message: reason } = topics.success
        ? subscribe(channel, topics.data, nowMs)
        : { status: 400, message: 'topics must be a list of topic names.' };
      const reply = status === 200 ? { status: 'subscribed' } : { status: 'failure', message: reason };
      line.transmit(channel, JSON.stringify({ result: String(status), ...reply, correlationId }), nowMs);
    },
  };
}

function observationGroups(
  queue: Queue,
  switches: Pick<PlatformSwitches, 'alertingInWaiting'>,
  nowMs: EpochMs,
): ObservationGroup[] {
  const queueId = queue.id;
  return [
    createGroup(
      { queueId },
      () => agentMetrics(queue),
      () => [],
      nowMs,
    ),
    ...Array.from(queue.media.values(), (lane) =>
      createGroup(
        { queueId, mediaType: lane.mediaType },
        () => callMetrics(showCalls(lane, switches)),
        (startMs) => lane.ledger.metrics(startMs),
        nowMs,
      ),
    ),
  ];
}

function createGroup(
  group: ObservationGroup['group'],
  readState: () => readonly Metric[],
  readTotals: (intervalStartMs: EpochMs) => readonly Metric[],
  nowMs: EpochMs,
): ObservationGroup {
  const intervalStartMs = intervalStartOf(nowMs);
  const created: ObservationGroup = {
    group,
    state: new Map(),
    intervalStartMs,
    totals: new Map(),
    sentMs: -Infinity,
    readState,
    readTotals,
  };
  tellChanges(created.state, readState());
  tellChanges(created.totals, readTotals(intervalStartMs));
  return created;
}

/** The parts of a message: states now, then the totals of the half hour before (if some were held back) and of this one. */
function changedData(
  group: ObservationGroup,
  atMs: EpochMs,
  { zerosSent, metricsPerMessage }: Pick<PlatformSwitches, 'zerosSent' | 'metricsPerMessage'>,
): object[] {
  const data: object[] = [];
  const add = (fromMs: EpochMs, toMs: EpochMs, told: ToldMetrics, now: readonly Metric[]): void => {
    const changed = tellChanges(told, now).filter(({ stats }) => zerosSent || stats['count'] !== 0);
    if (changed.length === 0) return;
    const vanished = changed.filter(({ stats }) => stats['count'] === 0 && !now.some((each) => each.stats === stats));
    const metrics = metricsPerMessage === 'changed' ? changed : [...now, ...vanished];
    data.push({ interval: `${isoTime(fromMs)}/${isoTime(toMs)}`, metrics });
  };
  add(atMs, atMs, group.state, group.readState());
  for (const startMs of new Set([group.intervalStartMs, intervalStartOf(atMs)])) {
    if (startMs !== group.intervalStartMs) group.totals = new Map();
    group.intervalStartMs = startMs;
    add(startMs, startMs + intervalMs, group.totals, group.readTotals(startMs));
  }
  return data;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
