import { once } from 'node:events';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, scaledClock, systemClock } from '../../../sinks/clock.ts';
import type { Arrival } from '../../../src/genesys/arrival.ts';
import { connectWebSocket } from '../../../src/genesys/socket.ts';
import { createSubscriber } from '../../../src/genesys/subscriber.ts';
import type { Rest } from '../../../src/genesys/rest.ts';

/** What happens, in order, and a way to wait for the next of a kind. */
function createNotes() {
  const notes: string[] = [];
  const waiting: { prefix: string; after: number; resolve: () => void }[] = [];
  return {
    notes,
    add(note: string) {
      notes.push(note);
      for (const each of waiting) if (note.startsWith(each.prefix)) each.resolve();
    },
    next: (prefix: string) => new Promise<void>((resolve) => waiting.push({ prefix, after: notes.length, resolve })),
  };
}

/** A place for sockets to connect to, and the server's ends of them. */
async function startServer() {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const sockets: WebSocket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  return { server, port, sockets };
}

/** A platform with one queue, where nothing happens. */
const quietPlatform = (port: number): Rest => ({
  get: () => Promise.resolve({ entities: [{ id: 'q', name: 'q' }] }),
  put: () => Promise.resolve({}),
  delete: () => Promise.resolve(undefined),
  post: (path) =>
    Promise.resolve(
      path.endsWith('/channels') ? { id: 'c', connectUri: `ws://127.0.0.1:${port}/c` } : { results: [], entities: [] },
    ),
});

test('a snapshot that was begun for a lost socket does not repair the gap of the next one', async () => {
  const { server, port, sockets } = await startServer();

  const { notes, add, next } = createNotes();
  const held: (() => void)[] = [];
  const rest: Rest = {
    ...quietPlatform(port),
    post(path) {
      if (path.endsWith('/channels')) return Promise.resolve({ id: 'c', connectUri: `ws://127.0.0.1:${port}/c` });
      if (!path.includes('conversations/activity')) return Promise.resolve({ results: [], entities: [] });
      return new Promise((resolve) => {
        held.push(() => resolve({ results: [] }));
        add('snapshot asked for');
      });
    },
  };
  const subscriber = createSubscriber({
    ...{ connect: connectWebSocket, inventoryEveryMs: 86_400_000 },
    rest,
    clock: scaledClock({ epochMs: 1_000_000, baseMs: systemClock.nowMs(), speed: 10 }),
    log: pino({ level: 'silent' }),
    journal: { untilMs: 500_000, heardUntilMs: 500_000 },
    answerWithinMs: 10_000,
    onArrival(arrival: Arrival) {
      if (arrival.kind === 'channel-gap') add(arrival.endMs === null ? 'gap opened' : 'gap closed');
      if (arrival.kind === 'rest' && arrival.path.includes('conversations/activity')) add('answer');
    },
    random: () => 0,
  });
  const stop = new AbortController();
  const asked = next('snapshot asked for');
  const running = subscriber.run(stop.signal);
  try {
    await asked;
    const askedAgain = next('snapshot asked for');
    sockets[0]!.terminate();
    await askedAgain;
    // The late answer of the first snapshot repairs nothing.
    held[0]!();
    await new Promise((resolve) => setImmediate(resolve));
    subscriber.tick();
    expect(notes.filter((note) => note.startsWith('gap'))).toEqual(['gap opened']);
    held[1]!();
    while (!notes.includes('gap closed')) {
      await new Promise((resolve) => setImmediate(resolve));
      subscriber.tick();
    }
    expect(notes.filter((note) => note.startsWith('gap'))).toEqual(['gap opened', 'gap closed']);
  } finally {
    stop.abort();
    await running;
    server.close();
  }
});

/** A channel that has taken its first snapshot, and notes of what arrives. */
async function startLive(clock: Clock) {
  const { server, port, sockets } = await startServer();
  const { notes, add, next } = createNotes();
  const subscriber = createSubscriber({
    ...{ connect: connectWebSocket, inventoryEveryMs: 86_400_000 },
    ...{ rest: quietPlatform(port), clock, log: pino({ level: 'silent' }), journal: null, answerWithinMs: 10_000 },
    onArrival(arrival: Arrival) {
      if (arrival.kind === 'channel-gap') add(`gap ${arrival.cause} ${arrival.endMs === null ? 'opened' : 'closed'}`);
      if (arrival.kind === 'frame') add(`frame ${String(arrival.topic)}`);
      if (arrival.kind === 'tick') add(`tick ${arrival.heardUntilMs === null ? 'deaf' : 'heard'}`);
    },
    random: () => 0,
  });
  const stop = new AbortController();
  const running = subscriber.run(stop.signal);
  while (!notes.includes('tick heard')) {
    await new Promise((resolve) => setImmediate(resolve));
    subscriber.tick();
  }
  const say = (socket: WebSocket | undefined, topic: string) =>
    socket?.send(JSON.stringify({ topicName: topic, eventBody: {} }));
  const end = async () => {
    stop.abort();
    await running;
    server.close();
  };
  return { server, sockets, notes, next, say, end };
}

test('after a pause of the process what queued up meanwhile is not taken for new: it lies in a gap', async () => {
  let pausedMs = 0;
  const clock = { nowMs: () => systemClock.nowMs() + pausedMs, sleep: systemClock.sleep };
  const { sockets, notes, next, say, end } = await startLive(clock);
  try {
    const heard = next('frame v2.a');
    say(sockets[0], 'v2.a');
    await heard;
    pausedMs = 60_000;
    const opened = next('gap stalled opened');
    say(sockets[0], 'v2.late');
    await opened;
    expect(notes).not.toContain('frame v2.late');
  } finally {
    await end();
  }
});

test('a socket that is about to be closed is replaced: nothing is lost, overtaken or called a gap', async () => {
  const { server, sockets, notes, next, say, end } = await startLive(systemClock);
  try {
    const second = once(server, 'connection');
    say(sockets[0], 'v2.system.socket_closing');
    await second;
    const heard = next('frame v2.c');
    // The new one speaks first, but what is on its way on the old one comes first.
    say(sockets[1], 'v2.b');
    await new Promise((resolve) => setImmediate(resolve));
    say(sockets[0], 'v2.a');
    sockets[0]!.close(1001);
    say(sockets[1], 'v2.c');
    await heard;
    const told = notes.filter((note) => !note.startsWith('tick'));
    expect(told).toEqual(['frame v2.system.socket_closing', 'frame v2.a', 'frame v2.b', 'frame v2.c']);
  } finally {
    await end();
  }
});
