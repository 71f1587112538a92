import type { Clock } from './clock.ts';

export interface RetrySettings {
  /** Whether a failure may pass by itself. */
  readonly isPassing: (error: unknown) => boolean;
  readonly everyMs: number;
  /** From the first attempt on; then the failure is thrown. */
  readonly withinMs: number;
  readonly clock: Clock;
}

/** Attempts something again, a little later, as long as that makes sense. Rejects with the signal's reason when it is aborted. */
export async function retry<Result>(
  attempt: () => Promise<Result>,
  { isPassing, everyMs, withinMs, clock }: RetrySettings,
  signal: AbortSignal,
): Promise<Result> {
  const untilMs = clock.nowMs() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error) || clock.nowMs() >= untilMs) throw error;
    }
    await clock.sleep(everyMs, signal);
  }
}
