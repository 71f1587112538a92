import { describe, expect, test } from 'vitest';
import type { QueueEvent } from '../../../streams/event.ts';
import type { WaitInput } from '../../../streams/wait/wait-model.ts';
import { createTraceReader, traceTimeMs } from '../../../src/backtest/trace.ts';
import { blindWindows, createHearing, type Variant, variants } from '../../../src/backtest/variants.ts';
import { backtest } from '../../../src/backtest/backtest.ts';
import { parseTrace, readTrace } from '../../../src/simulator/trace.ts';

const trace = (rows: readonly object[]) => parseTrace(rows.map((row) => JSON.stringify(row)).join('\n'), 'test').lines;

/** What is heard, each with the second at which it was. */
function hear(
  variant: Variant,
  rows: readonly object[],
  random = () => 0.5,
): (readonly [t: number, input: WaitInput])[] {
  const lines = trace(rows);
  const hearing = createHearing(variant, lines, random);
  const read = createTraceReader();
  return lines.flatMap((line) => {
    const atMs = traceTimeMs(line.t);
    return [...hearing.until(atMs), ...hearing.hear(read(line), atMs)].map((input) => [line.t, input] as const);
  });
}

const states = (heard: ReturnType<typeof hear>) =>
  heard.flatMap(([t, input]) =>
    input.kind === 'queue-state'
      ? [[t, input.state.queueId, input.state.waiting, input.state.interacting, input.state.agentsIdle] as const]
      : [],
  );

const day = [
  { t: 0, ev: 'agent', agent: 'a1', state: 'on', queues: ['sales', 'support'] },
  { t: 5.1, ev: 'arrival', id: 'c1', q: 'sales', pri: 0 },
  { t: 5.2, ev: 'answer', id: 'c1', q: 'sales', agent: 'a1', wait: 0.1 },
  { t: 5.9, ev: 'arrival', id: 'c2', q: 'support', pri: 0 },
  { t: 9, ev: 'end', id: 'c1', q: 'sales', agent: 'a1', handle: 4 },
  { t: 9, ev: 'answer', id: 'c2', q: 'support', agent: 'a1', wait: 3 },
  { t: 30, ev: 'agent', agent: 'a1', state: 'off' },
];

describe('coalesced', () => {
  test('of each second only how it stood at its end is heard, once, when it is over', () => {
    const heard = hear('coalesced', day);
    const ofCalls = heard.flatMap(([t, input]) => (input.kind === 'interaction-changed' ? [[t, input] as const] : []));
    expect(ofCalls.map(([t, { conversationId }]) => [t, conversationId])).toEqual([
      [9, 'c1'],
      [9, 'c2'],
      [30, 'c1'],
      [30, 'c2'],
    ]);
    expect(ofCalls[0]?.[1].agents).toHaveLength(1);
    expect(ofCalls[0]?.[1].receivedAtMs).toBe(traceTimeMs(6));
  });

  test('an agent whose status changes within the second keeps his queues', () => {
    const rows = [
      { t: 4.5, ev: 'arrival', id: 'c0', q: 'sales', pri: 0 },
      { ...day[0], t: 4.6 },
    ];
    const answered = { t: 4.7, ev: 'answer', id: 'c0', q: 'sales', agent: 'a1', wait: 0.2 };
    const [, status] = hear('coalesced', [...rows, answered, { t: 8, ev: 'agent', agent: 'a2', state: 'off' }])
      .map(([, input]) => input)
      .filter(({ kind }) => kind === 'agent-status' || kind === 'interaction-changed');
    expect(status).toMatchObject({ routingStatus: 'INTERACTING', activeQueueIds: ['sales', 'support'] });
  });
});

describe('no-ids', () => {
  test('only counts are heard, and they are those of the centre', () => {
    const heard = hear('no-ids', day);
    expect(heard.filter(([, { kind }]) => kind === 'interaction-changed' || kind === 'agent-status')).toEqual([]);
    const seen = states(heard);
    const atEnd = (t: number, queue: string) => seen.findLast((each) => each[0] <= t && each[1] === queue);
    expect(atEnd(5.1, 'sales')?.slice(2)).toEqual([1, 0, 1]);
    expect(atEnd(5.2, 'sales')?.slice(2)).toEqual([0, 1, 0]);
    expect(atEnd(5.9, 'support')?.slice(2)).toEqual([1, 0, 0]);
    expect(atEnd(9, 'support')?.slice(2)).toEqual([0, 1, 0]);
  });

  test('totals grow by each answer, handling and abandonment', () => {
    const left = { t: 12, ev: 'arrival', id: 'c3', q: 'support', pri: 0 };
    const gone = { t: 20, ev: 'abandon', id: 'c3', q: 'support', wait: 8 };
    const done = { t: 25, ev: 'end', id: 'c2', q: 'support', agent: 'a1', handle: 16 };
    const last = new Map<string, object>();
    for (const [, input] of hear('no-ids', [...day.slice(0, 6), left, gone, done])) {
      if (input.kind !== 'queue-interval') continue;
      for (const { metric, stats } of input.metrics) last.set(`${input.queueId} ${metric}`, stats);
    }
    expect(Object.fromEntries(last)).toEqual({
      'sales tAnswered': { count: 1, sum: 100 },
      'sales tHandle': { count: 1, sum: 3800 },
      'support tAnswered': { count: 1, sum: 3100 },
      'support tAbandon': { count: 1, sum: 8000 },
      'support tHandle': { count: 1, sum: 16_000 },
    });
  });
});

test('lossy: what the dice say is lost, and nothing else', () => {
  const thrown = [0.04, 0.9];
  let next = 0;
  const heard = hear('lossy', day.slice(0, 2), () => thrown[next++] ?? 0.9);
  // The agent's status was lost; that the queues have him was told by the counts.
  expect(heard.some(([, { kind }]) => kind === 'agent-status')).toBe(false);
  expect(states(heard).at(-1)?.slice(1)).toEqual(['sales', 1, 0, 1]);
});

describe('blind', () => {
  const hour = 10 * 3600;
  const rows = [
    { t: hour, ev: 'agent', agent: 'a1', state: 'on', queues: ['sales'] },
    { t: hour + 1000, ev: 'arrival', id: 'before', q: 'sales', pri: 1 },
    { t: hour + 1600, ev: 'answer', id: 'before', q: 'sales', agent: 'a1', wait: 600 },
    { t: hour + 1700, ev: 'arrival', id: 'during', q: 'sales', pri: 2 },
    { t: hour + 1800, ev: 'arrival', id: 'gone', q: 'sales', pri: 0 },
    { t: hour + 1900, ev: 'abandon', id: 'gone', q: 'sales', wait: 100 },
    { t: hour + 2200, ev: 'end', id: 'before', q: 'sales', agent: 'a1', handle: 600 },
  ];

  test('nothing is heard in the middle ten minutes of the busiest hour, and then a snapshot', () => {
    expect(blindWindows(trace(rows))).toEqual([{ startMs: traceTimeMs(hour + 1500), endMs: traceTimeMs(hour + 2100) }]);
    const heard = hear('blind', rows);
    expect(heard.map(([t, { kind }]) => [t - hour, kind])).toEqual([
      [0, 'agent-status'],
      [1000, 'interaction-changed'],
      [1600, 'channel-gap'],
      [2200, 'agent-status'],
      [2200, 'queue-snapshot'],
      [2200, 'channel-gap'],
      [2200, 'interaction-changed'],
      [2200, 'agent-status'],
    ]);
    const snapshot = heard.map(([, input]) => input).find((input) => input.kind === 'queue-snapshot');
    expect((snapshot as Extract<QueueEvent, { kind: 'queue-snapshot' }>).waiting).toMatchObject([
      { conversationId: 'during', enqueuedAtMs: traceTimeMs(hour + 1700), priority: 2 },
    ]);
    expect(heard[3]?.[1]).toMatchObject({ routingStatus: 'INTERACTING', activeQueueIds: ['sales'] });
  });

  test('two windows without a line between them are two gaps', () => {
    const next = rows.map(({ t, ...rest }) => ({ ...rest, t: t + 86_400 }));
    const quiet = [
      { t: hour, ev: 'arrival', id: 'first', q: 'sales', pri: 0 },
      { t: hour + 86_400, ev: 'arrival', id: 'second', q: 'sales', pri: 0 },
      ...next.slice(6),
    ];
    const gaps = hear('blind', quiet).flatMap(([, input]) => (input.kind === 'channel-gap' ? [input.endMs] : []));
    expect(gaps).toEqual([null, traceTimeMs(hour + 2100), null, traceTimeMs(hour + 86_400 + 2100)]);
  });
});

test('under every condition each call of the sample day was told something, the same each time', async () => {
  const { lines } = await readTrace('samples/bank-1999-01-05.trace.jsonl.gz');
  const some = lines.slice(0, 1500);
  for (const heard of ['all', ...variants] as const) {
    const [once, again] = [0, 1].map(() => backtest(some, { start: null, heard }));
    expect(once?.published.missing, heard).toBe(0);
    expect(once?.published.outOfOrder, heard).toBe(0);
    expect(JSON.stringify([...(once?.quotes ?? [])]), heard).toBe(JSON.stringify([...(again?.quotes ?? [])]));
  }
});
