import type { EpochMs } from '../../streams/record.ts';

export interface RetryPolicy {
  /** After the first attempt. */
  readonly retriesMax: number;
  readonly baseMs: number;
  /** The longest pause that grows by itself; what the other side asks for is not cut. */
  readonly capMs: number;
  /** Added by chance, so that many clients do not come back at once. */
  readonly jitterMs: number;
}

export interface Attempted {
  readonly status: number;
  /** The header as it came. */
  readonly retryAfter: string | null;
  /** From 0. */
  readonly attempt: number;
  readonly nowMs: EpochMs;
  /** In [0, 1). */
  readonly random: number;
}

const retryable: readonly number[] = [408, 429, 500, 502, 503, 504];

/** Whether the same call may succeed a little later. */
export const isRetryable = (status: number) => retryable.includes(status);

/** How long to wait until the next attempt; null = this answer is the last one. */
export function retryDelayMs(policy: RetryPolicy, attempted: Attempted): number | null {
  if (!isRetryable(attempted.status) || attempted.attempt >= policy.retriesMax) return null;
  return pauseMs(policy, attempted);
}

/** The pause after an attempt: what the header asks for, or twice as long each time; and some of the jitter. */
export function pauseMs(
  { baseMs, capMs, jitterMs }: Omit<RetryPolicy, 'retriesMax'>,
  { attempt, retryAfter, nowMs, random }: Omit<Attempted, 'status'>,
): number {
  const asked = retryAfter === null ? null : parseRetryAfterMs(retryAfter, nowMs);
  return (asked ?? Math.min(capMs, baseMs * 2 ** attempt)) + random * jitterMs;
}

const httpDate =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/** `Retry-After`: whole seconds, or a date as HTTP writes it (RFC 9110, 5.6.7); null when it is neither. */
export function parseRetryAfterMs(header: string, nowMs: EpochMs): number | null {
  const text = header.trim();
  if (/^[0-9]+$/.test(text)) return Number(text) * 1000;
  if (!httpDate.test(text)) return null;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - nowMs);
}
