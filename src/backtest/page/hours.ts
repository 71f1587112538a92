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
import { element, lineThrough } from '../../page/markup.ts';
import { meanOf, type Wait } from './waits.ts';

/** How long callers waited in each hour of the day, and how far off they were told. */
export function hoursFigure(id: string, waits: readonly Wait[]): Figure {
  const hours = Array.from({ length: 24 }, (_, hour) => {
    const group = waits.filter((wait) => wait.hour === hour);
    return {
      hour,
      count: group.length,
      wait: meanOf(group, ({ seconds }) => seconds),
      error: meanOf(group, ({ seconds, told }) => Math.abs(told.p50 - seconds)),
      bias: meanOf(group, ({ seconds, told }) => told.p50 - seconds),
    };
  }).filter(({ count }) => count > 0);
  const ticks = ticksTo(Math.max(1, ...hours.flatMap(({ wait, error }) => [wait, error])), ' s');
  const low = Math.min(0, ...hours.map(({ bias }) => bias));
  const to = ticks.at(-1)?.value ?? 1;
  const step = ticks[1]?.value ?? 1;
  const from = -Math.ceil(-low / step) * step;
  const below = Array.from({ length: Math.round(-from / step) }, (_, index) => {
    const value = -(index + 1) * step;
    return { value, text: `${value} s` };
  });
  const y = linear(from, to, innerBottom, area.top);
  const x = linear(0, 24, area.left, innerRight);
  const middle = (hour: number) => x(hour + 0.5);
  // Where nobody waited there is no error: the line breaks off.
  const through = (of: 'error' | 'bias') =>
    runsOf(hours)
      .map((run) => lineThrough(run.map((each) => [middle(each.hour), y(each[of])])))
      .join('');
  return {
    id,
    title: 'Error by hour of day',
    text: 'Bars: how long callers waited on average. The solid line is how far P50 was off, up or down; the other one is what of that does not even out: below zero, callers were promised too little.',
    legend: [
      ['box', 'mean wait'],
      ['line main', 'mean absolute error'],
      ['line second', 'mean error (told less waited)'],
    ],
    drawing: [
      ...rows([...ticks, ...below], y),
      ...columns(
        [0, 3, 6, 9, 12, 15, 18, 21, 24].map((value) => ({ value, text: `${value}:00` })),
        x,
        'hour in which the call joined',
      ),
      upright('seconds'),
      ...hours.map(({ hour, wait, count }) =>
        element(
          'rect',
          { class: 'bar', x: x(hour) + 2, y: y(wait), width: x(1) - x(0) - 4, height: y(0) - y(wait), rx: 2 },
          element('title', {}, `${hour}:00: ${count} calls waited ${wait.toFixed(1)} s on average`),
        ),
      ),
      element('line', { class: 'zero', x1: area.left, x2: innerRight, y1: y(0), y2: y(0) }),
      element('path', { class: 'stroke second', d: through('bias') }),
      element('path', { class: 'stroke main', d: through('error') }),
      ...hours.map((each) =>
        element(
          'circle',
          { class: 'dot main', cx: middle(each.hour), cy: y(each.error), r: 4 },
          element('title', {}, `${each.hour}:00: off by ${each.error.toFixed(1)} s on average`),
        ),
      ),
    ],
    table: {
      head: ['hour', 'calls', 'mean wait', 'mean absolute error', 'mean error'],
      rows: hours.map(({ hour, count, wait, error, bias }) => [
        `${hour}:00`,
        String(count),
        ...[wait, error, bias].map((value) => `${value.toFixed(1)} s`),
      ]),
    },
  };
}

/** Hours that follow one another without a gap. */
function runsOf<T extends { readonly hour: number }>(hours: readonly T[]): readonly (readonly T[])[] {
  const runs: T[][] = [];
  for (const each of hours) {
    const run = runs.at(-1);
    if (run?.at(-1)?.hour === each.hour - 1) run.push(each);
    else runs.push([each]);
  }
  return runs;
}
