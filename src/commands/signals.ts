import { systemClock } from '../../sinks/clock.ts';

/** A terminal and npm may both hand on the same Ctrl-C: what comes so soon after the first is no second wish. */
const sameWishMs = 1_000;

/** Aborts at the first SIGINT or SIGTERM, for a drain in order; a later one has no patience left and ends the process. */
export function stopOnSignal(): AbortController {
  const stop = new AbortController();
  let stoppedMs = 0;
  const onSignal = () => {
    if (!stop.signal.aborted) stoppedMs = systemClock.nowMs();
    else if (systemClock.nowMs() - stoppedMs > sameWishMs) process.exit(1);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return stop;
}
