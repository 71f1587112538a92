import { setTimeout as delay } from 'node:timers/promises';
import type { EpochMs } from '../streams/record.ts';

/** The only way to know the time or to wait. `sleep` rejects with the signal's reason when it is aborted. */
export interface Clock {
  nowMs(): EpochMs;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** Longer waits are cut, for a Node timer over 2^31 - 1 ms fires at once. */
const timerMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  async sleep(ms, signal) {
    signal.throwIfAborted();
    try {
      await delay(Math.min(Math.max(ms, 0), timerMsMax), undefined, { signal });
    } catch (error) {
      // Node rejects with an error of its own.
      signal.throwIfAborted();
      throw error;
    }
  },
};

/** A clock that showed `epochMs` when `base` showed `baseMs`, and has run `speed` times as fast since. */
export interface ScaledClockSettings {
  readonly epochMs: EpochMs;
  readonly baseMs: EpochMs;
  readonly speed: number;
}

export function scaledClock(settings: ScaledClockSettings, base: Clock = systemClock): Clock {
  const { epochMs, baseMs, speed } = settings;
  return {
    nowMs: () => Math.floor(epochMs + (base.nowMs() - baseMs) * speed),
    sleep: (ms, signal) => base.sleep(ms / speed, signal),
  };
}
