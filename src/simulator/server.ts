import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import fastify, { type FastifyInstance } from 'fastify';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Clock, ScaledClockSettings } from '../../sinks/clock.ts';
import { SimulatorError } from './errors.ts';
import type { Platform } from './platform.ts';
import { startPump } from './pump.ts';

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
}

/** The platform on a port. */
export interface SimulatorServer {
  readonly url: string;
  /** Resolves when closed; rejects if the platform failed while nobody asked it anything. */
  readonly stopped: Promise<void>;
  close(): Promise<void>;
}

/** A client that reads nothing is cut off when this much waits for it. */
const bufferedBytesMax = 16 * 2 ** 20;

/** Serves the platform over HTTP and WebSocket. Throws a `SimulatorError` when the address cannot be had. */
export async function startSimulatorServer(options: SimulatorServerOptions): Promise<SimulatorServer> {
  const { platform, clock, clockSettings, host = '127.0.0.1', port } = options;
  const app = fastify({ bodyLimit: 4 * 2 ** 20, forceCloseConnections: true });
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const pump = startPump(platform, clock);
  addAdminRoutes(app, platform, clock, clockSettings);
  addPlatformRoute(app, platform, clock, pump.rearm);
  app.server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    acceptSocket({ sockets, platform, clock, rearm: pump.rearm }, request, stream, head);
  });
  const close = async (): Promise<void> => {
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

/** Everything but the admin routes goes to the platform as it came. */
function addPlatformRoute(app: FastifyInstance, platform: Platform, clock: Clock, rearm: () => void): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    done(null, body);
  });
  app.route({
    method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    url: '/*',
    handler: async (request, reply) => {
      const { pathname, searchParams } = new URL(request.url, 'http://localhost');
      const answer = platform.handle(
        {
          method: request.method,
          path: pathname,
          query: searchParams,
          headers: flatHeaders(request.headers),
          body: typeof request.body === 'string' ? request.body : '',
        },
        clock.nowMs(),
      );
      rearm();
      const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
      await reply.code(answer.status).headers(answer.headers).send(text);
    },
  });
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
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const channelId = /^\/channels\/([^/]+)$/.exec(pathname)?.[1] ?? '';
  const opened = platform.openSocket(channelId, send, (code) => socket?.close(code), clock.nowMs());
  if (opened.status === 404) {
    stream.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
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
