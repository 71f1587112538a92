import type { EpochMs } from '../../streams/record.ts';
import { finishCall, takeCall, type Agent } from './agent.ts';
import { alertingLeg, currentLeg, type AgentLeg, type Call, type CallOutcome, type TalkStage } from './call.ts';
import type { CallCenterEvent, EventOf } from './call-center-event.ts';
import { emitCount, emitDuration, emitWait } from './emissions.ts';
import type { ConversationHistory } from './conversation-history.ts';
import type { WaitMetric } from './interval-ledger.ts';
import { createLeg, emitHandle, endLeg, endStage, stopAlert } from './legs.ts';
import { insertByEnqueueTime, type OwnCall, type OwnConversation, type OwnQueue } from './queue.ts';
import { language } from './roster.ts';

/** Calls since the start, a transferred one once for each queue. `ignored` = events that cannot be, as of a call that nobody knows. */
export interface CallCounts {
  offered: number;
  answered: number;
  abandoned: number;
  handled: number;
  flowedOut: number;
  dropped: number;
  ignored: number;
}

/** What one event changed. */
export interface Touched {
  readonly queueIds: Iterable<string>;
  readonly calls: readonly Call[];
  readonly agents: readonly Agent[];
}

/** The life of all calls, folded from their events. */
export interface Calls {
  /** What the event changed; undefined if it cannot be, as that of a call which nobody knows. */
  apply(event: CallEvent): Touched | undefined;
  /** Drops what is open; after-call work counts as done. */
  dropAll(atMs: EpochMs): readonly Call[];
}

type CallEvent = Exclude<CallCenterEvent, EventOf<NotOfCalls>>;
type NotOfCalls = 'agent-on' | 'agent-off' | 'survey-sent' | 'survey-answered' | 'closing';

export function createCalls(
  queues: ReadonlyMap<string, OwnQueue>,
  agents: ReadonlyMap<string, Agent>,
  counts: CallCounts,
  history: Pick<ConversationHistory<OwnConversation>, 'note'>,
): Calls {
  /** By conversation: the stay in which it is now. */
  const calls = new Map<string, OwnCall>();
  /** By agent: the call whose after-call work is being done. */
  const wrapping = new Map<string, OwnCall>();

  const touch = (call: Call, agent?: Agent): Touched => ({
    queueIds: agent === undefined ? [call.queueId] : [call.queueId, ...agent.queueIds],
    calls: [call],
    agents: agent === undefined ? [] : [agent],
  });

  const enqueue = (
    conversation: OwnConversation,
    of: Pick<OwnCall, 'queueId' | 'mediaType' | 'priority' | 'skillIds' | 'languageId' | 'lane'>,
    atMs: EpochMs,
  ): OwnCall => {
    const { id } = conversation;
    const call: OwnCall = {
      ...of,
      id,
      conversation,
      index: conversation.calls.length,
      enqueuedAtMs: atMs,
      agentLegs: [],
      emissions: [],
    };
    conversation.calls.push(call);
    calls.set(id, call);
    call.lane.waiting.set(id, call);
    emitCount(call, 'nOffered', atMs);
    counts.offered += 1;
    return call;
  };

  const endWait = (call: OwnCall, metric: WaitMetric, atMs: EpochMs, leg?: AgentLeg): void => {
    call.lane.waiting.delete(call.id);
    call.lane.alerting.delete(call.id);
    emitWait(call, metric, atMs, leg);
  };

  const finish = (call: OwnCall, outcome: CallOutcome, atMs: EpochMs): void => {
    call.ended = { atMs, outcome };
    calls.delete(call.id);
    if (outcome !== 'transferred' && outcome !== 'flowed-out') call.conversation.endedAtMs = atMs;
  };

  const arrive = (event: EventOf<'arrival'>): Touched | undefined => {
    const queue = queues.get(event.queueId);
    const { callId: id, queueId, priority, atMs, mediaType = 'voice', languageId = language.id } = event;
    const lane = queue?.media.get(mediaType);
    if (queue === undefined || lane === undefined || calls.has(id)) return undefined;
    const conversation: OwnConversation = { id, startedAtMs: event.startedAtMs ?? atMs, calls: [], surveys: [] };
    history.note(conversation);
    const skillIds = event.skillIds ?? [queue.skillId];
    return touch(enqueue(conversation, { queueId, mediaType, priority, skillIds, languageId, lane }, atMs));
  };

  const alert = (event: EventOf<'alert' | 'alert-missed'>): Touched | undefined => {
    const call = calls.get(event.callId);
    const agent = agents.get(event.userId);
    const { atMs } = event;
    // Nobody gets two calls, and no call two agents: whoever makes the events has to see to it.
    if (call?.lane.waiting.has(call.id) !== true || agent?.status !== 'IDLE' || agent.alertCount > 0) return undefined;
    call.lane.waiting.delete(call.id);
    call.lane.alerting.set(call.id, call);
    agent.alertCount += 1;
    call.agentLegs.push(createLeg(call, agent, atMs, atMs));
    return touch(call, agent);
  };

  const missAlert = ({ callId, userId, atMs }: EventOf<'alert' | 'alert-missed'>): Touched | undefined => {
    const call = calls.get(callId);
    if (call === undefined || alertingLeg(call)?.userId !== userId) return undefined;
    const agent = stopAlert(call, agents, true, atMs);
    call.lane.alerting.delete(callId);
    call.lane.waiting = insertByEnqueueTime(call.lane.waiting, call);
    return touch(call, agent);
  };

  const answer = ({ callId, userId, atMs, dials = false }: EventOf<'answer'>): Touched | undefined => {
    const call = calls.get(callId);
    const agent = agents.get(userId);
    if (call === undefined || call.answered !== undefined || agent === undefined) return undefined;
    let leg = alertingLeg(call);
    if (leg === undefined) {
      leg = createLeg(call, agent, atMs, undefined);
      call.agentLegs.push(leg);
    } else if (leg.userId !== userId) return undefined;
    if (leg.alertedAtMs !== undefined) {
      emitDuration(call, 'tAlert', atMs - leg.alertedAtMs, atMs, leg);
      agent.alertCount -= 1;
    }
    endWait(call, 'tAnswered', atMs, leg);
    call.answered = { atMs, userId };
    leg.connectedAtMs = atMs;
    leg.stage = dials ? 'dialing' : 'talking';
    leg.stageSinceMs = atMs;
    call.lane.interacting.set(call.id, call);
    takeCall(agent, atMs);
    counts.answered += 1;
    return touch(call, agent);
  };

  const changeStage = (callId: string, from: TalkStage, to: TalkStage, atMs: EpochMs): Touched | undefined => {
    const call = calls.get(callId);
    const leg = call === undefined ? undefined : currentLeg(call);
    if (call?.answered === undefined || leg?.stage !== from) return undefined;
    endStage(call, leg, atMs);
    leg.stage = to;
    return touch(call);
  };

  const abandon = (callId: string, atMs: EpochMs): Touched | undefined => {
    const call = calls.get(callId);
    if (call === undefined || call.answered !== undefined) return undefined;
    const alerted = stopAlert(call, agents, false, atMs);
    endWait(call, 'tAbandon', atMs);
    finish(call, 'abandoned', atMs);
    counts.abandoned += 1;
    return touch(call, alerted);
  };

  const finishHandling = (call: OwnCall, leg: AgentLeg, agent: Agent, acwMs: number, atMs: EpochMs): void => {
    emitHandle(call, leg, acwMs, atMs);
    finishCall(agent, atMs);
    counts.handled += 1;
  };

  /** The agent stops talking: who it was, if the call was being talked in. */
  const endTalk = (call: OwnCall, outcome: CallOutcome, wrapUp: boolean, atMs: EpochMs): Agent | undefined => {
    const leg = currentLeg(call);
    const agent = agents.get(call.answered?.userId ?? '');
    if (leg === undefined || agent === undefined) return undefined;
    call.lane.interacting.delete(call.id);
    endLeg(call, leg, atMs);
    finish(call, outcome, atMs);
    if (wrapUp) {
      leg.wrapUp = { startedAtMs: atMs };
      wrapping.set(agent.id, call);
    } else finishHandling(call, leg, agent, 0, atMs);
    return agent;
  };

  const end = ({ callId, atMs, wrapUp = false }: EventOf<'end'>): Touched | undefined => {
    const call = calls.get(callId);
    const agent = call === undefined ? undefined : endTalk(call, 'handled', wrapUp, atMs);
    return call === undefined || agent === undefined ? undefined : touch(call, agent);
  };

  const finishWrapUp = (call: OwnCall, agent: Agent, atMs: EpochMs, code?: string): void => {
    const leg = call.agentLegs.at(-1);
    if (leg?.wrapUp === undefined) return;
    const { startedAtMs } = leg.wrapUp;
    leg.wrapUp = { startedAtMs, endedAtMs: atMs, ...(code === undefined ? {} : { code }) };
    wrapping.delete(agent.id);
    emitDuration(call, 'tAcw', atMs - startedAtMs, atMs, leg);
    finishHandling(call, leg, agent, atMs - startedAtMs, atMs);
  };

  const wrapUp = ({ callId, userId, atMs, wrapUpCode }: EventOf<'wrapped-up'>): Touched | undefined => {
    const call = wrapping.get(userId);
    const agent = agents.get(userId);
    if (call?.id !== callId || agent === undefined) return undefined;
    finishWrapUp(call, agent, atMs, wrapUpCode);
    return touch(call, agent);
  };

  const transfer = (event: EventOf<'transfer'>): Touched | undefined => {
    const call = calls.get(event.callId);
    const queue = queues.get(event.queueId);
    if (call === undefined || queue === undefined) return undefined;
    const { atMs, queueId, mediaType = call.mediaType, priority = call.priority } = event;
    const { languageId = call.languageId, skillIds = [queue.skillId] } = event;
    const lane = queue.media.get(mediaType);
    if (lane === undefined || alertingLeg(call) !== undefined) return undefined;
    const agent = call.answered === undefined ? undefined : endTalk(call, 'transferred', event.wrapUp ?? false, atMs);
    if (agent === undefined) {
      endWait(call, 'tFlowOut', atMs);
      finish(call, 'flowed-out', atMs);
      counts.flowedOut += 1;
    } else {
      const leg = call.agentLegs.at(-1);
      emitCount(call, 'nTransferred', atMs, leg);
      emitCount(call, 'nBlindTransferred', atMs, leg);
    }
    const next = enqueue(call.conversation, { queueId, mediaType, priority, skillIds, languageId, lane }, atMs);
    const { queueIds, agents: touchedAgents } = touch(call, agent);
    return { queueIds: [...queueIds, queueId], calls: [call, next], agents: touchedAgents };
  };

  const dropAll = (atMs: EpochMs): readonly Call[] => {
    const dropped = [...calls.values()];
    for (const call of dropped) {
      stopAlert(call, agents, false, atMs);
      if (call.answered === undefined) endWait(call, 'tFlowOut', atMs);
      const leg = currentLeg(call);
      if (leg !== undefined) leg.endedAtMs = atMs;
      call.lane.interacting.delete(call.id);
      finish(call, 'dropped', atMs);
    }
    counts.dropped += dropped.length;
    const wrapped = [...wrapping];
    for (const [userId, call] of wrapped) {
      const agent = agents.get(userId);
      if (agent !== undefined) finishWrapUp(call, agent, atMs);
    }
    return [...dropped, ...wrapped.map(([, call]) => call)];
  };

  return {
    dropAll,
    apply(event) {
      switch (event.kind) {
        case 'arrival':
          return arrive(event);
        case 'alert':
          return alert(event);
        case 'alert-missed':
          return missAlert(event);
        case 'answer':
          return answer(event);
        case 'connected':
          return changeStage(event.callId, 'dialing', 'talking', event.atMs);
        case 'hold':
          return changeStage(event.callId, 'talking', 'held', event.atMs);
        case 'unhold':
          return changeStage(event.callId, 'held', 'talking', event.atMs);
        case 'abandon':
          return abandon(event.callId, event.atMs);
        case 'end':
          return end(event);
        case 'wrapped-up':
          return wrapUp(event);
        case 'transfer':
          return transfer(event);
      }
    },
  };
}
