import type { AnnouncementLocale, AnnouncementMode } from './announcement.ts';
import type { OpeningHours } from './opening-hours.ts';

/** What holds of one queue. */
export interface QueueSettings {
  /** IANA name of the zone of its hours, and in which its day begins. */
  readonly timeZone: string;
  /** Null = always open: the reason `closed` is never given. */
  readonly openingHours: OpeningHours | null;
  readonly announcementMode: AnnouncementMode;
  readonly locale: AnnouncementLocale;
  /** A longer P80 offers a callback; null = none does. */
  readonly callbackAfterSeconds: number | null;
}

/** What is set for the queues that a pattern names. */
export interface QueueRule extends Partial<QueueSettings> {
  /** A queue's id, its name to the letter, or a name in which each `*` stands for any characters, or none. */
  readonly pattern: string;
}

/** What holds of all queues, and what of some; plain values, so that it can be saved. */
export interface SettingsByQueue {
  /** Default: UTC. */
  readonly timeZone?: string;
  /** Default: `approximate`. */
  readonly announcementMode?: AnnouncementMode;
  /** Default: `en`. */
  readonly announcementLocale?: AnnouncementLocale;
  /** Default: 600. */
  readonly callbackAfterSeconds?: number | null;
  readonly queues?: readonly QueueRule[];
}

/**
 * Each setting by itself comes from the rule that names the queue most narrowly and has it: its id before its name, that before the
 * wildcard with the most other characters, of equals the first; at last what holds of all. A queue whose name is not known is
 * matched by its id and by `*`.
 */
export function settingsOfQueue(settings: SettingsByQueue, queueId: string, name: string | undefined): QueueSettings {
  const { callbackAfterSeconds = 600 } = settings;
  const general: QueueSettings = {
    timeZone: settings.timeZone ?? 'UTC',
    openingHours: null,
    announcementMode: settings.announcementMode ?? 'approximate',
    locale: settings.announcementLocale ?? 'en',
    callbackAfterSeconds,
  };
  return (settings.queues ?? [])
    .map((rule) => ({ rule, rank: rankOf(rule.pattern, queueId, name ?? '') }))
    .filter(({ rank }) => rank >= 0)
    .reverse()
    .sort((a, b) => a.rank - b.rank)
    .reduce((broader, { rule: { pattern: _, ...narrower } }) => ({ ...broader, ...narrower }), general);
}

/** The higher the narrower; -1 = it does not name this queue. */
function rankOf(pattern: string, queueId: string, name: string): number {
  if (pattern === queueId) return Number.MAX_SAFE_INTEGER;
  if (pattern === name) return Number.MAX_SAFE_INTEGER - 1;
  return isLike(name, pattern) ? pattern.replaceAll('*', '').length : -1;
}

/** Piece by piece, each as early as it can be: no pattern makes it slow, as it may a regular expression. */
function isLike(name: string, pattern: string): boolean {
  const [head = '', ...others] = pattern.split('*');
  const tail = others.pop();
  if (tail === undefined) return false;
  if (!name.startsWith(head)) return false;
  let at = head.length;
  for (const piece of others) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return name.length - tail.length >= at && name.endsWith(tail);
}

/** Names of queues, as they were said last. */
export type QueueNames = Map<string, string>;

export type SettingsOf = (queueId: string, names: QueueNames) => QueueSettings;

/** `settingsOfQueue` for queues that are asked about again and again; what it remembers is no state. */
export function createQueueSettings(settings: SettingsByQueue): SettingsOf {
  const everyOther = settingsOfQueue({ ...settings, queues: [] }, '', undefined);
  if (settings.queues === undefined || settings.queues.length === 0) return () => everyOther;
  const known = new Map<string, { readonly name: string | undefined; readonly found: QueueSettings }>();
  return (queueId, names) => {
    const name = names.get(queueId);
    const before = known.get(queueId);
    if (before !== undefined && before.name === name) return before.found;
    const found = settingsOfQueue(settings, queueId, name);
    if (known.size >= rememberedMax) known.clear();
    known.set(queueId, { name, found });
    return found;
  };
}

const rememberedMax = 50_000;
