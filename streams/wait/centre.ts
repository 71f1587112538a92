import type { EventOf, QueueEvent } from '../event.ts';
import type { EpochMs } from '../record.ts';
import type { QueueState } from '../records/queue-state.ts';
import type { Quote } from './quote.ts';
import { type HeadStarts, learnHeadStart } from './head-start.ts';
import {
  type Call,
  callsMax,
  join,
  learnAbandon,
  learnAnswer,
  learnHandle,
  learnPriority,
  type Line,
  longestWaitStartMs,
  startLine,
  stopWaiting,
} from './line.ts';
import { foldAgentStatus, type Staff, startStaff } from './staff.ts';

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
}

/** What became of somebody who waited. */
export interface Departure {
  readonly line: Line;
  readonly conversationId: string;
  readonly outcome: 'answered' | 'abandoned';
  readonly enqueuedAtMs: EpochMs;
  readonly waitSeconds: number;
  readonly agentId: string | null;
  readonly quote: Quote | null;
  readonly atMs: EpochMs;
}

export interface Handled {
  readonly line: Line;
  readonly conversationId: string;
  readonly handleSeconds: number;
  readonly atMs: EpochMs;
}

/** What an event has brought about, in order: a joining is told before it counts. */
export interface CentreListener {
  joined(line: Line, conversationId: string, call: Call, atMs: EpochMs): void;
  departed(departure: Departure): void;
  handled(handled: Handled): void;
}

export const startCentre = (): Centre => ({
  lines: new Map(),
  staff: startStaff(),
  headStarts: new Map(),
  agentCounts: new Map(),
  toldHandleSeconds: new Map(),
  namedQueues: new Map(),
  mediaTypes: new Map(),
});

export const lineKey = (queueId: string, mediaType: string) => `${queueId}/${mediaType}`;

export const lineOf = ({ lines }: Centre, queueId: string, mediaType: string): Line | undefined =>
  lines.get(lineKey(queueId, mediaType));

function openLine(centre: Centre, queueId: string, mediaType: string, atMs: EpochMs): Line {
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
      centre.namedQueues.set(event.queueId, true);
      foldInteraction(centre, event, listener);
      return [event.queueId];
    case 'queue-snapshot':
      if (event.waiting === null) return [];
      centre.namedQueues.set(event.queueId, true);
      replaceWaiting(centre, event, event.waiting);
      return [event.queueId];
    case 'agent-status':
      return foldAgentStatus(centre.staff, event);
    case 'queue-removed':
      for (const mediaType of centre.mediaTypes.keys()) {
        for (const known of [centre.lines, centre.toldHandleSeconds]) known.delete(lineKey(event.queueId, mediaType));
      }
      for (const known of [centre.agentCounts, centre.namedQueues]) known.delete(event.queueId);
      return [];
    case 'queue-observed':
    case 'queue-interval':
    case 'interval-read':
    case 'agent-profile':
    case 'queue-profile':
    case 'channel-gap':
    case 'tick':
    case 'input-rejected':
      return [];
  }
}

/** Takes in the counts of a queue; where interactions are not heard, callers are made up who join last and are served first. */
export function foldQueueState(centre: Centre, state: QueueState, listener: CentreListener): void {
  const { queueId, agentsOnQueue, agentsIdle, observedAtMs } = state;
  const line = openLine(centre, queueId, state.mediaType, observedAtMs);
  if (state.handleSecondsMean !== null) {
    centre.toldHandleSeconds.set(lineKey(queueId, state.mediaType), Math.max(1, state.handleSecondsMean));
  }
  if (agentsOnQueue === null) centre.agentCounts.delete(queueId);
  else {
    const agents = Math.max(0, agentsOnQueue - (state.agentsNotResponding ?? 0));
    centre.agentCounts.set(queueId, { agents, idle: agentsIdle ?? 0 });
  }
  if (state.waiting !== null && !centre.namedQueues.has(queueId)) followCount(line, state.waiting, state, listener);
}

function followCount(line: Line, waiting: number, state: QueueState, listener: CentreListener): void {
  const atMs = state.observedAtMs;
  while (line.waiting < Math.min(waiting, callsMax)) {
    const enqueuedAtMs = state.waiting === 1 ? (state.longestWaitStartMs ?? atMs) : atMs;
    const call = newCall(Math.min(enqueuedAtMs, atMs), 0);
    const conversationId = `#${line.joinedCount}`;
    listener.joined(line, conversationId, call, atMs);
    join(line, conversationId, call, atMs);
  }
  while (line.waiting > waiting) {
    const oldest = oldestWaiting(line);
    if (oldest === null) return;
    // Whether they talk or have gone is told apart by the count of those who talk.
    const isAnswered = (state.interacting ?? 0) > line.talkingCount;
    leave(line, oldest, { outcome: isAnswered ? 'answered' : 'abandoned', agentId: null, leftAtMs: atMs }, listener);
    line.calls.delete(oldest);
    if (isAnswered) line.talkingCount += 1;
  }
  line.talkingCount = state.interacting ?? 0;
}

function oldestWaiting(line: Line): string | null {
  const oldestMs = longestWaitStartMs(line);
  for (const [conversationId, call] of line.calls) {
    if (call.phase === 'waiting' && call.enqueuedAtMs === oldestMs) return conversationId;
  }
  return null;
}

const newCall = (enqueuedAtMs: EpochMs, priority: number): Call => ({
  enqueuedAtMs,
  priority,
  quote: null,
  phase: 'waiting',
  agentId: null,
  connectedAtMs: null,
});

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
  let call = line.calls.get(conversationId);
  if (call !== undefined && call.enqueuedAtMs !== stay.enqueuedAtMs) {
    stopWaiting(line, call, receivedAtMs);
    line.calls.delete(conversationId);
    call = undefined;
  }
  if (call === undefined) {
    if (isOver(event, stay)) return;
    call = newCall(stay.enqueuedAtMs, stay.priority ?? 0);
    learnPriority(line, call.priority);
    // One that was answered before it was ever heard of was not predicted.
    if (stay.leftAtMs === null && customerLeftAtMs === null) listener.joined(line, conversationId, call, receivedAtMs);
    join(line, conversationId, call, receivedAtMs);
  }
  if (stay.leftAtMs === null && customerLeftAtMs === null) return;

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
    line.calls.delete(conversationId);
    return;
  }
  const leftAtMs = customerLeftAtMs ?? stay.leftAtMs ?? receivedAtMs;
  if (customerLeftAtMs === null) {
    stopWaiting(line, call, receivedAtMs);
    return;
  }
  if (stay.leftAtMs === null || customerLeftAtMs - stay.leftAtMs <= ringingMsMax) {
    leave(line, conversationId, { outcome: 'abandoned', agentId: null, leftAtMs }, listener, receivedAtMs);
  }
  stopWaiting(line, call, receivedAtMs);
  line.calls.delete(conversationId);
}

/** Nothing is left to be seen of it. */
const isOver = (event: EventOf<'interaction-changed'>, stay: { readonly enqueuedAtMs: EpochMs }) =>
  event.agents.some((agent) => (agent.connectedAtMs ?? -1) >= stay.enqueuedAtMs && agent.endedAtMs !== null);

function leave(
  line: Line,
  conversationId: string,
  { outcome, agentId, leftAtMs }: Pick<Departure, 'outcome' | 'agentId'> & { readonly leftAtMs: EpochMs },
  listener: CentreListener,
  atMs: EpochMs = leftAtMs,
): void {
  const call = line.calls.get(conversationId);
  if (call === undefined) return;
  stopWaiting(line, call, atMs);
  const { enqueuedAtMs, quote } = call;
  const waitSeconds = Math.max(0, leftAtMs - enqueuedAtMs) / 1000;
  if (outcome === 'answered') learnAnswer(line, waitSeconds, atMs);
  else learnAbandon(line, atMs);
  call.agentId = agentId;
  call.quote = null;
  listener.departed({ line, conversationId, outcome, enqueuedAtMs, waitSeconds, agentId, quote, atMs });
}

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
  if (ofMedium === undefined) headStarts.set(mediaType, (ofMedium = new Map()));
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
      if (call.phase !== 'waiting' || isThere) continue;
      stopWaiting(line, call, receivedAtMs);
      line.calls.delete(conversationId);
    }
  }
  for (const { mediaType, conversationId, enqueuedAtMs, priority } of waiting) {
    const line = openLine(centre, queueId, mediaType, receivedAtMs);
    if (line.calls.has(conversationId)) continue;
    const call = newCall(enqueuedAtMs, priority ?? 0);
    // It was not asked for when it joined: a prediction for it from now on would be another question.
    join(line, conversationId, call, receivedAtMs);
  }
}
