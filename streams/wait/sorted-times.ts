import type { EpochMs } from '../record.ts';

/** Times in rising order. */
export type SortedTimes = EpochMs[];

/** How many are at most `atMs`. */
export function countUntil(times: SortedTimes, atMs: EpochMs): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function insertTime(times: SortedTimes, atMs: EpochMs): void {
  times.splice(countUntil(times, atMs), 0, atMs);
}

/** Takes out one time that is in it. */
export function removeTime(times: SortedTimes, atMs: EpochMs): void {
  const index = countUntil(times, atMs) - 1;
  if (times[index] === atMs) times.splice(index, 1);
}
