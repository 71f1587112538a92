import { uniform, type Random } from './random.ts';

/** When an agent is on queue each day: from and to, ms after midnight; the last may lie in the next day. */
export type Shift = readonly (readonly [fromMs: number, toMs: number])[];

/** On queue in one shift, without its breaks. */
export const shiftHours = 7.5;

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** When shifts begin, and the share of all that begin until then. */
const starts = [
  [6, 0.05],
  [7, 0.18],
  [8, 0.42],
  [9, 0.66],
  [10, 0.78],
  [11, 0.85],
  [12, 0.9],
  [14, 0.97],
  [22, 1],
] as const;

/** Eight and a half hours with three breaks. `rank` from 0 to 1 says how late it is among all shifts. */
export function createShift(rank: number, random: Random): Shift {
  const startHour = starts.find(([, share]) => rank <= share)?.[0] ?? 9;
  const startMs = startHour * hourMs + Math.round(uniform(random, -10, 10)) * minuteMs;
  const breaks = [
    [2, 15],
    [4, 30],
    [6.5, 15],
  ].map(([hour = 0, minutes = 0]) => {
    const fromMs = startMs + hour * hourMs + Math.round(uniform(random, -40, 40)) * minuteMs;
    return [fromMs, fromMs + minutes * minuteMs] as const;
  });
  const froms = [startMs, ...breaks.map(([, toMs]) => toMs)];
  const tos = [...breaks.map(([fromMs]) => fromMs), startMs + 8.5 * hourMs];
  return froms.map((fromMs, index) => [fromMs, tos[index] ?? fromMs] as const);
}
