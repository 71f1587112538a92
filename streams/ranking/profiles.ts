import type { EpochMs } from '../record.ts';
import { profileOf } from './profile.ts';

/** Of one profile what was said last. */
interface Said {
  readonly status: 'observed' | 'stale';
  /** Best first. */
  readonly top: readonly (readonly [agentId: string, score: number, name: string | null])[];
}

/** A profile that is ranked. */
interface Profile {
  /** Since when nobody has waited who asks for it; null = somebody does, or it is to stay. */
  quietSinceMs: EpochMs | null;
  said: Said | null;
}

/** The profiles of a queue that are ranked, and those that are asked for by who waits. */
export interface Profiles {
  ranked: Map<string, Profile>;
  /** Which profile each conversation that waits asks for. */
  waiting: Map<string, string>;
  /** By how many that wait each is asked for, ranked or not. */
  asked: Map<string, number>;
}

const profilesMax = 50;
const quietMs = 600_000;

/** Permanent profiles come first and never go; at most `profilesMax` of them. */
export function startProfiles(permanent: readonly string[]): Profiles {
  const ranked = permanent.slice(0, profilesMax).map((name) => [name, { quietSinceMs: null, said: null }] as const);
  return { ranked: new Map(ranked), waiting: new Map(), asked: new Map() };
}

/** A conversation waits and asks for this; null: it waits no more. Returns the profiles that had to go. */
export function noteWaiting(
  profiles: Profiles,
  conversationId: string,
  profile: string | null,
  atMs: EpochMs,
  permanent: readonly string[],
): readonly string[] {
  const before = profiles.waiting.get(conversationId) ?? null;
  if (before === profile) return [];
  // First what is no longer asked for: it may have to make room.
  if (before !== null) {
    const others = (profiles.asked.get(before) ?? 1) - 1;
    if (others > 0) profiles.asked.set(before, others);
    else {
      profiles.asked.delete(before);
      const ranked = profiles.ranked.get(before);
      if (ranked !== undefined && !permanent.includes(before)) ranked.quietSinceMs = atMs;
    }
    profiles.waiting.delete(conversationId);
  }
  if (profile === null) return [];
  profiles.waiting.set(conversationId, profile);
  profiles.asked.set(profile, (profiles.asked.get(profile) ?? 0) + 1);
  return admit(profiles, profile);
}

/** Whoever waits now, and nobody else. Returns the profiles that had to go. */
export function replaceWaiting(
  profiles: Profiles,
  waiting: readonly {
    readonly conversationId: string;
    readonly skillIds: readonly string[];
    readonly languageId: string | null;
  }[],
  atMs: EpochMs,
  permanent: readonly string[],
): readonly string[] {
  const now = new Map(waiting.map((each) => [each.conversationId, profileOf(each.skillIds, each.languageId)]));
  const gone = [...profiles.waiting.keys()].filter((id) => !now.has(id));
  for (const id of gone) noteWaiting(profiles, id, null, atMs, permanent);
  return [...now].flatMap(([id, profile]) => noteWaiting(profiles, id, profile, atMs, permanent));
}

/** With no room left the profile that has been quiet for longest goes; if none is quiet the new one has to wait for room. */
function admit({ ranked }: Profiles, profile: string): readonly string[] {
  const known = ranked.get(profile);
  if (known !== undefined) {
    known.quietSinceMs = null;
    return [];
  }
  const gone = ranked.size < profilesMax ? [] : quietest(ranked);
  for (const name of gone) ranked.delete(name);
  if (ranked.size < profilesMax) ranked.set(profile, { quietSinceMs: null, said: null });
  return gone;
}

function quietest(ranked: Profiles['ranked']): readonly string[] {
  let found: { readonly name: string; readonly sinceMs: EpochMs } | null = null;
  for (const [name, { quietSinceMs }] of ranked) {
    if (quietSinceMs !== null && (found === null || quietSinceMs < found.sinceMs))
      found = { name, sinceMs: quietSinceMs };
  }
  return found === null ? [] : [found.name];
}

/** When the next profile has been quiet for long enough to go; null if none is quiet. */
export function nextEndMs({ ranked }: Profiles): EpochMs | null {
  let firstMs: EpochMs | null = null;
  for (const { quietSinceMs } of ranked.values()) {
    if (quietSinceMs !== null) firstMs = Math.min(firstMs ?? Infinity, quietSinceMs + quietMs);
  }
  return firstMs;
}

/** Lets go what has been quiet for long, and those take its place for whom there was no room. Returns the profiles that went. */
export function expire(profiles: Profiles, atMs: EpochMs): readonly string[] {
  const gone: string[] = [];
  for (const [name, { quietSinceMs }] of profiles.ranked) {
    if (quietSinceMs !== null && quietSinceMs + quietMs <= atMs) gone.push(name);
  }
  for (const name of gone) profiles.ranked.delete(name);
  if (gone.length === 0) return gone;
  return [...gone, ...[...profiles.asked.keys()].sort().flatMap((name) => admit(profiles, name))];
}
