import swagger from '@fastify/swagger';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import {
  createJsonSchemaTransform,
  hasZodFastifySchemaValidationErrors,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import { ConfigError } from '../config.ts';
import type { TokenBucketSettings } from '../genesys/token-bucket.ts';
import { createRateLimit, createTokenCheck, isForThisMachine, refuseOpenAddress } from './access.ts';
import { type FieldFault, problem, type Problem, problemType } from './problem.ts';
import { SpeltTwiceError, toSnakeCase } from '../snake-case.ts';

/** A server that routes can be added to; their schemas are zod's, and see all fields in snake_case. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module 'fastify' {
  interface FastifySchema {
    /** Media types that are taken beside JSON, as text. */
    readonly texts?: readonly string[];
  }
  interface FastifyContextConfig {
    /** Answered without a token, to whoever only asks whether the process lives. */
    readonly isOpen?: boolean;
  }
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** What callers must show; undefined = nothing, which only a loopback address may do. */
  readonly token?: string | undefined;
  readonly version: string;
  /** Of the system. */
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error'>;
  /** Requests of one address. */
  readonly rate?: TokenBucketSettings;
  /** Each adds the routes of one subject. */
  readonly subjects: readonly ((app: App) => void)[];
}

export interface HttpServer {
  readonly url: string;
  /** Answers what has been asked, and takes nothing more. */
  close(): Promise<void>;
}

/** Unless a route takes more. */
const bodyBytesMax = 4 * 2 ** 20;
/** From the first byte of a request to its last. */
const requestMsMax = 300_000;
const usualRate: TokenBucketSettings = { ratePerSecond: 200, capacity: 400 };

/**
 * Serves routes over HTTP, and what they take and answer as OpenAPI 3.1 at /openapi.json. Whatever is refused is told as a problem of RFC
 * 9457. Throws a `ConfigError` for an address that cannot be had, and for one that others reach while no token is set.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, version, subjects } = options;
  refuseOpenAddress({ host, token: options.token });
  const app: App = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestMsMax,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, _, reply) => void refuse(reply, asProblem(error)),
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(checkSpelt);
  app.setSerializerCompiler(serializerCompiler);
  guard(app, options);
  refusePacked(app);
  app.setErrorHandler(async (error, request, reply) => {
    const told = asProblem(error);
    if (told.status >= 500) options.log.error({ err: error, url: request.url }, 'a request could not be answered');
    return refuse(reply, told);
  });
  app.setNotFoundHandler(async (request, reply) => refuse(reply, nothingThere(app, request, reply)));
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'queuecast',
        version,
        description: 'What is known of queues and agents, and what would happen if.',
      },
      ...(options.token === undefined
        ? {}
        : {
            components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
            security: [{ token: [] }],
          }),
    },
    transform: describe,
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  for (const add of subjects) add(app);
  try {
    const url = await app.listen({ host, port });
    return { url, close: () => app.close() };
  } catch (error) {
    await app.close();
    throw addressFault(error, host, port);
  }
}

/** However fields are spelt; a body that comes as a stream is read by its route. */
const checkSpelt: typeof validatorCompiler = (route) => {
  const check = validatorCompiler(route);
  return (data) => {
    if (data instanceof Readable) return { value: data };
    try {
      return check(toSnakeCase(data));
    } catch (error) {
      if (error instanceof SpeltTwiceError) return { error };
      throw error;
    }
  };
};

const methods = ['GET', 'HEAD', 'POST'];

/** Who asks too often, by a foreign name or without the token gets no further. */
function guard(app: App, { token, rate = usualRate, clock }: HttpServerOptions): void {
  const waitMsOf = createRateLimit(rate, clock);
  const isToken = token === undefined ? undefined : createTokenCheck(token);
  app.addHook('onRequest', async (request, reply) => {
    const waitMs = waitMsOf(request.ip);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      reply.header('retry-after', seconds);
      return refuse(
        reply,
        problem('too-many-requests', `More than ${rate.ratePerSecond} a second; ask again in ${seconds} s.`),
      );
    }
    // Before anybody wants to know the type of a body that nobody reads.
    if (!methods.includes(request.method)) return refuse(reply, nothingThere(app, request, reply));
    if (request.routeOptions.config.isOpen === true) return;
    if (isToken === undefined) {
      if (isForThisMachine(request.headers.host)) return;
      const detail = `Host is ${request.headers.host ?? ''}: ask for localhost or 127.0.0.1, or set QUEUECAST_HTTP_TOKEN.`;
      return refuse(reply, problem('misdirected-request', detail));
    }
    if (isToken(request.headers.authorization)) return;
    reply.header('www-authenticate', 'Bearer');
    return refuse(reply, problem('unauthorized', 'Send Authorization: Bearer with the token of QUEUECAST_HTTP_TOKEN.'));
  });
}

/** Bodies are read as they come. */
function refusePacked(app: App): void {
  app.addHook('onRequest', async (request, reply) => {
    const { 'content-encoding': encoding = 'identity' } = request.headers;
    if (encoding.toLowerCase() === 'identity') return;
    const detail = `Content-Encoding is ${encoding}: unpack the body, and send it without.`;
    return refuse(reply, problem('unsupported-media-type', detail));
  });
}

/** Answers with a problem. */
export function refuse(reply: FastifyReply, told: Problem): FastifyReply {
  // Written here: a problem of the serializer must not go through it again.
  return reply.code(told.status).type(problemType).serializer(JSON.stringify).send(told);
}

const zodTransform = createJsonSchemaTransform({});

/** As OpenAPI says it: beside JSON a body may come as text. */
const describe: typeof zodTransform = (document) => {
  const transformed = zodTransform(document);
  // A route without a schema has none, whatever the types say.
  const { texts = [] } = { ...transformed.schema };
  if (texts.length === 0) return transformed;
  const { body, ...rest } = transformed.schema;
  const text = { schema: { type: 'string' } };
  const content = { 'application/json': { schema: body }, ...Object.fromEntries(texts.map((type) => [type, text])) };
  return { ...transformed, schema: { ...rest, body: { content } } };
};

function nothingThere(app: App, request: FastifyRequest, reply: FastifyReply): Problem {
  const [path = '/'] = request.url.split('?');
  const methods = (['GET', 'POST'] as const).filter((method) => app.hasRoute({ method, url: path }));
  if (methods.length === 0) return problem('not-found', `${path} is not served; /openapi.json says what is.`);
  reply.header('allow', methods.join(', '));
  return problem('method-not-allowed', `${path} takes ${methods.join(' and ')} only.`);
}

const statusKinds: Readonly<Record<number, Parameters<typeof problem>[0]>> = {
  404: 'not-found',
  413: 'body-too-large',
  415: 'unsupported-media-type',
};

function asProblem(error: unknown): Problem {
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.flatMap(({ instancePath, message = '', params }): readonly FieldFault[] => {
      const path = instancePath.split('/').filter((part) => part !== '');
      const keys = 'keys' in params && Array.isArray(params['keys']) ? params['keys'].map(String) : [];
      if (keys.length > 0)
        return keys.map((key) => ({ field: [...path, key].join('.'), detail: 'there is no such field' }));
      return [{ field: path.join('.'), detail: message }];
    });
    const names = faults.map(({ field }) => (field === '' ? 'the body' : field)).slice(0, 10);
    return problem('invalid-request', `Not as /openapi.json says: ${names.join(', ')}.`, faults);
  }
  if (error instanceof SpeltTwiceError) {
    return problem('invalid-request', error.message, [{ field: error.field, detail: error.message }]);
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  if (!(error instanceof Error) || typeof status !== 'number' || status >= 500) {
    return problem('internal-error', 'What went wrong is in the log of the server.');
  }
  return problem(statusKinds[status] ?? 'invalid-request', error.message);
}

function addressFault(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const fault = (where: string, value: string, allowed: string) => new ConfigError([{ where, value, allowed }]);
  switch (code) {
    case 'EADDRINUSE':
      return fault('QUEUECAST_HTTP_PORT', String(port), 'a port that no other program has taken');
    case 'EACCES':
      return fault('QUEUECAST_HTTP_PORT', String(port), 'a port that this user may take, above 1023');
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return fault('QUEUECAST_HTTP_HOST', host, 'an address of this machine, such as 127.0.0.1');
    default:
      return error;
  }
}
