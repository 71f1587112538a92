import {
  area,
  columns,
  type Figure,
  innerBottom,
  innerRight,
  root,
  rootTicks,
  rows,
  upright,
} from '../../page/chart.ts';
import { element, lineThrough, type Markup, short } from '../../page/markup.ts';
import { groupsByTold, meanOf, quantileOf, timeText, type Wait } from './waits.ts';

const cells = 36;
const shades = 6;

/** How long callers waited against what they were told. */
export function predictedFigure(id: string, waits: readonly Wait[]): Figure {
  const to = Math.max(
    60,
    quantileOf(waits.map(({ seconds, told }) => Math.max(seconds, told.p50)).sort(byValue), 0.995),
  );
  const x = root(to, area.left, innerRight);
  const y = root(to, innerBottom, area.top);
  const groups = groupsByTold(waits, 20).map((group) => {
    const seconds = group.map((wait) => wait.seconds).sort(byValue);
    return {
      count: group.length,
      told: meanOf(group, ({ told }) => told.p50),
      p80: meanOf(group, ({ told }) => told.p80),
      middle: quantileOf(seconds, 0.5),
      most: quantileOf(seconds, 0.8),
    };
  });
  const through = (of: 'middle' | 'most') => lineThrough(groups.map((group) => [x(group.told), y(group[of])]));
  return {
    id,
    title: 'Told and waited',
    text: 'Each square holds calls: the darker, the more. The solid line joins the middle waits of those who were told alike; on the dashed diagonal it would mean that half of them waited less than told, and half more. Both scales are roots, so that short waits have room.',
    legend: [
      ['line main', 'half waited at most'],
      ['line second', 'eight of ten waited at most'],
      ['line target', 'as told'],
    ],
    drawing: [
      ...rows(rootTicks(to), y),
      ...columns(rootTicks(to), x, 'told: P50'),
      upright('waited'),
      ...density(waits, to),
      element('path', {
        class: 'target',
        d: lineThrough([
          [x(0), y(0)],
          [x(to), y(to)],
        ]),
      }),
      element('path', { class: 'stroke second', d: through('most') }),
      element('path', { class: 'stroke main', d: through('middle') }),
    ],
    table: {
      head: ['told P50', 'told P80', 'half waited at most', '80 % waited at most', 'calls'],
      rows: groups.map(({ told, p80, middle, most, count }) => [
        ...[told, p80, middle, most].map(timeText),
        String(count),
      ]),
    },
  };
}

const byValue = (a: number, b: number) => a - b;

/** Squares of one shade are one path, so that a page of a year's calls stays small. */
function density(waits: readonly Wait[], to: number): readonly Markup[] {
  const counts = new Map<number, number>();
  const cellOf = (seconds: number) => Math.min(cells - 1, Math.floor(Math.sqrt(Math.max(0, seconds) / to) * cells));
  for (const { seconds, told } of waits) {
    const cell = cellOf(told.p50) * cells + cellOf(seconds);
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const most = Math.max(1, ...counts.values());
  const width = (innerRight - area.left) / cells;
  const height = (innerBottom - area.top) / cells;
  const paths = Array.from({ length: shades }, () => '');
  for (const [cell, count] of counts) {
    const shade = Math.min(shades - 1, Math.floor((Math.log1p(count) / Math.log1p(most)) * shades));
    const left = area.left + Math.floor(cell / cells) * width;
    const top = innerBottom - ((cell % cells) + 1) * height;
    paths[shade] =
      `${paths[shade] ?? ''}M${short(left)} ${short(top)}h${short(width)}v${short(height)}h${short(-width)}z`;
  }
  return paths.flatMap((d, shade) =>
    d === '' ? [] : [element('path', { class: 'density', d, 'fill-opacity': String((shade + 1) / shades) })],
  );
}
