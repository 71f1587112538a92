import type { Announcement } from './announcement.ts';
import type { EpochMs } from './record.ts';

/** Plain values: it can be checkpointed. Null before the first announcement. */
export type SteadyAnnouncement = {
  readonly shown: Announcement;
  /** The longest of the lower announcements in a row, and when the first of them came. */
  readonly lower: { readonly sinceMs: EpochMs; readonly longest: Announcement } | null;
} | null;

const downAfterMs = 10_000;

/**
 * Keeps announcements from jumping: up at once, down after two re-estimates in a row that are lower and at least 10 s apart, and
 * no lower than the longest of those in between. Give it every re-estimate, also one that changes nothing.
 *
 *     next    5 ── 2 (0 s) ── 1 (6 s) ── 1 (10 s) ── 10 (11 s)
 *     shown   5 ── 5 ──────── 5 ──────── 2 ───────── 10
 *
 * Only minutes are held: who is next in line is told as it is now. Without an estimate, or in another mode, it starts anew;
 * the mode `seed` is not held at all, because its text is the tutorial's.
 */
export function steadyAnnouncement(
  state: SteadyAnnouncement,
  next: Announcement,
  atMs: EpochMs,
): readonly [state: SteadyAnnouncement, shown: Announcement] {
  if (state === null || !areComparable(state.shown, next) || !isShorter(next, state.shown))
    return [{ shown: next, lower: null }, next];

  const { lower } = state;
  const longest = lower === null || isShorter(lower.longest, next) ? next : lower.longest;
  if (lower === null || atMs - lower.sinceMs < downAfterMs) {
    const shown = { ...state.shown, kind: next.kind };
    return [{ shown, lower: { sinceMs: lower?.sinceMs ?? atMs, longest } }, shown];
  }
  const shown = { ...longest, kind: next.kind };
  return [{ shown, lower: isShorter(next, shown) ? { sinceMs: atMs, longest: next } : null }, shown];
}

function areComparable(a: Announcement, b: Announcement): boolean {
  return a.mode === b.mode && a.mode !== 'seed' && isWait(a) && isWait(b);
}

const isWait = ({ kind }: Announcement): boolean => kind === 'next' || kind === 'wait';

/** The upper bound is what a caller remembers, so it counts first. */
function isShorter(a: Announcement, b: Announcement): boolean {
  const [highA, highB] = [highOf(a), highOf(b)];
  return highA < highB || (highA === highB && (a.lowMinutes ?? 0) < (b.lowMinutes ?? 0));
}

const highOf = ({ highMinutes }: Announcement): number => highMinutes ?? Infinity;
