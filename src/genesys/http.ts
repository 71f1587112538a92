import { EnvHttpProxyAgent, request } from 'undici';
import { z } from 'zod';
import { GenesysError } from './errors.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request, one answer; rejects when the host does not give one. */
export type Send = (url: string, request: Request, signal: AbortSignal) => Promise<Answer>;

/** Proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY; `timeoutMs` = longest silence, in real milliseconds. */
export function createSend(timeoutMs: number): Send {
  const dispatcher = new EnvHttpProxyAgent();
  return async (url, { method, headers, body }, signal) => {
    const limits = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs };
    const given = body === undefined ? {} : { body };
    const answer = await request(url, { method, headers, ...given, ...limits, signal, dispatcher });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };
}

/** A header that came once. */
export function headerOf({ headers }: Answer, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

/** That of the API, or that of the login. */
const errorBody = z.object({
  code: z.string().optional(),
  message: z.string().optional(),
  error: z.string().optional(),
  description: z.string().optional(),
});

/** What an error says of an answer: its status, what the platform gave as the reason, and the id its support asks for. */
export function describe(answer: Answer): string {
  const id = headerOf(answer, 'inin-correlation-id');
  let told: z.infer<typeof errorBody> = {};
  try {
    told = errorBody.catch({}).parse(JSON.parse(answer.text));
  } catch {
    // A gateway in front may answer with HTML or nothing: the status says enough.
  }
  const words = [`status ${answer.status}`, told.code ?? told.error, told.message ?? told.description].filter(
    (each) => each !== undefined,
  );
  return words.join(', ') + (id === null ? '' : ` (ININ-Correlation-Id ${id})`);
}

export function parseAnswer<T>(schema: z.ZodType<T>, answer: Answer, place: string): T {
  try {
    return schema.parse(JSON.parse(answer.text));
  } catch (cause) {
    const message = `${place} answered what is not expected: ${describe(answer)}`;
    throw new GenesysError('QC_GENESYS_REFUSED', message, { cause });
  }
}
