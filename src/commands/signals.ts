import { type Clock, systemClock } from '../../sinks/clock.ts';

/** A terminal and npm may both hand on the same Ctrl-C: what comes so soon after the first is no second wish. */
const sameWishMs = 1_000;
/** A drain that takes longer is cut off; whoever sent the signal kills after 10 s. */
const drainMsMax = 8_000;
const cutOffMsMax = 1_500;

/** How a person or a supervisor ends the program. */
export interface Stop {
  /** Aborted at the first SIGINT or SIGTERM: end in order. */
  readonly stop: AbortController;
  /** Aborted when that has taken too long: end at once. */
  readonly hurry: AbortSignal;
}

/** A second signal has no patience left and ends the process, as does time. */
export function stopOnSignal(clock: Clock = systemClock): Stop {
  const stop = new AbortController();
  const hurry = new AbortController();
  let signalledMs: number | undefined;
  const never = new AbortController().signal;
  const countDown = async () => {
    await clock.sleep(drainMsMax, never);
    hurry.abort();
    await clock.sleep(cutOffMsMax, never);
    process.exit(1);
  };
  const onSignal = () => {
    stop.abort();
    if (signalledMs !== undefined && clock.nowMs() - signalledMs > sameWishMs) process.exit(1);
    if (signalledMs === undefined) void countDown();
    signalledMs ??= clock.nowMs();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return { stop, hurry: hurry.signal };
}
