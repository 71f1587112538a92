import { z } from 'zod';
import { createTokenBucket } from '../../src/genesys/token-bucket.ts';
import { isRetryable, parseRetryAfterMs, pauseMs, retryDelayMs } from '../../src/genesys/retry-policy.ts';
import { differenceOf, type GoldenKind } from './kind.ts';

const bucket = { ratePerSecond: z.number(), capacity: z.number() };
const policy = { baseMs: z.number(), capMs: z.number(), jitterMs: z.number() };
const answer = { status: z.number(), retryAfter: z.string().nullable() };

const tokenBucketCase = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('try'),
    input: z.strictObject({
      ...bucket,
      calls: z.array(z.strictObject({ now: z.number(), tokens: z.number().optional() })),
    }),
  }),
  z.object({
    type: z.literal('acquire'),
    input: z.strictObject({
      ...bucket,
      requests: z.array(z.strictObject({ at: z.number(), tokens: z.number().optional() })),
    }),
  }),
  z.object({
    type: z.literal('delay'),
    input: z.strictObject({
      ...policy,
      attempt: z.number(),
      retryAfter: z.string().nullable(),
      now: z.number(),
      random: z.number(),
    }),
  }),
  z.object({ type: z.literal('retryable'), input: z.strictObject({ status: z.number() }) }),
  z.object({
    type: z.literal('schedule'),
    input: z.strictObject({
      ...policy,
      responses: z.array(z.strictObject(answer)),
      maxRetries: z.number(),
      random: z.array(z.number()),
      now: z.number(),
    }),
  }),
]);
type TokenBucketCase = z.infer<typeof tokenBucketCase>;

export const tokenBucket: GoldenKind = {
  kind: 'token-bucket',
  runCase({ type, input, expected }, tolerance) {
    const times = tolerance['times'] ?? 0;
    const actual = compute(tokenBucketCase.parse({ type, input }));
    return differenceOf(expected, actual, { ...tolerance, grants: times, waitMs: times, waitsMs: times });
  },
};

function compute(golden: TokenBucketCase): unknown {
  switch (golden.type) {
    case 'try':
      return tryEach(golden.input);
    case 'acquire':
      return acquireEach(golden.input);
    case 'retryable':
      return isRetryable(golden.input.status);
    case 'delay': {
      const { now: nowMs, ...attempted } = golden.input;
      const at = (random: number) => pauseMs(golden.input, { ...attempted, nowMs, random });
      const { retryAfter } = attempted;
      return {
        retryAfterMs: retryAfter === null ? null : parseRetryAfterMs(retryAfter, nowMs),
        baseDelayMs: at(0),
        minDelayMs: at(0),
        maxDelayMs: at(1),
        delayMs: at(attempted.random),
      };
    }
    case 'schedule':
      return schedule(golden.input);
  }
}

type Input<Type> = Extract<TokenBucketCase, { type: Type }>['input'];

function tryEach({ calls, ...settings }: Input<'try'>) {
  const tokens = createTokenBucket(settings);
  return calls.map(({ now, tokens: wanted }) => {
    const taken = tokens.take(now, wanted);
    return taken.waitMs === null ? { error: 'exceeds-capacity' } : taken;
  });
}

/** First come, first served: who has to wait holds up the others. */
function acquireEach({ requests, ...settings }: Input<'acquire'>) {
  const tokens = createTokenBucket(settings);
  let lastMs = 0;
  const grants = requests.map(({ at, tokens: wanted }) => {
    const nowMs = Math.max(at, lastMs);
    const { waitMs } = tokens.take(nowMs, wanted);
    if (waitMs === null) return null;
    lastMs = nowMs + waitMs;
    if (waitMs > 0 && !tokens.take(lastMs, wanted).granted) throw new Error(`not granted after ${waitMs} ms`);
    return lastMs;
  });
  return { grants, grantsCeilMs: grants.map((atMs) => (atMs === null ? null : Math.ceil(atMs - 1e-3))) };
}

function schedule({ responses, random, maxRetries, now, ...rest }: Input<'schedule'>) {
  const waitsMs: number[] = [];
  for (const [attempt, response] of responses.entries()) {
    const attempted = { ...response, attempt, nowMs: now, random: random[attempt] ?? 0 };
    const delayMs = retryDelayMs({ ...rest, retriesMax: maxRetries }, attempted);
    if (delayMs === null) {
      const { status } = response;
      const outcome = status >= 200 && status < 300 ? 'success' : 'error';
      return { attempts: attempt + 1, waitsMs, outcome, lastStatus: status };
    }
    waitsMs.push(delayMs);
  }
  throw new Error('the responses end before the attempts do');
}
