import { addLevel, type Measured, nothingMeasured } from './measured.ts';
import type { EpochMs } from './record.ts';

/** An observation, or a mark that a hold ended. Values by position of the gauge, null where only a hold ended. */
export interface TimelineEntry {
  readonly atMs: EpochMs;
  readonly values: readonly (number | null)[] | null;
  readonly ended: boolean;
}

/** What was seen of one key: in order of time, one entry for each instant. */
export type Timeline = TimelineEntry[];

/** The position of the last entry at or before `atMs`, -1 if there is none. */
export function indexAt(timeline: Timeline, atMs: EpochMs): number {
  let [low, high] = [0, timeline.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timeline[middle]?.atMs ?? Infinity) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** A second observation at the same time replaces the first, and holds even where a hold had ended just then. */
export function addObservation(timeline: Timeline, atMs: EpochMs, values: readonly (number | null)[]): void {
  insert(timeline, { atMs, values, ended: false });
}

/** What was in effect at `atMs` is so no longer; an observation at that time stays, but without any duration. */
export function endHold(timeline: Timeline, atMs: EpochMs): void {
  const entry = timeline[indexAt(timeline, atMs)];
  insert(timeline, { atMs, values: entry?.atMs === atMs ? entry.values : null, ended: true });
}

function insert(timeline: Timeline, entry: TimelineEntry): void {
  const index = indexAt(timeline, entry.atMs);
  if (timeline[index]?.atMs === entry.atMs) timeline[index] = entry;
  else timeline.splice(index + 1, 0, entry);
}

/** When the entry at `index` ceases to be in effect, -Infinity if it never is. */
export function effectUntilMs(timeline: Timeline, index: number, holdMs: number): EpochMs {
  const entry = timeline[index];
  if (entry === undefined || entry.values === null || entry.ended) return -Infinity;
  return Math.min(entry.atMs + holdMs, timeline[index + 1]?.atMs ?? Infinity);
}

/** The first entry in effect at some time after `fromMs`. */
export function firstInEffect(timeline: Timeline, fromMs: EpochMs, holdMs: number): TimelineEntry | undefined {
  for (let index = Math.max(indexAt(timeline, fromMs), 0); index < timeline.length; index += 1) {
    if (effectUntilMs(timeline, index, holdMs) > fromMs) return timeline[index];
  }
  return undefined;
}

/** Forgets everything before `oldestMs` that is no longer in effect then. */
export function dropBefore(timeline: Timeline, oldestMs: EpochMs, holdMs: number): void {
  const index = indexAt(timeline, oldestMs);
  const isNeeded = timeline[index]?.atMs === oldestMs || effectUntilMs(timeline, index, holdMs) > oldestMs;
  const dropped = isNeeded ? index : index + 1;
  if (dropped > 0) timeline.splice(0, dropped);
}

/** Sums up `[startMs, endMs)` for `gaugeCount` gauges. */
export function measure(
  timeline: Timeline,
  startMs: EpochMs,
  endMs: EpochMs,
  holdMs: number,
  gaugeCount: number,
): Measured {
  const { levels } = nothingMeasured(gaugeCount);
  let [count, coverageMs, fromMs, untilMs] = [0, 0, endMs, startMs];
  for (let index = Math.max(indexAt(timeline, startMs), 0); index < timeline.length; index += 1) {
    const entry = timeline[index];
    if (entry === undefined || entry.atMs >= endMs) break;
    if (entry.values === null) continue;
    if (entry.atMs >= startMs) count += 1;
    const effectFromMs = Math.max(entry.atMs, startMs);
    const effectEndMs = Math.min(effectUntilMs(timeline, index, holdMs), endMs);
    const durationMs = effectEndMs - effectFromMs;
    if (durationMs <= 0) continue;
    coverageMs += durationMs;
    fromMs = Math.min(fromMs, effectFromMs);
    untilMs = effectEndMs;
    for (const [gauge, value] of entry.values.entries()) {
      if (value !== null) addLevel(levels, gauge, value, durationMs);
    }
  }
  return { count, coverageMs, covered: coverageMs === 0 ? null : { fromMs, untilMs }, levels };
}
