import { area, columns, type Figure, innerRight, linear, ticksTo } from '../../page/chart.ts';
import { element } from '../../page/markup.ts';
import { meanOf, type Wait } from './waits.ts';

const rowHeight = 44;
const queuesMax = 20;
const labelWidth = 150;

/** How long callers of each queue waited, and how far off they were told. */
export function queuesFigure(id: string, waits: readonly Wait[]): Figure {
  const byQueue = new Map<string, Wait[]>();
  for (const wait of waits) {
    const group = byQueue.get(wait.queueId);
    if (group === undefined) byQueue.set(wait.queueId, [wait]);
    else group.push(wait);
  }
  const queues = Array.from(byQueue, ([queueId, group]) => ({
    queueId,
    count: group.length,
    wait: meanOf(group, ({ seconds }) => seconds),
    error: meanOf(group, ({ seconds, told }) => Math.abs(told.p50 - seconds)),
    within: meanOf(group, ({ seconds, told }) => (seconds <= told.p80 ? 1 : 0)),
  })).sort((a, b) => b.count - a.count);
  const shown = queues.slice(0, queuesMax);
  const bottom = area.top + shown.length * rowHeight;
  const ticks = ticksTo(Math.max(1, ...shown.flatMap(({ wait, error }) => [wait, error])), ' s');
  const x = linear(0, ticks.at(-1)?.value ?? 1, labelWidth, innerRight - 90);
  const lowered = bottom - (area.height - area.bottom);
  const rest =
    queues.length > shown.length ? ` The ${shown.length} queues with most of them; all are in the table.` : '';
  return {
    id,
    title: 'Error by queue',
    text: `The wide bar is how long callers waited on average, the narrow one how far P50 was off; at the right, how many waited no longer than P80.${rest}`,
    legend: [
      ['box', 'mean wait'],
      ['box main', 'mean absolute error'],
    ],
    height: area.height + lowered,
    drawing: [
      ...ticks.map(({ value }) =>
        element('line', { class: 'grid', x1: x(value), x2: x(value), y1: area.top, y2: bottom }),
      ),
      element('g', { transform: `translate(0 ${lowered})` }, columns(ticks, x, 'seconds')),
      ...shown.flatMap(({ queueId, count, wait, error, within }, index) => {
        const top = area.top + index * rowHeight;
        return [
          element('text', { class: 'name', x: labelWidth - 10, y: top + 19, 'text-anchor': 'end' }, shortened(queueId)),
          element(
            'text',
            { class: 'tick', x: labelWidth - 10, y: top + 34, 'text-anchor': 'end' },
            `${count.toLocaleString('en-US')} calls`,
          ),
          element(
            'rect',
            { class: 'bar', x: x(0), y: top + 6, width: x(wait) - x(0), height: rowHeight - 14, rx: 2 },
            element('title', {}, `${queueId}: ${wait.toFixed(1)} s waited on average`),
          ),
          element(
            'rect',
            { class: 'fill main', x: x(0), y: top + 15, width: x(error) - x(0), height: rowHeight - 32, rx: 2 },
            element('title', {}, `${queueId}: off by ${error.toFixed(1)} s on average`),
          ),
          element(
            'text',
            { class: 'name', x: innerRight, y: top + 26, 'text-anchor': 'end' },
            `${(100 * within).toFixed(0)} %`,
          ),
        ];
      }),
    ],
    table: {
      head: ['queue', 'calls', 'mean wait', 'mean absolute error', 'within P80'],
      rows: queues.map(({ queueId, count, wait, error, within }) => [
        queueId,
        String(count),
        `${wait.toFixed(1)} s`,
        `${error.toFixed(1)} s`,
        `${(100 * within).toFixed(1)} %`,
      ]),
    },
  };
}

const shortened = (name: string) => (name.length <= 18 ? name : `${name.slice(0, 17)}…`);
