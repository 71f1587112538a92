import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Wakes the sleepers that become due, in the order of time, and lets what they do settle before the next. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  sleepers(): number;
}

interface Sleeper {
  readonly dueMs: EpochMs;
  readonly wake: () => void;
}

export function manualClock(startMs: EpochMs = 0): ManualClock {
  let nowMs = startMs;
  let asleep: Sleeper[] = [];
  return {
    nowMs: () => nowMs,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      await new Promise<void>((resolve) => {
        const wake = () => {
          asleep = asleep.filter((each) => each !== sleeper);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { dueMs: nowMs + Math.max(ms, 0), wake };
        asleep.push(sleeper);
        signal.addEventListener('abort', wake);
      });
      signal.throwIfAborted();
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await nextTurn();
      for (;;) {
        // Of those due at the same time the one that fell asleep first wakes first.
        const [first] = asleep.filter(({ dueMs }) => dueMs <= untilMs).sort((a, b) => a.dueMs - b.dueMs);
        if (first === undefined) break;
        nowMs = Math.max(nowMs, first.dueMs);
        first.wake();
        await nextTurn();
      }
      nowMs = untilMs;
    },
    sleepers: () => asleep.length,
  };
}

/** Moves the clock on until something holds: for work that waits for real files or sockets as well. */
export async function advanceUntil(clock: ManualClock, holds: () => boolean, stepMs = 10): Promise<void> {
  while (!holds()) await clock.advance(stepMs);
}
