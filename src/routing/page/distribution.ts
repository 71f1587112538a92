import type { Share } from '../../../streams/ranking/fairness.ts';
import {
  area,
  columns,
  type Figure,
  innerBottom,
  innerRight,
  linear,
  rows,
  ticksTo,
  upright,
} from '../../page/chart.ts';
import { element } from '../../page/markup.ts';

/** How often each agent was chosen, beside how often he would have been by lot. */
export function distributionFigure(shares: ReadonlyMap<string, Share>): Figure {
  const agents = Array.from(shares, ([id, share]) => ({ id, ...share })).sort(
    (a, b) => b.chosen - a.chosen || (a.id < b.id ? -1 : 1),
  );
  const ticks = ticksTo(Math.max(1, ...agents.flatMap(({ chosen, expected }) => [chosen, expected])));
  const y = linear(0, ticks.at(-1)?.value ?? 1, innerBottom, area.top);
  const x = linear(0, agents.length, area.left, innerRight);
  const width = Math.max(0.5, (x(1) - x(0)) * 0.9);
  const never = agents.filter(({ chosen }) => chosen === 0).length;
  return {
    id: 'distribution',
    title: 'Who was chosen how often',
    text: `A bar is one agent of ${agents.length}, from the one who was chosen most; the line is how often a lot would have chosen each. ${never} were never chosen.`,
    legend: [
      ['box main', 'chosen'],
      ['line second', 'by lot'],
    ],
    drawing: [
      ...rows(ticks, y),
      ...columns([], x, 'agents'),
      upright('interactions'),
      ...agents.flatMap(({ id, chosen, expected }, at) => [
        element(
          'rect',
          { class: 'fill main', x: x(at), y: y(chosen), width, height: innerBottom - y(chosen) },
          element('title', {}, `${id}: ${chosen} times, ${expected.toFixed(1)} by lot`),
        ),
        element('line', { class: 'stroke second', x1: x(at), x2: x(at + 1), y1: y(expected), y2: y(expected) }),
      ]),
    ],
    table: {
      head: ['agent', 'chosen', 'by lot'],
      rows: agents.map(({ id, chosen, expected }) => [id, String(chosen), expected.toFixed(1)]),
    },
  };
}
