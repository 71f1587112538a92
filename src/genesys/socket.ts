import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import WebSocket from 'ws';

/** What a socket tells. After `onClose` it tells nothing more. */
interface SocketListeners {
  readonly onOpen: () => void;
  /** One text frame. */
  readonly onText: (text: string) => void;
  /** It ended, or never opened; `isGone` = the platform does not know the channel. */
  readonly onClose: (end: { readonly cause: string; readonly isGone: boolean }) => void;
}

/** One end of a connection that sends texts. */
export interface Socket {
  readonly send: (text: string) => void;
  /** Stops reading, so that TCP holds the peer; only once it is open. */
  readonly pause: () => void;
  readonly resume: () => void;
  readonly terminate: () => void;
}

/** Opens a socket at `connectUri` as it stands: no header, no token. */
export type Connect = (connectUri: string, listeners: SocketListeners) => Socket;

const handshakeTimeoutMs = 15_000;

/** Proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY, as for REST. */
export const connectWebSocket: Connect = (connectUri, { onOpen, onText, onClose }) => {
  const proxy = getProxyForUrl(connectUri.replace(/^ws/, 'http'));
  const agent = proxy === '' ? {} : { agent: new HttpsProxyAgent(proxy) };
  const socket = new WebSocket(connectUri, {
    perMessageDeflate: false,
    handshakeTimeout: handshakeTimeoutMs,
    ...agent,
  });
  let cause: string | undefined;
  let isGone = false;
  socket.on('open', onOpen);
  // `toString` of all three forms ws may hand over; without fragments it is one Buffer.
  socket.on('message', (data: Buffer) => onText(data.toString('utf8')));
  socket.on('unexpected-response', (_request, response) => {
    cause = `handshake refused with ${response.statusCode ?? 0}`;
    isGone = response.statusCode === 401 || response.statusCode === 403 || response.statusCode === 404;
    socket.terminate();
  });
  socket.on('error', (error) => {
    cause ??= error.message;
  });
  socket.on('close', (code) => onClose({ cause: cause ?? `closed with ${code}`, isGone }));
  return socket;
};
