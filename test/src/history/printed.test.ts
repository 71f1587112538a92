import { expect, test } from 'vitest';
import { printCsv, printJson, printTable } from '../../../src/history/printed.ts';
import { paceOf } from '../../../src/history/progress.ts';
import { bucketAround, type Fill, readQuestion } from '../../../src/history/question.ts';
import type { Row } from '../../../src/history/roll-up.ts';
import { recordTypeOf, toRecord } from '../../../src/history/row-record.ts';
import { noTotals } from '../../../streams/kpis.ts';

const names = new Map([
  ['a', 'Sales, "north"'],
  ['b', 'Support'],
]);
const question = (fill: Fill = 'linear') =>
  readQuestion({ from: '2026-03-01', to: '2026-03-03', granularity: 'P1D', timeZone: 'UTC', media: [], fill });
const sums = { conversations: 10, abandoned: 1, talkSeconds: 900, holdSeconds: 0, workSeconds: 100 };
const totals = {
  ...noTotals,
  ...{ offered: 10, answered: 9, abandoned: 1, handled: 9, serviceLevelMet: 8, serviceLevelOf: 10 },
  ...{ handleMs: 900_000, answerMs: 90_000, talkMs: 900_000, afterCallMs: 100_000, waitMsMax: 3_723_000 },
};
const row = (date: string, queueId: string, given: Partial<Row> = {}): Row => ({
  bucket: bucketAround(Date.parse(`${date}T12:00:00Z`), 'P1D', 'UTC'),
  queueId,
  mediaType: 'voice',
  totals,
  sums,
  observedAtMs: Date.parse('2026-03-05T00:00:00Z'),
  ...given,
});
const rows = [
  row('2026-03-01', 'a'),
  row('2026-03-01', 'b'),
  row('2026-03-02', 'a', { totals: null }),
  row('2026-03-02', 'b', { totals: null, sums: null }),
  row('2026-03-03', 'b', { observedAtMs: Date.parse('2026-03-04T00:10:00Z') }),
];

test('the table is aligned, names queues, totals them from sums, and explains its remarks', () => {
  const table = printTable(question(), names);
  const lines = [...table.head(), ...rows.flatMap((each) => table.lines(each, null)), ...table.foot()];
  expect(lines).toEqual([
    'day         queue           media         offered  answered  abandoned  abandon %  service %    handle  to answer   longest',
    '2026-03-01  Sales, "north"  voice              10         9          1       10.0       80.0      1:40       0:10   1:02:03',
    '2026-03-01  Support         voice              10         9          1       10.0       80.0      1:40       0:10   1:02:03',
    '2026-03-02  Sales, "north"  voice              10         -          1       10.0          -      1:40          -         -  interpolated',
    '2026-03-02  Support         voice               -         -          -          -          -         -          -         -  no data',
    '2026-03-03  Support         voice              10         9          1       10.0       80.0      1:40       0:10   1:02:03  growing',
    '',
    'total       Sales, "north"  voice              10         9          1       10.0       80.0      1:40       0:10   1:02:03',
    'total       Support         voice              20        18          2       10.0       80.0      1:40       0:10   1:02:03',
    'total       all                                30        27          3       10.0       80.0      1:40       0:10   1:02:03',
    '',
    'interpolated: the platform told nothing; drawn between the neighbours, and in no total',
    'no data: the platform told nothing; --fill linear draws a line between the neighbours',
    'growing: not over, or not for a quarter of an hour, when it was read',
  ]);
});

test('a day that runs and of which nothing was told grows too', () => {
  const hole = row('2026-03-04', 'b', { totals: null, sums: null, observedAtMs: Date.parse('2026-03-04T00:10:00Z') });
  expect(printTable(question(), names).lines(hole, null)[0]).toMatch(/^2026-03-04 .* - +growing$/);
});

test('hours of a night in which the clocks change tell their offset, for two of them read the same', () => {
  const timesIn = (date: string) => {
    const range = { from: date, to: date, timeZone: 'Europe/Berlin', media: [], fill: 'none' };
    const asked = readQuestion({ ...range, granularity: 'PT1H' });
    const table = printTable(asked, names);
    const line = (startMs: number) =>
      table.lines(row(date, 'b', { bucket: bucketAround(startMs, 'PT1H', 'Europe/Berlin') }), null)[0] ?? '';
    return [0, 2, 3].map((hour) => line(asked.startMs + hour * 3_600_000).split('  ')[0]);
  };
  expect(timesIn('2026-10-25')).toEqual(['2026-10-25 00:00+02:00', '2026-10-25 02:00+02:00', '2026-10-25 02:00+01:00']);
  expect(timesIn('2026-10-26')).toEqual(['2026-10-26 00:00', '2026-10-26 02:00', '2026-10-26 03:00']);
});

test('JSON is one record a line, and nothing for what is not known', () => {
  const json = printJson();
  const lines = rows.flatMap((each) => json.lines(each, toRecord(each, question(), names)));
  expect(lines).toHaveLength(4);
  expect(JSON.parse(lines[2] ?? '')).toMatchObject({
    date: '2026-03-02',
    interpolated: true,
    kpi: null,
    kpiVersion: 1,
  });
});

test('CSV has the columns of the files, quotes what needs it, and leaves null empty', async () => {
  const csv = await printCsv(recordTypeOf(question()));
  const [head = ''] = csv.head();
  expect(head).toMatch(/^queue_id,queue_name,media_type,granularity,date,week_end,time_zone,start_ms,/);
  const [line = ''] = csv.lines(rows[2]!, toRecord(rows[2]!, question(), names));
  expect(line).toMatch(/^a,"Sales, ""north""",voice,P1D,2026-03-02,,UTC,2026-03-02T00:00:00.000Z,/);
  expect(line.replace(/"[^"]*(""[^"]*)*"/, '').split(',')).toHaveLength(head.split(',').length);
});

test('the pace tells how long it will take, once anything was fetched', () => {
  expect(paceOf(0, 5_000, 10)).toBe('');
  expect(paceOf(10, 5_000, 130)).toBe('2.0 a second, 1:05 left');
});
