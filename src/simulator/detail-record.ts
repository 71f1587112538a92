import { v5 } from 'uuid';
import type { EpochMs } from '../../streams/record.ts';
import type { Call } from './call-center.ts';
import { serviceLevel } from './interval-ledger.ts';
import { division, language } from './roster.ts';
import { isoTime, sessionIdOf } from './wire.ts';

type Leg = 'customer' | 'acd' | 'agent';

/** One value that a call gave to the statistics, at the moment that it belongs to; durations are milliseconds. */
export interface Emission {
  readonly name: string;
  readonly value: number;
  readonly atMs: EpochMs;
  readonly leg: Leg;
}

/** What a call has given so far. Sums of these are the totals that aggregates show. */
export function emissionsOf(call: Call): Emission[] {
  const { enqueuedAtMs, answered, ended } = call;
  const emissions: Emission[] = [
    { name: 'nConnected', value: 1, atMs: enqueuedAtMs, leg: 'customer' },
    { name: 'nOffered', value: 1, atMs: enqueuedAtMs, leg: 'acd' },
  ];
  const add = (leg: Leg, atMs: EpochMs, value: number, ...names: readonly string[]): void => {
    for (const name of names) emissions.push({ name, value, atMs, leg });
  };
  const waitEndMs = answered?.atMs ?? ended?.atMs;
  if (waitEndMs !== undefined) {
    const waitMs = waitEndMs - enqueuedAtMs;
    add('acd', waitEndMs, waitMs, 'tAcd');
    if (answered === undefined) add('acd', waitEndMs, waitMs, ended?.outcome === 'abandoned' ? 'tAbandon' : 'tFlowOut');
    else {
      add('agent', waitEndMs, waitMs, 'tAnswered');
      if (waitMs > serviceLevel.durationMs) add('agent', waitEndMs, 1, 'nOverSla');
    }
  }
  if (answered !== undefined && ended?.outcome === 'handled') {
    add('agent', ended.atMs, ended.atMs - answered.atMs, 'tTalk', 'tTalkComplete', 'tHandle');
  }
  if (ended !== undefined) add('customer', ended.atMs, ended.atMs - enqueuedAtMs, 'tConnected');
  return emissions;
}

interface Segment {
  readonly segmentType: string;
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs | undefined;
  readonly more?: Readonly<Record<string, unknown>>;
}

/** A conversation as the detail queries show it. An open one has no end, nor have its last segments. */
export function detailRecord(call: Call, skillId: string | undefined): object {
  const { id, queueId, priority, enqueuedAtMs, answered, ended } = call;
  const emissions = emissionsOf(call);
  const participant = (leg: Leg, segments: readonly Segment[], session: object, person: object = {}) => ({
    participantId: v5(`participant/${leg}`, id),
    purpose: leg,
    ...person,
    sessions: [
      {
        sessionId: sessionIdOf(call, leg),
        mediaType: 'voice',
        direction: 'inbound',
        ...session,
        metrics: emissions
          .filter((each) => each.leg === leg)
          .map(({ name, value, atMs }) => ({ name, value, emitDate: isoTime(atMs) })),
        segments: segments.map(segmentBody),
      },
    ],
  });
  const dropped = ended?.outcome === 'dropped';
  const acdEnd = answered === undefined ? (dropped ? 'system' : 'peer') : 'transfer';
  const asked = { requestedRoutingSkillIds: skillId === undefined ? [] : [skillId], requestedLanguageId: language.id };
  const interact = (
    fromMs: EpochMs,
    toMs: EpochMs | undefined,
    disconnectType: string,
    more: object = {},
  ): Segment => ({
    segmentType: 'interact',
    fromMs,
    toMs,
    more: { ...more, ...(toMs === undefined ? {} : { disconnectType }) },
  });
  const participants = [
    participant(
      'customer',
      [interact(enqueuedAtMs, ended?.atMs, dropped ? 'system' : 'endpoint')],
      {
        ani: 'tel:+12125550199',
        dnis: 'tel:+12125550100',
      },
      { participantName: `Invented Caller ${id.slice(0, 8)}` },
    ),
    participant('acd', [interact(enqueuedAtMs, answered?.atMs ?? ended?.atMs, acdEnd, { queueId, ...asked })], {
      peerId: sessionIdOf(call, 'customer'),
      requestedRoutings: ['Standard'],
      ...(answered === undefined ? {} : { usedRouting: 'Standard' }),
      routingPriority: priority,
    }),
  ];
  if (answered !== undefined) {
    const talk = interact(answered.atMs, ended?.atMs, dropped ? 'system' : 'peer', { queueId });
    participants.push(
      participant('agent', [talk], { peerId: sessionIdOf(call, 'customer') }, { userId: answered.userId }),
    );
  }
  return {
    conversationId: id,
    conversationStart: isoTime(enqueuedAtMs),
    ...(ended === undefined ? {} : { conversationEnd: isoTime(ended.atMs) }),
    originatingDirection: 'inbound',
    divisionIds: [division.id],
    participants,
  };
}

function segmentBody({ segmentType, fromMs, toMs, more }: Segment): object {
  return {
    segmentType,
    segmentStart: isoTime(fromMs),
    ...(toMs === undefined ? {} : { segmentEnd: isoTime(toMs) }),
    conference: false,
    ...more,
  };
}

/** What segment filters see of each leg of a call; empty where a leg has none. */
export function segmentDimensions(call: Call): Readonly<Record<string, string>>[] {
  const { queueId, answered } = call;
  const shared = { mediaType: 'voice', direction: 'inbound', segmentType: 'interact', conversationId: call.id };
  const legs = [
    { ...shared, purpose: 'customer', queueId: '', userId: '' },
    { ...shared, purpose: 'acd', queueId, userId: '' },
  ];
  return answered === undefined ? legs : [...legs, { ...shared, purpose: 'agent', queueId, userId: answered.userId }];
}
