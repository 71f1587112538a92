import type { EventOf, QueueEvent } from '../event.ts';
import type { EpochMs } from '../record.ts';
import type { QueueState } from '../records/queue-state.ts';
import { checkCount, checkQuiet, followCount, nameCounted } from './counts.ts';
import { type CentreListener, leave, newCall } from './departure.ts';
import { type HeadStarts, learnHeadStart } from './head-start.ts';
import {
  type Call,
  callOf,
  finish,
  forget,
  join,
  learnHandle,
  learnPriority,
  type Line,
  serve,
  startLine,
} from './line.ts';
import { foldAgentStatus, removeAgent, type Staff, startStaff } from './staff.ts';
import { foldToldWaits, startToldWaits } from './told-waits.ts';

/** Everything that waits depend on, of all queues of a shard. */
export interface Centre {
  /** By `lineKey`. */
  lines: Map<string, Line>;
  staff: Staff;
  /** By medium: an e-mail that waits for days says nothing of calls. */
  headStarts: Map<string, HeadStarts>;
  /** By queue: agents that take calls, and idle ones, as the platform counts them. */
  agentCounts: Map<string, { readonly agents: number; readonly idle: number }>;
  /** By `lineKey`: mean of recent handle times, read off the platform's totals; at least a second. */
  toldHandleSeconds: Map<string, number>;
  /** Queues whose interactions are heard one by one, not only counted. */
  namedQueues: Map<string, true>;
  mediaTypes: Map<string, true>;
  /** Lines of which more are known to wait than are counted. */
  excessLines: Map<string, true>;
  /** The latest that were removed: what was on its way does not bring them back. */
  goneQueues: Map<string, true>;
}

export const startCentre = (): Centre => ({
  lines: new Map(),
  staff: startStaff(),
  headStarts: new Map(),
  agentCounts: new Map(),
  toldHandleSeconds: new Map(),
  namedQueues: new Map(),
  mediaTypes: new Map(),
  excessLines: new Map(),
  goneQueues: new Map(),
});

export const lineKey = (queueId: string, mediaType: string) => `${queueId}/${mediaType}`;

export const lineOf = ({ lines }: Centre, queueId: string, mediaType: string): Line | undefined =>
  lines.get(lineKey(queueId, mediaType));

export function openLine(centre: Centre, queueId: string, mediaType: string, atMs: EpochMs): Line {
  let line = lineOf(centre, queueId, mediaType);
  if (line === undefined) {
    line = startLine(queueId, mediaType, atMs);
    centre.lines.set(lineKey(queueId, mediaType), line);
    centre.mediaTypes.set(mediaType, true);
  }
  return line;
}

/** Takes in an event; returns the queues whose predictions it may change. */
export function foldCentre(centre: Centre, event: QueueEvent, listener: CentreListener): readonly string[] {
  switch (event.kind) {
    case 'interaction-changed':
      if (centre.goneQueues.has(event.queueId)) return [];
      centre.namedQueues.set(event.queueId, true);
      foldInteraction(centre, event, listener);
      return [event.queueId];
    case 'queue-snapshot':
      centre.goneQueues.delete(event.queueId);
      if (event.waiting === null) return [];
      centre.namedQueues.set(event.queueId, true);
      replaceWaiting(centre, event, event.waiting);
      return [event.queueId];
    case 'agent-status':
      return foldAgentStatus(centre.staff, event);
    case 'agent-removed':
      return removeAgent(centre.staff, event.userId);
    case 'queue-removed':
      removeQueue(centre, event.queueId);
      return [];
    case 'tick':
      for (const key of centre.excessLines.keys()) {
        const line = centre.lines.get(key);
        if (line === undefined || !checkQuiet(line, event.receivedAtMs)) centre.excessLines.delete(key);
      }
      return [];
    case 'queue-interval': {
      const line = event.mediaType === null ? undefined : lineOf(centre, event.queueId, event.mediaType);
      if (line !== undefined && !centre.namedQueues.has(event.queueId)) foldToldWaits(line.told, event);
      return [];
    }
    case 'queue-observed':
    case 'interval-read':
    case 'agent-profile':
    case 'agent-satisfaction':
    case 'queue-profile':
    case 'channel-gap':
    case 'input-rejected':
      return [];
  }
}

const goneQueuesMax = 1000;

function removeQueue(centre: Centre, queueId: string): void {
  const { lines, toldHandleSeconds, excessLines, agentCounts, namedQueues, goneQueues } = centre;
  for (const mediaType of centre.mediaTypes.keys()) {
    for (const known of [lines, toldHandleSeconds, excessLines]) known.delete(lineKey(queueId, mediaType));
  }
  for (const known of [agentCounts, namedQueues, goneQueues]) known.delete(queueId);
  goneQueues.set(queueId, true);
  if (goneQueues.size <= goneQueuesMax) return;
  for (const first of goneQueues.keys()) {
    goneQueues.delete(first);
    return;
  }
}

/** Takes in the counts of a queue: of those who wait where interactions are not heard, to check by where they are. */
export function foldQueueState(centre: Centre, state: QueueState, listener: CentreListener): void {
  const { queueId, agentsOnQueue, agentsIdle, observedAtMs, waiting } = state;
  if (centre.goneQueues.has(queueId)) return;
  const line = openLine(centre, queueId, state.mediaType, observedAtMs);
  if (state.handleSecondsMean !== null) {
    centre.toldHandleSeconds.set(lineKey(queueId, state.mediaType), Math.max(1, state.handleSecondsMean));
  }
  if (agentsOnQueue === null) centre.agentCounts.delete(queueId);
  else {
    const agents = Math.max(0, agentsOnQueue - (state.agentsNotResponding ?? 0));
    centre.agentCounts.set(queueId, { agents, idle: agentsIdle ?? 0 });
  }
  // In a gap the counts are those of its start: the next may tell of many who were not seen to come and go.
  if (waiting === null || state.status === 'stale') {
    line.counted = null;
    line.told = startToldWaits();
  } else if (!centre.namedQueues.has(queueId)) followCount(line, { ...state, waiting }, listener);
  else {
    checkCount(line, { ...state, waiting });
    if (line.counted?.excess != null) centre.excessLines.set(lineKey(queueId, state.mediaType), true);
  }
}

/** Somebody who is heard of later than this has not just joined. */
const joiningMsMax = 60_000;

/** Leaving the queue without an agent is giving up if the caller has gone by then; else it went elsewhere. */
const ringingMsMax = 120_000;

function foldInteraction(centre: Centre, event: EventOf<'interaction-changed'>, listener: CentreListener): void {
  const { queueId, mediaType, conversationId, receivedAtMs, customerLeftAtMs } = event;
  const stay = event.stays.reduce<(typeof event.stays)[number] | null>(
    (latest, each) => (latest === null || each.enqueuedAtMs >= latest.enqueuedAtMs ? each : latest),
    null,
  );
  if (stay === null) return;
  const line = openLine(centre, queueId, mediaType, receivedAtMs);
  if (stay.enqueuedAtMs <= (line.finished.get(conversationId) ?? -Infinity)) return;
  let call = callOf(line, conversationId);
  if (call !== undefined && call.enqueuedAtMs !== stay.enqueuedAtMs) {
    // What was on its way while it came back to the queue says nothing.
    if (stay.enqueuedAtMs < call.enqueuedAtMs) return;
    forget(line, conversationId, receivedAtMs);
    call = undefined;
  }
  if (call === undefined) {
    forgetInOtherMedia(centre, event);
    if (isOver(event, stay)) return;
    call = newCall(stay.enqueuedAtMs, stay.priority ?? 0);
    learnPriority(line, call.priority);
    // One that was heard of too late, or answered before it was ever heard of, was not predicted.
    const isNew = receivedAtMs - stay.enqueuedAtMs <= joiningMsMax;
    if (isNew && stay.leftAtMs === null && customerLeftAtMs === null) {
      listener.joined(line, conversationId, call, receivedAtMs);
    }
    join(line, conversationId, call, receivedAtMs);
    nameCounted(line, stay.enqueuedAtMs, receivedAtMs);
  }
  if (stay.leftAtMs === null && customerLeftAtMs === null) {
    noteAlerting(line, event, call);
    return;
  }

  const agent = event.agents.find(({ connectedAtMs }) => (connectedAtMs ?? -1) >= stay.enqueuedAtMs);
  if (agent?.connectedAtMs != null) {
    if (call.phase !== 'talking') {
      learnOrder(centre, line, call, agent.connectedAtMs);
      const departure = { outcome: 'answered', agentId: agent.userId, leftAtMs: agent.connectedAtMs } as const;
      leave(line, conversationId, departure, listener, receivedAtMs);
      call.phase = 'talking';
      call.connectedAtMs = agent.connectedAtMs;
    }
    const last = event.agents.findLast(({ connectedAtMs }) => (connectedAtMs ?? -1) >= stay.enqueuedAtMs) ?? agent;
    const endedAtMs = last.wrapUpEndedAtMs ?? last.endedAtMs;
    if (endedAtMs === null) return;
    const handleSeconds = Math.max(0, endedAtMs - agent.connectedAtMs) / 1000;
    learnHandle(line, handleSeconds, receivedAtMs);
    listener.handled({ line, conversationId, handleSeconds, atMs: receivedAtMs });
    finish(line, conversationId, call, receivedAtMs);
    return;
  }
  const leftAtMs = customerLeftAtMs ?? stay.leftAtMs ?? receivedAtMs;
  if (customerLeftAtMs === null) {
    if (call.phase === 'waiting') serve(line, conversationId, call, receivedAtMs);
    return;
  }
  if (stay.leftAtMs === null || customerLeftAtMs - stay.leftAtMs <= ringingMsMax) {
    leave(line, conversationId, { outcome: 'abandoned', agentId: null, leftAtMs }, listener, receivedAtMs);
  }
  finish(line, conversationId, call, receivedAtMs);
}

/** In the same queue again with another medium, as a callback. */
function forgetInOtherMedia({ lines, mediaTypes }: Centre, event: EventOf<'interaction-changed'>): void {
  for (const mediaType of mediaTypes.keys()) {
    const other = mediaType === event.mediaType ? undefined : lines.get(lineKey(event.queueId, mediaType));
    if (other !== undefined) forget(other, event.conversationId, event.receivedAtMs);
  }
}

function noteAlerting(
  line: Line,
  { conversationId, agents, receivedAtMs }: EventOf<'interaction-changed'>,
  call: Call,
) {
  const rings = agents.some(({ connectedAtMs, endedAtMs }) => connectedAtMs === null && endedAtMs === null);
  if (!rings) line.alertingSinceMs.delete(conversationId);
  else if (call.phase === 'waiting' && !line.alertingSinceMs.has(conversationId)) {
    line.alertingSinceMs.set(conversationId, receivedAtMs);
  }
}

/** Nothing is left to be seen of it. */
const isOver = (event: EventOf<'interaction-changed'>, stay: { readonly enqueuedAtMs: EpochMs }) =>
  event.agents.some((agent) => (agent.connectedAtMs ?? -1) >= stay.enqueuedAtMs && agent.endedAtMs !== null);

/** Of each other priority the one who has waited longest was passed over. */
function learnOrder(centre: Centre, line: Line, call: Call, atMs: EpochMs): void {
  const waited = (sinceMs: EpochMs) => (atMs - sinceMs) / 1000;
  if (atMs <= call.enqueuedAtMs) return;
  const headStarts = headStartsOf(centre, line.mediaType);
  for (const [priority, [firstMs]] of line.enqueuedAtMs) {
    if (firstMs === undefined || priority === call.priority) continue;
    const answered = { priority: call.priority, waitSeconds: waited(call.enqueuedAtMs) };
    learnHeadStart(headStarts, answered, { priority, waitSeconds: waited(firstMs) });
  }
}

export function headStartsOf({ headStarts }: Centre, mediaType: string): HeadStarts {
  let ofMedium = headStarts.get(mediaType);
  if (ofMedium === undefined) headStarts.set(mediaType, (ofMedium = new Map<number, number>()));
  return ofMedium;
}

/** A snapshot names everyone who waits: the others have left unseen, and those who are new joined unseen. */
function replaceWaiting(
  centre: Centre,
  { queueId, receivedAtMs }: EventOf<'queue-snapshot'>,
  waiting: NonNullable<EventOf<'queue-snapshot'>['waiting']>,
): void {
  const named = new Map(waiting.map((each) => [each.conversationId, each]));
  for (const mediaType of centre.mediaTypes.keys()) {
    const line = lineOf(centre, queueId, mediaType);
    if (line === undefined) continue;
    for (const [conversationId, call] of line.calls) {
      const there = named.get(conversationId);
      const isThere = there?.mediaType === line.mediaType && there.enqueuedAtMs === call.enqueuedAtMs;
      if (isThere) continue;
      forget(line, conversationId, receivedAtMs);
    }
  }
  for (const { mediaType, conversationId, enqueuedAtMs, priority } of waiting) {
    const line = openLine(centre, queueId, mediaType, receivedAtMs);
    const isOld = enqueuedAtMs <= (line.finished.get(conversationId) ?? -Infinity);
    if (isOld || callOf(line, conversationId) !== undefined) continue;
    const call = newCall(enqueuedAtMs, priority ?? 0);
    // It was not asked for when it joined: a prediction for it from now on would be another question.
    join(line, conversationId, call, receivedAtMs);
  }
}
