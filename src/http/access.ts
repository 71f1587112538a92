import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../sinks/clock.ts';
import { ConfigError } from '../config.ts';
import { createTokenBucket, type TokenBucket, type TokenBucketSettings } from '../genesys/token-bucket.ts';

const isLoopback = (host: string) => /^(localhost|::1|\[::1\]|127(\.\d{1,3}){3})$/i.test(host);

/** Throws a `ConfigError` for an address that others reach, where nothing would keep them out. */
export function refuseOpenAddress({
  host,
  token,
}: {
  readonly host: string;
  readonly token: string | undefined;
}): void {
  if (token !== undefined || isLoopback(host)) return;
  const allowed = 'a loopback address such as 127.0.0.1; for another one set QUEUECAST_HTTP_TOKEN (or _FILE) too';
  throw new ConfigError([{ where: 'QUEUECAST_HTTP_HOST', value: host, allowed }]);
}

const digest = (text: string) => createHash('sha256').update(text).digest();

/** Tells whether an `Authorization` header holds the token, in a time that does not depend on how much of it is right. */
export function createTokenCheck(token: string): (header: string | undefined) => boolean {
  const expected = digest(token);
  return (header = '') => {
    const [, given = ''] = /^bearer +(\S+) *$/i.exec(header) ?? [];
    return timingSafeEqual(digest(given), expected);
  };
}

/**
 * Whether a request names a host of this machine. Where no token is asked for, a page of somebody else must not get here by a name of
 * its own that it lets point to this machine.
 */
export function isForThisMachine(hostHeader: string | undefined): boolean {
  return isLoopback((hostHeader ?? 'localhost').replace(/:\d*$/, ''));
}

/** Returns the milliseconds that an address has to wait; 0 = it may go on, and that is counted. */
export type RateLimit = (address: string) => number;

/** So many addresses are remembered; the one that was first seen longest ago starts anew. */
const addressesMax = 1_000;

export function createRateLimit(settings: TokenBucketSettings, clock: Clock): RateLimit {
  const buckets = new Map<string, TokenBucket>();
  return (address) => {
    let bucket = buckets.get(address);
    if (bucket === undefined) {
      buckets.set(address, (bucket = createTokenBucket(settings)));
      const [oldest] = buckets.keys();
      if (buckets.size > addressesMax && oldest !== undefined) buckets.delete(oldest);
    }
    return bucket.take(clock.nowMs()).waitMs ?? 0;
  };
}
