import { interpolateLinearly } from './interpolate.ts';
import type { Logic } from './logic.ts';
import { type GaugeSummary, type Measured, nothingMeasured, summaryOf, unknownGauge as unknown } from './measured.ts';
import type { EpochMs } from './record.ts';
import { addObservation, dropBefore, endHold, firstInEffect, measure, type Timeline } from './timeline.ts';
import { advanceWatermark, hasReached, type Watermark } from './watermark.ts';

/** Windows are `[start, start + sizeMs)`, starts are multiples of the hop. All times in milliseconds. */
export interface TumblingSettings {
  readonly sizeMs: number;
  /** How much later than a younger observation an older one may come before windows close without it. */
  readonly outOfOrdernessMs: number;
  /** How long after its end a window is still corrected. */
  readonly allowedLatenessMs: number;
  /** How long an observation is in effect unless a later one supersedes it; null = no limit. */
  readonly holdMs: number | null;
  /** The longest uncovered stretch between two covered windows that is interpolated; null = no limit. */
  readonly gapMaxMs: number | null;
  readonly gauges: readonly string[];
  /** Whether accepted observations move the watermark too, not only `watermark` events. */
  readonly advanceOnObservation: boolean;
}

export interface HoppingSettings extends TumblingSettings {
  /** Divides the size. */
  readonly hopMs: number;
}

/**
 * - `observed`: the gauges have these values (missing = null = not known) from `atMs` until the next one of this key. A second
 *   one at the same time replaces the first.
 * - `hold-ended`: what was in effect at `atMs`, for one key or all, is so no longer; it still counts as an observation.
 * - `watermark`: nothing older than `watermarkMs` is to come.
 */
export type WindowEvent =
  | {
      readonly kind: 'observed';
      readonly key: string;
      readonly atMs: EpochMs;
      readonly values: Readonly<Record<string, number | null>>;
    }
  | { readonly kind: 'hold-ended'; readonly atMs: EpochMs; readonly key?: string }
  | { readonly kind: 'watermark'; readonly watermarkMs: EpochMs };

/** A revision of a closed window. An interpolated one has no more than means, on the line between the covered ones around it. */
export interface ClosedWindow {
  readonly kind: 'window';
  readonly key: string;
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
  readonly revision: number;
  /** Distinct observation times in the window. */
  readonly count: number;
  /** Time with an observation in effect. */
  readonly coverageMs: number;
  readonly interpolated: boolean;
  readonly gauges: Readonly<Record<string, GaugeSummary>>;
  /** The sums that the gauges were made from. */
  readonly measured: Measured;
}

/** An observation whose windows were all over for good; it changed nothing. */
interface LateObservation {
  readonly kind: 'late';
  readonly key: string;
  readonly atMs: EpochMs;
}

export type WindowOutput = ClosedWindow | LateObservation;

export interface WindowState {
  watermarkMs: Watermark;
  /** No window of any key closes before; null = none in sight. */
  nextEndMs: EpochMs | null;
  /** When the holds of all keys ended, for keys that are yet to come. */
  readonly holdEnds: Timeline;
  readonly keys: Map<string, KeyState>;
}

interface KeyState {
  readonly timeline: Timeline;
  /** What was emitted of the windows that may still change, in order. */
  rows: Row[];
  /** The last covered window that cannot change any more: where interpolation may begin. */
  anchor: Row | null;
  /** Start of the last window that was emitted and cannot change any more. */
  settledStartMs: EpochMs | null;
  /** No window of this key closes before; null = none in sight. */
  nextEndMs: EpochMs | null;
}

interface Row {
  readonly startMs: EpochMs;
  readonly revision: number;
  readonly measured: Measured;
  readonly interpolated: boolean;
  readonly gauges: Readonly<Record<string, GaugeSummary>>;
}

type Observed = Extract<WindowEvent, { readonly kind: 'observed' }>;

/** Windows side by side: `hopping` with a hop as long as the window. */
export function tumbling(settings: TumblingSettings): Logic<WindowState, WindowEvent, WindowOutput> {
  return hopping({ ...settings, hopMs: settings.sizeMs });
}

/**
 * Time-weighted gauges per key in windows on event time; corrections while lateness allows, gaps filled linearly once their right
 * end is known. One event's windows come in the order of end and key. Throws a RangeError for settings that cannot work.
 *
 *     value    4────────6──────x        ...        o──2───
 *     window   |  mean 5  | mean 6 | interpolated | mean 2 |
 */
export function hopping(settings: HoppingSettings): Logic<WindowState, WindowEvent, WindowOutput> {
  assertSettings(settings);
  const { sizeMs, hopMs, outOfOrdernessMs, allowedLatenessMs, gapMaxMs, gauges, advanceOnObservation } = settings;
  const holdMs = settings.holdMs ?? Infinity;
  const nothing = nothingMeasured(gauges.length);

  const firstStartHolding = (atMs: EpochMs) => (Math.floor((atMs - sizeMs) / hopMs) + 1) * hopMs;
  const lastStartHolding = (atMs: EpochMs) => Math.floor(atMs / hopMs) * hopMs;
  /** The last window that holds `atMs` is corrected until then. */
  const openUntilMs = (atMs: EpochMs) => lastStartHolding(atMs) + sizeMs + allowedLatenessMs;

  function rowOf(timeline: Timeline, startMs: EpochMs): Row {
    const measured = measure(timeline, startMs, startMs + sizeMs, holdMs, gauges.length);
    const named = Object.fromEntries(gauges.map((gauge, index) => [gauge, summaryOf(measured, index)]));
    return { startMs, revision: 0, measured, interpolated: false, gauges: named };
  }

  function firstCoveredStart(timeline: Timeline, fromStartMs: EpochMs): EpochMs | null {
    const entry = firstInEffect(timeline, fromStartMs, holdMs);
    return entry === undefined ? null : Math.max(fromStartMs, firstStartHolding(entry.atMs));
  }

  /** The windows strictly between two covered ones, but for those that are settled; none if the stretch is too long. */
  function fill(state: KeyState, before: Row, after: Row): Row[] {
    const uncoveredMs =
      (after.measured.covered?.fromMs ?? after.startMs) - (before.measured.covered?.untilMs ?? before.startMs);
    if (gapMaxMs !== null && uncoveredMs > gapMaxMs) return [];
    const filled: Row[] = [];
    const steps = (after.startMs - before.startMs) / hopMs;
    const settledStartMs = Math.max(before.startMs, state.settledStartMs ?? before.startMs);
    for (let startMs = settledStartMs + hopMs; startMs < after.startMs; startMs += hopMs) {
      const step = (startMs - before.startMs) / hopMs;
      const means = gauges.map((gauge) => {
        const [from, to] = [before.gauges[gauge]?.mean ?? null, after.gauges[gauge]?.mean ?? null];
        return [gauge, { ...unknown, mean: interpolateLinearly(from, to, step, steps) }] as const;
      });
      filled.push({ measured: nothing, startMs, revision: 0, interpolated: true, gauges: Object.fromEntries(means) });
    }
    return filled;
  }

  /** All closed windows after `before`, the last covered one that is known to be right. */
  function* closedAfter(state: KeyState, before: Row | null, watermarkMs: EpochMs): Generator<Row> {
    let left = before;
    for (;;) {
      const startMs = firstCoveredStart(state.timeline, left === null ? -Infinity : left.startMs + hopMs);
      if (startMs === null || startMs + sizeMs > watermarkMs) return;
      const row = rowOf(state.timeline, startMs);
      if (left !== null) yield* fill(state, left, row);
      yield row;
      left = row;
    }
  }

  /** Brings the rows after `before` up to date, and returns those to be emitted. */
  function revise(state: KeyState, before: Row | null, oldWatermarkMs: Watermark, watermarkMs: EpochMs): Row[] {
    const firstTail = before === null ? 0 : state.rows.findLastIndex((row) => row.startMs <= before.startMs) + 1;
    const rows = state.rows.slice(0, firstTail);
    const known = new Map(state.rows.slice(firstTail).map((row) => [row.startMs, row]));
    const table = [...closedAfter(state, before, watermarkMs)];
    const found = new Set(table.map((row) => row.startMs));
    // A hold that turns out to have ended earlier takes back what was emitted.
    const takenBack = [...known.keys()].filter((startMs) => !found.has(startMs));
    table.push(...takenBack.map((startMs) => rowOf(state.timeline, startMs)));
    table.sort((a, b) => a.startMs - b.startMs);

    const emitted: Row[] = [];
    for (const row of table) {
      const old = known.get(row.startMs);
      if (old === undefined) {
        rows.push(row);
        emitted.push(row);
      } else if (isSame(old, row)) {
        rows.push(old);
      } else if (hasReached(oldWatermarkMs, row.startMs + sizeMs + allowedLatenessMs)) {
        rows.push({ ...row, revision: old.revision });
      } else {
        const revised = { ...row, revision: old.revision + 1 };
        rows.push(revised);
        emitted.push(revised);
      }
    }
    state.rows = rows;
    return emitted;
  }

  /** Drops what no accepted observation can change, except what is still in effect or may be the left end of a gap. */
  function forget(state: KeyState, watermarkMs: EpochMs): void {
    // A window changes until the last instant in it can no longer be corrected.
    const isFrozen = (startMs: EpochMs) => hasReached(watermarkMs, openUntilMs(startMs + sizeMs - hopMs));
    const oldest = state.rows.findIndex((row) => !isFrozen(row.startMs));
    const frozen = state.rows.splice(0, oldest === -1 ? state.rows.length : oldest);
    state.anchor = frozen.findLast((row) => row.measured.covered !== null) ?? state.anchor;
    state.settledStartMs = frozen.at(-1)?.startMs ?? state.settledStartMs;
    const lastFrozenStartMs = lastStartHolding(watermarkMs - 2 * sizeMs + hopMs - allowedLatenessMs);
    dropBefore(state.timeline, lastFrozenStartMs + hopMs, holdMs);
  }

  function settle(key: string, state: KeyState, before: Row | null, old: Watermark, nowMs: EpochMs): ClosedWindow[] {
    const emitted = revise(state, before, old, nowMs);
    forget(state, nowMs);
    const nextStartMs = firstCoveredStart(state.timeline, firstStartHolding(nowMs));
    state.nextEndMs = nextStartMs === null ? null : nextStartMs + sizeMs;
    return emitted.map(({ startMs, revision, measured, interpolated, gauges: summaries }) => {
      const bounds = { key, startMs, endMs: startMs + sizeMs };
      const { count, coverageMs } = measured;
      return { kind: 'window', ...bounds, revision, count, coverageMs, interpolated, gauges: summaries, measured };
    });
  }

  /** Emits for the keys whose next window has closed, and for the `changed` keys, whose closed windows may differ. */
  function advance(state: WindowState, toMs: Watermark, changed: readonly string[]): readonly ClosedWindow[] {
    const oldWatermarkMs = state.watermarkMs;
    state.watermarkMs = toMs;
    if (toMs === null) return [];
    const emitted: ClosedWindow[][] = [];
    for (const key of changed) {
      const keyState = keyStateOf(state, key);
      emitted.push(settle(key, keyState, keyState.anchor, oldWatermarkMs, toMs));
    }
    if (isDue(state.nextEndMs, toMs)) {
      state.nextEndMs = null;
      for (const [key, keyState] of state.keys) {
        if (isDue(keyState.nextEndMs, toMs)) {
          const before = keyState.rows.findLast((row) => row.measured.covered !== null) ?? keyState.anchor;
          emitted.push(settle(key, keyState, before, oldWatermarkMs, toMs));
        }
        state.nextEndMs = earlier(state.nextEndMs, keyState.nextEndMs);
      }
    }
    return emitted.flat().sort((a, b) => a.startMs - b.startMs || (a.key < b.key ? -1 : 1));
  }

  function observe(state: WindowState, { key, atMs, values }: Observed): readonly WindowOutput[] {
    const { watermarkMs } = state;
    if (hasReached(watermarkMs, openUntilMs(atMs))) return [{ kind: 'late', key, atMs }];
    const keyState = keyStateOf(state, key);
    const vector = gauges.map((gauge) => values[gauge] ?? null);
    addObservation(keyState.timeline, atMs, vector);
    const firstOpenMs = watermarkMs === null ? -Infinity : firstStartHolding(watermarkMs);
    const nextEndMs = Math.max(firstOpenMs, firstStartHolding(atMs)) + sizeMs;
    keyState.nextEndMs = earlier(keyState.nextEndMs, nextEndMs);
    state.nextEndMs = earlier(state.nextEndMs, nextEndMs);
    const toMs = advanceOnObservation ? advanceWatermark(watermarkMs, atMs, outOfOrdernessMs) : watermarkMs;
    return advance(state, toMs, hasPassed(watermarkMs, atMs) ? [key] : []);
  }

  function endHolds(state: WindowState, atMs: EpochMs, key: string | undefined): readonly WindowOutput[] {
    const { watermarkMs } = state;
    if (key === undefined) {
      endHold(state.holdEnds, atMs);
      if (watermarkMs !== null) dropBefore(state.holdEnds, firstStartHolding(watermarkMs - allowedLatenessMs), holdMs);
    }
    const keys = key === undefined ? [...state.keys.keys()] : [key];
    for (const each of keys) {
      const keyState = keyStateOf(state, each);
      endHold(keyState.timeline, atMs);
      // A key that is never observed again would keep every mark.
      if (watermarkMs !== null) forget(keyState, watermarkMs);
    }
    return advance(state, watermarkMs, hasPassed(watermarkMs, atMs) ? keys : []);
  }

  return {
    name: `window-${sizeMs}-${hopMs}`,
    version: 1,
    start: () => ({ watermarkMs: null, nextEndMs: null, holdEnds: [], keys: new Map() }),
    step(state, event) {
      switch (event.kind) {
        case 'observed':
          return [state, observe(state, event)];
        case 'hold-ended':
          return [state, endHolds(state, event.atMs, event.key)];
        case 'watermark':
          return [state, advance(state, advanceWatermark(state.watermarkMs, event.watermarkMs), [])];
      }
    },
  };
}

function keyStateOf(state: WindowState, key: string): KeyState {
  const found = state.keys.get(key);
  if (found !== undefined) return found;
  // An observation that comes out of order may still be one of those whose hold has ended.
  const timeline = [...state.holdEnds];
  const created: KeyState = { timeline, rows: [], anchor: null, settledStartMs: null, nextEndMs: null };
  state.keys.set(key, created);
  return created;
}

function isSame(a: Row, b: Row): boolean {
  return (
    a.measured.count === b.measured.count &&
    a.measured.coverageMs === b.measured.coverageMs &&
    a.interpolated === b.interpolated &&
    Object.entries(a.gauges).every(([gauge, { mean, min, max, last }]) => {
      const other = b.gauges[gauge] ?? unknown;
      return isNear(mean, other.mean) && isNear(min, other.min) && isNear(max, other.max) && isNear(last, other.last);
    })
  );
}

function isNear(a: number | null, b: number | null): boolean {
  return a === null || b === null ? a === b : Math.abs(a - b) <= 1e-9;
}

/** What is seen so far of a stretch that has not closed. */
export function measurePart(
  { keys }: WindowState,
  key: string,
  { fromMs, untilMs }: { readonly fromMs: EpochMs; readonly untilMs: EpochMs },
  holdMs: number | null,
  gaugeCount: number,
): Measured {
  return measure(keys.get(key)?.timeline ?? [], fromMs, untilMs, holdMs ?? Infinity, gaugeCount);
}

const isDue = (endMs: EpochMs | null, watermarkMs: EpochMs): boolean => endMs !== null && endMs <= watermarkMs;

const hasPassed = (watermarkMs: Watermark, atMs: EpochMs): boolean => watermarkMs !== null && watermarkMs > atMs;

function earlier(a: EpochMs | null, b: EpochMs | null): EpochMs | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function assertSettings(settings: HoppingSettings): void {
  const { sizeMs, hopMs, outOfOrdernessMs, allowedLatenessMs, holdMs, gapMaxMs } = settings;
  const positive = { sizeMs, hopMs, ...(holdMs !== null && { holdMs }) };
  for (const [name, value] of Object.entries(positive)) {
    if (!(value > 0)) throw new RangeError(`${name} is ${value}: give more than 0 ms`);
  }
  const nonnegative = { outOfOrdernessMs, allowedLatenessMs, ...(gapMaxMs !== null && { gapMaxMs }) };
  for (const [name, value] of Object.entries(nonnegative)) {
    if (!(value >= 0)) throw new RangeError(`${name} is ${value}: give 0 ms or more`);
  }
  if (sizeMs % hopMs !== 0) throw new RangeError(`hopMs is ${hopMs}: give a divisor of sizeMs, ${sizeMs}`);
}
