import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';
import { type FrameArrival, type RestArrival, toFrameArrival } from './arrival.ts';
import { type ChannelCommand, type ChannelInput, channelLife, heardUntilMs } from './channel-logic.ts';
import { conversationsTopic, activityTopic, type Inventory, observationsTopic, topicsOf } from './channel-plan.ts';
import { GenesysError } from './errors.ts';
import { createLooks } from './looks.ts';
import type { TopicAnswer } from './permissions.ts';
import type { Rest } from './rest.ts';
import { readAnswer, takeSnapshot } from './snapshot.ts';
import type { Connect, Socket } from './socket.ts';
import { createSpoken } from './spoken.ts';
import { channelAnswer, channelsAnswer, subscriptionsAnswer } from './wire.ts';

export interface ChannelSettings {
  readonly rest: Rest;
  readonly connect: Connect;
  /** Platform time. */
  readonly clock: Clock;
  readonly log: Logger;
  /** How long the last ping may go unanswered, in platform time. */
  readonly answerWithinMs: number;
  readonly random: () => number;
  /** What it watches at first. */
  readonly share: Inventory;
  /** The stamp for what arrives now; never falls, over all channels. */
  readonly stamp: () => EpochMs;
  readonly onFrame: (frame: FrameArrival) => void;
  /** Takes an answer, and returns its stamp. */
  readonly onAnswer: (answer: Omit<RestArrival, 'kind' | 'receivedAtMs'>) => EpochMs;
  readonly onGap: (gap: { readonly startMs: EpochMs; readonly endMs: EpochMs | null; readonly cause: string }) => void;
  /** Asked before a frame is taken in. */
  readonly onTurn: () => void;
  /** Told once for each subscription whose topics were not all taken. */
  readonly onRefused: (topics: readonly TopicAnswer[]) => void;
  /** Told of each look at what it watches that failed, and will be tried again. */
  readonly onLookFailed: () => void;
}

/** One notification channel at work. */
export interface Channel {
  /** Lives until the signal; rejects with a `GenesysError` when going on has no point: credentials, permissions. */
  run(signal: AbortSignal): Promise<void>;
  /** How far it was heard without a break; null before the first snapshot. */
  heardUntilMs(): EpochMs | null;
  /** Whether it has a socket, and all it watches was asked for since that was opened. */
  isLive(): boolean;
  /** Watches something else from now on; asks for the state of `added`. */
  watch(share: Inventory, added: Inventory): void;
  /** Asks for the state of all it watches, to find out whether something was missed. */
  check(): void;
  /** Stops reading from the socket, so that TCP holds the peer, and opens no other until it is resumed. */
  pause(): void;
  resume(): void;
  /** Ends the socket: a gap, and a snapshot after it. */
  drop(cause: string): void;
}

/** From the last subscription on, where the platform does not say. */
const channelLifeMs = 24 * 3_600_000;

/** Executes what `channelLife` decides. */
export function createChannel(settings: ChannelSettings): Channel {
  const { rest, clock, log, stamp, onFrame, onGap, onTurn, onRefused } = settings;
  const waiting: ChannelInput[] = [];
  let wake: () => void = () => undefined;
  const logic = channelLife(settings);
  let life = logic.start();
  let socket: Socket | undefined;
  /** Will take over from the socket that the platform is about to close. */
  let replacement: { socket: Socket; isOpen: boolean } | undefined;
  /** Ends what was begun for a socket together with it: its snapshot says nothing about the next one. */
  let connection = new AbortController();
  let { share } = settings;
  /** Whether the platform hears of all of it, as far as anybody knows: a notice that it does not any more may have been lost. */
  let isListSure = false;
  let refused: ReadonlySet<string> = new Set();
  let connectUri = '';
  let channelId = '';
  let resumed: Promise<void> | undefined;
  let resume: () => void = () => undefined;
  /** Null until it runs. */
  let attempt: ((work: Promise<void>) => void) | null = null;
  let running: AbortSignal = AbortSignal.abort();
  const spoken = createSpoken();

  const tell = (input: ChannelInput) => {
    waiting.push(input);
    wake();
  };
  const onAnswer: ChannelSettings['onAnswer'] = (answer) => {
    // One that was taken away while it was asked about is not to come back.
    const isWatched = (id: string) => share.queueIds.includes(id);
    const nowMs = settings.onAnswer({ ...answer, queueIds: answer.queueIds.filter(isWatched) });
    tell({ kind: 'answer', nowMs });
    return nowMs;
  };

  async function subscribe(signal: AbortSignal): Promise<void> {
    const created = readAnswer(channelAnswer, await rest.post('/api/v2/notifications/channels', {}, signal));
    connectUri = created.connectUri;
    channelId = created.id;
    isListSure = true;
    heedRefusals(await rest.post(subscriptionsPath(), wanted(), signal));
    tell({ kind: 'subscribed', nowMs: clock.nowMs(), expiresMs: expiryOf(created) });
  }

  const subscriptionsPath = () => `/api/v2/notifications/channels/${channelId}/subscriptions?ignoreErrors=true`;
  const wanted = () => topicsOf(share).map((id) => ({ id }));
  const expiryOf = (answer: { readonly expires?: string | undefined } | undefined) => {
    const expiresMs = Date.parse(answer?.expires ?? '');
    return Number.isNaN(expiresMs) ? clock.nowMs() + channelLifeMs : expiresMs;
  };

  function heedRefusals(answer: unknown): void {
    const { entities = [] } = readAnswer(subscriptionsAnswer, answer ?? {});
    const rejected = entities.filter((topic) => topic.state === 'Rejected');
    refused = new Set(rejected.map(({ id }) => id));
    if (rejected.length > 0) onRefused(rejected);
  }

  /** Says again what is to be heard, which prolongs the channel's life, and looks when that now ends. */
  async function sayAgain(signal: AbortSignal): Promise<void> {
    isListSure = true;
    try {
      heedRefusals(await rest.put(subscriptionsPath(), wanted(), signal));
    } catch (error) {
      isListSure = false;
      throw error;
    }
    const answer = readAnswer(channelsAnswer, await rest.get('/api/v2/notifications/channels', signal));
    const own = answer.entities.find(({ id }) => id === channelId);
    tell({ kind: 'renewed', nowMs: clock.nowMs(), expiresMs: expiryOf(own) });
  }

  async function renew(signal: AbortSignal): Promise<void> {
    try {
      await sayAgain(signal);
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
  function replace(signal: AbortSignal): void {
    if (socket === undefined || replacement !== undefined) return;
    const next = connect(() => {
      // When the old one has ended already this one is waited for.
      const isAwaited = socket === next;
      if (!isAwaited || resumed !== undefined) next.pause();
      if (isAwaited) return;
      successor.isOpen = true;
      attempt?.(
        clock.sleep(settings.answerWithinMs, signal).then(() => {
          if (replacement === successor) takeOver(successor);
        }),
      );
    });
    const successor = { socket: next, isOpen: false };
    replacement = successor;
  }

  function takeOver(next: NonNullable<typeof replacement>): void {
    const old = socket;
    socket = next.socket;
    replacement = undefined;
    old?.terminate();
    if (next.isOpen && resumed === undefined) next.socket.resume();
    log.info('a new socket has taken over from the one that was to be closed');
  }

  function connect(onOpen: () => void): Socket {
    const opened: Socket = settings.connect(connectUri, {
      onOpen,
      onText(text) {
        onTurn();
        if (socket === opened) hear(text);
      },
      onClose({ cause, isGone }) {
        // The one that stands may outlive it; if not, there is a gap as ever.
        if (replacement?.socket === opened) replacement = undefined;
        if (socket !== opened) return;
        if (replacement !== undefined) {
          takeOver(replacement);
          return;
        }
        forgetSockets();
        log.warn({ cause }, 'the channel ended');
        tell({ kind: 'closed', nowMs: stamp(), cause, isGone, random: settings.random() });
      },
    });
    return opened;
  }

  function hear(text: string): void {
    const frame = toFrameArrival(text, stamp());
    const { topic, receivedAtMs: nowMs } = frame;
    if (topic !== null) spoken.note(topic);
    onFrame(frame);
    if (topic === null) {
      isListSure = false;
      tell({ kind: 'garbled', nowMs });
      return;
    }
    tell({ kind: 'frame', nowMs });
    if (topic.startsWith('v2.system.socket_closing')) tell({ kind: 'closing' });
    if (topic.startsWith('v2.system.no_longer_subscribed')) {
      tell({ kind: 'failed', nowMs, cause: 'no longer subscribed', isGone: true, random: settings.random() });
    }
  }

  function forgetSockets(): void {
    isListSure = false;
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

  function execute(command: ChannelCommand, signal: AbortSignal): void {
    switch (command.do) {
      case 'subscribe':
        attempt?.(subscribe(signal));
        return;
      case 'renew':
        attempt?.(renew(signal));
        return;
      case 'replace':
        replace(signal);
        return;
      case 'open':
        if (resumed === undefined) open();
        else {
          attempt?.(
            resumed.then(() => {
              if (!signal.aborted && socket === undefined) open();
            }),
          );
        }
        return;
      case 'take-snapshot': {
        const alive = connection.signal;
        const take = async (): Promise<void> => {
          const asked = share;
          if (!isListSure) await sayAgain(AbortSignal.any([signal, alive]));
          const nowMs = await snapshot(asked, true, AbortSignal.any([signal, alive]));
          // What came or left meanwhile is not subscribed yet.
          if (asked === share) tell({ kind: 'snapshot-taken', nowMs });
          else await take();
        };
        attempt?.(take().catch(unless(alive)));
        return;
      }
      case 'ping':
        socket?.send('{"message":"ping"}');
        return;
      case 'drop':
        drop(command.cause);
        return;
      case 'wake':
        // A timer may ring a little early; what was asked for at a time happens at that time.
        attempt?.(
          clock
            .sleep(command.atMs - clock.nowMs(), signal)
            .then(() => tell({ kind: 'time', nowMs: Math.max(stamp(), command.atMs) })),
        );
        return;
      case 'give-up': {
        const message = `The notification channel could not be opened (${command.cause}): check that WebSocket connections to ${new URL(connectUri).host} are allowed, and start again`;
        attempt?.(Promise.reject(new GenesysError('QC_GENESYS_UNREACHABLE', message)));
        return;
      }
      case 'report-gap':
        onGap(command);
        return;
    }
  }

  /** Of what is heard: a topic that was refused would never set right what an answer says. */
  async function snapshot(of: Inventory, isPatient: boolean, signal: AbortSignal): Promise<EpochMs> {
    const queueIds = of.queueIds.filter((id) => !refused.has(observationsTopic(id)));
    const waitingOf = queueIds.filter((id) => !refused.has(conversationsTopic(id)));
    const userIds = of.userIds.filter((id) => !refused.has(activityTopic(id)));
    const taken = await takeSnapshot(
      { rest, clock, queueIds, waitingOf, userIds, onAnswer, spoken, isPatient },
      signal,
    );
    signal.throwIfAborted();
    return Math.max(taken, life.openedMs);
  }

  const unless = (over: AbortSignal) => (error: unknown) => {
    if (!over.aborted) throw error;
  };

  const look = createLooks({
    ...{ clock, log, everything: () => share, onFailed: settings.onLookFailed },
    alive: () => (life.phase === 'live' ? AbortSignal.any([running, connection.signal]) : undefined),
    async take(of, isPatient, alive) {
      await sayAgain(alive);
      await snapshot(of, isPatient, alive);
    },
    onFatal: (error) => attempt?.(Promise.reject(error)),
  });

  return {
    async run(signal) {
      const ended = new AbortController();
      const both = AbortSignal.any([signal, ended.signal]);
      running = both;
      let failure: Error | undefined;
      attempt = (work) => {
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
      tell({ kind: 'started', nowMs: stamp() });
      try {
        while (!signal.aborted && failure === undefined) {
          const input = waiting.shift();
          if (input === undefined) {
            await new Promise<void>((resolve) => (wake = resolve));
            continue;
          }
          const [next, commands] = logic.step(life, input);
          life = next;
          for (const command of commands) execute(command, both);
        }
        if (failure !== undefined) throw failure;
      } finally {
        signal.removeEventListener('abort', onAbort);
        ended.abort();
        forgetSockets();
      }
    },
    heardUntilMs: () => heardUntilMs(life),
    isLive: () => life.phase === 'live',
    watch(next, added) {
      share = next;
      // One that is not live asks for all of it on its way there.
      isListSure = false;
      look(() => added, true);
    },
    check: () => look(() => share, false),
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

const isFinal = (error: GenesysError) =>
  error.code === 'QC_GENESYS_CREDENTIALS' || error.code === 'QC_GENESYS_PERMISSION';
