import { z } from 'zod';
import type { Clock } from '../../sinks/clock.ts';
import { GenesysError } from './errors.ts';
import { type Answer, describe, parseAnswer, type Send } from './http.ts';

export interface LoginSettings {
  /** For example `https://login.mypurecloud.de`. */
  readonly loginUrl: string;
  /** The settings that led to these hosts, for errors; the region unless told. */
  readonly hostSettings?: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Platform time: tokens run in it. */
  readonly clock: Clock;
}

/** The token of an OAuth client (client credentials). */
export interface Login {
  /** The one that holds, or a new one shortly before that ends; however many ask, there is one login at a time. */
  token(signal: AbortSignal): Promise<string>;
  /** It was refused: tokens can be revoked before their time. */
  discard(token: string): void;
}

type Patiently = (what: string, once: () => Promise<Answer>, signal: AbortSignal) => Promise<Answer>;

/** A new token is asked for this long before the old one ends; of one that is short-lived, after nine tenths. */
const renewEarlyMs = 60_000;
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });

export function createLogin(settings: LoginSettings, send: Send, patiently: Patiently): Login {
  const { loginUrl, hostSettings = 'GENESYSCLOUD_REGION', clientId, clientSecret, clock } = settings;
  const url = `${loginUrl}/oauth/token`;
  let held: { readonly value: string; readonly untilMs: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(signal: AbortSignal): Promise<string> {
    const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const headers = { authorization: `Basic ${credentials}`, 'content-type': 'application/x-www-form-urlencoded' };
    const request = { method: 'POST', headers, body: 'grant_type=client_credentials' } as const;
    const answer = await patiently(`Login at ${url}`, () => send(url, request, signal), signal);
    if (answer.status === 400 || answer.status === 401) {
      const wayOut = `check GENESYSCLOUD_OAUTHCLIENT_ID, GENESYSCLOUD_OAUTHCLIENT_SECRET and ${hostSettings}`;
      const message = `${loginUrl} refused the login (${describe(answer)}): ${wayOut}`;
      throw new GenesysError('QC_GENESYS_CREDENTIALS', message);
    }
    if (answer.status !== 200) throw new GenesysError('QC_GENESYS_REFUSED', `Login at ${url}: ${describe(answer)}`);
    const { access_token: value, expires_in: seconds } = parseAnswer(tokenAnswer, answer, url);
    const lifeMs = seconds * 1000;
    held = { value, untilMs: clock.nowMs() + Math.max(lifeMs - renewEarlyMs, lifeMs * 0.9) };
    return value;
  }

  return {
    token(signal) {
      if (held !== undefined && clock.nowMs() < held.untilMs) return Promise.resolve(held.value);
      asking ??= ask(signal).finally(() => (asking = undefined));
      return asking;
    },
    discard(token) {
      if (held?.value === token) held = undefined;
    },
  };
}
