import { expect, test } from 'vitest';
import { backtest } from '../../../src/backtest/backtest.ts';
import { createProgress } from '../../../src/backtest/progress.ts';
import { renderReport, reportValue } from '../../../src/backtest/report.ts';
import { readTrace } from '../../../src/simulator/trace.ts';

const { lines } = await readTrace('samples/bank-1999-01-05.trace.jsonl.gz');
const report = {
  trace: 'sample',
  start: 'cold start',
  full: backtest(lines, { start: null }),
  variants: [backtest(lines, { start: null, heard: 'blind' })],
};

test('the table has a row for each estimator, marks the published ones, and one for what callers were told', () => {
  const rendered = renderReport(report, { byQueue: false });
  const rows = rendered.map((line) => line.split(/ {2,}/));
  expect(rendered[0]).toMatch(
    /^sample: 1,554 calls, 651 answered after a wait \(48\.6 s on average\), 84 gave up; cold start$/,
  );
  expect(rows.slice(3, 12).map(([name]) => name)).toEqual([
    ...['seed *', 'ql', 'hol', 'les', 'smoothed', 'ql-a *', 'ratio *', 'regression *', 'published'],
  ]);
  // Figures stand under their names.
  const head = rendered[2]!;
  const published = rendered.find((line) => line.startsWith('published'))!;
  const mae = report.full.published.subsets.get('waited')!.mae.toFixed(1);
  expect(published.slice(0, head.indexOf('mae') + 3)).toMatch(new RegExp(` ${mae}$`));
});

test('with --by-queue each queue has a row, the busiest first', () => {
  const rendered = renderReport(report, { byQueue: true });
  const from = rendered.findIndex((line) => line.startsWith('queue'));
  expect(rendered.slice(from + 1, from + 7).map((line) => line.slice(0, 2))).toEqual([
    'PS',
    'NW',
    'NE',
    'IN',
    'TT',
    'PE',
  ]);
});

test('a variant is compared to the full trace and to its target', () => {
  const [blind] = renderReport(report, { byQueue: false }).filter((line) => line.startsWith('blind'));
  const [full, worse] = [report.full, report.variants[0]!].map((each) => each.published.subsets.get('waited')!.pin);
  expect(blind?.split(/ {2,}/).slice(1, 3)).toEqual([(worse! / full!).toFixed(3), '1.10']);
});

test('the JSON holds every measure of every estimator, and queues only where they were asked for', () => {
  const value = reportValue(report, { byQueue: false });
  expect(value.estimators['les']).toHaveProperty('waited.pin_c');
  expect(Object.keys(value.published).filter((name) => name.includes(':'))).toEqual([]);
  expect(reportValue(report, { byQueue: true }).published).toHaveProperty('waited:PS');
  expect(value.variants).toHaveLength(1);
  expect(JSON.parse(JSON.stringify(value))).toEqual(value);
});

test('a bar is drawn once a percent and wiped out, on a terminal only', () => {
  const drawn = (isTTY: boolean) => {
    const written: string[] = [];
    const progress = createProgress({ isTTY, write: (text) => written.push(text) }, 'sample', 1000);
    for (let done = 0; done < 1000; done += 1) progress.at(done);
    progress.end();
    return written;
  };
  expect(drawn(false)).toEqual([]);
  const bar = drawn(true);
  expect(bar).toHaveLength(101);
  expect(bar[50]).toContain(' 50 % sample');
  expect(bar[50]).toContain('█'.repeat(15) + '░'.repeat(15));
  expect(bar.at(-1)).toBe('\r\u001b[K');
});
