import { describe, expect, test } from 'vitest';
import type { Conversation } from '../../../src/simulator/call.ts';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { createConversationHistory } from '../../../src/simulator/conversation-history.ts';
import { wrapUpCodes } from '../../../src/simulator/roster.ts';
import {
  ann,
  bob,
  bodyOf,
  type Body,
  callId,
  connectClient,
  conversations,
  listen,
  sales,
  scripted,
  startMs,
  support,
} from './virtual-client.ts';

const iso = (atMs: number) => new Date(startMs + atMs).toISOString();
const interval = `${iso(0)}/${iso(3_600_000)}`;
const target = '/api/v2/analytics/conversations/details/query';
const hourMs = 3_600_000;

const day: readonly CallCenterEvent[] = [
  { kind: 'agent-on', atMs: startMs, userId: ann },
  { kind: 'arrival', atMs: startMs + 1000, callId: callId('a'), queueId: sales, priority: 3 },
  { kind: 'answer', atMs: startMs + 31_000, callId: callId('a'), userId: ann },
  { kind: 'arrival', atMs: startMs + 40_000, callId: callId('b'), queueId: support, priority: 0 },
  { kind: 'abandon', atMs: startMs + 45_000, callId: callId('b') },
  { kind: 'end', atMs: startMs + 91_000, callId: callId('a') },
  { kind: 'arrival', atMs: startMs + 95_000, callId: callId('c'), queueId: sales, priority: 0 },
];
const client = () => connectClient(scripted(day));
const atEnd = startMs + 100_000;
const found = (query: object): readonly string[] =>
  bodyOf(client().askAt(atEnd, 'POST', target, { interval, ...query })).conversations?.map(
    ({ conversationId }) => conversationId,
  ) ?? [];
const of = (dimension: string, value: string) => [{ type: 'and', predicates: [{ dimension, value }] }];
const leg = (conversation: Body, purpose: string) =>
  conversation.participants.find((each) => each.purpose === purpose)!.sessions[0]!;

describe('conversation details', () => {
  const all = bodyOf(client().askAt(atEnd, 'POST', target, { interval })).conversations!;

  test('of an answered call: the wait is the interaction of the acd leg, and what the agent leg took to be answered', () => {
    const [call] = all;
    expect(call).toMatchObject({
      conversationId: callId('a'),
      conversationStart: iso(1000),
      conversationEnd: iso(91_000),
      originatingDirection: 'inbound',
    });
    expect(leg(call!, 'acd').segments).toEqual([
      expect.objectContaining({ segmentType: 'delay', queueId: sales, segmentStart: iso(1000), segmentEnd: iso(1000) }),
      expect.objectContaining({
        segmentType: 'interact',
        queueId: sales,
        segmentStart: iso(1000),
        segmentEnd: iso(31_000),
        disconnectType: 'transfer',
      }),
    ]);
    expect(leg(call!, 'acd').metrics).toContainEqual({ name: 'tAcd', value: 30_000, emitDate: iso(31_000) });
    expect(leg(call!, 'agent').metrics).toEqual([
      { name: 'tAnswered', value: 30_000, emitDate: iso(31_000) },
      { name: 'nOverSla', value: 1, emitDate: iso(31_000) },
      { name: 'tTalk', value: 60_000, emitDate: iso(91_000) },
      { name: 'tTalkComplete', value: 60_000, emitDate: iso(91_000) },
      { name: 'tHandle', value: 60_000, emitDate: iso(91_000) },
    ]);
    expect(call!.participants.find(({ purpose }) => purpose === 'agent')).toMatchObject({ userId: ann });
  });

  test('of an abandoned call: no agent, and a tAbandon beside the tAcd', () => {
    expect(all[1]!.participants.map(({ purpose }) => purpose)).toEqual(['customer', 'acd']);
    expect(leg(all[1]!, 'acd').metrics.map(({ name, value }) => [name, value])).toEqual([
      ['nOffered', 1],
      ['tAcd', 5000],
      ['tAbandon', 5000],
    ]);
  });

  test('of an open call: neither it nor its last segments have an end', () => {
    expect(all[2]).not.toHaveProperty('conversationEnd');
    for (const { sessions } of all[2]!.participants) {
      expect(sessions[0]!.segments.at(-1)).not.toHaveProperty('segmentEnd');
    }
  });

  test('carry the ids of the conversation events', () => {
    const events = connectClient(scripted(day));
    const { frames } = listen(events, [conversations(sales)]);
    events.platform.advanceTo(atEnd);
    const heard = frames.map(({ frame }) => frame.eventBody).findLast(({ id }) => id === callId('a'))!;
    type Leg = { readonly id: string; readonly calls: readonly { readonly id: string }[] };
    const told = (heard.participants as unknown as readonly Leg[]).map(({ id, calls }) => [id, calls[0]!.id]);
    type Shown = { readonly participantId: string; readonly sessions: readonly { readonly sessionId: string }[] };
    const shown = (all[0]!.participants as unknown as readonly Shown[]).map(({ participantId, sessions }) => [
      participantId,
      sessions[0]!.sessionId,
    ]);
    expect(shown).toEqual(told);
  });

  test('come in pages until there are no conversations any more', () => {
    const each = client();
    const page = (pageNumber: number) =>
      bodyOf(each.askAt(atEnd, 'POST', target, { interval, paging: { pageSize: 2, pageNumber } }));
    expect(page(1).conversations).toHaveLength(2);
    expect(page(2).conversations).toHaveLength(1);
    expect(page(3)).toEqual({ totalHits: 3 });
    const far = { interval, paging: { pageSize: 100, pageNumber: 1001 } };
    expect(each.ask('POST', target, far)).toMatchObject({
      status: 400,
      body: { message: 'Pagination may not exceed 100000 results.' },
    });
    const messageOf = (paging: object) => bodyOf(each.ask('POST', target, { interval, paging })).message;
    expect(messageOf({ pageSize: 101, pageNumber: 1 })).toMatch(/pageSize \[101\] is not valid: it must be 1 to 100/);
    expect(messageOf({ pageSize: 5, pageNumber: 0.5 })).toMatch(/pageNumber \[0.5\] is not valid: .* 1 or more/);
  });

  test('are selected by filters that one segment must pass together, and ordered as asked', () => {
    expect(found({ segmentFilters: of('queueId', support) })).toEqual([callId('b')]);
    expect(found({ segmentFilters: of('userId', ann) })).toEqual([callId('a')]);
    expect(found({ segmentFilters: of('userId', bob) })).toEqual([]);
    expect(found({ segmentFilters: [...of('userId', ann), ...of('purpose', 'acd')] })).toEqual([]);
    expect(found({ conversationFilters: of('conversationId', callId('c')) })).toEqual([callId('c')]);
    const open = { type: 'and', predicates: [{ dimension: 'conversationEnd', operator: 'notExists' }] };
    expect(found({ conversationFilters: [open] })).toEqual([callId('c')]);
    expect(found({ order: 'desc' })).toEqual([callId('c'), callId('b'), callId('a')]);
    expect(found({ orderBy: 'conversationEnd' })).toEqual([callId('b'), callId('a'), callId('c')]);
    expect(found({ surveyFilters: of('surveyStatus', 'x') })).toEqual([]);
  });

  test('are those that started on a day that the interval touches', () => {
    expect(found({ interval: `${iso(2 * hourMs)}/${iso(3 * hourMs)}` })).toHaveLength(3);
    expect(found({ interval: `${iso(24 * hourMs)}/${iso(25 * hourMs)}` })).toEqual([]);
  });

  test('of one conversation are found by its id', () => {
    const path = (id: string) => `/api/v2/analytics/conversations/${id}/details`;
    expect(client().askAt(atEnd, 'GET', path(callId('b')))).toMatchObject({ body: { conversationId: callId('b') } });
    expect(client().askAt(atEnd, 'GET', path(callId('z'))).status).toBe(404);
  });
});

describe('details of a call that was missed, held, handed over and wrapped up', () => {
  const at = (seconds: number) => startMs + seconds * 1000;
  const id = callId('rich');
  const events: readonly CallCenterEvent[] = [
    { kind: 'agent-on', atMs: at(0), userId: ann },
    { kind: 'agent-on', atMs: at(0), userId: bob },
    { kind: 'arrival', atMs: at(5), startedAtMs: at(0), callId: id, queueId: sales, priority: 0 },
    { kind: 'alert', atMs: at(6), callId: id, userId: bob },
    { kind: 'alert-missed', atMs: at(14), callId: id, userId: bob },
    { kind: 'alert', atMs: at(15), callId: id, userId: ann },
    { kind: 'answer', atMs: at(17), callId: id, userId: ann },
    { kind: 'hold', atMs: at(27), callId: id },
    { kind: 'unhold', atMs: at(30), callId: id },
    { kind: 'transfer', atMs: at(40), callId: id, queueId: support, wrapUp: true },
    { kind: 'wrapped-up', atMs: at(45), callId: id, userId: ann },
    { kind: 'answer', atMs: at(50), callId: id, userId: ann },
    { kind: 'end', atMs: at(60), callId: id, wrapUp: true },
    { kind: 'wrapped-up', atMs: at(80), callId: id, userId: ann, wrapUpCode: wrapUpCodes.solved.id },
    { kind: 'survey-sent', atMs: at(80), callId: id, queueId: support, userId: ann },
    { kind: 'survey-answered', atMs: at(95), callId: id, queueId: support, userId: ann, score: 70 },
  ];
  const recordAt = (seconds: number) =>
    bodyOf(connectClient(scripted(events)).askAt(at(seconds), 'GET', `/api/v2/analytics/conversations/${id}/details`));
  const seconds = (time: string | undefined) => (time === undefined ? undefined : (Date.parse(time) - startMs) / 1000);
  type Segment = Body & { readonly segmentType: string; readonly segmentStart: string; readonly segmentEnd?: string };
  const segmentsOf = ({ purpose, userId, sessions }: Body) => [
    userId === bob ? 'bob' : userId === ann ? 'ann' : purpose,
    ...(sessions[0]!.segments as readonly Segment[]).map(
      (each) => `${each.segmentType} ${seconds(each.segmentStart)}-${seconds(each.segmentEnd)}`,
    ),
  ];

  test('show each stay in a queue and each agent, with a segment for every stretch', () => {
    expect(recordAt(90).participants.map(segmentsOf)).toEqual([
      ['customer', 'interact 0-60'],
      ['ivr', 'ivr 0-5'],
      ['acd', 'delay 5-5', 'interact 5-17'],
      ['bob', 'alert 6-14'],
      ['ann', 'alert 15-17', 'interact 17-27', 'hold 27-30', 'interact 30-40', 'wrapup 40-45'],
      ['acd', 'delay 40-40', 'interact 40-50'],
      ['ann', 'interact 50-60', 'wrapup 60-80'],
    ]);
  });

  test('give each value to the leg that it tells of', () => {
    const metrics = recordAt(90).participants.map(({ sessions }) =>
      sessions[0]!.metrics.map((each) => `${each.name} ${each.value}`),
    );
    expect(metrics[1]).toEqual(['tIvr 5000']);
    expect(metrics[3]).toEqual(['tAlert 8000', 'tNotResponding 8000']);
    expect(metrics[4]).toEqual([
      'tAlert 2000',
      'tAnswered 12000',
      'tTalk 10000',
      'tHeld 3000',
      'tTalk 10000',
      'tTalkComplete 20000',
      'tHeldComplete 3000',
      'nTransferred 1',
      'nBlindTransferred 1',
      'tAcw 5000',
      'tHandle 28000',
    ]);
  });

  test('have an end only when the after-call work is done', () => {
    expect(recordAt(79)).not.toHaveProperty('conversationEnd');
    expect(recordAt(79).participants.map(segmentsOf).at(-1)).toEqual(['ann', 'interact 50-60', 'wrapup 60-undefined']);
    expect(recordAt(90).conversationEnd).toBe(iso(80_000));
  });

  test('say what the agent said of the call, where he did', () => {
    const codes = recordAt(90).participants.flatMap(({ sessions }) =>
      (sessions[0]!.segments as readonly (Segment & { readonly wrapUpCode?: string })[])
        .filter(({ segmentType }) => segmentType === 'wrapup')
        .map(({ wrapUpCode }) => wrapUpCode),
    );
    expect(codes).toEqual([undefined, wrapUpCodes.solved.id]);
  });

  test('carry the survey, first sent, then with what was answered', () => {
    expect(recordAt(79)).not.toHaveProperty('surveys');
    const sent = { queueId: support, userId: ann, surveyStatus: 'Sent' };
    const [first] = (recordAt(90) as Body & { readonly surveys: readonly object[] }).surveys;
    expect(first).toMatchObject(sent);
    expect(first).not.toHaveProperty('oSurveyTotalScore');
    const finished = { ...first, surveyStatus: 'Finished', oSurveyTotalScore: 70, surveyCompletedDate: iso(95_000) };
    expect(recordAt(99)).toMatchObject({ surveys: [finished] });
    const hits = (atSeconds: number, predicates: readonly object[]) =>
      bodyOf(
        connectClient(scripted(events)).askAt(at(atSeconds), 'POST', target, {
          interval,
          surveyFilters: [{ type: 'and', predicates }],
        }),
      ).totalHits;
    const finishedOnes = [{ dimension: 'surveyStatus', value: 'Finished' }];
    expect([hits(90, finishedOnes), hits(99, finishedOnes)]).toEqual([0, 1]);
    expect(hits(99, [...finishedOnes, { dimension: 'userId', value: bob }])).toBe(0);
  });

  test('are found by any segment that they had', () => {
    const hits = (predicates: readonly object[]) =>
      bodyOf(
        connectClient(scripted(events)).askAt(at(90), 'POST', target, {
          interval,
          segmentFilters: [{ type: 'and', predicates }],
        }),
      ).totalHits;
    expect(hits([{ dimension: 'segmentType', value: 'hold' }])).toBe(1);
    expect(hits([{ dimension: 'wrapUpCode', value: wrapUpCodes.solved.id }])).toBe(1);
    expect(hits([{ dimension: 'wrapUpCode', value: wrapUpCodes.unsolved.id }])).toBe(0);
    const alerted = [
      { dimension: 'userId', value: bob },
      { dimension: 'segmentType', value: 'interact' },
    ];
    expect(hits(alerted)).toBe(0);
  });
});

describe('the history of conversations', () => {
  const ended = (id: string, endedAtMs?: number): Conversation => ({
    ...{ id, startedAtMs: startMs, calls: [], surveys: [] },
    ...(endedAtMs === undefined ? {} : { endedAtMs }),
  });
  const kept = (conversations: readonly Conversation[]) => {
    const history = createConversationHistory(2);
    for (const each of conversations) history.note(each);
    return Array.from(history.all(), ({ id }) => id);
  };

  test('forgets the oldest of too many, but none that is open', () => {
    const [a, b, c] = ['a', 'b', 'c'].map((id) => ended(id, startMs));
    expect(kept([a!, b!, a!, c!])).toEqual(['b', 'c']);
    expect(kept([ended('open'), b!, c!])).toEqual(['c', 'open']);
    expect(kept(['a', 'b', 'c'].map((id) => ended(id)))).toEqual(['c', 'a', 'b']);
  });
});

describe('a detail job', () => {
  const root = '/api/v2/analytics/conversations/details/jobs';

  test('is queued, pending, then done, and gives its conversations page by page', () => {
    const each = client();
    const nowMs = startMs + 2 * hourMs;
    const { jobId } = bodyOf(each.askAt(nowMs, 'POST', root, { interval }));
    const stateAt = (ms: number) => bodyOf(each.askAt(nowMs + ms, 'GET', `${root}/${jobId}`)).state;
    expect(each.askAt(nowMs, 'GET', `${root}/${jobId}/results`).status).toBe(400);
    expect([stateAt(0), stateAt(1500), stateAt(3000)]).toEqual(['QUEUED', 'PENDING', 'FULFILLED']);
    const page = (cursor: string) =>
      bodyOf(each.askAt(nowMs + 4000, 'GET', `${root}/${jobId}/results?pageSize=2${cursor}`));
    const first = page('');
    expect(first).toMatchObject({ dataAvailabilityDate: iso(hourMs + 4000) });
    const second = page(`&cursor=${first.cursor!}`);
    expect([...first.conversations!, ...second.conversations!].map(({ conversationId }) => conversationId)).toEqual(
      ['a', 'b', 'c'].map(callId),
    );
    expect(second).not.toHaveProperty('cursor');
    const messageOf = (query: string) =>
      bodyOf(each.askAt(nowMs + 4000, 'GET', `${root}/${jobId}/results?${query}`)).message;
    expect(messageOf('pageSize=0')).toMatch(/^pageSize \[0\] is not valid/);
    expect(messageOf('cursor=x')).toMatch(/^cursor \[x\] is not valid/);
    expect(each.askAt(nowMs + 4000, 'DELETE', `${root}/${jobId}`).status).toBe(204);
    expect(each.askAt(nowMs + 4000, 'GET', `${root}/${jobId}`).status).toBe(404);
  });

  test('is forgotten for the hundredth after it', () => {
    const each = client();
    const submit = () => bodyOf(each.askAt(atEnd, 'POST', root, { interval })).jobId;
    const first = submit();
    for (let count = 0; count < 99; count += 1) submit();
    expect(each.askAt(atEnd, 'GET', `${root}/${first}`).status).toBe(200);
    submit();
    expect(each.askAt(atEnd, 'GET', `${root}/${first}`).status).toBe(404);
  });

  test('sees only what happened before the data ended, and what was active in its interval', () => {
    const count = (nowMs: number, query: object) => {
      const each = client();
      const { jobId } = bodyOf(each.askAt(startMs + nowMs, 'POST', root, { interval, ...query }));
      return bodyOf(each.askAt(startMs + nowMs + 3000, 'GET', `${root}/${jobId}/results`)).conversations?.length;
    };
    expect(count(hourMs, {})).toBe(0);
    expect(count(hourMs + 50_000, {})).toBe(1);
    const later = `${iso(60_000)}/${iso(hourMs)}`;
    expect(count(2 * hourMs, { interval: later })).toBe(2);
    expect(count(2 * hourMs, { limit: 1 })).toBe(1);
    const availability = client().askAt(startMs + hourMs, 'GET', `${root}/availability`).body;
    expect(availability).toEqual({ dataAvailabilityDate: iso(0) });
  });
});
