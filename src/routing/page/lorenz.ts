import type { Share } from '../../../streams/ranking/fairness.ts';
import { area, columns, type Figure, innerBottom, innerRight, linear, rows, upright } from '../../page/chart.ts';
import { element, lineThrough } from '../../page/markup.ts';

/** From 0, 0 to 1, 1: of those who were chosen least for what could be expected, the share of expectations and of choices. */
export function lorenzPoints(shares: Iterable<Share>): readonly (readonly [expected: number, chosen: number])[] {
  const ascending = [...shares]
    .filter(({ expected }) => expected > 0)
    .sort((a, b) => a.chosen / a.expected - b.chosen / b.expected);
  const total = ascending.reduce((sum, { chosen }) => sum + chosen, 0);
  const expectedTotal = ascending.reduce((sum, { expected }) => sum + expected, 0);
  const points: (readonly [number, number])[] = [[0, 0]];
  if (total === 0) return points;
  let [expectedSum, chosenSum] = [0, 0];
  for (const { chosen, expected } of ascending) {
    expectedSum += expected;
    chosenSum += chosen;
    points.push([expectedSum / expectedTotal, chosenSum / total]);
  }
  return points;
}

/** The Lorenz curve: the Gini coefficient is twice the area between it and the diagonal. */
export function lorenzFigure(shares: Iterable<Share>, gini: number): Figure {
  const points = lorenzPoints(shares);
  const x = linear(0, 1, area.left, innerRight);
  const y = linear(0, 1, innerBottom, area.top);
  const percents = [0, 0.25, 0.5, 0.75, 1].map((value) => ({ value, text: `${value * 100} %` }));
  const every = Math.max(1, Math.ceil(points.length / 40));
  return {
    id: 'lorenz',
    title: 'Lorenz curve',
    text: `Agents from the one who got least for what a lot would have given him: which share of all interactions so many of them got together. On the dashed line each gets his share; Gini ${gini.toFixed(3)} is twice the area between the two.`,
    legend: [
      ['line main', 'interactions'],
      ['line target', 'each his share'],
    ],
    drawing: [
      ...rows(percents, y),
      ...columns(percents, x, 'share that a lot would have given them'),
      upright('share of the interactions'),
      element('line', { class: 'target', x1: x(0), x2: x(1), y1: y(0), y2: y(1) }),
      element('path', {
        class: 'stroke main',
        d: lineThrough(points.map(([expected, chosen]) => [x(expected), y(chosen)])),
      }),
    ],
    table: {
      head: ['share by lot', 'share of interactions'],
      rows: points
        .filter((_, at) => at % every === 0 || at === points.length - 1)
        .map(([expected, chosen]) => [`${(100 * expected).toFixed(1)} %`, `${(100 * chosen).toFixed(1)} %`]),
    },
  };
}
