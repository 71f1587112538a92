import { v5 } from 'uuid';
import type { EpochMs } from '../../streams/record.ts';
import type { AgentLeg, Call, Conversation } from './call.ts';
import { sessionLists, type MediaType } from './media.ts';
import { voiceSettings, type RosterQueue } from './roster.ts';
import { isoTime } from './wire.ts';

export type Purpose = 'customer' | 'ivr' | 'acd' | 'agent';

/** The id of the session of a leg; `index` counts the legs of one purpose in a conversation. */
export function sessionIdOf({ id }: Pick<Conversation, 'id'>, purpose: Purpose, index = 0): string {
  return v5(`session/${legName(purpose, index)}`, id);
}

/** The id of the participant of a leg. */
export function participantIdOf({ id }: Pick<Conversation, 'id'>, purpose: Purpose, index = 0): string {
  return v5(`participant/${legName(purpose, index)}`, id);
}

function legName(purpose: Purpose, index: number): string {
  return index === 0 ? purpose : `${purpose}/${index}`;
}

/**
 * A whole conversation as it now is: a customer leg, an IVR leg if there was an announcement, an ACD leg for each stay
 * in a queue, an agent leg for each alert or answer. Names, numbers and attributes are invented, and all of them contain
 * `invented` or the number range 555-01xx kept for fiction.
 */
export function conversationBody(
  conversation: Conversation,
  queues: ReadonlyMap<string, Pick<RosterQueue, 'media' | 'wrapupPrompt'>>,
): object {
  const participants: object[] = [...customerLegs(conversation)];
  for (const call of conversation.calls) {
    participants.push(acdLeg(call));
    for (const each of call.agentLegs) participants.push(agentLeg(call, each, queues.get(call.queueId)));
  }
  return { id: conversation.id, participants };
}

function customerLegs(conversation: Conversation): readonly object[] {
  const { id, startedAtMs, endedAtMs, calls } = conversation;
  const [first] = calls;
  if (first === undefined) return [];
  const { mediaType, enqueuedAtMs } = first;
  const disconnectType = customerDisconnectType(conversation);
  const digits = (Number.parseInt(id.slice(0, 8), 16) % 100).toString().padStart(2, '0');
  const speaks = mediaType === 'voice' || mediaType === 'callback';
  const caller = speaks ? `tel:+121255501${digits}` : `invented-${id.slice(0, 8)}@customer.invalid`;
  const customer = {
    ...leg({ id, purpose: 'customer', mediaType, fromMs: startedAtMs, toMs: endedAtMs, disconnectType }),
    name: `Invented Caller ${id.slice(0, 8)}`,
    address: caller,
    ani: caller,
    dnis: speaks ? 'tel:+12125550100' : 'invented-inbox@centre.invalid',
    attributes: { accountNumber: `invented-${id.slice(0, 8)}` },
  };
  if (startedAtMs === enqueuedAtMs) return [customer];
  const toMs = enqueuedAtMs;
  return [customer, leg({ id, purpose: 'ivr', mediaType, fromMs: startedAtMs, toMs, disconnectType: 'transfer' })];
}

/** Who ended the stay in a queue: the same words in topics and in detail records. */
export function acdDisconnectType({ answered, ended }: Call): string {
  const endedBy = {
    handled: 'peer',
    abandoned: 'peer',
    dropped: 'system',
    transferred: 'transfer',
    'flowed-out': 'transfer',
  } as const;
  return answered !== undefined ? 'transfer' : ended === undefined ? 'none' : endedBy[ended.outcome];
}

function acdLeg(call: Call): object {
  const { id, index, mediaType, queueId, answered, ended, enqueuedAtMs } = call;
  const disconnectType = acdDisconnectType(call);
  const toMs = answered?.atMs ?? ended?.atMs;
  return {
    ...leg({ id, purpose: 'acd', index, mediaType, fromMs: enqueuedAtMs, toMs, disconnectType }),
    queueId,
    conversationRoutingData: {
      queue: { id: queueId },
      priority: call.priority,
      language: { id: call.languageId },
      skills: call.skillIds.map((skillId) => ({ id: skillId })),
    },
  };
}

/** Who ended an agent's part. */
export function agentDisconnectType({ ended }: Call, { connectedAtMs, endedAtMs }: AgentLeg): string {
  // An alert in vain ended because the customer left, or because nobody took it.
  if (connectedAtMs === undefined) return ended !== undefined && ended.atMs === endedAtMs ? 'peer' : 'timeout';
  const leftBy = { dropped: 'system', transferred: 'transfer' } as const;
  return ended?.outcome === 'dropped' || ended?.outcome === 'transferred' ? leftBy[ended.outcome] : 'peer';
}

export function customerDisconnectType({ calls }: Conversation): string {
  return calls.at(-1)?.ended?.outcome === 'dropped' ? 'system' : 'endpoint';
}

function agentLeg(call: Call, agent: AgentLeg, queue: Pick<RosterQueue, 'media' | 'wrapupPrompt'> | undefined): object {
  const { id, mediaType } = call;
  const { index, userId, alertedAtMs, connectedAtMs, endedAtMs, stage, wrapUp } = agent;
  const { alertingTimeoutSeconds } = queue?.media[mediaType] ?? voiceSettings;
  const disconnectType = agentDisconnectType(call, agent);
  return {
    ...leg({
      id,
      purpose: 'agent',
      index,
      mediaType,
      fromMs: connectedAtMs,
      toMs: endedAtMs,
      disconnectType,
      openState: connectedAtMs === undefined ? 'alerting' : stage === 'dialing' ? 'dialing' : 'connected',
      initialState: alertedAtMs === undefined ? 'connected' : 'alerting',
      held: stage === 'held' && endedAtMs === undefined,
    }),
    userId,
    queueId: call.queueId,
    alertingTimeoutMs: alertingTimeoutSeconds * 1000,
    wrapupRequired: queue?.wrapupPrompt === 'MANDATORY_TIMEOUT',
    ...(wrapUp === undefined ? {} : { startAcwTime: isoTime(wrapUp.startedAtMs) }),
    ...(wrapUp?.endedAtMs === undefined ? {} : { endAcwTime: isoTime(wrapUp.endedAtMs) }),
  };
}

interface Leg {
  readonly id: string;
  readonly purpose: Purpose;
  readonly index?: number;
  readonly mediaType: MediaType;
  /** Undefined if nobody was ever connected. */
  readonly fromMs: EpochMs | undefined;
  readonly toMs: EpochMs | undefined;
  readonly disconnectType: string;
  readonly openState?: string;
  readonly initialState?: string;
  readonly held?: boolean;
}

function leg(of: Leg): object {
  const { id, purpose, index = 0, mediaType, fromMs, toMs, disconnectType } = of;
  const { openState = 'connected', initialState = 'connected', held = false } = of;
  const connected = fromMs === undefined ? {} : { connectedTime: isoTime(fromMs) };
  const over = toMs === undefined ? undefined : { endTime: isoTime(toMs) };
  const session = { id: sessionIdOf({ id }, purpose, index), direction: 'inbound', held, ...connected };
  return {
    id: participantIdOf({ id }, purpose, index),
    purpose,
    ...connected,
    ...over,
    [sessionLists[mediaType]]: [
      over === undefined
        ? { ...session, state: openState, initialState }
        : { ...session, state: 'terminated', initialState, disconnectType, disconnectedTime: over.endTime },
    ],
  };
}
