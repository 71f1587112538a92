import { type Dispatcher, request } from 'undici';
import { z } from 'zod';
import type { Clock } from '../../sinks/clock.ts';
import { GenesysError } from './errors.ts';

export interface RestSettings {
  /** For example `https://api.mypurecloud.de`. */
  readonly apiUrl: string;
  /** For example `https://login.mypurecloud.de`. */
  readonly loginUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Platform time: tokens and rate limits run in it. */
  readonly clock: Clock;
  /** Longest time for one answer, in real milliseconds. */
  readonly timeoutMs?: number;
}

/** The Genesys Cloud REST API: logged in, patient with limits and faults, and clear about what it cannot get. */
export interface Rest {
  get(path: string, signal: AbortSignal): Promise<unknown>;
  post(path: string, body: unknown, signal: AbortSignal): Promise<unknown>;
}

const triesMax = 4;
const retryAfterMsMax = 180_000;
/** A new token is asked for this long before the old one ends. */
const renewEarlyMs = 60_000;
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });
/** That of the API, or that of the login. */
const errorBody = z.object({
  code: z.string().optional(),
  message: z.string().optional(),
  error: z.string().optional(),
  description: z.string().optional(),
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export function createRest(settings: RestSettings): Rest {
  const { apiUrl, loginUrl, clock, timeoutMs = 15_000 } = settings;
  let token: { readonly value: string; readonly untilMs: number } | undefined;
  let login: Promise<string> | undefined;

  async function send(url: string, options: Parameters<typeof request>[1], signal: AbortSignal): Promise<Answer> {
    const limits = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs, signal };
    const { statusCode, headers, body } = await request(url, { ...options, ...limits });
    return { status: statusCode, headers, text: await body.text() };
  }

  /** Repeats on 408, 429, 5xx and on a host that does not answer, a few times and ever more slowly. */
  async function patiently(what: string, once: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
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
      const isTemporary =
        answer === undefined || answer.status === 408 || answer.status === 429 || answer.status >= 500;
      if (answer !== undefined && !isTemporary) return answer;
      if (attempt === triesMax) {
        const told = answer === undefined ? codeOf(cause) : describe(answer);
        const wayOut = 'check GENESYSCLOUD_REGION (or GENESYSCLOUD_GATEWAY_HOST, _PORT and _PROTOCOL) and the network';
        const message = `${what} at ${apiUrl} failed ${attempt} times, last with: ${told}; ${wayOut}`;
        throw new GenesysError('QC_GENESYS_UNREACHABLE', message, { cause });
      }
      await clock.sleep(retryAfterMs(answer) ?? 1_000 * 2 ** (attempt - 1), signal);
    }
  }

  async function logIn(signal: AbortSignal): Promise<string> {
    const credentials = Buffer.from(`${settings.clientId}:${settings.clientSecret}`).toString('base64');
    const url = `${loginUrl}/oauth/token`;
    const options = {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    } as const;
    const answer = await patiently(`Login at ${url}`, () => send(url, options, signal), signal);
    if (answer.status !== 200 && answer.status !== 400 && answer.status !== 401)
      throw refusal(`Login at ${url}`, answer);
    if (answer.status !== 200) {
      const wayOut = 'check GENESYSCLOUD_OAUTHCLIENT_ID, GENESYSCLOUD_OAUTHCLIENT_SECRET and GENESYSCLOUD_REGION';
      const message = `${loginUrl} refused the login (${describe(answer)}): ${wayOut}`;
      throw new GenesysError('QC_GENESYS_CREDENTIALS', message);
    }
    const granted = parse(tokenAnswer, answer, url);
    token = { value: granted.access_token, untilMs: clock.nowMs() + granted.expires_in * 1000 - renewEarlyMs };
    return token.value;
  }

  function currentToken(signal: AbortSignal): Promise<string> {
    if (token !== undefined && clock.nowMs() < token.untilMs) return Promise.resolve(token.value);
    login ??= logIn(signal).finally(() => (login = undefined));
    return login;
  }

  async function call(
    method: Dispatcher.HttpMethod,
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<unknown> {
    const what = `${method} ${path}`;
    let used: string | undefined;
    const once = async () => {
      used = await currentToken(signal);
      const headers = { authorization: `Bearer ${used}`, 'content-type': 'application/json' };
      return send(
        apiUrl + path,
        { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) },
        signal,
      );
    };
    let answer = await patiently(what, once, signal);
    if (answer.status === 401) {
      // Tokens can be revoked before their time; one new one, then it is a refusal.
      if (token?.value === used) token = undefined;
      answer = await patiently(what, once, signal);
    }
    if (answer.status >= 200 && answer.status < 300)
      return answer.text === '' ? undefined : parse(z.unknown(), answer, path);
    throw refusal(what, answer);
  }

  return {
    get: (path, signal) => call('GET', path, undefined, signal),
    post: (path, body, signal) => call('POST', path, body, signal),
  };
}

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

function parse<T>(schema: z.ZodType<T>, answer: Answer, place: string): T {
  try {
    return schema.parse(JSON.parse(answer.text));
  } catch (cause) {
    throw new GenesysError('QC_GENESYS_REFUSED', `${place} answered what is not expected: ${describe(answer)}`, {
      cause,
    });
  }
}

function describe(answer: Answer): string {
  const id = answer.headers['inin-correlation-id'];
  let told: z.infer<typeof errorBody> = {};
  try {
    told = errorBody.catch({}).parse(JSON.parse(answer.text));
  } catch {
    // A gateway in front may answer with HTML or nothing: the status says enough.
  }
  const words = [`status ${answer.status}`, told.code ?? told.error, told.message ?? told.description].filter(
    (each) => each !== undefined,
  );
  return words.join(', ') + (typeof id === 'string' ? ` (ININ-Correlation-Id ${id})` : '');
}

/** Whole seconds only, and not for hours: what else the header may hold is left to the usual backoff. */
function retryAfterMs(answer: Answer | undefined): number | undefined {
  const header = answer?.headers['retry-after'];
  if (typeof header === 'string' && /^\d{1,6}$/.test(header.trim()))
    return Math.min(Number(header) * 1000, retryAfterMsMax);
  return answer?.status === 429 ? 3_000 : undefined;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? `${error.code} ${error.message}`.trim() : error.message;
}
