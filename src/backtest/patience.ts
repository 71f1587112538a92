import type { TrueCall } from './truth.ts';

/** Share of the callers of a queue who would still wait just before they have waited so many seconds. */
export type Patience = (queueId: string, waitSeconds: number) => number;

/**
 * Kaplan and Meier's estimate of patience, by queue: an answer only says that the caller was willing to wait so long. 1 for a queue in
 * which nobody waited.
 */
export function estimatePatience(calls: readonly TrueCall[]): Patience {
  const waits = new Map<string, { readonly seconds: number; readonly gaveUp: boolean }[]>();
  for (const { queueId, outcome, waitSeconds } of calls) {
    if (outcome === 'open' || waitSeconds <= 0) continue;
    const ofQueue = waits.get(queueId) ?? [];
    waits.set(queueId, ofQueue);
    ofQueue.push({ seconds: waitSeconds, gaveUp: outcome === 'abandoned' });
  }
  const curves = new Map(Array.from(waits, ([queueId, ofQueue]) => [queueId, curveOf(ofQueue)]));
  return (queueId, waitSeconds) => {
    const { seconds, shares } = curves.get(queueId) ?? { seconds: [], shares: [] };
    let [low, high] = [0, seconds.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((seconds[middle] ?? Infinity) < waitSeconds) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 1 : (shares[low - 1] ?? 1);
  };
}

/** Each length of wait that occurred, and who is left after it. */
function curveOf(waits: { readonly seconds: number; readonly gaveUp: boolean }[]) {
  waits.sort((a, b) => a.seconds - b.seconds);
  const curve: { seconds: number[]; shares: number[] } = { seconds: [], shares: [] };
  let share = 1;
  for (let from = 0; from < waits.length;) {
    const seconds = waits[from]?.seconds ?? 0;
    let to = from;
    let gaveUp = 0;
    for (; waits[to]?.seconds === seconds; to += 1) if (waits[to]?.gaveUp === true) gaveUp += 1;
    share *= 1 - gaveUp / (waits.length - from);
    curve.seconds.push(seconds);
    curve.shares.push(share);
    from = to;
  }
  return curve;
}
