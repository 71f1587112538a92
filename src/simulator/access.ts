import type { EpochMs } from '../../streams/record.ts';
import { SimulatorError } from './errors.ts';
import { failure, forbidden, type RestAnswer, type RestRequest, type RouteAnswer } from './rest.ts';

/** Everything that the simulated interfaces ask for. */
export const allPermissions: readonly string[] = [
  'analytics:queueObservation:view',
  'analytics:conversationAggregate:view',
  'analytics:conversationDetail:view',
  'analytics:userObservation:view',
  'analytics:userAggregate:view',
  'analytics:surveyAggregate:view',
  'routing:queue:view',
  'routing:skill:view',
  'routing:wrapupCode:view',
  'presence:presenceDefinition:view',
  'conversation:communication:view',
];

/** All permissions but those in a list with commas. Throws a `SimulatorError` for one that nothing here asks for. */
export function permissionsWithout(list: string): readonly string[] {
  const denied = list.split(',').map((each) => each.trim());
  const unknown = denied.find((each) => !allPermissions.includes(each));
  if (unknown !== undefined) {
    throw new SimulatorError(
      'QC_SIMULATOR_SETTING',
      `"${unknown}" is no permission that the simulator asks for; those are: ${allPermissions.join(', ')}.`,
    );
  }
  return allPermissions.filter((permission) => !denied.includes(permission));
}

/** An OAuth client of the organisation; has all permissions unless told. */
export interface PlatformClient {
  readonly id: string;
  readonly secret: string;
  readonly permissions?: readonly string[];
}

/** Who makes a request. */
export interface Caller {
  readonly clientId: string;
  readonly token: string;
  readonly permissions: ReadonlySet<string>;
}

/** Answers about one subject; undefined if the path is none of it. */
export interface Routes {
  answer(request: RestRequest, caller: Caller, nowMs: EpochMs): RouteAnswer | undefined;
}

/** The refusal for a caller who has not this permission, or of several not one; undefined for who may. */
export function refusal(caller: Caller, ...anyOf: readonly string[]): RouteAnswer | undefined {
  return anyOf.some((each) => caller.permissions.has(each)) ? undefined : forbidden(anyOf, anyOf.length > 1);
}

interface Token {
  readonly caller: Caller;
  readonly expiresMs: EpochMs;
  windowStartMs: EpochMs;
  used: number;
}

/** Tokens and their rate limits. */
export interface Access {
  /** `POST /oauth/token`. */
  logIn(request: RestRequest, nowMs: EpochMs): RestAnswer;
  /** Who is calling, or why the call is refused; either way the state of the rate limit as headers. */
  admit(
    request: RestRequest,
    nowMs: EpochMs,
  ): { readonly headers: Readonly<Record<string, string>> } & (
    { readonly caller: Caller } | { readonly refused: RouteAnswer }
  );
  /** All tokens are invalid from now on. */
  readonly expireTokens: () => void;
  /** One token is invalid from now on. */
  revoke(token: string): void;
  /** When a token ends; in the past if it is not known any more. */
  expiresMs(token: string): EpochMs;
}

const windowMs = 60_000;

export function createAccess(options: {
  readonly clients: readonly PlatformClient[];
  readonly tokenLifeMs: number;
  readonly requestsPerMinute: number;
  readonly newSecret: () => string;
}): Access {
  const { clients, tokenLifeMs, requestsPerMinute, newSecret } = options;
  const tokens = new Map<string, Token>();

  const rateHeaders = (used: number, nowMs: EpochMs) => ({
    'inin-ratelimit-count': String(used),
    'inin-ratelimit-allowed': String(requestsPerMinute),
    'inin-ratelimit-reset': String(secondsToNextWindow(nowMs)),
  });

  const oauthFailure = (error: string, description: string): RestAnswer => ({
    status: 400,
    headers: {},
    body: { error, description, error_description: description },
  });

  return {
    logIn(request, nowMs) {
      const grant = new URLSearchParams(request.body).get('grant_type');
      if (grant === null) return oauthFailure('invalid_request', 'grant_type is missing');
      if (grant !== 'client_credentials') return oauthFailure('unsupported_grant_type', `${grant} is not supported`);
      const given = readBasic(request.headers['authorization']);
      const client = clients.find(({ id, secret }) => id === given?.id && secret === given.secret);
      if (client === undefined) return oauthFailure('invalid_client', 'authentication failed');
      for (const [token, { expiresMs }] of tokens) if (expiresMs <= nowMs) tokens.delete(token);
      const token = newSecret();
      const permissions = new Set(client.permissions ?? allPermissions);
      tokens.set(token, {
        caller: { clientId: client.id, token, permissions },
        expiresMs: nowMs + tokenLifeMs,
        windowStartMs: 0,
        used: 0,
      });
      const body = { access_token: token, token_type: 'bearer', expires_in: Math.floor(tokenLifeMs / 1000) };
      return { status: 200, headers: {}, body };
    },

    admit(request, nowMs) {
      const header = request.headers['authorization'];
      const refuse = (refused: RouteAnswer) => ({ headers: rateHeaders(0, nowMs), refused });
      if (header === undefined) {
        return refuse(failure(401, 'authentication.required', 'No authentication bearer token specified.'));
      }
      const token = tokens.get(/^Bearer\s+(.+)$/i.exec(header)?.[1] ?? '');
      if (token === undefined || token.expiresMs <= nowMs) {
        return refuse(failure(401, 'bad.credentials', 'Invalid login credentials.'));
      }
      const windowStartMs = Math.floor(nowMs / windowMs) * windowMs;
      if (token.windowStartMs !== windowStartMs) {
        token.windowStartMs = windowStartMs;
        token.used = 0;
      }
      token.used += 1;
      const headers = rateHeaders(token.used, nowMs);
      if (token.used <= requestsPerMinute) return { headers, caller: token.caller };
      const seconds = String(secondsToNextWindow(nowMs));
      const message = `Rate limit exceeded the maximum. Retry the request in [${seconds}] seconds`;
      const refused = failure(429, 'too.many.requests', message, { seconds });
      return { headers, refused: { ...refused, headers: { 'retry-after': seconds } } };
    },

    expireTokens() {
      tokens.clear();
    },
    revoke(token) {
      tokens.delete(token);
    },
    expiresMs: (token) => tokens.get(token)?.expiresMs ?? -Infinity,
  };
}

function secondsToNextWindow(nowMs: EpochMs): number {
  return Math.ceil((windowMs - (nowMs % windowMs)) / 1000);
}

function readBasic(header: string | undefined): { readonly id: string; readonly secret: string } | undefined {
  const encoded = /^Basic\s+(.+)$/i.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const [id = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  return { id, secret: rest.join(':') };
}
