import { describe, expect, test } from 'vitest';
import { createCallCenter, type CallCenter } from '../../../src/simulator/call-center.ts';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { conversationBody } from '../../../src/simulator/conversation-wire.ts';
import type { MediaType } from '../../../src/simulator/media.ts';
import { voiceSettings, type Roster } from '../../../src/simulator/roster.ts';
import { ann, bob, callId, sales, smallRoster, startMs, support, type Body } from './virtual-client.ts';

const mediaSettings = { voice: voiceSettings, callback: voiceSettings, email: voiceSettings };
const roster: Roster = {
  ...smallRoster,
  queues: smallRoster.queues.map((queue) => ({ ...queue, media: mediaSettings, wrapupPrompt: 'MANDATORY_TIMEOUT' })),
};
const at = (seconds: number) => startMs + seconds * 1000;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();
const id = callId('a');
const on = (userId = ann): CallCenterEvent => ({ kind: 'agent-on', atMs: at(0), userId });
const arrival = (seconds: number, more: { callId?: string; mediaType?: MediaType; startedAtMs?: number } = {}) =>
  ({ kind: 'arrival', atMs: at(seconds), callId: id, queueId: sales, priority: 0, ...more }) as const;
const leg = (kind: 'alert' | 'alert-missed' | 'answer' | 'wrapped-up', seconds: number, userId = ann, call = id) =>
  ({ kind, atMs: at(seconds), callId: call, userId }) as const;
const step = (kind: 'connected' | 'hold' | 'unhold' | 'abandon', seconds: number) =>
  ({ kind, atMs: at(seconds), callId: id }) as const;
const end = (seconds: number): CallCenterEvent => ({ kind: 'end', atMs: at(seconds), callId: id, wrapUp: true });

function fold(...events: CallCenterEvent[]): CallCenter {
  const center = createCallCenter({ roster });
  for (const event of events) center.apply(event);
  return center;
}

const lane = (center: CallCenter, mediaType: MediaType = 'voice', queueId = sales) =>
  center.queues.get(queueId)!.media.get(mediaType)!;
const stateOf = (center: CallCenter, userId = ann) => {
  const { status, statusSinceMs } = center.agents.get(userId)!;
  return [status, (statusSinceMs! - startMs) / 1000];
};
const totals = (center: CallCenter, mediaType: MediaType = 'voice', queueId = sales) =>
  Object.fromEntries(
    lane(center, mediaType, queueId)
      .ledger.metrics(startMs)
      .map(({ metric, stats }) => [metric, stats['sum'] ?? stats['count']]),
  );

/** The participants of the conversation after these events. */
function legsAfter(...events: CallCenterEvent[]): readonly Body[] {
  const center = createCallCenter({ roster });
  const [call] = events.flatMap((event) => center.apply(event).calls.filter((each) => each.id === id));
  const queues = new Map(roster.queues.map((queue) => [queue.id, queue]));
  return (conversationBody(call!.conversation, queues) as Body).participants;
}

describe('an alert', () => {
  test('takes the call out of the waiting, and leaves the agent idle since before', () => {
    const center = fold(on(), arrival(5), leg('alert', 9));
    expect([lane(center).waiting.size, lane(center).alerting.size]).toEqual([0, 1]);
    expect(stateOf(center)).toEqual(['IDLE', 0]);
    expect(legsAfter(on(), arrival(5), leg('alert', 9)).at(-1)).toMatchObject({
      purpose: 'agent',
      userId: ann,
      calls: [{ state: 'alerting' }],
    });
    expect(legsAfter(on(), arrival(5), leg('alert', 9)).at(-1)).not.toHaveProperty('connectedTime');
  });

  test('that is missed puts the call back at its old place with its old time, the agent not responding', () => {
    const later = { callId: callId('later') };
    const events = [on(), arrival(5), arrival(6, later), leg('alert', 9), leg('alert-missed', 17)];
    const center = fold(...events);
    expect([...lane(center).waiting.values()].map((call) => call.enqueuedAtMs)).toEqual([at(5), at(6)]);
    expect(stateOf(center)).toEqual(['NOT_RESPONDING', 17]);
    expect(totals(center)).toMatchObject({ tAlert: 8000, tNotResponding: 8000, nOffered: 2 });
    expect(legsAfter(...events)).toMatchObject([
      { purpose: 'customer' },
      { purpose: 'acd', connectedTime: iso(5) },
      { purpose: 'agent', endTime: iso(17), calls: [{ state: 'terminated', disconnectType: 'timeout' }] },
    ]);
    expect(legsAfter(...events)[1]).not.toHaveProperty('endTime');
  });

  test('of one who did not respond is possible again after going on queue anew', () => {
    const events = [on(), arrival(5), leg('alert', 9), leg('alert-missed', 17)];
    expect(fold(...events, leg('alert', 20)).counts.ignored).toBe(1);
    const center = fold(
      ...events,
      { kind: 'agent-on', atMs: at(30), userId: ann },
      leg('alert', 31),
      leg('answer', 33),
    );
    expect(stateOf(center)).toEqual(['INTERACTING', 33]);
    expect(totals(center)).toMatchObject({ tAnswered: 28_000, tAlert: 10_000 });
    expect(center.counts.ignored).toBe(0);
  });

  test('ends with the customer who leaves, and the agent was idle all the time', () => {
    const center = fold(on(), arrival(5), leg('alert', 9), step('abandon', 11));
    expect(stateOf(center)).toEqual(['IDLE', 0]);
    expect(totals(center)).toMatchObject({ tAbandon: 6000, tAlert: 2000 });
    expect(totals(center)).not.toHaveProperty('tNotResponding');
  });

  test('never makes two agents of one call, nor two calls of one agent', () => {
    const other = arrival(6, { callId: callId('b') });
    const center = fold(
      on(),
      on(bob),
      arrival(5),
      other,
      leg('alert', 9),
      leg('alert', 9, bob),
      leg('answer', 10, bob),
    );
    expect(center.counts).toMatchObject({ ignored: 2, answered: 0 });
    expect(fold(on(), arrival(5), other, leg('alert', 9), leg('alert', 9, ann, callId('b'))).counts.ignored).toBe(1);
  });

  test('of an agent who is about to leave ends in leaving', () => {
    const off: CallCenterEvent = { kind: 'agent-off', atMs: at(10), userId: ann };
    expect(stateOf(fold(on(), arrival(5), leg('alert', 9), off, leg('alert-missed', 17)))).toEqual(['OFF_QUEUE', 17]);
  });
});

describe('after-call work', () => {
  const talked = [on(), arrival(5), leg('alert', 9), leg('answer', 10), end(60)];

  test('keeps the agent interacting while the call interacts no more, and ends in a new idle time', () => {
    const center = fold(...talked);
    expect([stateOf(center), lane(center).interacting.size]).toEqual([['INTERACTING', 10], 0]);
    expect(stateOf(fold(...talked, leg('wrapped-up', 75)))).toEqual(['IDLE', 75]);
  });

  test('is part of the handle time, which is told at its end', () => {
    expect(totals(fold(...talked))).toMatchObject({ tTalk: 50_000, tTalkComplete: 50_000 });
    expect(totals(fold(...talked))).not.toHaveProperty('tHandle');
    expect(totals(fold(...talked, leg('wrapped-up', 75)))).toMatchObject({ tAcw: 15_000, tHandle: 65_000 });
  });

  test('shows in the conversation when it began and ended', () => {
    expect(legsAfter(...talked).at(-1)).toMatchObject({
      endTime: iso(60),
      startAcwTime: iso(60),
      wrapupRequired: true,
    });
    expect(legsAfter(...talked).at(-1)).not.toHaveProperty('endAcwTime');
    expect(legsAfter(...talked, leg('wrapped-up', 75)).at(-1)).toMatchObject({ endAcwTime: iso(75) });
  });

  test('that is still done at the closing counts as done', () => {
    const center = fold(...talked, { kind: 'closing', atMs: at(70) });
    expect(totals(center)).toMatchObject({ tAcw: 10_000, tHandle: 60_000 });
    expect(center.counts).toMatchObject({ handled: 1, dropped: 0 });
  });
});

test('dialing, hold and talk are told apart, and together with the after-call work they are the handle time', () => {
  const answer: CallCenterEvent = { ...leg('answer', 10), kind: 'answer', dials: true };
  const stages = [step('connected', 22), step('hold', 40), step('unhold', 47)];
  const events = [on(), arrival(5, { mediaType: 'callback' }), answer, ...stages, end(60), leg('wrapped-up', 63)];
  expect(totals(fold(...events), 'callback')).toMatchObject({
    tDialing: 12_000,
    tHeld: 7000,
    tHeldComplete: 7000,
    tTalk: 31_000,
    tTalkComplete: 31_000,
    tAcw: 3000,
    tHandle: 53_000,
  });
  expect(totals(fold(...events), 'voice')).toEqual({});
  expect(legsAfter(...events.slice(0, 3)).at(-1)).toMatchObject({ callbacks: [{ state: 'dialing' }] });
  expect(legsAfter(...events.slice(0, 5)).at(-1)).toMatchObject({ callbacks: [{ state: 'connected', held: true }] });
});

describe('a transfer', () => {
  const talked = [on(), arrival(5), leg('alert', 9), leg('answer', 10)];
  const transfer = { kind: 'transfer', atMs: at(60), callId: id, queueId: support, wrapUp: true } as const;

  test('by an agent is counted in the queue it leaves, offered in the other, and the agent wraps up meanwhile', () => {
    const center = fold(...talked, transfer, leg('wrapped-up', 75));
    expect(totals(center)).toMatchObject({ nOffered: 1, nTransferred: 1, tTalkComplete: 50_000, tHandle: 65_000 });
    expect(totals(center, 'voice', support)).toMatchObject({ nOffered: 1 });
    expect([...lane(center, 'voice', support).waiting.values()]).toMatchObject([{ enqueuedAtMs: at(60), index: 1 }]);
    expect(center.counts).toMatchObject({ offered: 2, answered: 1, handled: 1, flowedOut: 0 });
  });

  test('shows each stay as an ACD leg of its own, all sessions with ids of their own', () => {
    const legs = legsAfter(...talked, transfer, leg('wrapped-up', 75), leg('alert', 80), leg('answer', 82));
    expect(legs.map(({ purpose, queueId, endTime }) => [purpose, queueId, endTime])).toEqual([
      ['customer', undefined, undefined],
      ['acd', sales, iso(10)],
      ['agent', sales, iso(60)],
      ['acd', support, iso(82)],
      ['agent', support, undefined],
    ]);
    expect(new Set(legs.map((each) => each.id)).size).toBe(5);
  });

  test('out of the wait is a flow-out, also into the callbacks of the same queue', () => {
    const callback = { ...transfer, queueId: sales, mediaType: 'callback' } as const;
    const center = fold(arrival(5), callback);
    expect(totals(center)).toMatchObject({ tFlowOut: 55_000, tWait: 55_000 });
    expect([...lane(center, 'callback').waiting.values()]).toMatchObject([{ enqueuedAtMs: at(60) }]);
    expect(center.counts).toMatchObject({ offered: 2, flowedOut: 1, answered: 0 });
  });

  test('of a call that alerts, or to a queue without the medium, cannot be', () => {
    expect(fold(on(), arrival(5), leg('alert', 9), transfer).counts.ignored).toBe(1);
    expect(fold(arrival(5), { ...transfer, mediaType: 'chat' }).counts.ignored).toBe(1);
  });
});

test('an announcement before the queue is a leg of its own, and no part of the wait', () => {
  const [customer, ivr, acd] = legsAfter(arrival(30, { startedAtMs: at(5) }));
  expect(customer).toMatchObject({ purpose: 'customer', connectedTime: iso(5) });
  expect(ivr).toMatchObject({ purpose: 'ivr', connectedTime: iso(5), endTime: iso(30) });
  expect(acd).toMatchObject({ purpose: 'acd', connectedTime: iso(30) });
});

test('an email has neither a voice session nor a telephone number', () => {
  const [customer] = legsAfter(arrival(5, { mediaType: 'email' }));
  expect(customer).toMatchObject({
    emails: [{ state: 'connected' }],
    ani: expect.stringMatching(/^invented-.*invalid$/),
  });
  expect(customer).not.toHaveProperty('calls');
});

test('surveys are kept by half hour, queue and agent, sent and answered each in its own time', () => {
  const survey = { queueId: sales, userId: ann };
  const center = fold(
    { kind: 'survey-sent', atMs: at(60), ...survey },
    { kind: 'survey-answered', atMs: at(2000), ...survey, score: 80 },
    { kind: 'survey-answered', atMs: at(2001), ...survey, score: 60 },
  );
  expect(center.surveys.totals(startMs, at(1800))).toMatchObject([{ ...survey, sent: 1, responses: 0 }]);
  expect(center.surveys.totals(at(1800), at(3600))).toMatchObject([
    { sent: 0, responses: 2, scoreSum: 140, scoreMin: 60, scoreMax: 80 },
  ]);
});
