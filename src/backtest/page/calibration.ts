import {
  area,
  columns,
  type Figure,
  innerBottom,
  innerRight,
  linear,
  root,
  rootTicks,
  rows,
  upright,
} from '../../page/chart.ts';
import { element, lineThrough } from '../../page/markup.ts';
import { groupsByTold, meanOf, timeText, type Wait } from './waits.ts';

const quantiles = [
  { name: 'p50', level: 0.5, shown: 'main' },
  { name: 'p80', level: 0.8, shown: 'second' },
  { name: 'p90', level: 0.9, shown: 'third' },
] as const;

/** Whether as many waits are within each quantile as it says, for short promises as for long ones. */
export function calibrationFigure(id: string, waits: readonly Wait[]): Figure {
  const groups = groupsByTold(waits, 10).map((group) => ({
    count: group.length,
    told: meanOf(group, ({ told }) => told.p50),
    within: quantiles.map(({ name }) => meanOf(group, ({ seconds, told }) => (seconds <= told[name] ? 1 : 0))),
  }));
  const to = Math.max(60, ...groups.map(({ told }) => told)) * 1.05;
  const x = root(to, area.left, innerRight);
  const y = linear(0, 1, innerBottom, area.top);
  const percents = [0, 0.2, 0.5, 0.8, 0.9, 1].map((value) => ({
    value,
    text: `${Math.round(value * 100)} %`,
  }));
  return {
    id,
    title: 'Kept promises',
    text: 'Share of calls that waited no longer than told, in ten groups from those who were told little to those who were told much. A good prediction keeps each line on its dashed one: half within P50, 80 of a hundred within P80, 90 within P90. Those who were told 0 found somebody idle, as most do who need not wait; who waited all the same is never within that P50. The thin bars are what chance alone may do (two standard errors).',
    legend: quantiles.map(({ name, shown }) => [`line ${shown}`, `within ${name.toUpperCase()}`]),
    drawing: [
      ...rows(percents, y),
      ...columns(rootTicks(to), x, 'told: P50'),
      upright('waited no longer'),
      ...quantiles.flatMap(({ name, level, shown }, index) => {
        const points = groups.map(({ told, within, count }) => ({ at: x(told), share: within[index] ?? 0, count }));
        return [
          element('line', { class: 'target', x1: area.left, x2: innerRight, y1: y(level), y2: y(level) }),
          ...points.map(({ at, share, count }) => {
            const error = 2 * Math.sqrt((share * (1 - share)) / count);
            const [y1, y2] = [y(Math.min(1, share + error)), y(Math.max(0, share - error))];
            return element('line', { class: `stroke thin ${shown}`, x1: at, x2: at, y1, y2 });
          }),
          element('path', { class: `stroke ${shown}`, d: lineThrough(points.map(({ at, share }) => [at, y(share)])) }),
          ...points.map(({ at, share, count }) =>
            element(
              'circle',
              { class: `dot ${shown}`, cx: at, cy: y(share), r: 4 },
              element('title', {}, `${(share * 100).toFixed(1)} % of ${count} calls within ${name.toUpperCase()}`),
            ),
          ),
        ];
      }),
    ],
    table: {
      head: ['told P50', 'within P50', 'within P80', 'within P90', 'calls'],
      rows: groups.map(({ told, within, count }) => [
        timeText(told),
        ...within.map((share) => `${(share * 100).toFixed(1)} %`),
        String(count),
      ]),
    },
  };
}
