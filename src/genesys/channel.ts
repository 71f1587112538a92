import type { Logger } from 'pino';
import WebSocket from 'ws';
import type { Clock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';
import { type Arrival, toFrameArrival } from './arrival.ts';
import { type ChannelCommand, type ChannelInput, channelLife, heardUntilMs } from './channel-logic.ts';
import { GenesysError } from './errors.ts';
import { channelAnswer, channelsAnswer, subscriptionsAnswer } from './wire.ts';
import type { Rest } from './rest.ts';
import { type Inventory, readAnswer, takeInventory, takeSnapshot } from './snapshot.ts';

export interface ChannelSettings {
  readonly rest: Rest;
  /** Platform time. */
  readonly clock: Clock;
  readonly log: Logger;
  /** The journal that is gone on with: its last stamp, and how far the channel was heard. */
  readonly journal: {
    readonly untilMs: EpochMs;
    readonly heardUntilMs: EpochMs;
  } | null;
  /** How long the last ping may go unanswered, in platform time. */
  readonly answerWithinMs: number;
  /** Takes what arrived, stamped, in order. */
  readonly onArrival: (arrival: Arrival) => void;
  readonly random: () => number;
}

/** One notification channel at work. */
export interface Channel {
  /** Lives until the signal; rejects with a `GenesysError` when going on has no point: credentials, permissions. */
  run(signal: AbortSignal): Promise<void>;
  /** Says what time it is and how far the channel was heard. */
  tick(): void;
  /** Stops reading from the socket, so that TCP holds the peer, and opens no other until it is resumed. */
  pause(): void;
  resume(): void;
  /** Ends the socket: a gap, and a snapshot after it. */
  drop(cause: string): void;
}

/** The number of this channel in its shard. */
const channelNumber = 0;
const topicsMax = 1000;
/** From the last subscription on, where the platform does not say. */
const channelLifeMs = 24 * 3_600_000;

/** Executes what `channelLife` decides. */
export function createChannel(settings: ChannelSettings): Channel {
  const { rest, clock, log, onArrival, journal } = settings;
  const waiting: ChannelInput[] = [];
  let wake: () => void = () => undefined;
  const logic = channelLife(settings);
  let life = logic.start();
  let socket: WebSocket | undefined;
  /** Will take over from the socket that the platform is about to close. */
  let replacement: { readonly socket: WebSocket; isOpen: boolean } | undefined;
  /** Ends what was begun for a socket together with it: its snapshot says nothing about the next one. */
  let connection = new AbortController();
  let inventory: Inventory | undefined;
  let connectUri = '';
  let channelId = '';
  let stampedMs = journal?.untilMs ?? 0;
  let resumed: Promise<void> | undefined;
  let resume: () => void = () => undefined;
  const spoken = new Set<string>();
  let lastTurnMs = clock.nowMs();

  /**
   * To be asked before anything that arrives or rings is taken in. After a pause of this process (a suspended machine, SIGSTOP)
   * what has queued up meanwhile would get the stamps of now: better to say that nothing was heard.
   */
  function noticeStall(): void {
    const nowMs = clock.nowMs();
    if (nowMs - lastTurnMs > settings.answerWithinMs) drop('stalled');
    lastTurnMs = nowMs;
  }

  const stamp = () => (stampedMs = Math.max(stampedMs, clock.nowMs()));
  const tell = (input: ChannelInput) => {
    waiting.push(input);
    wake();
  };
  const onAnswer = (answer: { path: string; queueIds: readonly string[]; body: unknown }) => {
    const receivedAtMs = stamp();
    onArrival({ kind: 'rest', receivedAtMs, ...answer });
    tell({ kind: 'answer', nowMs: receivedAtMs });
    return receivedAtMs;
  };

  async function subscribe(signal: AbortSignal): Promise<void> {
    inventory ??= await takeInventory(rest, onAnswer, signal);
    if (inventory.topics.length > topicsMax) {
      const message = `${inventory.topics.length} topics are needed, a channel takes ${topicsMax}: narrow the OAuth client's divisions to fewer queues`;
      throw new GenesysError('QC_GENESYS_REFUSED', message);
    }
    const created = readAnswer(channelAnswer, await rest.post('/api/v2/notifications/channels', {}, signal));
    connectUri = created.connectUri;
    channelId = created.id;
    const answer = readAnswer(subscriptionsAnswer, await rest.post(subscriptionsPath(), wanted(inventory), signal));
    const rejected = (answer.entities ?? []).filter((topic) => topic.state === 'Rejected');
    if (rejected.length > 0) {
      const permissions = [...new Set(rejected.flatMap((topic) => topic.missingPermissions ?? []))];
      log.warn({ topics: rejected.length, permissions }, 'some topics were refused, the rest runs');
    }
    if (rejected.some((topic) => topic.id.startsWith('v2.analytics.queues.'))) {
      const missing = rejected.flatMap((topic) => topic.missingPermissions ?? [topic.rejectionReason ?? 'unknown']);
      const message = `Queue observations are refused for want of ${[...new Set(missing)].join(', ')}: grant it to a role of the OAuth client and start again`;
      throw new GenesysError('QC_GENESYS_PERMISSION', message);
    }
    tell({ kind: 'subscribed', nowMs: clock.nowMs(), expiresMs: expiryOf(created) });
  }

  const subscriptionsPath = () => `/api/v2/notifications/channels/${channelId}/subscriptions?ignoreErrors=true`;
  const expiryOf = (answer: { readonly expires?: string | undefined } | undefined) => {
    const expiresMs = Date.parse(answer?.expires ?? '');
    return Number.isNaN(expiresMs) ? clock.nowMs() + channelLifeMs : expiresMs;
  };

  async function renew(signal: AbortSignal): Promise<void> {
    try {
      await rest.put(subscriptionsPath(), wanted(inventory), signal);
      const answer = readAnswer(channelsAnswer, await rest.get('/api/v2/notifications/channels', signal));
      const own = answer.entities.find(({ id }) => id === channelId);
      tell({ kind: 'renewed', nowMs: clock.nowMs(), expiresMs: expiryOf(own) });
    } catch (error) {
      if (!(error instanceof GenesysError) || error.code === 'QC_GENESYS_NOT_FOUND' || isFinal(error)) throw error;
      log.warn({ code: error.code }, `the channel could not be renewed yet: ${error.message}`);
      tell({ kind: 'renewal-failed', nowMs: clock.nowMs() });
    }
  }

  function open(): void {
    const opened = connect(() => {
      // While it connects a socket cannot be paused.
      if (resumed !== undefined) opened.pause();
      tell({ kind: 'opened', nowMs: stamp() });
    });
    socket = opened;
    connection = new AbortController();
  }

  /** Until the platform has ended the old socket, as it does when there is a new one, that one is held: nothing may overtake what is on its way. */
  function replace(attempt: (work: Promise<void>) => void, signal: AbortSignal): void {
    if (socket === undefined || replacement !== undefined) return;
    const next = connect(() => {
      next.pause();
      successor.isOpen = true;
      attempt(
        clock.sleep(settings.answerWithinMs, signal).then(() => {
          if (replacement === successor) takeOver(next);
        }),
      );
    });
    const successor = { socket: next, isOpen: false };
    replacement = successor;
  }

  function takeOver(next: WebSocket): void {
    const old = socket;
    socket = next;
    replacement = undefined;
    old?.terminate();
    if (resumed === undefined) next.resume();
    log.info('a new socket has taken over from the one that was to be closed');
  }

  function connect(onOpen: () => void): WebSocket {
    const opened = new WebSocket(connectUri, { perMessageDeflate: false, handshakeTimeout: 15_000 });
    let cause = 'closed';
    let isGone = false;
    opened.on('open', onOpen);
    // `toString` of all three forms ws may hand over; without fragments it is one Buffer.
    opened.on('message', (data: Buffer) => {
      noticeStall();
      if (socket === opened) hear(data.toString('utf8'));
    });
    opened.on('unexpected-response', (_request, response) => {
      cause = `handshake refused with ${response.statusCode ?? 0}`;
      isGone = response.statusCode === 401 || response.statusCode === 403 || response.statusCode === 404;
      opened.terminate();
    });
    opened.on('error', (error) => {
      if (cause === 'closed') cause = error.message;
    });
    opened.on('close', (code) => {
      // The one that stands may outlive it; if not, there is a gap as ever.
      if (replacement?.socket === opened) replacement = undefined;
      if (socket !== opened) return;
      if (replacement?.isOpen === true) {
        takeOver(replacement.socket);
        return;
      }
      forgetSockets();
      if (cause === 'closed') cause = `closed with ${code}`;
      log.warn({ cause }, 'the channel ended');
      tell({ kind: 'closed', nowMs: stamp(), cause, isGone, random: settings.random() });
    });
    return opened;
  }

  function hear(text: string): void {
    const arrival = toFrameArrival(text, stamp());
    const { topic, receivedAtMs: nowMs } = arrival;
    const subject = topic?.split('.')[3];
    if (subject !== undefined) spoken.add(subject);
    onArrival(arrival);
    tell({ kind: 'frame', nowMs });
    if (topic === 'v2.system.socket_closing') tell({ kind: 'closing' });
    if (topic?.startsWith('v2.system.no_longer_subscribed') === true) {
      tell({ kind: 'failed', nowMs, cause: 'no longer subscribed', isGone: true, random: settings.random() });
    }
  }

  function forgetSockets(): void {
    const sockets = [socket, replacement?.socket];
    socket = undefined;
    replacement = undefined;
    connection.abort();
    for (const each of sockets) each?.terminate();
  }

  function drop(cause: string): void {
    if (socket === undefined) return;
    forgetSockets();
    tell({ kind: 'closed', nowMs: stamp(), cause, isGone: false, random: settings.random() });
  }

  function execute(command: ChannelCommand, attempt: (work: Promise<void>) => void, signal: AbortSignal): void {
    switch (command.do) {
      case 'subscribe':
        attempt(subscribe(signal));
        return;
      case 'renew':
        attempt(renew(signal));
        return;
      case 'replace':
        replace(attempt, signal);
        return;
      case 'open':
        if (resumed === undefined) open();
        else {
          attempt(
            resumed.then(() => {
              if (!signal.aborted && socket === undefined) open();
            }),
          );
        }
        return;
      case 'take-snapshot':
        attempt(snapshot(connection.signal, signal));
        return;
      case 'ping':
        socket?.send('{"message":"ping"}');
        return;
      case 'drop':
        drop(command.cause);
        return;
      case 'wake':
        // A timer may ring a little early; what was asked for at a time happens at that time.
        attempt(
          clock
            .sleep(command.atMs - clock.nowMs(), signal)
            .then(() => tell({ kind: 'time', nowMs: Math.max(stamp(), command.atMs) })),
        );
        return;
      case 'give-up': {
        const message = `The notification channel could not be opened (${command.cause}): check that WebSocket connections to ${new URL(connectUri).host} are allowed, and start again`;
        attempt(Promise.reject(new GenesysError('QC_GENESYS_UNREACHABLE', message)));
        return;
      }
      case 'report-gap': {
        const { startMs, endMs, cause } = command;
        const repairedBy = endMs === null ? 'none' : 'snapshot';
        onArrival({
          kind: 'channel-gap',
          queueIds: null,
          receivedAtMs: stamp(),
          channel: channelNumber,
          startMs,
          endMs,
          cause,
          repairedBy,
        });
        if (endMs === null) log.warn({ startMs, cause }, 'channel gap');
        else log.info({ startMs, endMs, cause }, 'channel gap repaired by a snapshot');
        return;
      }
    }
  }

  async function snapshot(alive: AbortSignal, signal: AbortSignal): Promise<void> {
    try {
      const both = AbortSignal.any([signal, alive]);
      const nowMs = await takeSnapshot(rest, inventory?.queueIds ?? [], onAnswer, takeSpoken, both);
      if (!alive.aborted) tell({ kind: 'snapshot-taken', nowMs });
    } catch (error) {
      if (!alive.aborted) throw error;
    }
  }

  function takeSpoken(): ReadonlySet<string> {
    const taken = new Set(spoken);
    spoken.clear();
    return taken;
  }

  return {
    async run(signal) {
      const ended = new AbortController();
      const both = AbortSignal.any([signal, ended.signal]);
      let failure: Error | undefined;
      const attempt = (work: Promise<void>) => {
        work.catch((error: unknown) => {
          if (both.aborted) return;
          // Before anything was ever known there is no point in trying for ever: the cause is a setting.
          if (error instanceof GenesysError && (life.liveSinceMs === null || isFinal(error))) failure = error;
          else if (error instanceof GenesysError) {
            log.warn({ code: error.code }, error.message);
            const isGone = error.code === 'QC_GENESYS_NOT_FOUND';
            tell({ kind: 'failed', nowMs: stamp(), cause: error.code, isGone, random: settings.random() });
          } else failure = error instanceof Error ? error : new Error(String(error));
          wake();
        });
      };
      const onAbort = () => wake();
      signal.addEventListener('abort', onAbort);
      tell({ kind: 'started', nowMs: stamp(), heardUntilMs: journal?.heardUntilMs ?? null });
      try {
        while (!signal.aborted && failure === undefined) {
          const input = waiting.shift();
          if (input === undefined) {
            await new Promise<void>((resolve) => (wake = resolve));
            continue;
          }
          const [next, commands] = logic.step(life, input);
          life = next;
          for (const command of commands) execute(command, attempt, both);
        }
        if (failure !== undefined) throw failure;
      } finally {
        signal.removeEventListener('abort', onAbort);
        ended.abort();
        forgetSockets();
      }
    },
    tick() {
      noticeStall();
      onArrival({ kind: 'tick', receivedAtMs: stamp(), heardUntilMs: heardUntilMs(life) });
    },
    pause() {
      resumed ??= new Promise((resolve) => (resume = resolve));
      socket?.pause();
    },
    resume() {
      resumed = undefined;
      resume();
      socket?.resume();
    },
    drop,
  };
}

const wanted = (inventory: Inventory | undefined) => (inventory?.topics ?? []).map((id) => ({ id }));

const isFinal = (error: GenesysError) =>
  error.code === 'QC_GENESYS_CREDENTIALS' || error.code === 'QC_GENESYS_PERMISSION';
