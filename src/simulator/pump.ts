import type { Clock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';

/** Something in which things happen at times of their own. */
export interface Timed {
  advanceTo(nowMs: EpochMs): void;
  /** Infinite if nothing is due. */
  nextWakeMs(): EpochMs;
}

/** Keeps something in step with a clock. */
export interface Pump {
  /** To be called when the next due time may have come nearer. */
  readonly rearm: () => void;
  /** Resolves after `stop`; rejects if what is pumped failed. */
  readonly stopped: Promise<void>;
  stop(): Promise<void>;
}

const hourMs = 3_600_000;

export function startPump(timed: Timed, clock: Clock): Pump {
  let nap = new AbortController();
  let wakeMs = -Infinity;
  let running = true;

  const run = async (): Promise<void> => {
    while (running) {
      timed.advanceTo(clock.nowMs());
      nap = new AbortController();
      wakeMs = timed.nextWakeMs();
      const { signal } = nap;
      await clock.sleep(Math.min(wakeMs - clock.nowMs(), hourMs), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
  };

  const stopped = run();
  // Whoever waits for `stopped` sees the failure; nobody has to.
  stopped.catch(() => undefined);
  return {
    rearm() {
      if (timed.nextWakeMs() < wakeMs) nap.abort();
    },
    stopped,
    async stop() {
      running = false;
      nap.abort();
      await stopped;
    },
  };
}
