import type { EpochMs } from './record.ts';

/** A gauge over the time in which it was known; null if it never was. `mean` is weighted by time. */
export interface GaugeSummary {
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
}

/** What was seen of the gauges of one key in some stretch of time, as sums: neighbouring stretches add up to the whole without loss. */
export interface Measured {
  /** Distinct observation times. */
  count: number;
  /** Time with an observation in effect. */
  coverageMs: number;
  /** From the first to the last instant with an observation in effect; null without any. */
  covered: { readonly fromMs: EpochMs; readonly untilMs: EpochMs } | null;
  /** For each gauge: value times milliseconds, milliseconds in which it was known, least, greatest and last value (0 if never known). */
  readonly levels: number[];
}

const fieldsPerGauge = 5;

export function nothingMeasured(gaugeCount: number): Measured {
  return { count: 0, coverageMs: 0, covered: null, levels: new Array<number>(gaugeCount * fieldsPerGauge).fill(0) };
}

/** Counts that a gauge had a value for some time, later than all that was counted before. */
export function addLevel(levels: number[], gauge: number, value: number, durationMs: number): void {
  const at = gauge * fieldsPerGauge;
  const isFirst = levels[at + 1] === 0;
  levels[at] = (levels[at] ?? 0) + value * durationMs;
  levels[at + 1] = (levels[at + 1] ?? 0) + durationMs;
  levels[at + 2] = isFirst ? value : Math.min(levels[at + 2] ?? value, value);
  levels[at + 3] = isFirst ? value : Math.max(levels[at + 3] ?? value, value);
  levels[at + 4] = value;
}

/** Adds a later stretch to an earlier one. */
export function addMeasured(into: Measured, later: Measured): void {
  into.count += later.count;
  into.coverageMs += later.coverageMs;
  if (later.covered !== null) {
    into.covered = { fromMs: into.covered?.fromMs ?? later.covered.fromMs, untilMs: later.covered.untilMs };
  }
  const { levels } = into;
  for (let at = 0; at < levels.length; at += fieldsPerGauge) {
    const knownMs = later.levels[at + 1] ?? 0;
    if (knownMs === 0) continue;
    const [min, max] = [later.levels[at + 2] ?? 0, later.levels[at + 3] ?? 0];
    const isFirst = levels[at + 1] === 0;
    levels[at] = (levels[at] ?? 0) + (later.levels[at] ?? 0);
    levels[at + 1] = (levels[at + 1] ?? 0) + knownMs;
    levels[at + 2] = isFirst ? min : Math.min(levels[at + 2] ?? min, min);
    levels[at + 3] = isFirst ? max : Math.max(levels[at + 3] ?? max, max);
    levels[at + 4] = later.levels[at + 4] ?? 0;
  }
}

export const copyMeasured = (of: Measured): Measured => ({ ...of, levels: [...of.levels] });

/** Value times milliseconds of a gauge, and the milliseconds in which it was known. */
export function sumOf({ levels }: Measured, gauge: number): { readonly valueMs: number; readonly knownMs: number } {
  const at = gauge * fieldsPerGauge;
  return { valueMs: levels[at] ?? 0, knownMs: levels[at + 1] ?? 0 };
}

export const unknownGauge: GaugeSummary = { mean: null, min: null, max: null, last: null };

export function summaryOf({ levels }: Measured, gauge: number): GaugeSummary {
  const at = gauge * fieldsPerGauge;
  const knownMs = levels[at + 1] ?? 0;
  if (knownMs === 0) return unknownGauge;
  return {
    mean: (levels[at] ?? 0) / knownMs,
    min: levels[at + 2] ?? null,
    max: levels[at + 3] ?? null,
    last: levels[at + 4] ?? null,
  };
}
