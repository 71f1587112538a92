import { expect, test } from 'vitest';
import { backtest } from '../../../src/backtest/backtest.ts';
import { element } from '../../../src/page/markup.ts';
import { renderPage } from '../../../src/backtest/page/page.ts';
import { parseTrace, readTrace } from '../../../src/simulator/trace.ts';

const { lines } = await readTrace('samples/bank-1999-01-05.trace.jsonl.gz');
const sample = {
  trace: 'sample',
  start: 'cold start',
  full: backtest(lines, { start: null }),
  variants: [backtest(lines, { start: null, heard: 'blind' })],
};

const reportOf = (rows: readonly object[], trace = 'small') => ({
  trace,
  start: 'cold start',
  full: backtest(parseTrace(rows.map((row) => JSON.stringify(row)).join('\n'), trace).lines, { start: null }),
  variants: [],
});

/** Names of elements that are opened and not closed in order. */
function unbalanced(page: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, close, name = ''] of page.matchAll(/<(\/?)([a-z0-9]+)\b[^>]*>/g)) {
    if (name === 'meta') continue;
    if (close === '') open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}

test('the page asks no server for anything, runs nothing, and every element is closed', () => {
  const page = renderPage([sample, sample]);
  expect(page).not.toMatch(/https?:|<script|<link|<img|url\(|@import|src=/);
  expect(unbalanced(page)).toEqual([]);
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
  expect(page).toContain('prefers-color-scheme: dark');
});

test('each plot has a title, a text and its numbers as a table', () => {
  const page = renderPage([sample]);
  for (const title of ['Told and waited', 'Kept promises', 'Error by hour of day', 'Error by queue'])
    expect(page).toContain(`>${title}<`);
  const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const named = [...page.matchAll(/<svg[^>]*aria-labelledby="([^"]+)" aria-describedby="([^"]+)"/g)];
  expect(named).toHaveLength(4);
  for (const [, title, text] of named) expect(ids.has(title) && ids.has(text)).toBe(true);
  expect(page.match(/<details>/g)).toHaveLength(4);
});

test('two traces on one page have places of their own, and links to them', () => {
  const page = renderPage([sample, sample]);
  const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(ids).toContain(target);
});

test('names that look like markup are shown as they are', () => {
  const name = '<b>"sales" & more</b>';
  const rows = [
    { t: 0, ev: 'arrival', id: 'c1', q: name, pri: 0 },
    { t: 9, ev: 'answer', id: 'c1', q: name, agent: 'a1', wait: 9 },
  ];
  const page = renderPage([reportOf(rows, '<i>')]);
  expect(page).not.toMatch(/<b>|<i>/);
  expect(page).toContain('&lt;b&gt;&quot;sales&quot; &amp; more&lt;/b&gt;');
  expect(element('p', { title: '"' }, '<').markup).toBe('<p title="&quot;">&lt;</p>');
});

test('a trace of one call, or of none that waited, is a page too', () => {
  const waited = [
    { t: 0, ev: 'arrival', id: 'c1', q: 'sales', pri: 0 },
    { t: 1, ev: 'answer', id: 'c1', q: 'sales', agent: 'a1', wait: 1 },
  ];
  for (const report of [reportOf(waited), reportOf(waited.slice(0, 1))]) {
    const page = renderPage([report]);
    expect(unbalanced(page)).toEqual([]);
    expect(page).not.toMatch(/NaN|Infinity|undefined/);
  }
  expect(renderPage([reportOf(waited.slice(0, 1))])).toContain('No call of this trace was answered after a wait.');
});
