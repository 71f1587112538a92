import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';

/** A clock that stands still until it is moved. */
export interface VirtualTime {
  readonly clock: Clock;
  /** Calls back at a time; several of one time in the order in which they were asked for. */
  at(ms: EpochMs, call: () => void): void;
  /** Moves the clock from one timer to the next; between them everything that can happen happens. `alsoAt` names further times to stop at. */
  runUntil(ms: EpochMs, alsoAt?: () => EpochMs, onStop?: (nowMs: EpochMs) => void): Promise<void>;
}

interface Timer {
  readonly atMs: EpochMs;
  readonly order: number;
  readonly ring: () => void;
}

export function createVirtualTime(startMs: EpochMs): VirtualTime {
  let nowMs = startMs;
  let made = 0;
  const timers = new Set<Timer>();

  function at(ms: EpochMs, ring: () => void): Timer {
    const timer = { atMs: Math.max(ms, nowMs), order: (made += 1), ring };
    timers.add(timer);
    return timer;
  }

  const clock: Clock = {
    nowMs: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const onAbort = () => {
          timers.delete(timer);
          reject(signal.reason as Error);
        };
        const timer = at(nowMs + ms, () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        });
        signal.addEventListener('abort', onAbort, { once: true });
      }),
  };

  function next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (first === undefined || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }

  return {
    clock,
    at: (ms, call) => void at(ms, call),
    async runUntil(untilMs, alsoAt = () => Infinity, onStop = () => undefined) {
      for (;;) {
        await turn();
        const timer = next();
        const stopMs = Math.min(timer?.atMs ?? Infinity, Math.max(alsoAt(), nowMs));
        if (stopMs > untilMs) break;
        nowMs = Math.max(nowMs, stopMs);
        onStop(nowMs);
        if (timer !== undefined && timer.atMs <= nowMs) {
          timers.delete(timer);
          timer.ring();
        }
      }
      nowMs = untilMs;
      onStop(nowMs);
      await turn();
    },
  };
}
