import type { EpochMs } from '../../../streams/record.ts';
import { addDays, dateIn, midnightMs } from '../local-date.ts';

const slotMs = 1_800_000;
const slotsInDay = 48;
const dayMs = 86_400_000;

/** How much people call at each full hour of a day, 1 at most; straight lines in between. */
const busyness = [
  0.03, 0.02, 0.02, 0.02, 0.02, 0.03, 0.08, 0.2, 0.55, 0.9, 1, 0.98, 0.88, 0.85, 0.95, 0.97, 0.85, 0.65, 0.4, 0.26,
  0.18, 0.11, 0.07, 0.04,
] as const;

/** Busyness in each half hour of a day. An exponent below 1 makes the day flatter, as that of emails is. */
export function dayCurve(exponent: number, shiftHours: number): readonly number[] {
  return Array.from({ length: slotsInDay }, (_, slot) => {
    const hour = (slot / 2 + 0.25 - shiftHours + 24) % 24;
    const before = busyness[Math.floor(hour)] ?? 0;
    const after = busyness[Math.floor(hour + 1) % 24] ?? 0;
    return (before + (after - before) * (hour % 1)) ** exponent;
  });
}

/** What a curve comes to in a day: hours at full busyness. */
export function fullHoursOf(curve: readonly number[]): number {
  return curve.reduce((sum, value) => sum + value, 0) / 2;
}

/** The days of a time zone, from the one before the start on. */
export interface Calendar {
  /** First moment of the so manieth day; 0 is the day of the start, -1 the one before. */
  readonly dayStartMs: (day: number) => EpochMs;
  /** The half hour of the day that a moment lies in, and when it ends. */
  readonly slotAt: (atMs: EpochMs) => { readonly slot: number; readonly endMs: EpochMs };
}

export function createCalendar(timeZone: string, startMs: EpochMs): Calendar {
  const firstDate = dateIn(timeZone, startMs);
  const starts = new Map<number, EpochMs>();

  const dayStartMs = (day: number): EpochMs => {
    let found = starts.get(day);
    if (found === undefined) {
      found = midnightMs(addDays(firstDate, day), timeZone);
      starts.set(day, found);
      // Times are asked for around now: a long run needs no long memory.
      if (starts.size > 64) starts.delete(starts.keys().next().value ?? day);
    }
    return found;
  };

  return {
    dayStartMs,
    slotAt(atMs) {
      // A day of 23 or 25 hours makes this guess wrong by one at most.
      let day = Math.floor((atMs - dayStartMs(0)) / dayMs);
      while (dayStartMs(day) > atMs) day -= 1;
      while (dayStartMs(day + 1) <= atMs) day += 1;
      const slot = Math.floor((atMs - dayStartMs(day)) / slotMs);
      return {
        slot: slot % slotsInDay,
        endMs: Math.min(dayStartMs(day) + (slot + 1) * slotMs, dayStartMs(day + 1)),
      };
    },
  };
}

/** Whoever calls less than once in this time does not call. */
const patienceMs = 400 * dayMs;

/**
 * The next of arrivals whose rate changes with the time of day: `perMs` at full busyness. `chance` is one draw of the
 * exponential of mean 1: the arrival comes when so much busyness has gone by. Infinite if it never comes.
 */
export function nextArrivalMs(
  calendar: Calendar,
  { perMs, curve }: { readonly perMs: number; readonly curve: readonly number[] },
  fromMs: EpochMs,
  chance: number,
): EpochMs {
  let left = chance;
  let atMs = fromMs;
  while (atMs < fromMs + patienceMs) {
    const { slot, endMs } = calendar.slotAt(atMs);
    const rate = perMs * (curve[slot] ?? 0);
    const here = rate * (endMs - atMs);
    if (here >= left) return Math.min(Math.ceil(atMs + left / rate), endMs);
    left -= here;
    atMs = endMs;
  }
  return Infinity;
}
