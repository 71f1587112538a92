import { element, type Markup } from './markup.ts';

/** From a value to its place in a chart. */
export type Scale = (value: number) => number;

/** A chart's inner area; lengths are those of the drawing, which is scaled to the page. */
export const area = { width: 640, height: 340, left: 64, right: 16, top: 16, bottom: 48 } as const;
export const innerRight = area.width - area.right;
export const innerBottom = area.height - area.bottom;

export const linear =
  (from: number, to: number, start: number, end: number): Scale =>
  (value) =>
    start + ((value - from) / (to - from || 1)) * (end - start);

/** Gives the many short waits more room than the few long ones. */
export const root =
  (to: number, start: number, end: number): Scale =>
  (value) =>
    start + Math.sqrt(Math.max(0, value) / (to || 1)) * (end - start);

export interface Tick {
  readonly value: number;
  readonly text: string;
}

const lengths = [0, 10, 30, 60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 7200];

/** Round lengths of time for a scale of roots, as many as there is room for. */
export const rootTicks = (to: number): readonly Tick[] =>
  lengths
    .filter((value) => value <= to && (value === 0 || value / to > 0.015))
    .map((value) => ({ value, text: value === 0 ? '0' : value < 60 ? `${value} s` : `${value / 60} min` }));

/** Round numbers from 0 to at least `to`, about six. */
export function ticksTo(to: number, unit = ''): readonly Tick[] {
  const rough = Math.max(to, 1e-9) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((each) => each * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.ceil(to / step) + 1 }, (_, index) => {
    const value = index * step;
    return { value, text: `${Number(value.toPrecision(6))}${unit}` };
  });
}

/** Lines across the area at each tick, with its text at the left. */
export const rows = (ticks: readonly Tick[], y: Scale): readonly Markup[] =>
  ticks.flatMap(({ value, text }) => [
    element('line', { class: 'grid', x1: area.left, x2: innerRight, y1: y(value), y2: y(value) }),
    element('text', { class: 'tick', x: area.left - 8, y: y(value) + 4, 'text-anchor': 'end' }, text),
  ]);

/** Texts below the area, with what they mean under them. */
export const columns = (ticks: readonly Tick[], x: Scale, meaning: string): readonly Markup[] => [
  ...ticks.map(({ value, text }) =>
    element('text', { class: 'tick', x: x(value), y: innerBottom + 18, 'text-anchor': 'middle' }, text),
  ),
  element(
    'text',
    { class: 'axis', x: (area.left + innerRight) / 2, y: area.height - 8, 'text-anchor': 'middle' },
    meaning,
  ),
];

/** What stands at the upright axis, read upwards. */
export const upright = (meaning: string): Markup =>
  element(
    'text',
    {
      class: 'axis',
      transform: `translate(14 ${(area.top + innerBottom) / 2}) rotate(-90)`,
      'text-anchor': 'middle',
    },
    meaning,
  );

export interface Figure {
  readonly id: string;
  readonly title: string;
  /** What there is to see, for those who read on and those who cannot look. */
  readonly text: string;
  readonly legend: readonly (readonly [className: string, meaning: string])[];
  readonly drawing: readonly Markup[];
  readonly height?: number;
  /** The drawn numbers. */
  readonly table: Table;
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function renderTable({ head, rows: body }: Table): Markup {
  return element(
    'table',
    {},
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        head.map((cell) => element('th', { scope: 'col' }, cell)),
      ),
    ),
    element(
      'tbody',
      {},
      body.map(([name = '', ...cells]) =>
        element(
          'tr',
          {},
          element('th', { scope: 'row' }, name),
          cells.map((cell) => element('td', {}, cell)),
        ),
      ),
    ),
  );
}

export function renderFigure({ id, title, text, legend, drawing, table, height = area.height }: Figure): Markup {
  const keys = legend.map(([className, meaning]) =>
    element('li', {}, element('span', { class: `key ${className}` }), meaning),
  );
  return element(
    'figure',
    { 'aria-labelledby': `${id}-title` },
    element('h3', { id: `${id}-title` }, title),
    element('p', { id: `${id}-text` }, text),
    keys.length === 0 ? null : element('ul', { class: 'legend' }, keys),
    element(
      'div',
      { class: 'wide' },
      element(
        'svg',
        {
          viewBox: `0 0 ${area.width} ${height}`,
          role: 'img',
          'aria-labelledby': `${id}-title`,
          'aria-describedby': `${id}-text`,
        },
        drawing,
      ),
    ),
    element(
      'details',
      {},
      element('summary', {}, 'The numbers'),
      element('div', { class: 'wide' }, renderTable(table)),
    ),
  );
}
