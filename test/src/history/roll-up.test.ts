import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Cell, PieceAnswer } from '../../../src/history/cells.ts';
import { type Fill, type Granularity, readQuestion, untilNow } from '../../../src/history/question.ts';
import { createRollUp } from '../../../src/history/roll-up.ts';
import { recordTypeOf, toRecord } from '../../../src/history/row-record.ts';
import { addTotals, noTotals } from '../../../streams/kpis.ts';
import { queueSummary } from '../../../streams/records/queue-summary.ts';

const day = 86_400_000;
const startMs = Date.parse('2026-03-24T23:00:00Z');
const question = (granularity: Granularity = 'P1D', fill: Fill = 'none') =>
  readQuestion({ from: '2026-03-25', to: '2026-04-02', timeZone: 'Europe/Berlin', media: [], granularity, fill });
const cell = (atMs: number, offered: number, queueId = 'a'): Cell => ({
  startMs: atMs,
  queueId,
  mediaType: 'voice',
  totals: { ...noTotals, offered, talkMs: offered * 1_000, waitMsMax: offered },
});
const answerOf = (cells: readonly Cell[], observedAtMs = startMs + 30 * day): PieceAnswer => ({
  cells: [...cells].sort((a, b) => a.startMs - b.startMs || (a.queueId < b.queueId ? -1 : 1)),
  observedAtMs,
});
const rowsOf = (asked: ReturnType<typeof question>, ...answers: readonly PieceAnswer[]) => {
  const rollUp = createRollUp(asked);
  return [...answers.flatMap((each) => rollUp.take(each)), ...rollUp.end()];
};

describe('rows', () => {
  test('add up to the cells, in every granularity, however these are cut into pieces', () => {
    const cells = fc
      .uniqueArray(fc.tuple(fc.nat(9 * 48 - 3), fc.nat(20), fc.constantFrom('a', 'b')), {
        selector: ([slot, , queueId]) => `${slot} ${queueId}`,
      })
      .map((all) =>
        answerOf(all.map(([slot, offered, queueId]) => cell(startMs + slot * 1_800_000, offered, queueId))),
      );
    const granularity = fc.constantFrom<Granularity>('PT30M', 'PT1H', 'P1D', 'P1W');
    const property = fc.property(cells, granularity, fc.nat(100), (answer, size, cut) => {
      const asked = question(size);
      const rows = rowsOf(asked, answer);
      const sum = (all: readonly { totals: Cell['totals'] | null }[]) =>
        all.reduce((total, { totals }) => addTotals(total, totals ?? noTotals), noTotals);
      expect(sum(rows)).toEqual(sum(answer.cells));
      const parts = [answer.cells.slice(0, cut), answer.cells.slice(cut)].map((some) => answerOf(some));
      expect(rowsOf(asked, ...parts)).toEqual(rows);
      const keys = rows.map(({ bucket, queueId }) => `${bucket.startMs} ${queueId}`);
      expect(new Set(keys).size).toBe(keys.length);
      for (const row of rows) {
        const record = toRecord(row, asked, new Map());
        if (record !== null) recordTypeOf(asked).schema.parse(record.value);
        expect(record === null).toBe(row.sums === null);
      }
    });
    fc.assert(property);
  });

  test('of a date are another key in each zone', () => {
    const keyIn = (timeZone: string) => {
      const asked = { ...question(), timeZone };
      return rowsOf(asked, answerOf([cell(startMs + day, 10)])).flatMap((row) => {
        const record = toRecord(row, asked, new Map());
        return record === null ? [] : [record.key];
      })[0];
    };
    expect(keyIn('Europe/Berlin')).toMatch(/\/P1D\/Europe\/Berlin\/\d{4}-\d{2}-\d{2}$/);
    expect(keyIn('UTC')).not.toBe(keyIn('Europe/Berlin'));
  });

  test('of days without anything told are holes, or drawn and flagged, up to both ends of the range', () => {
    const told = answerOf([cell(startMs + day, 10), cell(startMs + 4 * day, 40)]);
    const summary = (fill: Fill) =>
      rowsOf(question('P1D', fill), told).map((row) => {
        const record = toRecord(row, question('P1D', fill), new Map([['a', 'Sales']]));
        return record === null ? null : queueSummary.schema.parse(record.value);
      });
    expect(summary('none').map((each) => each?.conversations ?? null)).toEqual([
      null,
      10,
      null,
      null,
      40,
      null,
      null,
      null,
      null,
    ]);
    const filled = summary('linear');
    expect(filled.map((each) => each?.date.slice(5))).toEqual([
      '03-25',
      '03-26',
      '03-27',
      '03-28',
      '03-29',
      '03-30',
      '03-31',
      '04-01',
      '04-02',
    ]);
    expect(filled.map((each) => each?.conversations)).toEqual([10, 10, 20, 30, 40, 40, 40, 40, 40]);
    expect(filled.map((each) => each?.interpolated)).toEqual([true, false, true, true, false, true, true, true, true]);
    expect(filled[2]).toMatchObject({ queueName: 'Sales', totals: null, kpi: null, talkSeconds: 20, ahtSeconds: 1 });
    // The clocks went forward.
    expect(filled.map((each) => ((each?.endMs ?? 0) - (each?.startMs ?? 0)) / 3_600_000)).toEqual([
      24, 24, 24, 24, 23, 24, 24, 24, 24,
    ]);
  });

  test('of a day that still grows are no end of a line, and of such a day nothing is drawn', () => {
    const fromFirst = answerOf([cell(startMs + day, 10), cell(startMs + 4 * day, 2)], startMs + 4.2 * day);
    const drawn = (answer: PieceAnswer) => {
      const asked = untilNow(question('P1D', 'linear'), answer.observedAtMs);
      return rowsOf(asked, answer).map(({ sums, totals }) => [sums?.conversations ?? null, totals !== null]);
    };
    const [told, line] = [true, false];
    expect(drawn(fromFirst)).toEqual([
      [10, line],
      [10, told],
      [10, line],
      [10, line],
      [2, told],
    ]);
    // Over for ten minutes, and the next day has begun without a word.
    expect(drawn({ ...fromFirst, observedAtMs: startMs + 5 * day - 3_600_000 + 600_000 }).slice(2)).toEqual([
      [10, line],
      [10, line],
      [2, told],
      [null, line],
    ]);
    expect(drawn({ ...fromFirst, observedAtMs: startMs + 5 * day - 3_600_000 + 900_000 }).slice(2)).toEqual([
      [7, line],
      [5, line],
      [2, told],
      [null, line],
    ]);
    expect(drawn(answerOf([cell(startMs + 4 * day, 2)], startMs + 4.2 * day))).toEqual([
      ...[0, 1, 2, 3].map(() => [null, line]),
      [2, told],
    ]);
  });

  test('that nothing was told of are as of the answer that was silent', () => {
    const silent = answerOf([], startMs + 40 * day);
    const rows = rowsOf(question('P1D', 'linear'), answerOf([cell(startMs, 5)]), silent);
    expect(rows.map(({ observedAtMs }) => (observedAtMs - startMs) / day)).toEqual([30, ...Array<number>(8).fill(40)]);
  });

  test('say whether they still grow, and outrank what was read before', () => {
    const at = (observedAtMs: number) => {
      const [row] = rowsOf(question(), answerOf([cell(startMs, 1)], observedAtMs));
      return queueSummary.schema.parse(toRecord(row!, question(), new Map())?.value);
    };
    const [early, late] = [at(startMs + day + 899_999), at(startMs + day + 900_000)];
    expect([early.complete, late.complete]).toEqual([false, true]);
    expect(at(startMs + 2 * day).revision).toBeGreaterThan(late.revision);
    const [old, kept] = [
      answerOf([cell(startMs + 4 * day, 1)], startMs + 40 * day),
      answerOf([cell(startMs + 4.5 * day, 1)]),
    ];
    expect(rowsOf(question('P1W'), old, kept)[0]?.observedAtMs).toBe(startMs + 40 * day);
  });
});
