import type { Logger } from 'pino';
import type { Clock } from '../sinks/clock.ts';
import type { Stage } from './stages.ts';

export interface RestartSettings {
  /** Whether a failure may pass by itself, so that the stage is to begin anew from what was committed. */
  readonly isPassing: (error: unknown) => boolean;
  /** How long attempts may fail one after the other until the failure ends the run. */
  readonly patienceMs: number;
  /** System time. */
  readonly clock: Clock;
  readonly log: Logger;
}

const firstPauseMs = 500;
const pauseMsMax = 10_000;
/** An attempt that lasted so long was well: what comes after it is another failure. */
const healthyMs = 60_000;

/** A stage that begins anew, after a pause that grows, when it failed in a way that may pass; not any more once it is to drain. */
export function restarting(stage: Stage, { isPassing, patienceMs, clock, log }: RestartSettings): Stage {
  const drained = new AbortController();

  async function run(signal: AbortSignal): Promise<void> {
    let pauseMs = firstPauseMs;
    let failingSinceMs: number | undefined;
    for (;;) {
      const attempt = new AbortController();
      const beganMs = clock.nowMs();
      try {
        await stage.run(AbortSignal.any([signal, attempt.signal]));
        return;
      } catch (error) {
        // Whatever it left running.
        attempt.abort(error);
        const nowMs = clock.nowMs();
        if (nowMs - beganMs >= healthyMs) {
          failingSinceMs = undefined;
          pauseMs = firstPauseMs;
        }
        failingSinceMs ??= nowMs;
        const isHopeless = nowMs - failingSinceMs >= patienceMs;
        if (signal.aborted || drained.signal.aborted || isHopeless || !isPassing(error)) throw error;
        log.warn({ stage: stage.name, againInMs: pauseMs, err: error }, 'a stage begins anew');
      }
      await clock.sleep(pauseMs, AbortSignal.any([signal, drained.signal])).catch(() => undefined);
      signal.throwIfAborted();
      pauseMs = Math.min(pauseMs * 2, pauseMsMax);
    }
  }

  return {
    name: stage.name,
    run,
    drain() {
      drained.abort();
      stage.drain();
    },
  };
}
