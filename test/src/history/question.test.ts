import { describe, expect, test } from 'vitest';
import { planPieces } from '../../../src/history/plan.ts';
import { type Asked, readQuestion, untilNow } from '../../../src/history/question.ts';
import { chooseQueues } from '../../../src/history/queues.ts';

const asked = (given: Partial<Asked> = {}): Asked => ({
  from: '2026-03-25',
  to: '2026-03-31',
  granularity: 'P1D',
  timeZone: 'Europe/Berlin',
  media: [],
  fill: 'none',
  ...given,
});
const iso = (ms: number) => new Date(ms).toISOString();
const rangeOf = (given: Partial<Asked>) => {
  const { startMs, endMs } = readQuestion(asked(given));
  return `${iso(startMs)}/${iso(endMs)}`;
};
const ids = (count: number) => Array.from({ length: count }, (_, index) => `q${String(index).padStart(4, '0')}`);

describe('a question', () => {
  test.each([
    [{}, '2026-03-24T23:00:00.000Z/2026-03-31T22:00:00.000Z'],
    [{ granularity: 'P1W' }, '2026-03-22T23:00:00.000Z/2026-04-05T22:00:00.000Z'],
    [
      { from: '2026-03-25T08:10Z', to: '2026-03-25T09:40+01:00', granularity: 'PT30M' },
      '2026-03-25T08:00:00.000Z/2026-03-25T09:00:00.000Z',
    ],
    [
      { from: '2026-03-25', to: '2026-03-25', granularity: 'PT1H', timeZone: 'Asia/Kolkata' },
      '2026-03-24T18:30:00.000Z/2026-03-25T18:30:00.000Z',
    ],
    [
      { from: '2026-03-25T12:00:00Z', to: '2026-03-25T12:00:01Z', timeZone: 'UTC' },
      '2026-03-25T00:00:00.000Z/2026-03-26T00:00:00.000Z',
    ],
  ])('of %j is about whole buckets: %s', (given, range) => {
    expect(rangeOf(given)).toBe(range);
  });

  test('is of no bucket that is yet to come, so that none is drawn', () => {
    const until = (nowMs: number) => iso(untilNow(readQuestion(asked({ fill: 'linear' })), nowMs).endMs);
    expect(until(Date.UTC(2026, 2, 28, 12))).toBe('2026-03-28T23:00:00.000Z');
    expect(until(Date.UTC(2026, 3, 28))).toBe('2026-03-31T22:00:00.000Z');
  });

  test('that cannot be is refused with every fault, by flag, value and way out', () => {
    expect(() =>
      readQuestion(
        asked({ from: '2026-02-30', granularity: 'P2D', timeZone: 'Atlantis', media: ['smoke'], fill: 'x' }),
      ),
    ).toThrow(
      /4 faults[\s\S]*--granularity=P2D: allowed: PT30M, PT1H, P1D, P1W[\s\S]*--fill=x: allowed: none, linear[\s\S]*--timezone=Atlantis[\s\S]*--media=smoke/,
    );
    expect(() => readQuestion(asked({ from: '2026-02-30', to: 'soon' }))).toThrow(/--from=2026-02-30[\s\S]*--to=soon/);
    expect(() => readQuestion(asked({ from: '2026-02-30T08:00Z' }))).toThrow(
      '--from=2026-02-30T08:00Z: allowed: a date',
    );
    expect(() => readQuestion(asked({ to: '2026-03-24' }))).toThrow(
      '--to=2026-03-24: allowed: later than --from=2026-03-25',
    );
    expect(() => readQuestion(asked({ to: '2126-03-24' }))).toThrow('--to=2126-03-24: allowed: at most 3660 days');
    expect(() => readQuestion(asked({ fill: 'linear', granularity: 'PT1H' }))).toThrow('--fill=linear: allowed: none');
  });

  test('about half hours where the days begin on none is refused, and about hours where these shift by a half', () => {
    expect(() => readQuestion(asked({ granularity: 'PT30M', timeZone: 'Asia/Kathmandu' }))).toThrow(
      /P1D or P1W in Asia\/Kathmandu/,
    );
    expect(() =>
      readQuestion(asked({ to: '2026-04-10', granularity: 'PT1H', timeZone: 'Australia/Lord_Howe' })),
    ).toThrow(/PT30M in Australia\/Lord_Howe/);
  });

  test('takes call for voice', () => {
    expect(readQuestion(asked({ media: ['call', 'chat'] })).media).toEqual(['voice', 'chat']);
  });
});

describe('pieces', () => {
  test('are whole local days, a week at most, and cover the range once for each hundred queues', () => {
    const question = readQuestion(asked({ from: '2026-03-01', to: '2026-04-30' }));
    const pieces = planPieces(question, ids(250), Infinity);
    for (const some of [ids(250).slice(0, 100), ids(250).slice(100, 200), ids(250).slice(200)]) {
      const of = pieces.filter(({ queueIds }) => queueIds[0] === some[0]);
      expect(of[0]?.queueIds).toEqual(some);
      expect([of[0]?.startMs, of.at(-1)?.endMs]).toEqual([question.startMs, question.endMs]);
      of.slice(1).forEach((piece, index) => expect(piece.startMs).toBe(of[index]?.endMs));
      for (const { startMs, endMs } of of) expect(endMs - startMs).toBeLessThanOrEqual(7 * 86_400_000 + 3_600_000);
    }
  });

  test('are jobs when they are large, and half hours unless the zone begins its days on none', () => {
    const question = readQuestion(asked());
    expect(planPieces(question, ids(1), Infinity)).toMatchObject([{ isLarge: false, granularity: 'PT30M' }]);
    expect(planPieces(question, ids(100), Infinity)).toMatchObject([{ isLarge: true, granularity: 'PT30M' }]);
    const odd = readQuestion(asked({ timeZone: 'Asia/Kathmandu' }));
    expect(planPieces(odd, ids(100), Infinity)).toMatchObject([{ isLarge: false, granularity: 'P1D' }]);
  });

  test('end with the half hour that runs', () => {
    const question = readQuestion(asked());
    const nowMs = Date.parse('2026-03-26T10:10:00Z');
    expect(planPieces(question, ids(1), nowMs).map(({ endMs }) => iso(endMs))).toEqual(['2026-03-26T10:30:00.000Z']);
    expect(planPieces(question, ids(1), question.startMs)).toEqual([]);
  });
});

describe('queues', () => {
  const names = new Map([
    ['2', 'Sales (north)'],
    ['1', 'Support'],
    ['3', 'Sales south'],
  ]);

  test('are chosen by id, by name, and by a part of it', () => {
    expect(chooseQueues([], names)).toEqual(['1', '2', '3']);
    expect(chooseQueues(['1', 'sales (north)'], names)).toEqual(['1', '2']);
    expect(chooseQueues(['sales*'], names)).toEqual(['2', '3']);
  });

  test('are chosen by a whole name where that has commas, and else one by one', () => {
    const more = new Map([...names, ['4', 'Sales, north']]);
    expect(chooseQueues(['Sales, north'], more)).toEqual(['4']);
    expect(chooseQueues(['Sales south,1'], more)).toEqual(['1', '3']);
    expect(() => chooseQueues(['Sales south,north'], more)).toThrow('--queue=north: allowed');
  });

  test('that there are not are named, with those that there are', () => {
    expect(() => chooseQueues(['Sale', 'Support'], names)).toThrow(
      '--queue=Sale: allowed: id or name of a queue, * for anything; there are Sales (north), Sales south, Support',
    );
  });
});
