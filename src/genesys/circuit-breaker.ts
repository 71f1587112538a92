import type { EpochMs } from '../../streams/record.ts';

/** Lets calls through as long as they get somewhere: a host that only fails is left alone for a while, then asked by one call. */
export interface CircuitBreaker {
  /** How long until a call may be tried; 0 = now, and then it has to be told how that went. */
  waitMs(nowMs: EpochMs): number;
  succeeded(): void;
  failed(nowMs: EpochMs): void;
}

export interface CircuitBreakerSettings {
  /** So many failures one after the other open it. */
  readonly failuresMax: number;
  /** How long it stays open at first; twice as long after every trial that fails, up to the most. */
  readonly openMs: number;
  readonly openMsMax: number;
}

export function createCircuitBreaker({ failuresMax, openMs, openMsMax }: CircuitBreakerSettings): CircuitBreaker {
  let failures = 0;
  let opened = 0;
  let closedAtMs: EpochMs | undefined;
  let trialUntilMs: EpochMs = 0;

  const durationMs = () => Math.min(openMsMax, openMs * 2 ** Math.max(0, opened - 1));

  return {
    waitMs(nowMs) {
      if (closedAtMs === undefined) return 0;
      const untilMs = Math.max(closedAtMs, trialUntilMs);
      if (nowMs < untilMs) return untilMs - nowMs;
      // One trial at a time; one that never tells how it went is given up.
      trialUntilMs = nowMs + durationMs();
      return 0;
    },
    succeeded() {
      failures = 0;
      opened = 0;
      closedAtMs = undefined;
      trialUntilMs = 0;
    },
    failed(nowMs) {
      failures += 1;
      if (failures < failuresMax && closedAtMs === undefined) return;
      // What was on its way when it opened says nothing new.
      if (closedAtMs !== undefined && nowMs < closedAtMs) return;
      opened += 1;
      closedAtMs = nowMs + durationMs();
      trialUntilMs = 0;
    },
  };
}
