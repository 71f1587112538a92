import { type Report, scoreTable, variantTable } from '../report.ts';
import { calibrationFigure } from './calibration.ts';
import { renderFigure, renderTable } from '../../page/chart.ts';
import { hoursFigure } from './hours.ts';
import { element, type Markup } from '../../page/markup.ts';
import { predictedFigure } from './predicted.ts';
import { queuesFigure } from './queues.ts';
import { style } from '../../page/style.ts';
import { timeText, waitsOf } from './waits.ts';

/** One page about one or more traces, complete in itself: it asks no server for anything. */
export function renderPage(reports: readonly Report[]): string {
  const title = 'What callers were told, and how long they waited';
  const links = reports.map(({ trace }, index) => element('li', {}, element('a', { href: `#trace-${index}` }, trace)));
  const body = element(
    'main',
    {},
    element('h1', {}, title),
    element(
      'p',
      { class: 'quiet' },
      'Each call of a trace was told three numbers when it joined its queue: P50, P80 and P90, the seconds within which half, eight and nine of ten such calls should be answered. Nothing that came later was known by then.',
    ),
    reports.length > 1 ? element('nav', { 'aria-label': 'Traces' }, element('ul', {}, links)) : null,
    reports.map(section),
    element('h2', {}, 'What the columns mean'),
    element(
      'dl',
      {},
      columnMeanings.flatMap(([name, meaning]) => [element('dt', {}, name), element('dd', {}, meaning)]),
    ),
  );
  const head = element(
    'head',
    {},
    { markup: '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">' },
    element('title', {}, `queuecast backtest: ${reports.map(({ trace }) => trace).join(', ')}`),
    { markup: `<style>${style}</style>` },
  );
  return `<!doctype html>\n${element('html', { lang: 'en' }, head, element('body', {}, body)).markup}\n`;
}

/** The columns of every table of estimators, in the order in which they stand there. */
const columnMeanings: readonly (readonly [string, string])[] = [
  [
    'pin',
    'Mean pinball loss of the three quantiles in seconds, the main figure: what is missed weighs as much as the level says. 0 is perfect.',
  ],
  ['mae, medae, bias', 'Mean and median of how far P50 was off, and its mean with sign (told less waited); seconds.'],
  ['late30 %', 'Share of callers who waited over 30 seconds longer than P50.'],
  ['cov50, cov80, cov90 %', 'Share of waits within P50, P80 and P90: 50, 80 and 90 when all is well.'],
  ['…_c', 'The same, had nobody given up: answered calls that took long stand for those who left before.'],
  [
    'rising, busy, all',
    'mae of calls whose wait was far above the last ten; of those that found nobody idle; of all, also those that did not wait.',
  ],
];

function section(report: Report, index: number): Markup {
  const { trace, start, full, variants } = report;
  const id = `trace-${index}`;
  const waits = waitsOf(full);
  const waited = full.published.subsets.get('waited');
  const seed = full.scores.get('seed')?.subsets.get('waited');
  const heading = element('h2', { id: `${id}-title` }, trace);
  if (waited === undefined)
    return element('section', { id }, heading, element('p', {}, 'No call of this trace was answered after a wait.'));
  const number = (value: number) => value.toLocaleString('en-US');
  const share = (value: number) => `${(100 * value).toFixed(1)} %`;
  const seedLoss = seed === undefined ? null : `the tutorial's formula: ${seed.pin.toFixed(1)} s`;
  const tiles: readonly (readonly [string, string])[] = [
    [`${waited.pin.toFixed(1)} s`, `mean pinball loss${seedLoss === null ? '' : `; ${seedLoss}`}`],
    [`${waited.mae.toFixed(1)} s`, `mean error of P50, of waits of ${timeText(waited.mean_wait)} on average`],
    [share(waited.cov80), 'waited no longer than P80'],
    [share(waited.cov90), 'waited no longer than P90'],
    [share(waited.late30), 'waited over 30 s longer than P50'],
  ];
  const figures = [
    predictedFigure(`${id}-predicted`, waits),
    calibrationFigure(`${id}-calibration`, waits),
    hoursFigure(`${id}-hours`, waits),
    queuesFigure(`${id}-queues`, waits),
  ];
  return element(
    'section',
    { id, 'aria-labelledby': `${id}-title` },
    heading,
    element(
      'p',
      { class: 'quiet' },
      `${number(full.calls.length)} calls; ${number(waited.n)} answered after a wait, ${number(full.published.abandoned)} gave up. ${capitalized(start)}. The figures are about what was published to calls that were answered after a wait.`,
    ),
    element(
      'ul',
      { class: 'tiles' },
      tiles.map(([value, meaning]) => element('li', {}, element('strong', {}, value), meaning)),
    ),
    element('div', { class: 'figures' }, figures.map(renderFigure)),
    element('h3', { class: 'apart' }, 'All estimators (* was published)'),
    element('div', { class: 'wide estimators' }, renderTable(scoreTable(full))),
    ...(variants.length === 0
      ? []
      : [
          element('h3', { class: 'apart' }, 'Heard worse'),
          element('div', { class: 'wide' }, renderTable(variantTable(report))),
        ]),
  );
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
