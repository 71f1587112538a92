import { STATUS_CODES, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { v4 } from 'uuid';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import type { Clock, ScaledClockSettings } from '../../sinks/clock.ts';
import { SimulatorError } from './errors.ts';
import { brokenCode } from './fault-injector.ts';
import { faultSchema } from './faults.ts';
import type { Platform } from './platform.ts';
import { startPump } from './pump.ts';
import { failure, readBody } from './rest.ts';

export interface SimulatorServerOptions {
  readonly platform: Platform;
  /** The platform's time. */
  readonly clock: Clock;
  /** What another process on this machine needs in order to build the same clock over its own system clock. */
  readonly clockSettings: ScaledClockSettings;
  /** Loopback unless told. */
  readonly host?: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Whether faults can be asked for over HTTP; unless told, where nobody else can reach it. */
  readonly admin?: boolean;
}

/** The platform on a port. */
export interface SimulatorServer {
  readonly url: string;
  /** Resolves when closed; rejects if the platform failed while nobody asked it anything. */
  readonly stopped: Promise<void>;
  close(): Promise<void>;
}

/** No query of the platform is so long. */
const bodyBytesMax = 4 * 2 ** 20;

/** A client that reads nothing is cut off when this much waits for it. */
const bufferedBytesMax = 16 * 2 ** 20;

/** Serves the platform over HTTP and WebSocket. Throws a `SimulatorError` when the address cannot be had. */
export async function startSimulatorServer(options: SimulatorServerOptions): Promise<SimulatorServer> {
  const { platform, clock, clockSettings, host = '127.0.0.1', port, admin = isLoopback(host) } = options;
  const app = fastify({
    bodyLimit: bodyBytesMax,
    forceCloseConnections: true,
    frameworkErrors: (error, _, reply) => void refuse(error, reply),
  });
  app.setErrorHandler(async (error: Error & { statusCode?: number }, _, reply) => refuse(error, reply));
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const pump = startPump(platform, clock);
  addAdminRoutes(app, platform, clock, clockSettings);
  const closing = new AbortController();
  takeBodiesAsText(app);
  if (admin) addFaultRoute(app, platform, clock, pump.rearm);
  refuseOtherAdmin(app);
  addPlatformRoute(app, { platform, clock, rearm: pump.rearm, closing: closing.signal });
  app.server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    acceptSocket({ sockets, platform, clock, rearm: pump.rearm }, request, stream, head);
  });
  const close = async (): Promise<void> => {
    closing.abort();
    for (const client of sockets.clients) client.terminate();
    await app.close();
    await pump.stop();
  };
  try {
    const url = await app.listen({ host, port });
    return { url, stopped: pump.stopped, close };
  } catch (error) {
    await close();
    throw addressError(error, host, port);
  }
}

function addAdminRoutes(
  app: FastifyInstance,
  platform: Platform,
  clock: Clock,
  clockSettings: ScaledClockSettings,
): void {
  app.get('/simulator/clock', () => clockSettings);
  app.get('/simulator/status', () => {
    platform.advanceTo(clock.nowMs());
    const { center } = platform;
    return {
      platformMs: clock.nowMs(),
      ended: platform.endedMs() !== undefined,
      queues: center.queues.size,
      agents: center.agents.size,
      calls: center.counts,
    };
  });
}

function takeBodiesAsText(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    done(null, body);
  });
}

// Not a union of one and many, which could not say what is wrong with either.
const faultsSchema = z.preprocess(
  (body): readonly unknown[] => (Array.isArray(body) ? body : [body]),
  z.array(faultSchema),
);

/** One fault, or a list of them, to happen now. */
function addFaultRoute(app: FastifyInstance, platform: Platform, clock: Clock, rearm: () => void): void {
  app.post('/simulator/faults', async (request, reply) => {
    const read = readBody(faultsSchema, typeof request.body === 'string' ? request.body : '');
    if ('refused' in read) return reply.code(read.refused.status).send(read.refused.body);
    for (const fault of read.value) platform.inject(fault, clock.nowMs());
    rearm();
    return { injected: read.value.length };
  });
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const adminMethods: Readonly<Record<string, string>> = {
  '/simulator/clock': 'GET',
  '/simulator/status': 'GET',
  '/simulator/faults': 'POST',
};

/** What is not served below `/simulator/`, and why: the platform would only ask for a token. */
function refuseOtherAdmin(app: FastifyInstance): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { path } = targetOf(request.url);
    const allowed = adminMethods[path];
    const listed = Object.entries(adminMethods).map(([each, method]) => `${method} ${each}`);
    const { status, body } =
      allowed === undefined
        ? failure(404, 'not.found', `${path} is not found; there is ${listed.join(', ')}.`)
        : allowed === request.method
          ? failure(403, 'not.authorized', `${path} is closed where others can reach it: start with --admin.`)
          : failure(405, 'method.not.allowed', `${path} takes ${allowed} only.`);
    if (status === 405) reply.header('allow', allowed);
    await reply.code(status).header('inin-correlation-id', v4()).send(body);
  };
  app.route({ method: methods, url: '/simulator/*', handler });
}

interface PlatformRoute {
  readonly platform: Platform;
  readonly clock: Clock;
  readonly rearm: () => void;
  /** Ends the wait of slow answers. */
  readonly closing: AbortSignal;
}

/** Everything but the admin routes goes to the platform as it came. */
function addPlatformRoute(app: FastifyInstance, { platform, clock, rearm, closing }: PlatformRoute): void {
  const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { path, query } = targetOf(request.url);
    const answer = platform.handle(
      {
        method: request.method,
        path,
        query,
        headers: flatHeaders(request.headers),
        body: typeof request.body === 'string' ? request.body : '',
      },
      clock.nowMs(),
    );
    rearm();
    if (answer.delayMs !== undefined) {
      await clock.sleep(answer.delayMs, closing).catch((error: unknown) => {
        if (!closing.aborted) throw error;
      });
    }
    const text = answer.body === undefined ? (answer.text ?? '') : JSON.stringify(answer.body);
    await reply.code(answer.status).headers(answer.headers).send(text);
  };
  app.route({ method: methods, url: '/*', handler });
  app.setNotFoundHandler(handler);
}

/** Path and query of a request line. Unlike `URL` it takes whatever a client may send, `//` too. */
function targetOf(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const [path = '', ...query] = url.replace(/^https?:\/\/[^/?]*/i, '').split('?');
  return { path: path === '' ? '/' : path, query: new URLSearchParams(query.join('?')) };
}

/** What the HTTP server itself cannot take is refused in the platform's words too. */
async function refuse(error: Error & { readonly statusCode?: number }, reply: FastifyReply): Promise<void> {
  const { statusCode = 500 } = error;
  const { status, body } =
    statusCode === 413
      ? failure(413, 'request.entity.too.large', `The request body has more than ${bodyBytesMax} bytes.`)
      : failure(statusCode, statusCode < 500 ? 'bad.request' : 'internal.server.error', error.message);
  await reply.code(status).header('inin-correlation-id', v4()).send(body);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function flatHeaders(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

interface Reception {
  readonly sockets: WebSocketServer;
  readonly platform: Platform;
  readonly clock: Clock;
  readonly rearm: () => void;
}

function acceptSocket(reception: Reception, request: IncomingMessage, stream: Duplex, head: Buffer): void {
  const { sockets, platform, clock, rearm } = reception;
  let socket: WebSocket | undefined;
  const send = (text: string): void => {
    if (socket !== undefined && socket.bufferedAmount > bufferedBytesMax) socket.terminate();
    socket?.send(text);
  };
  // A client that is gone before it is answered must not take the process with it.
  stream.on('error', () => stream.destroy());
  const { path } = targetOf(request.url ?? '/');
  const channelId = /^\/channels\/([^/]+)$/.exec(path)?.[1] ?? '';
  const close = (code: number): void => {
    // What nobody reads from cannot say goodbye.
    socket?.resume();
    if (code === brokenCode) socket?.terminate();
    else socket?.close(code);
  };
  const hang = (hung: boolean): void => {
    if (hung) socket?.pause();
    else socket?.resume();
  };
  const opened = platform.openSocket(channelId, send, close, clock.nowMs(), hang);
  if (opened.status !== 101) {
    const { status } = opened;
    stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    return;
  }
  sockets.handleUpgrade(request, stream, head, (upgraded) => {
    socket = upgraded;
    upgraded.on('message', (data) => {
      if (!Buffer.isBuffer(data)) return;
      opened.message(data.toString('utf8'), clock.nowMs());
      rearm();
    });
    upgraded.on('close', () => opened.closed());
    // A close follows every error.
    upgraded.on('error', () => undefined);
  });
  // The handshake is answered at once, or refused as malformed.
  if (socket === undefined) opened.closed();
  else rearm();
}

function addressError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const faults: Readonly<Record<string, string>> = {
    EADDRINUSE: 'is taken by another program; stop that one or choose another port (0 = any free one)',
    EACCES: 'may not be used by this user; choose a port above 1023',
    EADDRNOTAVAIL: 'is no address of this machine; choose 127.0.0.1',
    ENOTFOUND: 'is no address of this machine; choose 127.0.0.1',
  };
  const fault = faults[typeof code === 'string' ? code : ''];
  if (fault === undefined) return error;
  return new SimulatorError('QC_SIMULATOR_ADDRESS', `Address ${host}:${port} ${fault}.`, { cause: error });
}
