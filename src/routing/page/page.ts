import { renderFigure } from '../../page/chart.ts';
import { element } from '../../page/markup.ts';
import { style } from '../../page/style.ts';
import { factsOf, type Report } from '../report.ts';
import { distributionFigure } from './distribution.ts';
import { lorenzFigure } from './lorenz.ts';

/** One page about a simulation, complete in itself: it asks no server for anything. */
export function renderPage(report: Report): string {
  const { shares, fairness } = report.simulated;
  const tiles = factsOf(report).map(([meaning, value]) => element('li', {}, element('strong', {}, value), meaning));
  const figures = [distributionFigure(shares), lorenzFigure(shares.values(), fairness.gini)];
  const body = element(
    'main',
    {},
    element('h1', {}, 'Who would have been given what'),
    element('p', { class: 'quiet' }, `${report.log}. ${report.rules}`),
    element('ul', { class: 'tiles' }, tiles),
    element('div', { class: 'figures' }, figures.map(renderFigure)),
  );
  const head = element(
    'head',
    {},
    { markup: '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' },
    element('title', {}, `queuecast simulate-routing: ${report.log}`),
    { markup: `<style>${style}</style>` },
  );
  return `<!doctype html>\n${element('html', { lang: 'en' }, head, element('body', {}, body)).markup}\n`;
}
