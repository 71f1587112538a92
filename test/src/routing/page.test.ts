import { expect, test } from 'vitest';
import { lorenzPoints } from '../../../src/routing/page/lorenz.ts';
import { renderPage } from '../../../src/routing/page/page.ts';
import { renderReport } from '../../../src/routing/report.ts';
import { createSimulation } from '../../../src/routing/simulation.ts';
import { fairnessOf, type Share } from '../../../streams/ranking/fairness.ts';
import { defaultWeights } from '../../../streams/ranking/weights.ts';

const agent = (id: string) => ({
  id,
  routingStatus: 'IDLE',
  skills: new Map<string, number>(),
  languages: [],
  csat: null,
  queueTimeSeconds: null,
  idleSinceMs: null,
});

function reportOf(agents: readonly string[], starts: readonly number[]) {
  const capacity = { handleSeconds: 10, waitSecondsMax: null };
  const simulation = createSimulation({ agents: agents.map(agent), weights: defaultWeights, capacity });
  for (const [at, startMs] of starts.entries())
    simulation.take({ id: `i${at}`, skills: [], language: null, startMs, handleSeconds: null });
  return { log: '<b>log</b>.csv', rules: 'Agents are busy.', simulated: simulation.finish() };
}

test('the page is one file that asks no server for anything, with names shown as they are', () => {
  const page = renderPage(reportOf(['<i>a</i>', 'b', 'c'], [0, 1_000, 30_000]));
  expect(page).not.toMatch(/https?:|<script|<link|<img|url\(|@import|src=|<i>|<b>|NaN|Infinity|undefined/);
  for (const title of ['Who was chosen how often', 'Lorenz curve']) expect(page).toContain(`>${title}<`);
  expect(page.match(/<rect class="fill main"/g)).toHaveLength(3);
});

test('a log of nothing still has a page', () => {
  expect(renderPage(reportOf(['a'], []))).not.toMatch(/NaN|Infinity|undefined/);
  expect(renderReport(reportOf(['a'], [])).join('\n')).toMatch(/^fair +not testable$/m);
});

test('twice the area between the curve and the diagonal is the Gini coefficient', () => {
  const shares: readonly Share[] = [
    { chosen: 1, expected: 2 },
    { chosen: 9, expected: 4 },
    { chosen: 0, expected: 1 },
    { chosen: 2, expected: 5 },
  ];
  const points = lorenzPoints(shares);
  expect(points.at(0)).toEqual([0, 0]);
  expect(points.at(-1)).toEqual([1, 1]);
  let area = 0;
  points.forEach(([x, y], at) => {
    const [x0, y0] = points[at - 1] ?? [0, 0];
    area += (x - x0) * (x + x0 - y - y0);
  });
  expect(area).toBeCloseTo(fairnessOf(shares).gini, 12);
});

test('the report tells the figures and who was chosen most', () => {
  const text = renderReport(reportOf(['a', 'b'], [0, 1_000, 2_000])).join('\n');
  expect(text).toMatch(/^interactions +3$/m);
  expect(text).toMatch(/^longest wait +8\.0 s$/m);
  expect(text).toMatch(/^ {2}a {2}2 \(\d\.\d\)$/m);
});

test('the report shows characters that would steer a terminal, and does not send them', () => {
  const text = renderReport(reportOf(['\u001b[2Ja\r\nb\u009b1m\u202ec', 'ü'], [0, 1_000])).join('\n');
  expect(text).toContain('  \\u001b[2Ja\\r\\nb\\u009b1m\\u202ec  1 (');
  expect(text).toContain('  ü  1 (');
});
