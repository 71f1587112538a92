import { v4 } from 'uuid';
import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import { createAccess, type PlatformClient } from './access.ts';
import type { Agent } from './agent.ts';
import type { Call } from './call.ts';
import { createCallCenter, type CallCenter, type CallCenterDriver } from './call-center.ts';
import { createChannelRoutes } from './channel-routes.ts';
import { createChannelRegistry, type Channel } from './channels.ts';
import { createFaultInjector } from './fault-injector.ts';
import type { Fault, FrameFaults, PlannedFault, RefusedStatus } from './faults.ts';
import { createLine } from './line.ts';
import { createNotifications } from './notifications.ts';
import {
  bodyWithContext,
  countedId,
  notFound,
  refuseMediaType,
  type RestAnswer,
  type RestRequest,
  type RouteAnswer,
} from './rest.ts';
import { shiftTimes } from './skew.ts';
import { createRoutes } from './routes.ts';
import { createStatusLedger } from './status-ledger.ts';
import { switchesSchema, type PlatformSwitches } from './switches.ts';

export interface PlatformOptions {
  readonly driver: CallCenterDriver;
  readonly clients: readonly PlatformClient[];
  readonly tokenLifeMs?: number;
  readonly requestsPerMinute?: number;
  /** How many conversations details and the aggregates of agents know; 100,000 unless told. */
  readonly conversationsMax?: number;
  /** Makes tokens and channel ids; random UUIDs unless told. */
  readonly newSecret?: () => string;
  /** Hears every frame that was handed to a socket. */
  readonly onFrameSent?: (channelId: string, text: string, nowMs: EpochMs) => void;
  /** None unless told. */
  readonly frameFaults?: FrameFaults;
  /** The defaults of each unless told. */
  readonly switches?: Partial<PlatformSwitches>;
  /** Faults that happen at their times. */
  readonly faultPlan?: readonly PlannedFault[];
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
    /** Stops reading from the socket, or goes on. */
    hang?: (hung: boolean) => void,
  ): PlatformSocket | { readonly status: RefusedStatus };
  /** Lets everything happen that is due. */
  advanceTo(nowMs: EpochMs): void;
  /** When `advanceTo` is next needed; infinite if never. Requests and sockets may bring it forward. */
  nextWakeMs(): EpochMs;
  /** Makes all tokens invalid; open sockets stay. */
  readonly expireTokens: () => void;
  /** Makes something go wrong, now. */
  inject(fault: Fault, nowMs: EpochMs): void;
}

export function createPlatform(options: PlatformOptions): Platform {
  const { driver, clients, tokenLifeMs = 86_400_000, requestsPerMinute = 300, newSecret = v4 } = options;
  const { onFrameSent = () => undefined, frameFaults = (_: string, text: string) => [text], faultPlan = [] } = options;
  const switches = switchesSchema.parse(options.switches ?? {});
  const center = createCallCenter(driver, options.conversationsMax);
  const statuses = createStatusLedger(undefined, driver.past?.untilMs);
  const access = createAccess({ clients, tokenLifeMs, requestsPerMinute, newSecret });
  const channels = createChannelRegistry(newSecret);
  const faults = createFaultInjector({ channels, access, plan: faultPlan, line: () => line });
  const line = createLine({ disturb: faults.disturb, onFrameSent, repeats: switches.duplicatesAfterReconnect });
  const notifications = createNotifications({
    center,
    channels,
    line,
    frameFaults,
    switches,
    subscribe(channel, topics, nowMs) {
      const answer = channelRoutes.subscribe(channel, topics, { replace: false, ignoreErrors: false }, nowMs);
      return answer.status === 200 ? { status: 200 } : { status: 400, message: 'The topics were refused.' };
    },
  });
  const channelRoutes = createChannelRoutes(channels, notifications.watch, switches);
  const routes = createRoutes({ center, statuses, switches, access, requestsPerMinute, newSecret });

  const events = driver.events[Symbol.iterator]();
  let upcoming = events.next();
  let lastEventMs: EpochMs | undefined;
  let answerCount = 0;

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
      for (const agent of touched.agents) {
        agents.add(agent);
        statuses.note(agent, lastEventMs);
      }
      upcoming = events.next();
    }
    notifications.publish({ queueIds, calls, agents }, atMs);
  };

  const nextExpiryMs = (): EpochMs => Math.min(...Array.from(channels.all.values(), ({ expiresMs }) => expiresMs));

  /** When the token of a channel that is listened to ends; infinite where that means nothing to its socket. */
  const tokenEndMs = ({ owner, socket }: Channel): EpochMs =>
    switches.tokenEndCloseCode === undefined || socket === undefined ? Infinity : access.expiresMs(owner.token);

  const closeForTokens = (nowMs: EpochMs): void => {
    for (const channel of channels.all.values()) {
      if (tokenEndMs(channel) > nowMs) continue;
      channel.socket?.close(switches.tokenEndCloseCode ?? 1000);
      channel.socket = undefined;
    }
  };

  const nextWakeMs = (): EpochMs =>
    Math.min(
      upcoming.done === true ? Infinity : upcoming.value.atMs,
      notifications.nextDueMs(),
      line.nextDueMs(),
      faults.nextDueMs(),
      nextExpiryMs(),
      ...Array.from(channels.all.values(), tokenEndMs),
    );

  const advanceTo = (nowMs: EpochMs): void => {
    for (let atMs = nextWakeMs(); atMs <= nowMs; atMs = nextWakeMs()) {
      happen(atMs);
      faults.happenDue(atMs);
      line.sendDue(atMs);
      notifications.sendDue(atMs);
      channels.expire(atMs);
      closeForTokens(atMs);
    }
  };

  const route = (request: RestRequest, nowMs: EpochMs): RestAnswer => {
    if (request.path === '/oauth/token' && request.method === 'POST') return access.logIn(request, nowMs);
    const admitted = access.admit(request, nowMs);
    const { headers } = admitted;
    const answer: RouteAnswer =
      'refused' in admitted
        ? admitted.refused
        : (refuseMediaType(request) ??
          routes.answer(request, admitted.caller, nowMs) ??
          channelRoutes.answer(request, admitted.caller, nowMs) ??
          notFound(request.path));
    return { ...answer, headers: { ...headers, ...answer.headers } };
  };

  /** What a fault answers counts too where the platform itself answers, and says what was used; a gateway knows of no limit. */
  const counted = (answer: RestAnswer, request: RestRequest, nowMs: EpochMs): RestAnswer =>
    answer.body === undefined
      ? answer
      : { ...answer, headers: { ...access.admit(request, nowMs).headers, ...answer.headers } };

  return {
    center,
    endedMs: () => (upcoming.done === true ? lastEventMs : undefined),
    handle(request, nowMs) {
      advanceTo(nowMs);
      const { instead, delayMs } = faults.meetRequest(request, nowMs);
      const answer = instead === undefined ? route(request, nowMs) : counted(instead, request, nowMs);
      answerCount += 1;
      const correlationId = countedId(answerCount);
      const type = answer.body === undefined ? {} : { 'content-type': 'application/json' };
      return {
        ...answer,
        headers: { ...answer.headers, ...type, 'inin-correlation-id': correlationId },
        ...(answer.body === undefined
          ? {}
          : { body: shiftBody(bodyWithContext(answer, correlationId), faults.skewMs()) }),
        ...(delayMs === 0 ? {} : { delayMs }),
      };
    },
    openSocket(channelId, send, close, nowMs, hang = () => undefined) {
      advanceTo(nowMs);
      const refused = faults.refusedStatus(channelId, nowMs);
      if (refused !== undefined) return { status: refused };
      const channel = channels.all.get(channelId);
      if (channel === undefined) return { status: switches.deadChannelStatus };
      const socket = notifications.connect(channel, { send, close, hang }, nowMs);
      line.connected(channel, nowMs);
      return {
        status: 101,
        message(text, atMs) {
          advanceTo(atMs);
          if (!faults.hangs(channel)) notifications.receive(channel, socket, text, atMs);
        },
        closed() {
          if (channel.socket === socket) channel.socket = undefined;
        },
      };
    },
    advanceTo,
    nextWakeMs,
    expireTokens: access.expireTokens,
    inject(fault, nowMs) {
      advanceTo(nowMs);
      faults.inject(fault, nowMs);
      closeForTokens(nowMs);
    },
  };
}

function shiftBody(body: unknown, byMs: number): unknown {
  return byMs === 0 ? body : z.unknown().parse(JSON.parse(shiftTimes(JSON.stringify(body), byMs)));
}
