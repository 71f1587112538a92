import { describe, expect, test } from 'vitest';
import { createCallCenter, type CallCenter } from '../../../src/simulator/call-center.ts';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import { createReplay } from '../../../src/simulator/replay.ts';
import { parseTrace } from '../../../src/simulator/trace.ts';
import { ann, bob, callId, sales, smallRoster, startMs, support, voiceOf } from './virtual-client.ts';

const at = (seconds: number) => startMs + seconds * 1000;
const arrival = (seconds: number, id: string, queueId = sales): CallCenterEvent => ({
  kind: 'arrival',
  atMs: at(seconds),
  callId: callId(id),
  queueId,
  priority: 0,
});
const answer = (seconds: number, id: string, userId = ann): CallCenterEvent => ({
  kind: 'answer',
  atMs: at(seconds),
  callId: callId(id),
  userId,
});
const call = (seconds: number, kind: 'end' | 'abandon', id: string): CallCenterEvent => ({
  kind,
  atMs: at(seconds),
  callId: callId(id),
});
const agent = (seconds: number, state: 'on' | 'off', userId = ann): CallCenterEvent => ({
  kind: `agent-${state}`,
  atMs: at(seconds),
  userId,
});

function fold(...events: CallCenterEvent[]): CallCenter {
  const center = createCallCenter({ roster: smallRoster });
  for (const event of events) center.apply(event);
  return center;
}

const stateOf = (center: CallCenter, userId = ann) => {
  const { status, statusSinceMs, onQueue } = center.agents.get(userId)!;
  return { status, sinceSeconds: statusSinceMs === undefined ? undefined : (statusSinceMs - startMs) / 1000, onQueue };
};

describe('an agent', () => {
  test('is off queue since never before the first event', () => {
    expect(stateOf(fold())).toEqual({ status: 'OFF_QUEUE', sinceSeconds: undefined, onQueue: false });
  });

  test('turns idle when going on queue, interacting at the answer, idle anew at the end', () => {
    const events = [agent(0, 'on'), arrival(5, 'a'), answer(9, 'a'), call(60, 'end', 'a')];
    expect(stateOf(fold(...events.slice(0, 1)))).toEqual({ status: 'IDLE', sinceSeconds: 0, onQueue: true });
    expect(stateOf(fold(...events.slice(0, 3)))).toEqual({ status: 'INTERACTING', sinceSeconds: 9, onQueue: true });
    expect(stateOf(fold(...events))).toEqual({ status: 'IDLE', sinceSeconds: 60, onQueue: true });
  });

  test('who goes off in the middle of a call leaves after it', () => {
    const events = [agent(0, 'on'), arrival(5, 'a'), answer(9, 'a'), agent(30, 'off'), call(60, 'end', 'a')];
    expect(stateOf(fold(...events.slice(0, 4)))).toEqual({ status: 'INTERACTING', sinceSeconds: 9, onQueue: true });
    expect(stateOf(fold(...events))).toEqual({ status: 'OFF_QUEUE', sinceSeconds: 60, onQueue: false });
  });

  test('who comes back before that call ends stays', () => {
    const center = fold(
      agent(0, 'on'),
      arrival(5, 'a'),
      answer(9, 'a'),
      agent(30, 'off'),
      agent(40, 'on'),
      call(60, 'end', 'a'),
    );
    expect(stateOf(center)).toEqual({ status: 'IDLE', sinceSeconds: 60, onQueue: true });
  });

  test('going on twice changes nothing, and who answers is on queue', () => {
    expect(stateOf(fold(agent(0, 'on'), agent(9, 'on')))).toMatchObject({ sinceSeconds: 0 });
    expect(stateOf(fold(arrival(1, 'a'), answer(2, 'a'), call(3, 'end', 'a')))).toMatchObject({ status: 'IDLE' });
  });
});

describe('the totals of a half hour', () => {
  test('hold what was emitted in it: offered at the arrival, the wait at its end, the handle time at its end', () => {
    const center = fold(
      agent(0, 'on'),
      arrival(1700, 'a'),
      arrival(1790, 'b'),
      answer(1810, 'a'),
      call(1815, 'abandon', 'b'),
      call(3700, 'end', 'a'),
    );
    const { ledger } = voiceOf(center, sales);
    const totals = (index: number) =>
      Object.fromEntries(ledger.metrics(startMs + index * 1_800_000).map(({ metric, stats }) => [metric, stats]));
    expect(totals(0)).toEqual({ nOffered: { count: 2 }, oServiceTarget: { current: 0.8 } });
    expect(totals(1)).toEqual({
      nOverSla: { count: 1 },
      tAnswered: { count: 1, sum: 110_000, min: 110_000, max: 110_000 },
      tAbandon: { count: 1, sum: 25_000, min: 25_000, max: 25_000 },
      tWait: { count: 2, sum: 135_000, min: 25_000, max: 110_000 },
      tAcd: { count: 2, sum: 135_000, min: 25_000, max: 110_000 },
      oServiceLevel: { ratio: 0, numerator: 0, denominator: 2, target: 0.8 },
      oServiceTarget: { current: 0.8 },
    });
    expect(Object.keys(totals(2)).sort()).toEqual(['oServiceTarget', 'tHandle', 'tTalk', 'tTalkComplete']);
    expect(voiceOf(center, support).ledger.startsMs()).toEqual([]);
  });
});

test('an answer after exactly the service-level time is in time', () => {
  const center = fold(arrival(0, 'a'), arrival(0, 'b'), answer(20, 'a'), answer(21, 'b', bob));
  const { ledger } = voiceOf(center, sales);
  expect(ledger.metrics(startMs)).toContainEqual({ metric: 'nOverSla', stats: { count: 1 } });
});

test('at the closing open calls are dropped and counted, waits as flow-outs, and everybody goes home', () => {
  const center = fold(agent(0, 'on'), arrival(1, 'a'), arrival(2, 'b'), answer(3, 'a'), {
    kind: 'closing',
    atMs: at(9),
  });
  expect(center.counts).toMatchObject({ offered: 2, answered: 1, handled: 0, dropped: 2 });
  expect(stateOf(center)).toEqual({ status: 'OFF_QUEUE', sinceSeconds: 9, onQueue: false });
  const queue = voiceOf(center, sales);
  expect([queue.waiting.size, queue.interacting.size]).toEqual([0, 0]);
  expect(queue.ledger.metrics(startMs)).toContainEqual({
    metric: 'tFlowOut',
    stats: { count: 1, sum: 7000, min: 7000, max: 7000 },
  });
});

test('events about unknown calls and agents are counted and change nothing', () => {
  const center = fold(
    call(1, 'end', 'x'),
    call(1, 'abandon', 'x'),
    answer(1, 'x'),
    arrival(2, 'a'),
    arrival(2, 'a'),
    answer(3, 'a', callId('nobody')),
    call(4, 'end', 'a'),
    agent(5, 'on', callId('nobody')),
  );
  expect(center.counts).toMatchObject({ offered: 1, answered: 0, ignored: 7 });
  expect(stateOf(center, bob).status).toBe('OFF_QUEUE');
});

describe('a replay', () => {
  const trace = parseTrace(
    [
      '{"t":3600,"ev":"arrival","id":"a","q":"sales","pri":1}',
      '{"t":3700,"ev":"agent","agent":"ann","state":"on","queues":["sales"]}',
    ].join('\n'),
    'day.jsonl',
  );

  test('ends with a closing at its last event', () => {
    const driver = createReplay(trace, { date: '2026-03-02', timeZone: 'UTC', loop: false });
    expect([...driver.events].map(({ kind }) => kind)).toEqual(['arrival', 'agent-on', 'closing']);
    expect(driver).toMatchObject({
      startMs: Date.parse('2026-03-02T01:00:00Z'),
      endMs: Date.parse('2026-03-02T01:01:40Z'),
    });
  });

  test('in a loop goes on with the following date and new conversations, for ever', () => {
    const driver = createReplay(trace, { date: '2026-03-02', timeZone: 'UTC', loop: true });
    expect(driver.endMs).toBeUndefined();
    const events = driver.events[Symbol.iterator]();
    const taken = Array.from({ length: 9 }, () => events.next().value as CallCenterEvent);
    const arrivals = taken.flatMap((event) => (event.kind === 'arrival' ? [event] : []));
    expect(arrivals.map(({ atMs }) => new Date(atMs).toISOString().slice(0, 10))).toEqual([
      '2026-03-02',
      '2026-03-03',
      '2026-03-04',
    ]);
    expect(new Set(arrivals.map((event) => event.callId)).size).toBe(3);
    expect(new Set(arrivals.map((event) => event.queueId)).size).toBe(1);
  });
});
