import { z } from 'zod';
import { createCircuitBreaker } from './circuit-breaker.ts';
import { GenesysError } from './errors.ts';
import { type Answer, createSend, describe, headerOf, parseAnswer, type Request, type Send } from './http.ts';
import { createLogin, type LoginSettings } from './oauth.ts';
import { type CallPriority, createRateBudget } from './rate-budget.ts';
import { isRetryable, parseRetryAfterMs, retryDelayMs, type RetryPolicy } from './retry-policy.ts';

export interface RestSettings extends LoginSettings {
  /** For example `https://api.mypurecloud.de`. */
  readonly apiUrl: string;
  /** In [0, 1), for the jitter of pauses. */
  readonly random: () => number;
  /** How requests get there. Default: undici, with no silence longer than 15 s. */
  readonly send?: Send;
}

/**
 * The Genesys Cloud REST API: logged in, within its limits, patient with faults, and clear about what it cannot get. Every call may
 * reject with a `GenesysError`.
 */
export interface Rest {
  get(path: string, signal: AbortSignal): Promise<unknown>;
  post(path: string, body: unknown, signal: AbortSignal, priority?: CallPriority): Promise<unknown>;
  put(path: string, body: unknown, signal: AbortSignal): Promise<unknown>;
  delete(path: string, signal: AbortSignal): Promise<unknown>;
}

/** In real milliseconds. */
const silenceMsMax = 15_000;
const policy: RetryPolicy = { retriesMax: 3, baseMs: 1_000, capMs: 30_000, jitterMs: 1_000 };
const regionOrGateway = 'GENESYSCLOUD_REGION (or GENESYSCLOUD_GATEWAY_HOST, _PORT and _PROTOCOL)';
/** What asks for more patience than this is said to the caller at once. */
const pauseMsMax = 180_000;
/** What a 429 without a word of when is taken for. */
const retryAfterUnsaid = '3';
/** Two calls that failed to their end, and nothing in between that went well. */
const breaker = { failuresMax: 2 * (policy.retriesMax + 1), openMs: 10_000, openMsMax: 60_000 };

export function createRest(settings: RestSettings): Rest {
  const { apiUrl, hostSettings = regionOrGateway, clock, random, send = createSend(silenceMsMax) } = settings;
  const budget = createRateBudget(clock);
  const circuit = createCircuitBreaker(breaker);
  const login = createLogin(settings, send, patiently);

  /** Repeats what may go well a little later, a few times and ever more slowly. */
  async function patiently(what: string, once: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    for (let attempt = 0; ; attempt += 1) {
      let answer: Answer | undefined;
      let cause: unknown;
      try {
        answer = await once();
      } catch (error) {
        signal.throwIfAborted();
        // The login within has been patient already.
        if (error instanceof GenesysError) throw error;
        cause = error;
      }
      if (answer !== undefined && !isRetryable(answer.status)) return answer;
      const status = answer?.status ?? 503;
      const retryAfter = answer === undefined ? null : retryAfterOf(answer);
      const delayMs = retryDelayMs(policy, { status, retryAfter, attempt, nowMs: clock.nowMs(), random: random() });
      if (delayMs === null || delayMs > pauseMsMax) {
        const told = answer === undefined ? codeOf(cause) : describe(answer);
        const message = `${what} failed ${attempt + 1} times, last with: ${told}; check ${hostSettings} and the network`;
        throw new GenesysError('QC_GENESYS_UNREACHABLE', message, { cause });
      }
      await clock.sleep(delayMs, signal);
    }
  }

  /** One attempt, in its turn; everybody learns from how it went. */
  async function ask(
    what: string,
    path: string,
    request: Request,
    signal: AbortSignal,
    priority: CallPriority | undefined,
  ): Promise<Answer> {
    const openMs = circuit.waitMs(clock.nowMs());
    if (openMs > 0) {
      const message = `${what} was not asked for: ${apiUrl} has only failed of late, it is asked again in ${Math.ceil(openMs / 1000)} s`;
      throw new GenesysError('QC_GENESYS_UNREACHABLE', message);
    }
    await budget.acquire(signal, priority);
    try {
      const answer = await send(apiUrl + path, request, signal);
      if (answer.status >= 500) circuit.failed(clock.nowMs());
      else circuit.succeeded();
      heed(answer);
      return answer;
    } catch (error) {
      if (!signal.aborted) circuit.failed(clock.nowMs());
      throw error;
    }
  }

  function heed(answer: Answer): void {
    const [allowed, count, reset] = ['allowed', 'count', 'reset'].map((name) => {
      const text = headerOf(answer, `inin-ratelimit-${name}`)?.trim() ?? '';
      return /^\d+$/.test(text) ? Number(text) : undefined;
    });
    if (allowed !== undefined && count !== undefined && reset !== undefined) {
      budget.heard({ allowed, count, resetMs: Math.min(reset * 1000, pauseMsMax) });
    }
    if (answer.status !== 429) return;
    const nowMs = clock.nowMs();
    const pauseMs = parseRetryAfterMs(retryAfterOf(answer) ?? '', nowMs) ?? 0;
    budget.holdUntil(nowMs + Math.min(pauseMs, pauseMsMax));
  }

  async function call(
    method: Request['method'],
    path: string,
    body: unknown,
    signal: AbortSignal,
    priority?: CallPriority,
  ): Promise<unknown> {
    const what = `${method} ${path}`;
    let used = '';
    const once = async () => {
      used = await login.token(signal);
      const headers = { authorization: `Bearer ${used}`, 'content-type': 'application/json' };
      return ask(
        what,
        path,
        { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
        signal,
        priority,
      );
    };
    let answer = await patiently(`${what} at ${apiUrl}`, once, signal);
    if (answer.status === 401) {
      // One new token; what that one does not open is a refusal.
      login.discard(used);
      answer = await patiently(`${what} at ${apiUrl}`, once, signal);
    }
    if (answer.status < 200 || answer.status >= 300) throw refusal(what, answer);
    return answer.text === '' ? undefined : parseAnswer(z.unknown(), answer, path);
  }

  return {
    get: (path, signal) => call('GET', path, undefined, signal),
    post: (path, body, signal, priority) => call('POST', path, body, signal, priority),
    put: (path, body, signal) => call('PUT', path, body, signal),
    delete: (path, signal) => call('DELETE', path, undefined, signal),
  };
}

const retryAfterOf = (answer: Answer) =>
  headerOf(answer, 'retry-after') ?? (answer.status === 429 ? retryAfterUnsaid : null);

function refusal(what: string, answer: Answer): GenesysError {
  const told = describe(answer);
  if (answer.status === 401) {
    return new GenesysError('QC_GENESYS_CREDENTIALS', `${what} was refused twice with a new token: ${told}`);
  }
  if (answer.status === 403) {
    const message = `${what} is not allowed: ${told}. Grant it to a role of the OAuth client and start again`;
    return new GenesysError('QC_GENESYS_PERMISSION', message);
  }
  return new GenesysError(answer.status === 404 ? 'QC_GENESYS_NOT_FOUND' : 'QC_GENESYS_REFUSED', `${what}: ${told}`);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? `${error.code} ${error.message}`.trim() : error.message;
}
