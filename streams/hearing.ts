import type { ChannelGap, Tick } from './event.ts';
import type { EpochMs } from './record.ts';

/** Since when queues are heard without a break. Only what changes is sent, so what began before may lack what was said unheard. */
export interface Hearing {
  /** By channel, its queues or null for all. Until it is closed none of them counts as observed: what arrives meanwhile may miss something. */
  readonly openGaps: Map<number, readonly string[] | null>;
  /** Since when everything was heard; null = not yet, or no longer. */
  wholeSinceMs: EpochMs | null;
  /** Of queues that are heard for shorter than the others. */
  readonly queues: Map<string, EpochMs>;
}

export const startHearing = (): Hearing => ({ openGaps: new Map(), wholeSinceMs: null, queues: new Map() });

/** A gap of all queues closes those of the channels too: everything has been asked for anew. */
export function hearGap(hearing: Hearing, { channel, queueIds, endMs }: ChannelGap): void {
  if (endMs === null) hearing.openGaps.set(channel, queueIds);
  else if (queueIds === null) hearing.openGaps.clear();
  else hearing.openGaps.delete(channel);
  if (queueIds === null) {
    hearing.wholeSinceMs = endMs;
    if (endMs !== null) hearing.queues.clear();
  } else if (endMs !== null) {
    for (const queueId of queueIds) hearing.queues.set(queueId, endMs);
  }
}

export function hearTick(hearing: Hearing, { heardUntilMs }: Tick): void {
  if (hearing.openGaps.size === 0) hearing.wholeSinceMs ??= heardUntilMs;
}

/** A queue joins the others, who may have been heard for longer. */
export function hearNewQueue(hearing: Hearing, queueId: string, atMs: EpochMs): void {
  if (hearing.wholeSinceMs !== null) hearing.queues.set(queueId, atMs);
}

export function isDeafTo({ openGaps }: Hearing, queueId: string): boolean {
  for (const queueIds of openGaps.values()) if (queueIds === null || queueIds.includes(queueId)) return true;
  return false;
}

/** Null as long as a gap is open, and before anything was heard. */
export function heardSinceMs(hearing: Hearing, queueId: string): EpochMs | null {
  if (hearing.wholeSinceMs === null || isDeafTo(hearing, queueId)) return null;
  return Math.max(hearing.wholeSinceMs, hearing.queues.get(queueId) ?? 0);
}
