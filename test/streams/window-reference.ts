import type { ClosedWindow, HoppingSettings, WindowEvent, WindowOutput } from '../../streams/window.ts';

/** An output with its means cut to what two ways of computing them have in common. */
export const rounded = (output: ReferenceOutput) => {
  if (output.kind === 'late') return output;
  const gauges = Object.entries(output.gauges).map(([gauge, { mean, ...rest }]) => {
    return [gauge, { ...rest, mean: mean === null ? null : Number(mean.toFixed(9)) + 0 }];
  });
  return { ...output, gauges: Object.fromEntries(gauges), measured: null };
};

type ReferenceWindow = Omit<ClosedWindow, 'measured'>;
type ReferenceOutput = Exclude<WindowOutput, ClosedWindow> | ReferenceWindow;
type TableRow = Omit<ReferenceWindow, 'kind' | 'key' | 'endMs' | 'revision'>;

/**
 * The definition taken by its word: every table anew from all observations, millisecond by millisecond. Ends of holds in windows
 * that are over for good are left out of `accepted`, for the definition does not know them.
 */
export function reference(settings: HoppingSettings, events: readonly WindowEvent[]) {
  const { sizeMs, hopMs, outOfOrdernessMs, allowedLatenessMs, advanceOnObservation } = settings;
  const accepted: WindowEvent[] = [];
  const outputs: ReferenceOutput[] = [];
  const seen: Exclude<WindowEvent, { kind: 'watermark' }>[] = [];
  const emitted = new Map<string, ReferenceWindow>();
  let watermarkMs = -Infinity;
  for (const event of events) {
    const before = watermarkMs;
    if (event.kind === 'watermark') {
      watermarkMs = Math.max(watermarkMs, event.watermarkMs);
    } else {
      const isGone = before >= Math.floor(event.atMs / hopMs) * hopMs + sizeMs + allowedLatenessMs;
      if (isGone && event.kind === 'hold-ended') continue;
      if (isGone && event.kind === 'observed') outputs.push({ kind: 'late', key: event.key, atMs: event.atMs });
      if (!isGone) seen.push(event);
      if (!isGone && event.kind === 'observed' && advanceOnObservation) {
        watermarkMs = Math.max(watermarkMs, event.atMs - outOfOrdernessMs);
      }
    }
    accepted.push(event);
    const changes: ReferenceWindow[] = [];
    for (const key of ['a', 'b']) {
      const table = new Map(tableOf(settings, key, seen, watermarkMs).map((row) => [row.startMs, row]));
      for (const { key: of, startMs } of emitted.values()) {
        if (of === key && !table.has(startMs))
          table.set(startMs, measured(settings, levelsOf(settings, key, seen), startMs));
      }
      for (const row of table.values()) {
        const old = emitted.get(`${key} ${row.startMs}`);
        const endMs = row.startMs + sizeMs;
        const revised: ReferenceWindow = {
          kind: 'window',
          key,
          endMs,
          revision: old === undefined ? 0 : old.revision + 1,
          ...row,
        };
        if (old === undefined || (before < endMs + allowedLatenessMs && differs(old, revised))) changes.push(revised);
      }
    }
    changes.sort((a, b) => a.endMs - b.endMs || (a.key < b.key ? -1 : 1));
    for (const change of changes) emitted.set(`${change.key} ${change.startMs}`, change);
    outputs.push(...changes);
  }
  return { accepted, outputs };
}

const firstMs = -20;
const lastMs = 80;

interface Levels {
  /** What is in effect at each millisecond from `firstMs` on. */
  readonly inEffect: readonly (Readonly<Record<string, number | null>> | null)[];
  readonly observedMs: readonly number[];
}

function levelsOf(
  settings: HoppingSettings,
  key: string,
  seen: readonly Exclude<WindowEvent, { kind: 'watermark' }>[],
): Levels {
  const marks = new Map<number, { values: Readonly<Record<string, number | null>> | null; ended: boolean }>();
  for (const event of seen) {
    if (event.key !== undefined && event.key !== key) continue;
    if (event.kind === 'observed') marks.set(event.atMs, { values: event.values, ended: false });
    else marks.set(event.atMs, { values: marks.get(event.atMs)?.values ?? null, ended: true });
  }
  const inEffect: Levels['inEffect'][number][] = [];
  let current: { values: Levels['inEffect'][number]; untilMs: number } = { values: null, untilMs: Infinity };
  for (let ms = firstMs; ms < lastMs; ms += 1) {
    const mark = marks.get(ms);
    if (mark !== undefined)
      current = { values: mark.ended ? null : mark.values, untilMs: ms + (settings.holdMs ?? Infinity) };
    inEffect.push(ms < current.untilMs ? current.values : null);
  }
  return { inEffect, observedMs: [...marks].filter(([, { values }]) => values !== null).map(([atMs]) => atMs) };
}

function measured({ sizeMs, gauges }: HoppingSettings, levels: Levels, startMs: number): TableRow {
  const inside = levels.inEffect.slice(startMs - firstMs, startMs - firstMs + sizeMs);
  const summaries = gauges.map((gauge) => {
    const values = inside.map((each) => each?.[gauge] ?? null).filter((value) => value !== null);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const known = { mean, min: Math.min(...values), max: Math.max(...values), last: values.at(-1)! };
    return [gauge, values.length === 0 ? { mean: null, min: null, max: null, last: null } : known];
  });
  return {
    startMs,
    count: levels.observedMs.filter((atMs) => atMs >= startMs && atMs < startMs + sizeMs).length,
    coverageMs: inside.filter((each) => each !== null).length,
    interpolated: false,
    gauges: Object.fromEntries(summaries),
  };
}

function tableOf(
  settings: HoppingSettings,
  key: string,
  seen: readonly Exclude<WindowEvent, { kind: 'watermark' }>[],
  watermarkMs: number,
): TableRow[] {
  const { sizeMs, hopMs, gapMaxMs, gauges } = settings;
  const levels = levelsOf(settings, key, seen);
  const coveredMs = levels.inEffect.flatMap((each, index) => (each === null ? [] : [index + firstMs]));
  const rows: TableRow[] = [];
  for (let startMs = firstMs; startMs + sizeMs <= Math.min(watermarkMs, lastMs); startMs += hopMs) {
    rows.push(measured(settings, levels, startMs));
  }
  return rows.flatMap((row, index) => {
    if (row.coverageMs > 0) return [row];
    const left = rows.slice(0, index).findLast((each) => each.coverageMs > 0);
    const right = rows.slice(index).find((each) => each.coverageMs > 0);
    if (left === undefined || right === undefined) return [];
    const uncoveredMs =
      coveredMs.find((ms) => ms >= row.startMs)! - coveredMs.findLast((ms) => ms < row.startMs + sizeMs)! - 1;
    if (gapMaxMs !== null && uncoveredMs > gapMaxMs) return [];
    const share = (row.startMs - left.startMs) / (right.startMs - left.startMs);
    const means = gauges.map((gauge) => {
      const [from, to] = [left.gauges[gauge]!.mean, right.gauges[gauge]!.mean];
      const mean = from === null || to === null ? null : from + (to - from) * share;
      return [gauge, { mean, min: null, max: null, last: null }];
    });
    return [{ ...row, count: 0, interpolated: true, gauges: Object.fromEntries(means) }];
  });
}

function differs(a: ReferenceWindow, b: ReferenceWindow): boolean {
  const comparable = (of: ReferenceWindow) => JSON.stringify({ ...rounded(of), revision: 0 });
  return comparable(a) !== comparable(b);
}
