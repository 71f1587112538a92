import type { Send } from '../../src/genesys/http.ts';
import { createRest, type Rest } from '../../src/genesys/rest.ts';
import type { Connect } from '../../src/genesys/socket.ts';
import type { Platform } from '../../src/simulator/platform.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface VirtualGenesys {
  readonly rest: Rest;
  readonly connect: Connect;
  /** All that was asked, in order: `POST /api/v2/…`. */
  readonly asked: readonly { readonly atMs: number; readonly what: string; readonly status: number }[];
  /** The texts that reached the client, in order. */
  readonly heard: readonly string[];
  /** How many sockets are open. */
  openSockets(): number;
  /** The network loses the socket that was opened as the n-th, from 0. */
  drop(n: number): void;
}

const host = 'virtual.test';

/** The client's REST and sockets on a simulated platform without a network: everything takes a while, of a length that `random` chooses. */
export function createVirtualGenesys(platform: Platform, time: VirtualTime, random: () => number): VirtualGenesys {
  const { clock } = time;
  const asked: { atMs: number; what: string; status: number }[] = [];
  const heard: string[] = [];
  let open = 0;
  const drops: (() => void)[] = [];
  const latencyMs = () => 1 + Math.floor(random() * 120);

  const send: Send = async (url, request, signal) => {
    const { pathname, searchParams } = new URL(url);
    await clock.sleep(latencyMs(), signal);
    const given = { method: request.method, path: pathname, query: searchParams, body: request.body ?? '' };
    const answer = platform.handle({ ...given, headers: { ...request.headers, host } }, clock.nowMs());
    asked.push({ atMs: clock.nowMs(), what: `${request.method} ${pathname}`, status: answer.status });
    await clock.sleep(latencyMs() + (answer.delayMs ?? 0), signal);
    const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
    return { status: answer.status, headers: answer.headers, text };
  };

  const connect: Connect = (connectUri, listeners) => {
    const channelId = connectUri.split('/').at(-1) ?? '';
    let isEnded = false;
    let isPaused = false;
    let held: (() => void)[] = [];
    let lastMs = 0;
    /** In order, whatever each takes. */
    const later = (call: () => void) => {
      lastMs = Math.max(lastMs, clock.nowMs() + latencyMs());
      time.at(lastMs, () => {
        if (isPaused) held.push(call);
        else call();
      });
    };
    const end = (cause: string, isGone: boolean) => {
      if (isEnded) return;
      isEnded = true;
      if (opened?.status === 101) open -= 1;
      listeners.onClose({ cause, isGone });
    };
    let opened: ReturnType<Platform['openSocket']> | undefined;
    time.at(clock.nowMs() + latencyMs(), () => {
      if (isEnded) return;
      opened = platform.openSocket(
        channelId,
        (text) =>
          later(() => {
            if (isEnded) return;
            heard.push(text);
            listeners.onText(text);
          }),
        (code) => later(() => end(`closed with ${code}`, false)),
        clock.nowMs(),
      );
      const { status } = opened;
      if (status === 101) {
        open += 1;
        later(() => (isEnded ? undefined : listeners.onOpen()));
      } else later(() => end(`handshake refused with ${status}`, status === 401 || status === 403 || status === 404));
    });
    drops.push(() => {
      if (opened?.status === 101 && !isEnded) opened.closed();
      end('closed with 1006', false);
    });
    return {
      send(text) {
        const to = opened;
        if (to?.status === 101) time.at(clock.nowMs() + latencyMs(), () => to.message(text, clock.nowMs()));
      },
      pause() {
        isPaused = true;
      },
      resume() {
        isPaused = false;
        const calls = held;
        held = [];
        for (const call of calls) call();
      },
      terminate() {
        if (opened?.status === 101 && !isEnded) opened.closed();
        time.at(clock.nowMs(), () => end('terminated', false));
      },
    };
  };

  const rest = createRest({
    apiUrl: `http://${host}`,
    loginUrl: `http://${host}`,
    clientId: 'client',
    clientSecret: 'secret',
    clock,
    random,
    send,
  });
  return { rest, connect, asked, heard, openSockets: () => open, drop: (n) => drops[n]?.() };
}
