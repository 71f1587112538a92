import { v5 } from 'uuid';
import type { EpochMs } from '../../streams/record.ts';
import type { AgentLeg, Call, Conversation, Emission } from './call.ts';
import {
  acdDisconnectType,
  agentDisconnectType,
  customerDisconnectType,
  participantIdOf,
  sessionIdOf,
  type Purpose,
} from './conversation-wire.ts';
import type { MediaType } from './media.ts';
import { conversationEndMs } from './conversation-history.ts';
import { division, surveyFormId } from './roster.ts';
import { isoTime } from './wire.ts';

interface Segment {
  readonly segmentType: 'delay' | 'interact' | 'ivr' | 'alert' | 'dialing' | 'hold' | 'wrapup';
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs | undefined;
  readonly more?: {
    readonly disconnectType?: string;
    readonly wrapUpCode?: string;
    readonly requestedRoutingSkillIds?: readonly string[];
    readonly requestedLanguageId?: string;
  };
}

/** One participant of a conversation, with its one session. */
interface Leg {
  readonly purpose: Purpose;
  /** Counts the legs of the purpose. */
  readonly index: number;
  readonly mediaType: MediaType;
  readonly queueId?: string;
  readonly userId?: string;
  /** In order of time. */
  readonly segments: readonly Segment[];
  readonly emissions: readonly Emission[];
  readonly session?: object;
  readonly person?: object;
}

const stageSegments = { dialing: 'dialing', talking: 'interact', held: 'hold' } as const;

/** A conversation as the detail queries show it. An open one has no end, nor have its last segments. */
export function detailRecord(conversation: Conversation): object {
  const { id, startedAtMs } = conversation;
  const endMs = conversationEndMs(conversation);
  return {
    conversationId: id,
    conversationStart: isoTime(startedAtMs),
    ...(endMs === undefined ? {} : { conversationEnd: isoTime(endMs) }),
    originatingDirection: 'inbound',
    divisionIds: [division.id],
    participants: legsOf(conversation).map((leg) => participantBody(conversation, leg)),
    ...(conversation.surveys.length === 0 ? {} : { surveys: surveyBodies(conversation) }),
  };
}

/** What became of each survey about a conversation. */
export function surveyBodies({ id, surveys }: Conversation) {
  return surveys.map(({ queueId, userId, answered }, index) => ({
    surveyId: v5(`survey/${index}`, id),
    surveyFormId,
    surveyStatus: answered === undefined ? 'Sent' : 'Finished',
    ...(answered === undefined
      ? {}
      : { surveyCompletedDate: isoTime(answered.atMs), oSurveyTotalScore: answered.score }),
    queueId,
    userId,
  }));
}

/** What segment filters see of a conversation: each segment of each leg; empty where it has none of it. */
export function segmentDimensions(conversation: Conversation): Readonly<Record<string, string>>[] {
  return legsOf(conversation).flatMap(({ purpose, mediaType, queueId = '', userId = '', segments }) =>
    segments.map(({ segmentType, more }) => ({
      conversationId: conversation.id,
      direction: 'inbound',
      purpose,
      mediaType,
      queueId,
      userId,
      segmentType,
      disconnectType: more?.disconnectType ?? '',
      wrapUpCode: more?.wrapUpCode ?? '',
    })),
  );
}

function participantBody(conversation: Conversation, leg: Leg): object {
  const { purpose, index, mediaType, queueId, userId, segments, emissions, session, person } = leg;
  return {
    participantId: participantIdOf(conversation, purpose, index),
    purpose,
    ...(userId === undefined ? {} : { userId }),
    ...person,
    sessions: [
      {
        sessionId: sessionIdOf(conversation, purpose, index),
        mediaType,
        direction: 'inbound',
        ...(purpose === 'customer' ? {} : { peerId: sessionIdOf(conversation, 'customer') }),
        ...session,
        metrics: emissions.map(({ metric: name, value, atMs }) => ({ name, value, emitDate: isoTime(atMs) })),
        segments: segments.map(({ segmentType, fromMs, toMs, more }) => ({
          segmentType,
          ...(queueId === undefined ? {} : { queueId }),
          segmentStart: isoTime(fromMs),
          ...(toMs === undefined ? {} : { segmentEnd: isoTime(toMs) }),
          conference: false,
          ...more,
        })),
      },
    ],
  };
}

function legsOf(conversation: Conversation): Leg[] {
  return [
    ...customerLegs(conversation),
    ...conversation.calls.flatMap((call) => [acdLeg(call), ...call.agentLegs.map((leg) => agentLeg(call, leg))]),
  ];
}

function customerLegs(conversation: Conversation): Leg[] {
  const { id, startedAtMs, endedAtMs, calls } = conversation;
  const [first] = calls;
  if (first === undefined) return [];
  const { mediaType, enqueuedAtMs } = first;
  const emissions: Emission[] = [{ metric: 'nConnected', value: 1, atMs: startedAtMs }];
  if (endedAtMs !== undefined) {
    emissions.push({ metric: 'tConnected', value: endedAtMs - startedAtMs, atMs: endedAtMs });
  }
  const customer: Leg = {
    purpose: 'customer',
    index: 0,
    mediaType,
    segments: [interact(startedAtMs, endedAtMs, customerDisconnectType(conversation))],
    emissions,
    session: { ani: 'tel:+12125550199', dnis: 'tel:+12125550100' },
    person: { participantName: `Invented Caller ${id.slice(0, 8)}` },
  };
  if (startedAtMs === enqueuedAtMs) return [customer];
  const more = { disconnectType: 'transfer' };
  const segments: Segment[] = [{ segmentType: 'ivr', fromMs: startedAtMs, toMs: enqueuedAtMs, more }];
  const heard: Emission = { metric: 'tIvr', value: enqueuedAtMs - startedAtMs, atMs: enqueuedAtMs };
  return [customer, { purpose: 'ivr', index: 0, mediaType, segments, emissions: [heard] }];
}

function acdLeg(call: Call): Leg {
  const { index, mediaType, queueId, priority, skillIds, languageId, enqueuedAtMs, answered, ended, emissions } = call;
  const asked = { requestedRoutingSkillIds: skillIds, requestedLanguageId: languageId };
  return {
    purpose: 'acd',
    index,
    mediaType,
    queueId,
    segments: [
      // ACD takes the call up at once here: the delay before that is there, and has no length.
      { segmentType: 'delay', fromMs: enqueuedAtMs, toMs: enqueuedAtMs },
      interact(enqueuedAtMs, answered?.atMs ?? ended?.atMs, acdDisconnectType(call), asked),
    ],
    emissions: emissions.filter(({ leg }) => leg === undefined),
    session: {
      requestedRoutings: ['Standard'],
      ...(answered === undefined ? {} : { usedRouting: 'Standard' }),
      routingPriority: priority,
    },
  };
}

function agentLeg(call: Call, leg: AgentLeg): Leg {
  const { index, userId, alertedAtMs, connectedAtMs, endedAtMs, stage, stageSinceMs, stretches, wrapUp } = leg;
  const segments: Segment[] = [];
  if (alertedAtMs !== undefined) {
    segments.push({ segmentType: 'alert', fromMs: alertedAtMs, toMs: connectedAtMs ?? endedAtMs });
  }
  for (const { stage: done, fromMs, toMs } of stretches) {
    segments.push({ segmentType: stageSegments[done], fromMs, toMs });
  }
  // What goes on, or was cut off: neither has been counted as a stretch.
  if (connectedAtMs !== undefined && (endedAtMs === undefined || stageSinceMs < endedAtMs)) {
    segments.push({ segmentType: stageSegments[stage], fromMs: stageSinceMs, toMs: endedAtMs });
  }
  const last = segments.pop();
  if (last !== undefined) {
    const disconnectType = agentDisconnectType(call, leg);
    segments.push(last.toMs === undefined ? last : { ...last, more: { disconnectType } });
  }
  if (wrapUp !== undefined) {
    const { startedAtMs: fromMs, endedAtMs: toMs, code } = wrapUp;
    segments.push({
      segmentType: 'wrapup',
      fromMs,
      toMs,
      ...(code === undefined ? {} : { more: { wrapUpCode: code } }),
    });
  }
  return {
    purpose: 'agent',
    index,
    mediaType: call.mediaType,
    queueId: call.queueId,
    userId,
    segments,
    emissions: call.emissions.filter((each) => each.leg === leg),
  };
}

function interact(
  fromMs: EpochMs,
  toMs: EpochMs | undefined,
  disconnectType: string,
  more: Segment['more'] = {},
): Segment {
  return {
    segmentType: 'interact',
    fromMs,
    toMs,
    more: { ...more, ...(toMs === undefined ? {} : { disconnectType }) },
  };
}
