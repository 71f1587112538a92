import type { Clock } from '../../sinks/clock.ts';
import type { Connect } from '../genesys/socket.ts';

/** How a socket fared: whether it opened, and why nothing was heard on it; null = something was. */
export interface SocketTrial {
  readonly isOpen: boolean;
  readonly cause: string | null;
}

/** From the wish to open it on, in real milliseconds; what does not open at all says so earlier. */
const silenceMsMax = 20_000;

/** Opens a channel's socket, pings, and ends it at the first word: a proxy may open it and let nothing through. */
export async function trySocket(
  {
    connect,
    systemClock,
    signal,
  }: { readonly connect: Connect; readonly systemClock: Clock; readonly signal: AbortSignal },
  connectUri: string,
): Promise<SocketTrial> {
  const over = new AbortController();
  let isOpen = false;
  let end: () => void = () => undefined;
  const told = new Promise<SocketTrial>((resolve) => {
    const socket = connect(connectUri, {
      onOpen() {
        isOpen = true;
        socket.send('{"message":"ping"}');
      },
      onText: () => resolve({ isOpen, cause: null }),
      onClose: ({ cause }) => resolve({ isOpen, cause }),
    });
    end = () => socket.terminate();
  });
  const silence = async (): Promise<SocketTrial> => {
    await systemClock.sleep(silenceMsMax, AbortSignal.any([signal, over.signal]));
    return { isOpen, cause: `no word within ${silenceMsMax / 1000} s` };
  };
  try {
    return await Promise.race([told, silence()]);
  } finally {
    over.abort();
    end();
  }
}
