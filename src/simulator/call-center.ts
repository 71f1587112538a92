import type { EpochMs } from '../../streams/record.ts';
import { createIntervalLedger, type IntervalLedger } from './interval-ledger.ts';
import type { Roster } from './roster.ts';

/** What can happen in a call centre. All else that the platform shows is derived from these. */
export type CallCenterEvent =
  | {
      readonly kind: 'arrival';
      readonly atMs: EpochMs;
      readonly callId: string;
      readonly queueId: string;
      readonly priority: number;
    }
  | { readonly kind: 'answer'; readonly atMs: EpochMs; readonly callId: string; readonly userId: string }
  | { readonly kind: 'abandon' | 'end'; readonly atMs: EpochMs; readonly callId: string }
  | { readonly kind: 'agent-on' | 'agent-off'; readonly atMs: EpochMs; readonly userId: string }
  /** The round is over: open calls are dropped and everybody goes home. */
  | { readonly kind: 'closing'; readonly atMs: EpochMs };

/** Makes the events happen: the replay of a trace, or a model of a call centre. */
export interface CallCenterDriver {
  readonly roster: Roster;
  readonly startMs: EpochMs;
  /** When the last event happens; undefined if there is none. */
  readonly endMs: EpochMs | undefined;
  /** In order of time; read lazily, so it may be endless. */
  readonly events: Iterable<CallCenterEvent>;
}

type CallOutcome = 'handled' | 'abandoned' | 'dropped';

/** One call in one queue: waiting until answered or ended. */
export interface Call {
  readonly id: string;
  readonly queueId: string;
  readonly priority: number;
  readonly enqueuedAtMs: EpochMs;
  answered?: { readonly atMs: EpochMs; readonly userId: string };
  ended?: { readonly atMs: EpochMs; readonly outcome: CallOutcome };
}

export type RoutingStatus = 'OFF_QUEUE' | 'IDLE' | 'INTERACTING';

export interface Agent {
  readonly id: string;
  readonly queueIds: readonly string[];
  onQueue: boolean;
  /** Undefined until the agent first goes on queue. */
  onQueueChangedMs: EpochMs | undefined;
  status: RoutingStatus;
  statusSinceMs: EpochMs | undefined;
  callCount: number;
  /** Went off in the middle of a call: leaves when it ends. */
  leaving: boolean;
}

/** The calls of one queue; both maps in the order in which their calls came in. */
export interface Queue {
  readonly id: string;
  readonly members: readonly Agent[];
  readonly waiting: ReadonlyMap<string, Call>;
  readonly interacting: ReadonlyMap<string, Call>;
  readonly ledger: Pick<IntervalLedger, 'metrics' | 'startsMs'>;
}

/** Calls since the start. `ignored` = events about calls or agents that nobody knows. */
export interface CallCounts {
  offered: number;
  answered: number;
  abandoned: number;
  handled: number;
  dropped: number;
  ignored: number;
}

/** What one event changed. */
interface Touched {
  readonly queueIds: Iterable<string>;
  readonly calls: readonly Call[];
  readonly agents: readonly Agent[];
}

/** The state folded from the event log, and the one way to change it. */
export interface CallCenter {
  readonly roster: Roster;
  readonly queues: ReadonlyMap<string, Queue>;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly counts: Readonly<CallCounts>;
  /** Events must come in order of time. Same events, same state: no clock and no chance in here. */
  apply(event: CallCenterEvent): Touched;
}

interface OwnQueue extends Queue {
  readonly waiting: Map<string, Call>;
  readonly interacting: Map<string, Call>;
  readonly ledger: IntervalLedger;
}

const nothing: Touched = { queueIds: [], calls: [], agents: [] };

/** An empty call centre: nobody waits, everybody is off queue. */
export function createCallCenter(roster: Roster): CallCenter {
  const agents = new Map<string, Agent>(
    roster.agents.map(({ id, queueIds }) => [
      id,
      {
        id,
        queueIds,
        onQueue: false,
        onQueueChangedMs: undefined,
        status: 'OFF_QUEUE',
        statusSinceMs: undefined,
        callCount: 0,
        leaving: false,
      },
    ]),
  );
  const queues = new Map<string, OwnQueue>(
    roster.queues.map(({ id }) => [
      id,
      {
        id,
        members: [...agents.values()].filter((agent) => agent.queueIds.includes(id)),
        waiting: new Map(),
        interacting: new Map(),
        ledger: createIntervalLedger(),
      },
    ]),
  );
  const calls = new Map<string, Call>();
  const counts: CallCounts = { offered: 0, answered: 0, abandoned: 0, handled: 0, dropped: 0, ignored: 0 };

  const ignore = (): Touched => {
    counts.ignored += 1;
    return nothing;
  };

  const setStatus = (agent: Agent, status: RoutingStatus, atMs: EpochMs): void => {
    agent.status = status;
    agent.statusSinceMs = atMs;
  };

  const setOnQueue = (agent: Agent, onQueue: boolean, atMs: EpochMs): void => {
    agent.onQueue = onQueue;
    agent.onQueueChangedMs = atMs;
    agent.leaving = false;
    setStatus(agent, onQueue ? 'IDLE' : 'OFF_QUEUE', atMs);
  };

  const endWait = (queue: OwnQueue, call: Call, metric: 'tAnswered' | 'tAbandon' | 'tFlowOut', atMs: EpochMs): void => {
    queue.waiting.delete(call.id);
    queue.ledger.addWait(atMs, metric, atMs - call.enqueuedAtMs);
  };

  const finish = (call: Call, outcome: CallOutcome, atMs: EpochMs): void => {
    call.ended = { atMs, outcome };
    calls.delete(call.id);
  };

  const freeAgent = (agent: Agent, atMs: EpochMs): void => {
    agent.callCount -= 1;
    if (agent.callCount > 0) return;
    if (agent.leaving) setOnQueue(agent, false, atMs);
    else setStatus(agent, 'IDLE', atMs);
  };

  const arrive = (event: CallCenterEvent & { kind: 'arrival' }): Touched => {
    const queue = queues.get(event.queueId);
    if (queue === undefined || calls.has(event.callId)) return ignore();
    const { callId: id, queueId, priority, atMs } = event;
    const call: Call = { id, queueId, priority, enqueuedAtMs: atMs };
    calls.set(id, call);
    queue.waiting.set(id, call);
    queue.ledger.addOffered(atMs);
    counts.offered += 1;
    return { queueIds: [queueId], calls: [call], agents: [] };
  };

  const answer = (event: CallCenterEvent & { kind: 'answer' }): Touched => {
    const call = calls.get(event.callId);
    const agent = agents.get(event.userId);
    const queue = queues.get(call?.queueId ?? '');
    if (call === undefined || call.answered !== undefined || agent === undefined || queue === undefined)
      return ignore();
    endWait(queue, call, 'tAnswered', event.atMs);
    call.answered = { atMs: event.atMs, userId: agent.id };
    queue.interacting.set(call.id, call);
    // Who answers is on queue, even if a cut trace does not say so.
    if (!agent.onQueue) setOnQueue(agent, true, event.atMs);
    agent.callCount += 1;
    if (agent.callCount === 1) setStatus(agent, 'INTERACTING', event.atMs);
    counts.answered += 1;
    return { queueIds: [queue.id, ...agent.queueIds], calls: [call], agents: [agent] };
  };

  const abandon = (callId: string, atMs: EpochMs): Touched => {
    const call = calls.get(callId);
    const queue = queues.get(call?.queueId ?? '');
    if (call === undefined || call.answered !== undefined || queue === undefined) return ignore();
    endWait(queue, call, 'tAbandon', atMs);
    finish(call, 'abandoned', atMs);
    counts.abandoned += 1;
    return { queueIds: [queue.id], calls: [call], agents: [] };
  };

  const end = (callId: string, atMs: EpochMs): Touched => {
    const call = calls.get(callId);
    const queue = queues.get(call?.queueId ?? '');
    const agent = agents.get(call?.answered?.userId ?? '');
    if (call?.answered === undefined || queue === undefined || agent === undefined) return ignore();
    queue.interacting.delete(call.id);
    queue.ledger.addTalk(atMs, atMs - call.answered.atMs);
    finish(call, 'handled', atMs);
    freeAgent(agent, atMs);
    counts.handled += 1;
    return { queueIds: [queue.id, ...agent.queueIds], calls: [call], agents: [agent] };
  };

  const changeQueueing = (event: CallCenterEvent & { kind: 'agent-on' | 'agent-off' }): Touched => {
    const agent = agents.get(event.userId);
    if (agent === undefined) return ignore();
    const on = event.kind === 'agent-on';
    if (agent.callCount > 0) {
      agent.leaving = !on;
      return nothing;
    }
    if (agent.onQueue === on) return nothing;
    setOnQueue(agent, on, event.atMs);
    return { queueIds: agent.queueIds, calls: [], agents: [agent] };
  };

  const closeRound = (atMs: EpochMs): Touched => {
    const dropped = [...calls.values()];
    for (const call of dropped) {
      const queue = queues.get(call.queueId);
      if (queue === undefined) continue;
      if (call.answered === undefined) endWait(queue, call, 'tFlowOut', atMs);
      queue.interacting.delete(call.id);
      finish(call, 'dropped', atMs);
    }
    counts.dropped += dropped.length;
    const leavers = [...agents.values()].filter((agent) => agent.onQueue);
    for (const agent of leavers) {
      agent.callCount = 0;
      setOnQueue(agent, false, atMs);
    }
    return { queueIds: queues.keys(), calls: dropped, agents: leavers };
  };

  return {
    roster,
    queues,
    agents,
    counts,
    apply(event) {
      switch (event.kind) {
        case 'arrival':
          return arrive(event);
        case 'answer':
          return answer(event);
        case 'abandon':
          return abandon(event.callId, event.atMs);
        case 'end':
          return end(event.callId, event.atMs);
        case 'agent-on':
        case 'agent-off':
          return changeQueueing(event);
        case 'closing':
          return closeRound(event.atMs);
      }
    },
  };
}
