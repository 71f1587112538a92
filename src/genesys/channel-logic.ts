import type { Logic } from '../../streams/logic.ts';
import type { EpochMs } from '../../streams/record.ts';

/** What happens to the connection. `random` is in [0, 1), so that the decision itself has no chance in it. */
export type ChannelInput =
  | { readonly kind: 'started'; readonly nowMs: EpochMs }
  /** A channel exists and is subscribed; `expiresMs` = when its life ends unless it is renewed. */
  | { readonly kind: 'subscribed'; readonly nowMs: EpochMs; readonly expiresMs: EpochMs }
  /** The subscription was made again; this is when the platform now says that it ends. */
  | { readonly kind: 'renewed'; readonly nowMs: EpochMs; readonly expiresMs: EpochMs }
  /** It could not be, for now. */
  | { readonly kind: 'renewal-failed'; readonly nowMs: EpochMs }
  /** The platform is about to close the socket, in about a minute. */
  | { readonly kind: 'closing' }
  | { readonly kind: 'opened'; readonly nowMs: EpochMs }
  | { readonly kind: 'frame'; readonly nowMs: EpochMs }
  /** Something came that cannot be read: nobody knows what it would have said, nor of which queue. */
  | { readonly kind: 'garbled'; readonly nowMs: EpochMs }
  /** A REST answer arrived; it says nothing about the health of the socket. */
  | { readonly kind: 'answer'; readonly nowMs: EpochMs }
  | { readonly kind: 'snapshot-taken'; readonly nowMs: EpochMs }
  /** The socket ended, or never opened; `isGone` = the platform no longer knows the channel. */
  | {
      readonly kind: 'closed';
      readonly nowMs: EpochMs;
      readonly cause: string;
      readonly isGone: boolean;
      readonly random: number;
    }
  /** A REST call on the way failed for now. */
  | {
      readonly kind: 'failed';
      readonly nowMs: EpochMs;
      readonly cause: string;
      readonly isGone: boolean;
      readonly random: number;
    }
  | { readonly kind: 'time'; readonly nowMs: EpochMs };

export type ChannelCommand =
  | { readonly do: 'subscribe' }
  /** Make the subscription again, for that is what prolongs a channel's life, and look at when it now ends. */
  | { readonly do: 'renew' }
  | { readonly do: 'open' }
  /** Open a second socket, which takes over from the first without a break. */
  | { readonly do: 'replace' }
  | { readonly do: 'take-snapshot' }
  | { readonly do: 'ping' }
  | { readonly do: 'drop'; readonly cause: string }
  | { readonly do: 'wake'; readonly atMs: EpochMs }
  /** Nothing was ever heard after several tries: the cause is a setting or the network, and a person must look. */
  | { readonly do: 'give-up'; readonly cause: string }
  | { readonly do: 'report-gap'; readonly startMs: EpochMs; readonly endMs: EpochMs | null; readonly cause: string };

type Phase = 'new' | 'subscribing' | 'opening' | 'snapshotting' | 'live' | 'waiting';

/** The connection as it stands. */
export interface ChannelState {
  phase: Phase;
  /** A channel that is known to be subscribed; a socket can be opened on it again. */
  isSubscribed: boolean;
  /** When the subscription is to be made again; null while there is none, or while that is under way. */
  renewAtMs: EpochMs | null;
  openedMs: EpochMs;
  lastFrameMs: EpochMs | null;
  lastAnswerMs: EpochMs | null;
  /** Something was lost after the snapshot was begun: it has to be taken again. */
  isSnapshotSpoilt: boolean;
  /** The blind interval that is open: from the last frame before the fault. */
  gap: { startMs: EpochMs; cause: string } | null;
  /** Pings sent since the last frame. */
  pings: number;
  lastPingMs: EpochMs;
  attempts: number;
  liveSinceMs: EpochMs | null;
  retryAtMs: EpochMs;
  /** The wake that is on its way; one chain of them is enough. */
  wakeAtMs: EpochMs | null;
}

export interface ChannelLifeSettings {
  /** How long the last ping may go unanswered before the socket is dropped. */
  readonly answerWithinMs: number;
}

/** A channel silent for this long is pinged, so that freshness stays known. */
const pingAfterMs = 10_000;
/** Nothing at all for this long: one more ping, and the socket is dropped if that is not answered either. */
const silentAfterMs = 45_000;
const backoffMsMax = 60_000;
/** Backoff starts anew only after this long in health: a server that accepts and then closes must not be hammered. */
const healthyAfterMs = 60_000;
/** A renewal that failed is tried again after this long: half of a channel's life is left. */
const renewAgainAfterMs = 10 * 60_000;
/** A channel that is said to end at once, or in the past, is not renewed in a loop. */
const renewAfterMsMin = 60_000;
/** So often a socket that never opened is tried before it is given up. */
const firstAttemptsMax = 5;

/**
 * The life of one notification channel: subscribe, open, snapshot, live; on any fault a gap, a wait, and the way back.
 * Subscriptions belong to the channel and not to the socket, so a lost socket is opened again on the same channel.
 */
export function channelLife(settings: ChannelLifeSettings): Logic<ChannelState, ChannelInput, ChannelCommand> {
  return {
    name: 'channel',
    version: 1,
    start: () => ({
      phase: 'new',
      isSubscribed: false,
      renewAtMs: null,
      openedMs: 0,
      lastFrameMs: null,
      lastAnswerMs: null,
      isSnapshotSpoilt: false,
      gap: null,
      pings: 0,
      lastPingMs: 0,
      attempts: 0,
      liveSinceMs: null,
      retryAtMs: 0,
      wakeAtMs: null,
    }),
    step(state, input) {
      switch (input.kind) {
        case 'started':
          state.phase = 'subscribing';
          return [state, [{ do: 'subscribe' }]];
        case 'subscribed':
          state.isSubscribed = true;
          state.phase = 'opening';
          state.renewAtMs = renewalOf(input);
          return [state, [{ do: 'open' }]];
        case 'renewed':
          state.renewAtMs = renewalOf(input);
          return [state, []];
        case 'renewal-failed':
          state.renewAtMs = input.nowMs + renewAgainAfterMs;
          return [state, []];
        case 'closing':
          return [state, state.phase === 'live' || state.phase === 'snapshotting' ? [{ do: 'replace' }] : []];
        case 'opened':
          state.phase = 'snapshotting';
          state.isSnapshotSpoilt = false;
          state.pings = 0;
          state.openedMs = input.nowMs;
          return [state, [{ do: 'take-snapshot' }, ...wake(state, input.nowMs + pingAfterMs)]];
        case 'frame':
          state.lastFrameMs = input.nowMs;
          return [state, onAnswered(state, input.nowMs)];
        case 'garbled':
          return [state, onGarbled(state, input.nowMs)];
        case 'answer':
          state.lastAnswerMs = input.nowMs;
          return [state, []];
        case 'snapshot-taken': {
          if (state.phase !== 'snapshotting') return [state, []];
          if (state.isSnapshotSpoilt) {
            state.isSnapshotSpoilt = false;
            return [state, [{ do: 'take-snapshot' }]];
          }
          state.phase = 'live';
          state.liveSinceMs = input.nowMs;
          const { gap } = state;
          state.gap = null;
          return [state, gap === null ? [] : [{ do: 'report-gap', ...gap, endMs: input.nowMs }]];
        }
        case 'closed':
          if (input.isGone) forget(state);
          return [state, retreat(state, input.nowMs, input.cause, input.random)];
        case 'failed': {
          if (input.isGone) forget(state);
          const hasSocket = state.phase === 'snapshotting' || state.phase === 'live';
          const drop: ChannelCommand[] = hasSocket ? [{ do: 'drop', cause: input.cause }] : [];
          return [state, [...retreat(state, input.nowMs, input.cause, input.random), ...drop]];
        }
        case 'time':
          if (state.wakeAtMs !== null && input.nowMs >= state.wakeAtMs) state.wakeAtMs = null;
          return [state, onTime(state, input.nowMs, settings.answerWithinMs)];
      }
    },
  };
}

/** How far this channel was heard without a break; null before the first snapshot or frame. */
export function heardUntilMs(state: ChannelState): EpochMs | null {
  if (state.gap !== null) return state.gap.startMs;
  if (state.liveSinceMs === null || state.lastFrameMs === null) return state.liveSinceMs;
  return Math.max(state.liveSinceMs, state.lastFrameMs);
}

function wake(state: ChannelState, atMs: EpochMs): ChannelCommand[] {
  if (state.wakeAtMs !== null && state.wakeAtMs <= atMs) return [];
  state.wakeAtMs = atMs;
  return [{ do: 'wake', atMs }];
}

function openGap(state: ChannelState, startMs: EpochMs, cause: string): ChannelCommand[] {
  if (state.gap !== null) return [];
  state.gap = { startMs, cause };
  return [{ do: 'report-gap', startMs, endMs: null, cause }];
}

/** Something failed: what was not heard becomes a gap, and the next try waits, longer each time. */
function retreat(state: ChannelState, nowMs: EpochMs, cause: string, random: number): ChannelCommand[] {
  if (state.phase === 'waiting') return [];
  // Before a snapshot had begun to say anything nothing was known, so nothing was missed.
  const heardMs = heardUntilMs(state) ?? (state.phase === 'snapshotting' ? latest(state) : null);
  const commands = heardMs === null ? [] : openGap(state, heardMs, cause);
  const wasHealthy =
    state.phase === 'live' && state.liveSinceMs !== null && nowMs - state.liveSinceMs >= healthyAfterMs;
  state.attempts = wasHealthy ? 0 : state.attempts + 1;
  state.phase = 'waiting';
  const backoffMs = Math.min(backoffMsMax, 1_000 * 2 ** Math.min(state.attempts, 10));
  if (state.liveSinceMs === null && state.attempts >= firstAttemptsMax) return [...commands, { do: 'give-up', cause }];
  state.retryAtMs = nowMs + Math.floor(backoffMs * (0.5 + random / 2));
  return [...commands, ...wake(state, state.retryAtMs)];
}

/** The socket is well, so that it stays; a gap from the last frame that could be read until a snapshot makes up for it. */
function onGarbled(state: ChannelState, nowMs: EpochMs): ChannelCommand[] {
  const commands = onAnswered(state, nowMs);
  const heardMs = heardUntilMs(state);
  if (state.phase === 'snapshotting') state.isSnapshotSpoilt = true;
  if (state.phase !== 'live') return commands;
  state.phase = 'snapshotting';
  state.lastFrameMs = nowMs;
  return [...commands, ...openGap(state, heardMs ?? nowMs, 'garbled'), { do: 'take-snapshot' }];
}

/** Something came: the wake that waits for the end of a long silence would ask too late after the next. */
function onAnswered(state: ChannelState, nowMs: EpochMs): ChannelCommand[] {
  if (state.pings === 0) return [];
  state.pings = 0;
  return wake(state, nowMs + pingAfterMs);
}

/** At half of what is left of its life. */
function renewalOf({ nowMs, expiresMs }: { readonly nowMs: EpochMs; readonly expiresMs: EpochMs }): EpochMs {
  return nowMs + Math.max(renewAfterMsMin, Math.floor((expiresMs - nowMs) / 2));
}

/** The channel is gone, and with it what it was subscribed to. */
function forget(state: ChannelState): void {
  state.isSubscribed = false;
  state.renewAtMs = null;
}

function latest(state: ChannelState): EpochMs {
  return Math.max(state.openedMs, state.lastFrameMs ?? 0, state.lastAnswerMs ?? 0);
}

function onTime(state: ChannelState, nowMs: EpochMs, answerWithinMs: number): ChannelCommand[] {
  if (state.phase === 'waiting') {
    if (nowMs < state.retryAtMs) return wake(state, state.retryAtMs);
    state.phase = state.isSubscribed ? 'opening' : 'subscribing';
    return [{ do: state.isSubscribed ? 'open' : 'subscribe' }];
  }
  if (state.phase !== 'live' && state.phase !== 'snapshotting') return [];
  if (state.renewAtMs !== null && nowMs >= state.renewAtMs) {
    state.renewAtMs = null;
    return [{ do: 'renew' }, ...onTime(state, nowMs, answerWithinMs)];
  }
  const heardMs = Math.max(state.lastFrameMs ?? 0, state.openedMs);
  const dueMs =
    state.pings === 0
      ? heardMs + pingAfterMs
      : state.pings === 1
        ? heardMs + silentAfterMs
        : state.lastPingMs + answerWithinMs;
  if (nowMs < dueMs) return wake(state, dueMs);
  if (state.pings === 2) return [{ do: 'drop', cause: 'silent' }];
  state.pings += 1;
  state.lastPingMs = nowMs;
  return [{ do: 'ping' }, ...onTime(state, nowMs, answerWithinMs)];
}
