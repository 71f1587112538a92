import type { EpochMs } from './record.ts';

/** Each handled interaction takes this share of the weight from all before it: a memory of about fifty. */
const decayPerInteraction = 1 - 1 / 50;

/** Half hours whose totals may still grow. */
const keptMax = 4;

/** Recent handle times of one queue and media type, read off the growing totals of `tHandle`. */
export interface HandleTime {
  /** Half hours still growing: start → what has been counted of them so far. */
  counted: Map<EpochMs, { count: number; sumMs: number }>;
  weight: number;
  weightedSeconds: number;
}

export function startHandleTime(): HandleTime {
  return { counted: new Map(), weight: 0, weightedSeconds: 0 };
}

/** Takes in the total of one half hour; only what was added since its last total counts. */
export function foldHandleTime(state: HandleTime, startMs: EpochMs, count: number, sumMs: number): void {
  const before = state.counted.get(startMs);
  // Handle times arrive after wrap-up, so a half hour may still grow during the next ones; four are two hours. One that
  // was let go already has been counted.
  if (before === undefined && state.counted.size >= keptMax) {
    const oldestMs = Math.min(...state.counted.keys());
    if (startMs < oldestMs) return;
    state.counted.delete(oldestMs);
  }
  state.counted.set(startMs, { count, sumMs });
  const handled = count - (before?.count ?? 0);
  if (handled <= 0) return;
  const decay = decayPerInteraction ** handled;
  const added = (1 - decay) / (1 - decayPerInteraction);
  const secondsMean = (sumMs - (before?.sumMs ?? 0)) / handled / 1000;
  state.weight = state.weight * decay + added;
  state.weightedSeconds = state.weightedSeconds * decay + added * secondsMean;
}

/** Seconds, or null before the first handled interaction. */
export function handleSecondsMean(state: HandleTime): number | null {
  return state.weight > 0 ? state.weightedSeconds / state.weight : null;
}
