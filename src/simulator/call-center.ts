import type { EpochMs } from '../../streams/record.ts';
import { changeQueueing, createAgent, setOnQueue, type Agent } from './agent.ts';
import type { CallCenterEvent, EventOf } from './call-center-event.ts';
import { createCalls, type CallCounts, type Touched } from './calls.ts';
import { createConversationHistory, type ConversationHistory } from './conversation-history.ts';
import { createQueues, type OwnConversation, type Queue } from './queue.ts';
import type { UnplayedPast } from './interval-ledger.ts';
import type { Roster } from './roster.ts';
import { createSurveyLedger, type SurveyLedger } from './survey-ledger.ts';

/** Makes the events happen: the replay of a trace, or a model of a call centre. */
export interface CallCenterDriver {
  readonly roster: Roster;
  readonly startMs: EpochMs;
  /** When the last event happens; undefined if there is none. */
  readonly endMs: EpochMs | undefined;
  /** In order of time; read lazily, so it may be endless. */
  readonly events: Iterable<CallCenterEvent>;
  /** What was before the start; nothing unless told. Only its half hours are known, its conversations are forgotten. */
  readonly past?: UnplayedPast;
}

/** The state folded from the event log, and the one way to change it. */
export interface CallCenter {
  readonly roster: Roster;
  readonly queues: ReadonlyMap<string, Queue>;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly surveys: Pick<SurveyLedger, 'totals'>;
  readonly history: Omit<ConversationHistory, 'note'>;
  readonly counts: Readonly<CallCounts>;
  /** Events must come in order of time. Same events, same state: no clock and no chance in here. */
  apply(event: CallCenterEvent): Touched;
}

const nothing: Touched = { queueIds: [], calls: [], agents: [] };

/** An empty call centre: nobody waits, everybody is off queue. Remembers 100,000 conversations unless told. */
export function createCallCenter(
  { roster, past }: Pick<CallCenterDriver, 'roster' | 'past'>,
  conversationsMax?: number,
): CallCenter {
  const agents = new Map<string, Agent>(roster.agents.map(({ id, queueIds }) => [id, createAgent(id, queueIds)]));
  const queues = createQueues(roster, agents, past);
  const surveys = createSurveyLedger();
  const counts: CallCounts = {
    offered: 0,
    answered: 0,
    abandoned: 0,
    handled: 0,
    flowedOut: 0,
    dropped: 0,
    ignored: 0,
  };
  const history = createConversationHistory<OwnConversation>(conversationsMax, past?.untilMs);
  const calls = createCalls(queues, agents, counts, history);

  const changeAgent = ({ kind, userId, atMs }: EventOf<'agent-on' | 'agent-off'>): Touched | undefined => {
    const agent = agents.get(userId);
    if (agent === undefined) return undefined;
    if (!changeQueueing(agent, kind === 'agent-on', atMs)) return nothing;
    return { queueIds: agent.queueIds, calls: [], agents: [agent] };
  };

  const addSurvey = (event: EventOf<'survey-sent' | 'survey-answered'>): Touched | undefined => {
    if (!queues.has(event.queueId) || !agents.has(event.userId)) return undefined;
    const { atMs, queueId, userId } = event;
    surveys.add(atMs, event, event.kind === 'survey-answered' ? event.score : undefined);
    // A conversation that is forgotten has no use for it.
    const own = history.find(event.callId ?? '')?.surveys ?? [];
    if (event.kind === 'survey-sent') own.push({ queueId, userId });
    else {
      const open = own.findIndex((each) => each.answered === undefined && each.userId === userId);
      if (open !== -1) own[open] = { queueId, userId, answered: { atMs, score: event.score } };
    }
    return nothing;
  };

  const closeRound = (atMs: EpochMs): Touched => {
    const leavers = [...agents.values()].filter((agent) => agent.onQueue);
    const ended = calls.dropAll(atMs);
    for (const agent of leavers) {
      agent.callCount = 0;
      agent.alertCount = 0;
      setOnQueue(agent, false, atMs);
    }
    return { queueIds: queues.keys(), calls: ended, agents: leavers };
  };

  const apply = (event: CallCenterEvent): Touched | undefined => {
    switch (event.kind) {
      case 'agent-on':
      case 'agent-off':
        return changeAgent(event);
      case 'survey-sent':
      case 'survey-answered':
        return addSurvey(event);
      case 'closing':
        return closeRound(event.atMs);
      case 'arrival':
      case 'alert':
      case 'alert-missed':
      case 'answer':
      case 'connected':
      case 'hold':
      case 'unhold':
      case 'abandon':
      case 'end':
      case 'wrapped-up':
      case 'transfer':
        return calls.apply(event);
    }
  };

  return {
    roster,
    queues,
    agents,
    surveys,
    history,
    counts,
    apply(event) {
      const touched = apply(event);
      if (touched !== undefined) return touched;
      counts.ignored += 1;
      return nothing;
    },
  };
}
