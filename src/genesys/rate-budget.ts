import type { Clock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';
import { createTokenBucket } from './token-bucket.ts';

/** What an answer says of the minute that runs: `inin-ratelimit-allowed`, `-count`, and `-reset` in milliseconds. */
interface RateWindow {
  readonly allowed: number;
  readonly count: number;
  readonly resetMs: number;
}

/** Whether a call is made in its turn, or only when nobody else waits. */
export type CallPriority = 'usual' | 'low';

/** One budget for all calls of a token. */
export interface RateBudget {
  /** Resolves when one call may be made: first come, first served. Rejects with the signal's reason. */
  acquire(signal: AbortSignal, priority?: CallPriority): Promise<void>;
  /** The platform has counted too, and its count is the one that matters. */
  heard(window: RateWindow): void;
  /** Nobody calls before then. */
  holdUntil(atMs: EpochMs): void;
}

/** Of client credentials (`client.credentials.token.rate.per.minute`). */
const allowedAtFirst = 300;
/** The platform counts by fixed minutes, so a full bucket and what flows in during a minute have to fit into one. */
const burstShare = 0.2;

export function createRateBudget(clock: Clock): RateBudget {
  const bucketFor = (allowed: number) =>
    createTokenBucket({
      ratePerSecond: (allowed * (1 - burstShare)) / 60,
      capacity: Math.max(1, allowed * burstShare),
    });
  let allowed = allowedAtFirst;
  let bucket = bucketFor(allowed);
  let heldUntilMs: EpochMs = 0;
  let last: Promise<void> = Promise.resolve();
  /** Those in the row that `last` is the end of. */
  let waiting = 0;

  async function untilGranted(signal: AbortSignal, mayTake: () => boolean = () => true): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (!mayTake()) {
        await last;
        continue;
      }
      const nowMs = clock.nowMs();
      const taken = heldUntilMs > nowMs ? undefined : bucket.take(nowMs);
      if (taken?.granted === true) return;
      await clock.sleep(taken === undefined ? heldUntilMs - nowMs : Math.ceil(taken.waitMs ?? 0), signal);
    }
  }

  const holdUntil = (atMs: EpochMs) => void (heldUntilMs = Math.max(heldUntilMs, atMs));

  return {
    acquire(signal, priority = 'usual') {
      if (priority === 'low') return untilGranted(signal, () => waiting === 0);
      waiting += 1;
      const turn = last.then(() => untilGranted(signal)).finally(() => (waiting -= 1));
      last = turn.catch(() => undefined);
      return turn;
    },
    heard(window) {
      const nowMs = clock.nowMs();
      if (window.allowed !== allowed && window.allowed > 0) {
        allowed = window.allowed;
        bucket = bucketFor(allowed);
      }
      const left = window.allowed - window.count;
      if (left <= 0) holdUntil(nowMs + window.resetMs);
      else bucket.limit(nowMs, left);
    },
    holdUntil,
  };
}
