import type { EpochMs } from '../../streams/record.ts';

export interface TokenBucketSettings {
  readonly ratePerSecond: number;
  /** Most tokens at once, and how many there are at first. */
  readonly capacity: number;
}

/** `waitMs` until as many tokens are there; null = there never will be, for the bucket holds fewer. */
type Taken =
  | { readonly granted: true; readonly waitMs: 0; readonly tokensAfter: number }
  | { readonly granted: false; readonly waitMs: number | null; readonly tokensAfter: number };

/** Paces calls: arithmetic over the times it is told. A clock that steps back neither gives nor takes tokens. */
export interface TokenBucket {
  take(nowMs: EpochMs, tokens?: number): Taken;
  /** The other side has counted too: no more than `tokens` are left. */
  limit(nowMs: EpochMs, tokens: number): void;
}

/** Doubles lose a little with every refill. */
const slack = 1e-9;

export function createTokenBucket({ ratePerSecond, capacity }: TokenBucketSettings): TokenBucket {
  let tokens = capacity;
  let refilledMs: EpochMs | undefined;

  function refill(nowMs: EpochMs): void {
    const elapsedMs = Math.max(0, nowMs - (refilledMs ?? nowMs));
    tokens = Math.min(capacity, tokens + (elapsedMs * ratePerSecond) / 1000);
    refilledMs = Math.max(nowMs, refilledMs ?? nowMs);
  }

  return {
    take(nowMs, wanted = 1) {
      refill(nowMs);
      if (wanted > capacity) return { granted: false, waitMs: null, tokensAfter: tokens };
      if (tokens < wanted - slack) {
        return { granted: false, waitMs: ((wanted - tokens) / ratePerSecond) * 1000, tokensAfter: tokens };
      }
      tokens = Math.max(0, tokens - wanted);
      return { granted: true, waitMs: 0, tokensAfter: tokens };
    },
    limit(nowMs, most) {
      refill(nowMs);
      tokens = Math.max(0, Math.min(tokens, most));
    },
  };
}
