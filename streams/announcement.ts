import { z } from 'zod';
import { de } from './announcements/de.ts';
import { en } from './announcements/en.ts';
import { es } from './announcements/es.ts';
import { fr } from './announcements/fr.ts';
import { type AnnouncementMessages, type NoEstimateReason, noEstimateReasons } from './announcements/messages.ts';
import { pt } from './announcements/pt.ts';
import { count } from './record.ts';
import { roundHalfEven } from './rounding.ts';
import { announceSeedWait } from './seed-wait.ts';

export const announcementModes = ['seed', 'approximate', 'lessThan', 'padded', 'precise'] as const;
export type AnnouncementMode = (typeof announcementModes)[number];

export const announcementLocales = ['en', 'de', 'fr', 'es', 'pt'] as const;
export type AnnouncementLocale = (typeof announcementLocales)[number];

const messages: Readonly<Record<AnnouncementLocale, AnnouncementMessages>> = { en, de, fr, es, pt };

/** What is announced, in no language: an IVR may play its own prompts by it. */
export const announcement = z.object({
  /** How the wait is worded; `approximate` in place of `seed` where the number of callers may not be told. */
  mode: z.enum(announcementModes),
  /** `next`: next in line. `wait`: anywhere else in it. Otherwise there is no estimate, for that reason. */
  kind: z.enum(['next', 'wait', ...noEstimateReasons]),
  /** At least 1. Null: none is said; with `moreThan` the wait is longer than this. */
  lowMinutes: count().nullable(),
  /** At least 1, never below `lowMinutes`, and equal where one number is said. Null: none is said. */
  highMinutes: count().nullable(),
  /** Longer than the longest wait that is announced. */
  moreThan: z.boolean(),
});
export type Announcement = z.infer<typeof announcement>;

/** What is known of the wait, with the names of a wait prediction. */
export interface WaitToAnnounce {
  readonly mode: AnnouncementMode;
  /** The mode `seed` is English whatever this says. */
  readonly locale: AnnouncementLocale;
  /**
   * Null where there is no estimate. P80 and P90 that are not known are taken from the next lower quantile. The mode `seed`
   * says P50, so it wants the estimate of that name.
   */
  readonly waitSecondsP50: number | null;
  readonly waitSecondsP80: number | null;
  readonly waitSecondsP90: number | null;
  /** A reason wins over an estimate; with neither the reason is `low_confidence`. */
  readonly reason: NoEstimateReason | null;
  /** 0 at position 1; null where it is not known. */
  readonly callersAhead: number | null;
  readonly agentsOnQueue: number | null;
  /** Somebody may still be put before this caller, so a position means nothing and none is told. */
  readonly prioritiesApply: boolean;
}

const stepsMinutes = [1, 2, 5, 10, 20, 30] as const;
const announcedMinutesMax = 30;
const seedSecondsMax = 1800;

/**
 * What to announce. The median is too short for every second caller, and the mean for nearly as many, so a higher quantile
 * is said: P90 for `lessThan`, P80 for `approximate` and `precise`; `padded` goes from P50 to P80. Minutes are rounded up, to
 * 1, 2, 5, 10, 20 or 30 (`precise`: to the next), and beyond 30 it is "more than 30". `seed` says P50, as the tutorial does.
 */
export function announce(wait: WaitToAnnounce): Announcement {
  const callers = callersToTell(wait);
  const mode = wait.mode === 'seed' && callers === null ? 'approximate' : wait.mode;
  const nothing = { lowMinutes: null, highMinutes: null, moreThan: false };
  if (wait.reason !== null) return { mode, kind: wait.reason, ...nothing };
  if (!isKnown(wait.waitSecondsP50)) return { mode, kind: 'low_confidence', ...nothing };

  const kind = callers === 0 ? 'next' : 'wait';
  const p50 = wait.waitSecondsP50;
  if (mode === 'seed') {
    if (kind === 'next') return { mode, kind, ...nothing };
    const minutes = Math.max(Math.floor(seedSeconds(p50) / 60), 1);
    return { mode, kind, lowMinutes: minutes, highMinutes: minutes, moreThan: false };
  }
  const p80 = Math.max(isKnown(wait.waitSecondsP80) ? wait.waitSecondsP80 : p50, p50);
  const p90 = Math.max(isKnown(wait.waitSecondsP90) ? wait.waitSecondsP90 : p80, p80);
  const [lowMinutes, highMinutes] = boundsOf(mode, p50, p80, p90);
  if (highMinutes <= announcedMinutesMax) return { mode, kind, lowMinutes, highMinutes, moreThan: false };
  return { mode, kind, lowMinutes: announcedMinutesMax, highMinutes: null, moreThan: true };
}

/** The announcement as it is spoken, safe in SSML as it stands. `wait` is what was known when it was made. */
export function announcementText({ kind, ...announced }: Announcement, wait: WaitToAnnounce): string {
  const say = messages[wait.mode === 'seed' ? 'en' : wait.locale];
  if (kind !== 'next' && kind !== 'wait') return say.noEstimate[kind];
  const callers = callersToTell(wait);
  if (announced.mode === 'seed' && callers !== null && isKnown(wait.waitSecondsP50))
    return announceSeedWait(seedSeconds(wait.waitSecondsP50), callers);
  const time = timeText(say, announced);
  if (kind === 'next') return `${say.nextInLine} ${time}`;
  return callers === null || callers === 0 ? time : `${time} ${say.callersAhead(callers)}`;
}

function timeText(say: AnnouncementMessages, { mode, lowMinutes, highMinutes }: Omit<Announcement, 'kind'>): string {
  if (highMinutes === null) return say.moreThan(announcedMinutesMax);
  switch (mode) {
    case 'lessThan':
      return say.lessThan(highMinutes);
    case 'precise':
      return say.exactly(highMinutes);
    case 'padded':
      if (lowMinutes !== null && lowMinutes < highMinutes) return say.between(lowMinutes, highMinutes);
      return say.about(highMinutes);
    case 'approximate':
    case 'seed':
      return say.about(highMinutes);
  }
}

/** The only place that decides whether a position is told; 0 is "next in line", which nobody is while nobody takes calls. */
function callersToTell({ callersAhead, agentsOnQueue, prioritiesApply }: WaitToAnnounce): number | null {
  if (prioritiesApply || callersAhead === null || !Number.isSafeInteger(callersAhead) || callersAhead < 0) return null;
  return callersAhead > 0 || (agentsOnQueue ?? 0) > 0 ? callersAhead : null;
}

function boundsOf(
  mode: Exclude<AnnouncementMode, 'seed'>,
  p50: number,
  p80: number,
  p90: number,
): readonly [lowMinutes: number | null, highMinutes: number] {
  switch (mode) {
    case 'approximate':
      return [coarseMinutes(p80), coarseMinutes(p80)];
    case 'lessThan':
      return [null, coarseMinutes(p90)];
    case 'padded':
      return [coarseMinutes(p50), coarseMinutes(p80)];
    case 'precise':
      return [wholeMinutes(p80), wholeMinutes(p80)];
  }
}

const coarseMinutes = (seconds: number): number => stepsMinutes.find((step) => seconds <= step * 60) ?? Infinity;
const wholeMinutes = (seconds: number): number => Math.max(Math.ceil(seconds / 60), 1);

/** Whole and within the bounds of the tutorial's formula, whoever's estimate it is. */
const seedSeconds = (seconds: number): number => roundHalfEven(Math.min(Math.max(seconds, 0), seedSecondsMax), 0);

const isKnown = (seconds: number | null): seconds is number => seconds !== null && !Number.isNaN(seconds);
