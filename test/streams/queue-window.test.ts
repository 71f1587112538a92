import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { run } from '../../streams/logic.ts';
import type { Output } from '../../streams/record.ts';
import { queueWindow } from '../../streams/records/queue-window.ts';
import { queueWindowLive } from '../../streams/records/queue-window-live.ts';
import { type QueueWindowSettings, type WindowInput, windowQueues } from '../../streams/queue-window.ts';
import type { SettingsByQueue } from '../../streams/queue-settings.ts';
import { parseWindowSizes } from '../../streams/window-size.ts';
import { counted } from '../support/wait-journals.ts';

const minuteMs = 60_000;
const halfHourMs = 1_800_000;
/** A Monday. */
const startMs = Date.UTC(2026, 2, 2);

const settings = (
  sizes: string,
  changes: Partial<QueueWindowSettings & SettingsByQueue> = {},
): QueueWindowSettings & SettingsByQueue => ({
  windowSizes: parseWindowSizes(sizes) ?? [],
  windowLiveEveryMs: 10_000,
  outOfOrdernessMs: 0,
  allowedLatenessMs: 0,
  holdMs: null,
  gapMaxMs: 900_000,
  timeZone: 'UTC',
  ...changes,
});

const observed = (atMs: number, waiting: number, queueId = 'q1', agentsIdle: number | null = null): WindowInput =>
  counted(atMs, { queueId, waiting, interacting: null, agentsIdle });

const tick = (atMs: number): WindowInput => ({ kind: 'tick', receivedAtMs: atMs, heardUntilMs: atMs });

const metricsOf = (offered: number, answered: number, answerMs: number) => [
  { metric: 'nOffered', qualifier: null, stats: { count: offered } },
  { metric: 'tAnswered', qualifier: null, stats: { count: answered, sum: answerMs } },
  { metric: 'oServiceLevel', qualifier: null, stats: { numerator: answered, denominator: offered } },
];

function told(atMs: number, offered: number, queueId = 'q1', answered = offered): WindowInput {
  const startOf = Math.floor(atMs / halfHourMs) * halfHourMs;
  return {
    kind: 'queue-interval',
    receivedAtMs: atMs,
    queueId,
    mediaType: 'voice',
    startMs: startOf,
    endMs: startOf + halfHourMs,
    metrics: metricsOf(offered, answered, answered * 1_000),
  };
}

function read(atMs: number, halfHour: number, offered: number): WindowInput {
  const groups = offered === 0 ? [] : [{ mediaType: 'voice', metrics: metricsOf(offered, offered, offered * 1_000) }];
  return {
    kind: 'interval-read',
    receivedAtMs: atMs,
    queueId: 'q1',
    startMs: halfHour,
    endMs: halfHour + halfHourMs,
    groups,
  };
}

const gap = (fromMs: number, untilMs: number, queueIds: string[] | null = null): WindowInput[] => {
  const of = { kind: 'channel-gap' as const, channel: 0, queueIds, userIds: null, startMs: fromMs, cause: 'closed' };
  return [
    { ...of, receivedAtMs: fromMs, endMs: null, repairedBy: 'none' },
    { ...of, receivedAtMs: untilMs, endMs: untilMs, repairedBy: 'snapshot' },
  ];
};

type Closed = (typeof queueWindow.schema)['_output'];
const windowsOf = (outputs: readonly Output[]) =>
  outputs.filter(({ type }) => type === queueWindow).map(({ value }) => queueWindow.schema.parse(value));

/** Of each window its last revision, in order of size and time. */
function last(outputs: readonly Output[], size?: string): Closed[] {
  const latest = new Map(windowsOf(outputs).map((window) => [queueWindow.keyOf(window), window]));
  return [...latest.values()]
    .filter((window) => size === undefined || window.size === size)
    .sort((a, b) => a.startMs - b.startMs || (a.queueId < b.queueId ? -1 : 1));
}

const inMinutes = (from: number, until: number, every = 1) =>
  Array.from(
    { length: Math.floor((until - from) / every) + 1 },
    (_, index) => startMs + (from + index * every) * minuteMs,
  );

describe('windows of several sizes', () => {
  const happening = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .tuple(fc.constantFrom('q1', 'q2'), fc.nat({ max: 9 }))
        .map(([queueId, waiting]) => (atMs: number) => [observed(atMs, waiting, queueId)]),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom('q1', 'q2'), fc.nat({ max: 9 }))
        .map(([queueId, offered]) => (atMs: number) => [told(atMs, offered, queueId)]),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.integer({ min: 1, max: 50 * minuteMs }), fc.constantFrom<string[] | null>(null, ['q1']))
        .map(
          ([lengthMs, queueIds]) =>
            (atMs: number) =>
              gap(atMs, atMs + lengthMs, queueIds),
        ),
    },
  );
  const journals = fc.array(fc.tuple(fc.nat({ max: 9 * minuteMs }), happening), { maxLength: 60 }).map((steps) => {
    const journal: WindowInput[] = [tick(startMs)];
    let nowMs = startMs;
    for (const [afterMs, happen] of steps) {
      nowMs += afterMs;
      journal.push(tick(nowMs));
      for (const event of happen(nowMs)) {
        if (event.kind === 'channel-gap') nowMs = Math.max(nowMs, event.receivedAtMs);
        journal.push(event);
      }
    }
    return [...journal, tick(nowMs + minuteMs), tick(nowMs + 3 * 3_600_000)];
  });

  const comparable = (window: Closed) =>
    JSON.stringify({ ...window, revision: 0 }, (_, value: unknown) =>
      typeof value === 'number' ? Number(value.toFixed(6)) : value,
    );

  test('hold the same whether they are made of small parts or of themselves', () => {
    fc.assert(
      fc.property(journals, fc.constantFrom(null, 900_000, 7_200_000), (journal, gapMaxMs) => {
        const together = run(windowQueues(settings('5m,15m,30m,1h', { gapMaxMs })), journal);
        for (const [text, label] of [
          ['15m', 'PT15M'],
          ['30m', 'PT30M'],
          ['1h', 'PT1H'],
        ] as const) {
          const alone = last(run(windowQueues(settings(text, { gapMaxMs })), journal), label);
          const covered = (windows: Closed[]) => windows.filter(({ interpolated }) => !interpolated).map(comparable);
          expect(covered(last(together, label))).toEqual(covered(alone));
          const filled = (windows: Closed[]) => windows.filter(({ interpolated }) => interpolated).map(comparable);
          expect(filled(last(together, label))).toEqual(filled(alone));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('add up: the day is its half hours, in levels and in totals', () => {
    fc.assert(
      fc.property(journals, (journal) => {
        const outputs = run(windowQueues(settings('30m,1d')), [...journal, tick(startMs + 3 * 86_400_000)]);
        for (const day of last(outputs, 'P1D')) {
          const halves = last(outputs, 'PT30M').filter(
            (half) => half.queueId === day.queueId && half.startMs >= day.startMs && half.startMs < day.endMs,
          );
          const sum = (of: (half: Closed) => number) => halves.reduce((total, half) => total + of(half), 0);
          expect(day.coverage * 48).toBeCloseTo(
            sum((half) => half.coverage),
            9,
          );
          expect(day.observations).toBe(sum((half) => half.observations));
          expect(day.offered ?? 0).toBe(sum((half) => half.offered ?? 0));
          expect(day.answerMs ?? 0).toBe(sum((half) => half.answerMs ?? 0));
          const known = day.coverage * 48 * (day.waitingMean ?? 0);
          expect(known).toBeCloseTo(
            sum((half) => (half.waitingMean ?? 0) * half.coverage),
            6,
          );
        }
      }),
      { numRuns: 25 },
    );
  });

  test('overlap where the hop is shorter than the size', () => {
    //   2──────────4──────────        windows of 30 min every 15
    const inputs = [
      tick(startMs),
      observed(startMs, 2),
      observed(startMs + 15 * minuteMs, 4),
      tick(startMs + 31 * minuteMs),
    ];
    const windows = last(run(windowQueues(settings('30m/15m')), inputs), 'PT30M-PT15M');
    expect(windows.map((window) => [(window.startMs - startMs) / minuteMs, window.waitingMean])).toEqual([
      [-15, 2],
      [0, 3],
    ]);
  });

  test('by the calendar have the days of their zone, of 23 hours where the clocks leap, and weeks from Monday on', () => {
    const timeZone = 'Europe/Berlin';
    const atMs = Date.UTC(2026, 2, 28, 12);
    const inputs = [tick(atMs), observed(atMs, 1), tick(Date.UTC(2026, 2, 29, 22)), tick(Date.UTC(2026, 2, 30, 0))];
    const windows = last(run(windowQueues(settings('1d,1w', { timeZone })), inputs));
    expect(
      windows.map((window) => [
        window.size,
        new Date(window.startMs).toISOString(),
        (window.endMs - window.startMs) / 3_600_000,
      ]),
    ).toEqual([
      ['P1W', '2026-03-22T23:00:00.000Z', 167],
      ['P1D', '2026-03-27T23:00:00.000Z', 24],
      ['P1D', '2026-03-28T23:00:00.000Z', 23],
    ]);
  });
});

describe('the totals of a window', () => {
  const heard = [tick(startMs), observed(startMs, 0)];

  test('are those of half hours that were heard whole; a later word raises the revision', () => {
    const inputs = [...heard, told(startMs + 60_000, 5), tick(startMs + 31 * minuteMs)];
    const late: WindowInput[] = [told(startMs + 60_000, 6), tick(startMs + 34 * minuteMs)];
    const windows = windowsOf(run(windowQueues(settings('30m')), [...inputs, ...late]));
    expect(windows.map(({ revision, offered, serviceLevel }) => [revision, offered, serviceLevel])).toEqual([
      [0, 5, 1],
      [1, 6, 1],
    ]);
  });

  test('are zero where a queue was heard to be silent, and unknown where it was not heard whole', () => {
    const silent = last(run(windowQueues(settings('30m')), [...heard, tick(startMs + 31 * minuteMs)]));
    expect(silent).toMatchObject([{ offered: 0, totalsCoverage: 1, serviceLevel: null }]);
    const deaf = [...heard, told(startMs + 1, 5), ...gap(startMs + 2, startMs + 3), tick(startMs + 31 * minuteMs)];
    expect(last(run(windowQueues(settings('30m')), deaf))).toMatchObject([{ offered: null, totalsCoverage: 0 }]);
  });

  test('come late where a half hour had to be read, also one from before the start, and bring the day to its whole', () => {
    const joinedMs = startMs + 45 * minuteMs;
    const inputs = [
      tick(joinedMs),
      observed(joinedMs, 1),
      told(joinedMs + 1, 3),
      tick(startMs + 61 * minuteMs),
      read(startMs + 80 * minuteMs, startMs, 10),
      read(startMs + 80 * minuteMs, startMs + halfHourMs, 7),
      tick(startMs + 81 * minuteMs),
      tick(startMs + 25 * 60 * minuteMs),
    ];
    const outputs = run(windowQueues(settings('30m,1h,1d')), inputs);
    expect(last(outputs, 'PT30M').slice(0, 2)).toMatchObject([
      { startMs, offered: 10, coverage: 0, waitingMean: null, revision: 0 },
      { startMs: startMs + halfHourMs, offered: 7, coverage: 0.5, revision: 1 },
    ]);
    expect(last(outputs, 'PT1H')[0]).toMatchObject({ offered: 17, coverage: 0.25, totalsCoverage: 1 });
    expect(last(outputs, 'P1D')).toMatchObject([{ offered: 17, totalsCoverage: 1 }]);
  });

  test('of a half hour that was read are zero of a medium of which something is said only later', () => {
    const inputs = [
      tick(startMs + 5 * minuteMs),
      read(startMs + 61 * minuteMs, startMs, 0),
      observed(startMs + 90 * minuteMs, 1),
      tick(startMs + 25 * 60 * minuteMs),
    ];
    expect(last(run(windowQueues(settings('1d')), inputs))).toMatchObject([{ offered: 0, totalsCoverage: 1 }]);
  });

  test('are not lost of a medium whose first word comes after the end of the half hour', () => {
    const late: WindowInput = {
      kind: 'queue-interval',
      receivedAtMs: startMs + 30 * minuteMs + 1,
      queueId: 'q1',
      mediaType: 'chat',
      startMs,
      endMs: startMs + halfHourMs,
      metrics: metricsOf(1, 1, 1_000),
    };
    const inputs = [...heard, tick(startMs + 30 * minuteMs), late, tick(startMs + 25 * 60 * minuteMs)];
    const windows = last(run(windowQueues(settings('30m,1d')), inputs)).filter(({ mediaType }) => mediaType === 'chat');
    expect(windows.filter(({ size }) => size === 'PT30M')[0]).toMatchObject({ startMs, offered: 1, totalsCoverage: 1 });
    expect(windows.filter(({ size }) => size === 'P1D')).toMatchObject([{ offered: 1, totalsCoverage: 1 }]);
  });

  test('of a half hour that is final are not counted again when it is read again', () => {
    const inputs = [
      ...heard,
      told(startMs + 1, 5),
      tick(startMs + 31 * minuteMs),
      tick(startMs + 120 * minuteMs),
      read(startMs + 121 * minuteMs, startMs, 5),
      tick(startMs + 25 * 60 * minuteMs),
    ];
    expect(last(run(windowQueues(settings('30m,1d')), inputs), 'P1D')).toMatchObject([
      { offered: 5, totalsCoverage: 1 },
    ]);
  });

  test('of half hours that a gap has touched are missing from the day, and its coverage says so', () => {
    const inputs = [...heard, told(startMs + 1, 5), tick(startMs + 29 * minuteMs)];
    const later = [
      ...gap(startMs + 40 * minuteMs, startMs + 50 * minuteMs),
      told(startMs + 61 * minuteMs, 2),
      tick(startMs + 25 * 60 * minuteMs),
    ];
    const day = last(
      run(windowQueues(settings('30m,1d')), [...inputs, tick(startMs + 39 * minuteMs), ...later]),
      'P1D',
    );
    expect(day).toMatchObject([{ offered: 7, totalsCoverage: 47 / 48 }]);
  });
});

describe('an open window', () => {
  const live = (outputs: readonly Output[]) =>
    outputs.filter(({ type }) => type === queueWindowLive).map(({ value }) => queueWindowLive.schema.parse(value));
  const secondsOf = (label: string, rows: ReturnType<typeof live>) =>
    rows.filter(({ size }) => size === label).map(({ heardUntilMs }) => (heardUntilMs - startMs) / 1_000);

  test('is told as far as it was heard, at most every so often, and anew once a part has begun', () => {
    const inputs = [
      tick(startMs),
      observed(startMs, 4),
      ...inMinutes(0, 2, 1 / 60)
        .slice(1)
        .map(tick),
    ];
    expect(secondsOf('PT1H', live(run(windowQueues(settings('1m,1h')), inputs)))).toEqual([10, 60, 120]);
  });

  test('is told less often the longer it is, up to a minute, and what it skipped is in the next one', () => {
    const inputs: WindowInput[] = inMinutes(0, 2, 1 / 60).flatMap((atMs) => [tick(atMs), observed(atMs, 4)]);
    const busy = live(run(windowQueues(settings('1m,20m,1d')), inputs));
    expect(secondsOf('PT1M', busy)).toEqual([10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120]);
    expect(secondsOf('PT20M', busy)).toEqual([10, 20, 40, 60, 80, 100, 120]);
    expect(secondsOf('P1D', busy)).toEqual([10, 60, 120]);
    const seldom = inputs.filter((input, index) => input.kind === 'tick' || index === 1 || index === 2 * 23 + 1);
    expect(secondsOf('PT20M', live(run(windowQueues(settings('1m,20m')), seldom)))).toEqual([10, 40, 60, 120]);
  });

  test('holds the totals of its half hours so far, the running one included', () => {
    const inputs = [
      tick(startMs),
      observed(startMs, 4, 'q1', 2),
      told(startMs + 1, 3),
      tick(startMs + 31 * minuteMs),
      told(startMs + 32 * minuteMs, 2),
      tick(startMs + 45 * minuteMs),
    ];
    expect(live(run(windowQueues(settings('1h')), inputs)).at(-1)).toMatchObject({
      size: 'PT1H',
      offered: 5,
      coverage: 1,
      totalsCoverage: 1,
      waitingMean: 4,
      heardUntilMs: startMs + 45 * minuteMs,
      occupancy: 0,
    });
  });
});

describe('the state of the windows', () => {
  function sizeAfter(days: number, inputsOfDay: (fromMs: number) => WindowInput[]): number {
    const logic = windowQueues(settings('15m,1h,1d,1w', { allowedLatenessMs: minuteMs }));
    let state = logic.start();
    for (let day = 0; day < days; day += 1) {
      for (const input of inputsOfDay(startMs + day * 86_400_000)) [state] = logic.step(state, input);
    }
    return JSON.stringify(state, (_, value: unknown) => (value instanceof Map ? [...value] : value)).length;
  }

  test('stays bounded, with gaps and without', () => {
    const busy = (fromMs: number) =>
      Array.from({ length: 96 }, (_, index) => fromMs + index * 900_000).flatMap((atMs, index) => [
        tick(atMs),
        ...(index === 40 ? gap(atMs, atMs + 200_000) : []),
        observed(atMs + 250_000, index % 7),
        told(atMs + 250_000, index),
      ]);
    const [afterTen, afterTwenty] = [sizeAfter(10, busy), sizeAfter(20, busy)];
    expect(afterTwenty).toBeLessThan(afterTen * 1.1);
  });

  test('forgets a queue that was removed, once its windows are over', () => {
    const logic = windowQueues(settings('1m,1d'));
    let state = logic.start();
    const outputs: Output[] = [];
    const inputs: WindowInput[] = [
      tick(startMs),
      observed(startMs, 3),
      { kind: 'queue-removed', receivedAtMs: startMs + 30_000, queueId: 'q1' },
      tick(startMs + 90_000),
      tick(startMs + 4 * 86_400_000),
      tick(startMs + 4 * 86_400_000 + minuteMs),
    ];
    for (const input of inputs) {
      const [next, more] = logic.step(state, input);
      state = next;
      outputs.push(...more);
    }
    expect(last(outputs, 'PT1M')).toMatchObject([{ coverage: 0.5, waitingMean: 3 }]);
    expect(last(outputs, 'P1D')).toMatchObject([{ coverage: 30 / 86_400, waitingMean: 3 }]);
    expect([...state.keys, ...state.parts.keys, ...state.gone, ...state.names]).toEqual([]);
  });
});
