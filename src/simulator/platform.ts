import { v4 } from 'uuid';
import type { EpochMs } from '../../streams/record.ts';
import { createAccess, type PlatformClient } from './access.ts';
import { createAnalytics } from './analytics.ts';
import { createCallCenter, type Agent, type Call, type CallCenter, type CallCenterDriver } from './call-center.ts';
import { createChannelRoutes } from './channel-routes.ts';
import { createChannelRegistry } from './channels.ts';
import { createDirectory } from './directory.ts';
import type { FrameFaults } from './faults.ts';
import { createNotifications } from './notifications.ts';
import { notFound, type RestAnswer, type RestRequest, type RouteAnswer } from './rest.ts';

export interface PlatformOptions {
  readonly driver: CallCenterDriver;
  readonly clients: readonly PlatformClient[];
  readonly tokenLifeMs?: number;
  readonly requestsPerMinute?: number;
  /** Makes tokens and channel ids; random UUIDs unless told. */
  readonly newSecret?: () => string;
  /** Hears every frame that was handed to a socket. */
  readonly onFrameSent?: (channelId: string, text: string, nowMs: EpochMs) => void;
  /** None unless told. */
  readonly frameFaults?: FrameFaults;
}

/** The server's side of an open socket. */
interface PlatformSocket {
  readonly status: 101;
  /** A text frame came from the client. */
  message(text: string, nowMs: EpochMs): void;
  /** The socket is gone. */
  closed(): void;
}

/**
 * The platform without its transport and without timers: requests in, answers out, frames out. Time is what the caller
 * says it is, and never goes back; whoever says a later time first gets all that happened until then, in order.
 */
export interface Platform {
  /** What is true: for tests and for summaries, never for clients. */
  readonly center: CallCenter;
  /** When the last event happened; undefined before, and for ever if the driver is endless. */
  readonly endedMs: () => EpochMs | undefined;
  handle(request: RestRequest, nowMs: EpochMs): RestAnswer;
  openSocket(
    channelId: string,
    send: (text: string) => void,
    close: (code: number) => void,
    nowMs: EpochMs,
  ): PlatformSocket | { readonly status: 404 };
  /** Lets everything happen that is due. */
  advanceTo(nowMs: EpochMs): void;
  /** When `advanceTo` is next needed; infinite if never. Requests and sockets may bring it forward. */
  nextWakeMs(): EpochMs;
  /** Makes all tokens invalid; open sockets stay. */
  readonly expireTokens: () => void;
}

export function createPlatform(options: PlatformOptions): Platform {
  const { driver, clients, tokenLifeMs = 86_400_000, requestsPerMinute = 300, newSecret = v4 } = options;
  const { onFrameSent = () => undefined, frameFaults = (_: string, text: string) => [text] } = options;
  const center = createCallCenter(driver.roster);
  const access = createAccess({ clients, tokenLifeMs, requestsPerMinute, newSecret });
  const channels = createChannelRegistry(newSecret);
  const notifications = createNotifications({
    center,
    channels,
    onFrameSent,
    frameFaults,
    subscribe(channel, topics, nowMs) {
      const answer = channelRoutes.subscribe(channel, topics, { replace: false, ignoreErrors: false }, nowMs);
      return answer.status === 200 ? { status: 200 } : { status: 400, message: 'The topics were refused.' };
    },
  });
  const channelRoutes = createChannelRoutes(channels, notifications.watch);
  const directory = createDirectory(center);
  const analytics = createAnalytics(center);

  const events = driver.events[Symbol.iterator]();
  let upcoming = events.next();
  let lastEventMs: EpochMs | undefined;

  /** Applies all events of one instant, and only then tells what they changed together. */
  const happen = (atMs: EpochMs): void => {
    const queueIds = new Set<string>();
    const calls = new Set<Call>();
    const agents = new Set<Agent>();
    while (upcoming.done !== true && upcoming.value.atMs <= atMs) {
      lastEventMs = upcoming.value.atMs;
      const touched = center.apply(upcoming.value);
      for (const id of touched.queueIds) queueIds.add(id);
      for (const call of touched.calls) calls.add(call);
      for (const agent of touched.agents) agents.add(agent);
      upcoming = events.next();
    }
    notifications.publish({ queueIds, calls, agents }, atMs);
  };

  const nextExpiryMs = (): EpochMs => Math.min(...Array.from(channels.all.values(), ({ expiresMs }) => expiresMs));

  const nextWakeMs = (): EpochMs =>
    Math.min(upcoming.done === true ? Infinity : upcoming.value.atMs, notifications.nextDueMs(), nextExpiryMs());

  const advanceTo = (nowMs: EpochMs): void => {
    for (let atMs = nextWakeMs(); atMs <= nowMs; atMs = nextWakeMs()) {
      happen(atMs);
      notifications.sendDue(atMs);
      channels.expire(atMs);
    }
  };

  const route = (request: RestRequest, nowMs: EpochMs): RestAnswer => {
    if (request.path === '/oauth/token' && request.method === 'POST') return access.logIn(request, nowMs);
    const admitted = access.admit(request, nowMs);
    const { headers } = admitted;
    const answer: RouteAnswer =
      'refused' in admitted
        ? admitted.refused
        : (directory.answer(request, admitted.caller) ??
          analytics.answer(request, admitted.caller) ??
          channelRoutes.answer(request, admitted.caller, nowMs) ??
          notFound(request.path));
    return { ...answer, headers: { ...headers, ...answer.headers } };
  };

  return {
    center,
    endedMs: () => (upcoming.done === true ? lastEventMs : undefined),
    handle(request, nowMs) {
      advanceTo(nowMs);
      const { status, headers, body } = route(request, nowMs);
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const complete = { ...headers, ...type, 'inin-correlation-id': v4() };
      return body === undefined ? { status, headers: complete } : { status, headers: complete, body };
    },
    openSocket(channelId, send, close, nowMs) {
      advanceTo(nowMs);
      const channel = channels.all.get(channelId);
      if (channel === undefined) return { status: 404 };
      const socket = notifications.connect(channel, { send, close }, nowMs);
      return {
        status: 101,
        message(text, atMs) {
          advanceTo(atMs);
          notifications.receive(channel, socket, text, atMs);
        },
        closed() {
          if (channel.socket === socket) channel.socket = undefined;
        },
      };
    },
    advanceTo,
    nextWakeMs,
    expireTokens: access.expireTokens,
  };
}
