import type { EpochMs } from './record.ts';

/** Event time up to which everything is held to be known; null before anything was heard. */
export type Watermark = EpochMs | null;

/** The watermark after something of `heardUntilMs` was heard; never earlier than before. */
export function advanceWatermark(watermarkMs: Watermark, heardUntilMs: EpochMs, outOfOrdernessMs = 0): EpochMs {
  const reachedMs = heardUntilMs - outOfOrdernessMs;
  return watermarkMs === null ? reachedMs : Math.max(watermarkMs, reachedMs);
}

/** Whether the watermark stands at `atMs` or later. */
export function hasReached(watermarkMs: Watermark, atMs: EpochMs): boolean {
  return watermarkMs !== null && watermarkMs >= atMs;
}
