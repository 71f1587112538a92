import { interpolateLinearly } from './interpolate.ts';
import { addTotals, type IntervalTotals, noTotals } from './kpis.ts';
import { addMeasured, copyMeasured, type Measured, nothingMeasured, summaryOf } from './measured.ts';
import type { EpochMs } from './record.ts';
import { halfHourMs, hasWholeHalfHours, type Span, spanAfter, spansAt, type WindowSize } from './window-size.ts';

export interface RolledSettings {
  readonly sizes: readonly WindowSize[];
  /** Length of the parts that all windows are made of. */
  readonly partMs: number;
  readonly gaugeCount: number;
  readonly allowedLatenessMs: number;
  /** The longest unseen stretch that is interpolated; null = any. */
  readonly gapMaxMs: number | null;
}

/** A half hour that the platform may still correct, or that was not heard whole and may still be read. */
export interface HalfHour {
  totals: IntervalTotals;
  isWhole: boolean;
}

/** A window of one size as far as it is kept. */
interface Rolled extends Span {
  /** Of parts that cannot change any more. */
  readonly settled: Measured;
  settledTotals: IntervalTotals | null;
  /** Means drawn between the neighbours, where nothing was observed. */
  filled: readonly (number | null)[] | null;
  /** Of what was published last; null before. */
  revision: number | null;
  hasChanged: boolean;
}

interface LastCovered extends Span {
  readonly untilMs: EpochMs;
  readonly means: readonly (number | null)[];
}

/** All windows of one key. */
export interface KeyWindows {
  readonly timeZone: string;
  /** Closed parts that may still be revised, by their start. */
  readonly parts: Map<EpochMs, Measured>;
  readonly halfHours: Map<EpochMs, HalfHour>;
  /** Half hours whose totals are final and were added to their windows: stretches in order, apart from each other. */
  counted: Span[];
  readonly rolled: Rolled[][];
  readonly lastCovered: (LastCovered | null)[];
}

/** A window to be published, or the open one so far. */
export interface WindowRow extends Span {
  readonly size: WindowSize;
  readonly revision: number;
  readonly measured: Measured;
  /** Null where no half hour of it is known whole, and where it does not consist of half hours. */
  readonly totals: IntervalTotals | null;
  /** Share of it whose totals are known. */
  readonly totalsCoverage: number;
  readonly filled: readonly (number | null)[] | null;
}

/** A call is counted when its wrap-up has ended: so long after its end a half hour that was heard whole is final. */
const settledAfterMs = 2_700_000;
/** A half hour that was not heard whole can be read for so long. */
const readableMs = 176_400_000;

export function startKeyWindows({ sizes }: RolledSettings, timeZone: string): KeyWindows {
  return {
    timeZone,
    parts: new Map(),
    halfHours: new Map(),
    counted: [],
    rolled: sizes.map(() => []),
    lastCovered: sizes.map(() => null),
  };
}

/** A part has closed, or was revised. */
export function takePart(settings: RolledSettings, key: KeyWindows, startMs: EpochMs, measured: Measured): void {
  if (measured.coverageMs === 0 && !key.parts.has(startMs)) return;
  key.parts.set(startMs, measured);
  for (const rolled of key.rolled.keys()) {
    for (const window of windowsAt(settings, key, rolled, startMs)) window.hasChanged = true;
  }
}

/** Something is known of a half hour, or it is known not to be. */
export function touchHalfHour(settings: RolledSettings, key: KeyWindows, startMs: EpochMs): void {
  for (const rolled of key.rolled.keys()) {
    for (const window of windowsAt(settings, key, rolled, startMs)) {
      if (hasWholeHalfHours(window)) window.hasChanged = true;
    }
  }
}

/** The windows of a size that hold an instant; those that are not there yet begin. */
function windowsAt({ sizes, gaugeCount }: RolledSettings, key: KeyWindows, rolled: number, atMs: EpochMs): Rolled[] {
  const [size, windows] = [sizes[rolled], key.rolled[rolled]];
  if (size === undefined || windows === undefined) return [];
  const known = windows.filter(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
  const overlap = 'every' in size ? 1 : size.sizeMs / size.hopMs;
  if (known.length === overlap) return known;
  return spansAt(size, atMs, key.timeZone).map((span) => windowOf(windows, span, gaugeCount));
}

function windowOf(windows: Rolled[], { startMs, endMs }: Span, gaugeCount: number): Rolled {
  const index = windows.findLastIndex((window) => window.startMs <= startMs);
  const found = windows[index];
  if (found?.startMs === startMs) return found;
  const settled = nothingMeasured(gaugeCount);
  const begun = { startMs, endMs, settled, settledTotals: null, filled: null, revision: null, hasChanged: false };
  windows.splice(index + 1, 0, begun);
  return begun;
}

/** Adds up what can no longer change at this watermark. */
export function settleKey(settings: RolledSettings, key: KeyWindows, watermarkMs: EpochMs): void {
  const over = (starts: Iterable<EpochMs>, isOver: (startMs: EpochMs) => boolean) =>
    [...starts].filter(isOver).sort((a, b) => a - b);
  const partIsOver = (startMs: EpochMs) => startMs + settings.partMs + settings.allowedLatenessMs <= watermarkMs;
  for (const startMs of over(key.parts.keys(), partIsOver)) {
    const part = key.parts.get(startMs);
    key.parts.delete(startMs);
    if (part === undefined) continue;
    for (const windows of key.rolled) {
      for (const window of windows) if (holds(window, startMs)) addMeasured(window.settled, part);
    }
  }
  const halfHourIsOver = (startMs: EpochMs) => {
    const patienceMs = key.halfHours.get(startMs)?.isWhole === true ? settledAfterMs : readableMs;
    return startMs + halfHourMs + patienceMs <= watermarkMs;
  };
  for (const startMs of over(key.halfHours.keys(), halfHourIsOver)) {
    const half = key.halfHours.get(startMs);
    key.halfHours.delete(startMs);
    if (half?.isWhole !== true) continue;
    countSpan(key, { startMs, endMs: startMs + halfHourMs });
    for (const windows of key.rolled) {
      for (const window of windows) {
        if (!holds(window, startMs) || !hasWholeHalfHours(window)) continue;
        window.settledTotals =
          window.settledTotals === null ? half.totals : addTotals(window.settledTotals, half.totals);
      }
    }
  }
}

const holds = ({ startMs, endMs }: Span, atMs: EpochMs) => startMs <= atMs && atMs < endMs;

/** Half hours whose totals are final. */
function countSpan(key: KeyWindows, span: Span): void {
  key.counted = mergeSpan(key.counted, span);
}

/** Half hours of which nothing was told. Those that have ended lately may still be corrected: the first word on them can come after their end. */
export function countSilence(key: KeyWindows, { startMs, endMs }: Span, atMs: EpochMs): void {
  const openMs = Math.floor((atMs - settledAfterMs) / halfHourMs) * halfHourMs;
  if (startMs < openMs) countSpan(key, { startMs, endMs: Math.min(openMs, endMs) });
  for (let halfMs = Math.max(startMs, openMs); halfMs < endMs; halfMs += halfHourMs) {
    const half = halfHourOf(key, halfMs);
    if (half !== null) half.isWhole = true;
  }
}

/** Stretches in order and apart from each other, with one more. */
export function mergeSpan(spans: readonly Span[], span: Span): Span[] {
  const merged: Span[] = [];
  for (const { startMs, endMs } of [...spans, span].sort((a, b) => a.startMs - b.startMs)) {
    const last = merged.at(-1);
    if (last !== undefined && startMs <= last.endMs) {
      merged[merged.length - 1] = { startMs: last.startMs, endMs: Math.max(last.endMs, endMs) };
    } else merged.push({ startMs, endMs });
  }
  return merged;
}

const isCounted = ({ counted }: KeyWindows, startMs: EpochMs): boolean => counted.some((span) => holds(span, startMs));

/** What is to be published at this watermark: windows that have ended, and those that have changed since. */
export function takeDue(settings: RolledSettings, key: KeyWindows, watermarkMs: EpochMs): WindowRow[] {
  const rows: WindowRow[] = [];
  for (const [index, size] of settings.sizes.entries()) {
    const windows = key.rolled[index] ?? [];
    for (const window of [...windows]) {
      if (window.endMs > watermarkMs || !window.hasChanged) continue;
      window.hasChanged = false;
      const row = rowOf(key, size, window, window.endMs);
      const { covered } = row.measured;
      if (covered !== null) {
        window.filled = null;
        const means = meansOf(settings, row.measured);
        rows.push(...fillBefore(settings, key, index, window, { fromMs: covered.fromMs, means }));
        const last = key.lastCovered[index] ?? null;
        const { startMs, endMs } = window;
        if (last === null || last.startMs <= startMs) {
          key.lastCovered[index] = { startMs, endMs, untilMs: covered.untilMs, means };
        }
      } else if (row.totals === null && window.revision === null) continue;
      window.revision = window.revision === null ? 0 : window.revision + 1;
      rows.push({ ...row, revision: window.revision, filled: window.filled });
    }
  }
  return rows;
}

const meansOf = ({ gaugeCount }: RolledSettings, measured: Measured) =>
  Array.from({ length: gaugeCount }, (_, gauge) => summaryOf(measured, gauge).mean);

/** The windows between the last covered one and this one, on the line between the two; none if the stretch is too long. */
function fillBefore(
  settings: RolledSettings,
  key: KeyWindows,
  index: number,
  window: Rolled,
  { fromMs, means }: { readonly fromMs: EpochMs; readonly means: readonly (number | null)[] },
): WindowRow[] {
  const [size, windows, last] = [settings.sizes[index], key.rolled[index], key.lastCovered[index] ?? null];
  if (size === undefined || windows === undefined || last === null || window.revision !== null) return [];
  if (settings.gapMaxMs !== null && fromMs - last.untilMs > settings.gapMaxMs) return [];
  const spans: Span[] = [];
  for (let span = spanAfter(size, last, key.timeZone); span.startMs < window.startMs;) {
    spans.push(span);
    span = spanAfter(size, span, key.timeZone);
  }
  return spans.map((span, step) => {
    const filled = means.map((mean, gauge) =>
      interpolateLinearly(last.means[gauge] ?? null, mean, step + 1, spans.length + 1),
    );
    const between = windowOf(windows, span, settings.gaugeCount);
    between.filled = filled;
    between.hasChanged = false;
    between.revision = between.revision === null ? 0 : between.revision + 1;
    return { ...rowOf(key, size, between, between.endMs), revision: between.revision, filled };
  });
}

/** A window as far as `untilMs`; `open` is what was seen since the last closed part. */
function rowOf(key: KeyWindows, size: WindowSize, window: Rolled, untilMs: EpochMs, open?: OpenPart): WindowRow {
  const { startMs, endMs } = window;
  const measured = copyMeasured(window.settled);
  for (const [partMs, part] of [...key.parts].sort(([a], [b]) => a - b)) {
    if (holds(window, partMs)) addMeasured(measured, part);
  }
  if (open !== undefined) addMeasured(measured, open.measured);
  let totals = window.settledTotals;
  let knownMs = 0;
  if (hasWholeHalfHours(window)) {
    for (const span of key.counted) knownMs += overlapMs(span, { startMs, endMs: untilMs });
    for (const [halfMs, half] of key.halfHours) {
      if (!(half.isWhole || halfMs === open?.halfHourStartMs) || !holds(window, halfMs)) continue;
      totals = totals === null ? half.totals : addTotals(totals, half.totals);
      knownMs += overlapMs({ startMs: halfMs, endMs: halfMs + halfHourMs }, { startMs, endMs: untilMs });
    }
    // Silence that was heard is zero.
    if (knownMs > 0) totals ??= noTotals;
  }
  const totalsCoverage = untilMs > startMs ? knownMs / (untilMs - startMs) : 0;
  return { startMs, endMs, size, revision: 0, measured, totals, totalsCoverage, filled: null };
}

const overlapMs = (a: Span, b: Span) => Math.max(0, Math.min(a.endMs, b.endMs) - Math.max(a.startMs, b.startMs));

/** What was seen since the last part has closed. */
export interface OpenPart {
  readonly measured: Measured;
  /** The half hour that runs, if it has been heard from its start; else null. */
  readonly halfHourStartMs: EpochMs | null;
}

/** The windows that hold the watermark, as far as that. */
export function openRows(
  settings: RolledSettings,
  key: KeyWindows,
  watermarkMs: EpochMs,
  open: OpenPart,
  asked: readonly boolean[],
): WindowRow[] {
  const { halfHourStartMs } = open;
  // Silence that was heard is zero.
  if (halfHourStartMs !== null) halfHourOf(key, halfHourStartMs);
  return settings.sizes.flatMap((size, index) =>
    asked[index] === true
      ? windowsAt(settings, key, index, watermarkMs).map((window) => rowOf(key, size, window, watermarkMs, open))
      : [],
  );
}

/** Null where its totals are final. */
export function halfHourOf(key: KeyWindows, startMs: EpochMs): HalfHour | null {
  if (isCounted(key, startMs)) return null;
  const found = key.halfHours.get(startMs);
  if (found !== undefined) return found;
  const begun = { totals: noTotals, isWhole: false };
  key.halfHours.set(startMs, begun);
  return begun;
}

/** Forgets windows that are over for good. Returns whether nothing is left. */
export function dropOver(settings: RolledSettings, key: KeyWindows, watermarkMs: EpochMs): boolean {
  const halves = [...key.halfHours.keys()];
  let oldestMs = Infinity;
  for (const windows of key.rolled) {
    const kept = windows.filter((window) => {
      const isOver =
        window.endMs + settings.allowedLatenessMs <= watermarkMs &&
        !halves.some((startMs) => hasWholeHalfHours(window) && holds(window, startMs));
      return !isOver || window.hasChanged;
    });
    windows.splice(0, windows.length, ...kept);
    for (const { startMs } of kept) oldestMs = Math.min(oldestMs, startMs);
  }
  key.counted = key.counted.filter((span) => span.endMs > oldestMs || span.endMs + readableMs > watermarkMs);
  return oldestMs === Infinity && key.parts.size === 0 && halves.length === 0;
}
