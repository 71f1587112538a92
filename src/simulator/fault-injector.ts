import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';
import type { Access } from './access.ts';
import type { Channel, ChannelRegistry, Socket } from './channels.ts';
import type { Fault, PlannedFault, RefusedStatus } from './faults.ts';
import { isEvent, type Line } from './line.ts';
import { createRequestFaults, type RequestFaults } from './request-faults.ts';
import { shiftTimes } from './skew.ts';

/** Makes faults happen, now and at their times. */
export interface FaultInjector {
  inject(fault: Fault, nowMs: EpochMs): void;
  /** What is sent in place of a frame. */
  readonly disturb: (channel: Channel, text: string) => readonly string[];
  meetRequest(...request: Parameters<RequestFaults['meet']>): ReturnType<RequestFaults['meet']>;
  /** The status of a refused handshake; undefined if nothing is to be refused. */
  refusedStatus(channelId: string, nowMs: EpochMs): RefusedStatus | undefined;
  /** Whether the channel's socket hears and says nothing. */
  hangs(channel: Channel): boolean;
  /** By how much the times that the platform writes are ahead. */
  skewMs(): number;
  /** Does what is due: planned faults, the end of those that last, announced closes. */
  happenDue(atMs: EpochMs): void;
  /** Infinite if nothing is due. */
  nextDueMs(): EpochMs;
}

/** Close code of a connection that broke without a close frame. */
export const brokenCode = 1006;

/** A fault that befalls channels that are there. */
type ChannelFault = Exclude<
  Fault,
  | { readonly pathPrefix: string }
  | { readonly kind: 'expire-tokens' | 'revoke-tokens' | 'skew-clock' | 'refuse-sockets' | 'clear' }
>;

interface Silence {
  readonly kind: 'hang' | 'heartbeats-only';
  /** Only this socket, or any that the channel has. */
  readonly socket: Socket | undefined;
  readonly untilMs: EpochMs;
}

export function createFaultInjector(options: {
  readonly channels: ChannelRegistry;
  readonly access: Pick<Access, 'expireTokens'>;
  readonly plan: readonly PlannedFault[];
  /** Read when a fault sends a frame; the line itself asks this injector. */
  readonly line: () => Line;
}): FaultInjector {
  const { channels, access, line } = options;
  const requests = createRequestFaults();
  let plan = [...options.plan].sort((a, b) => a.atMs - b.atMs);
  const silences = new Map<Channel, Silence>();
  let closings: { readonly channel: Channel; readonly socket: Socket; readonly atMs: EpochMs }[] = [];
  let refusals: {
    readonly channelId: string | undefined;
    readonly status: RefusedStatus;
    readonly untilMs: EpochMs;
  }[] = [];
  /** Event frames of a channel that are still to be spoilt, in order. */
  let spoils = new WeakMap<Channel, ('half-frames' | 'unknown-fields')[]>();
  let skewMs = 0;

  const targets = (channelId: string | undefined): Channel[] =>
    [...channels.all.values()].filter(({ id }) => channelId === undefined || id === channelId);

  const closeSocket = (channel: Channel, code: number): void => {
    channel.socket?.close(code);
    channel.socket = undefined;
  };

  const tell = (channel: Channel, topicName: string, eventBody: object, nowMs: EpochMs): void => {
    line().transmit(channel, JSON.stringify({ topicName, version: '2', eventBody, metadata: {} }), nowMs);
  };

  const tellSystem = (channel: Channel, type: string, more: object, nowMs: EpochMs): void => {
    const body = { channelId: channel.id, systemTopicType: type, oauthClientId: channel.owner.clientId, ...more };
    tell(channel, `v2.system.${type}.${channel.id}`, body, nowMs);
  };

  const unhang = (channel: Channel, { kind, socket }: Silence): void => {
    silences.delete(channel);
    if (kind === 'hang') socket?.hang?.(false);
  };

  const evict = (victim: Channel, nowMs: EpochMs): void => {
    while (channels.all.has(victim.id)) {
      // Channels that listen, or the newest would be the first to go.
      const other = channels.create(victim.owner, nowMs);
      other.socket = { heartbeatDueMs: Infinity, send: () => undefined, close: () => undefined };
    }
  };

  const clear = (): void => {
    requests.clear();
    for (const [channel, silence] of silences) unhang(channel, silence);
    plan = [];
    closings = [];
    refusals = [];
    spoils = new WeakMap();
    skewMs = 0;
  };

  const befall = (channel: Channel, fault: ChannelFault, nowMs: EpochMs): void => {
    const { socket } = channel;
    switch (fault.kind) {
      case 'drop-socket':
        closeSocket(channel, brokenCode);
        break;
      case 'hang-socket':
        if (socket === undefined) break;
        silences.set(channel, { kind: 'hang', socket, untilMs: nowMs + (fault.forMs ?? Infinity) });
        socket.hang?.(true);
        break;
      case 'heartbeats-only':
        silences.set(channel, { kind: fault.kind, socket: undefined, untilMs: nowMs + (fault.forMs ?? Infinity) });
        break;
      case 'half-frames':
      case 'unknown-fields': {
        const more = new Array<typeof fault.kind>(fault.count).fill(fault.kind);
        spoils.set(channel, [...(spoils.get(channel) ?? []), ...more]);
        break;
      }
      case 'unknown-topic':
        tell(channel, `v2.invented.${channel.id}.nothing`, { invented: true }, nowMs);
        break;
      case 'not-json':
        line().transmit(channel, fault.text, nowMs);
        break;
      case 'socket-closing':
        tell(channel, 'v2.system.socket_closing', { message: 'This socket will be closed for maintenance.' }, nowMs);
        if (socket !== undefined) closings.push({ channel, socket, atMs: nowMs + fault.closeAfterMs });
        break;
      case 'no-longer-subscribed':
        channel.requested = new Map();
        channel.watches = new Map();
        tellSystem(channel, 'no_longer_subscribed', { reason: 'another_channel_subscribed' }, nowMs);
        break;
      case 'vanish-channel':
        channels.end(channel);
        break;
      case 'evict-channel':
        evict(channel, nowMs);
        break;
    }
  };

  const inject = (fault: Fault, nowMs: EpochMs): void => {
    switch (fault.kind) {
      case 'expire-tokens':
        access.expireTokens();
        break;
      case 'revoke-tokens':
        access.expireTokens();
        for (const channel of targets(undefined)) {
          tellSystem(channel, 'token_revoked', { reason: 'user_tokens_revoked' }, nowMs);
        }
        break;
      case 'too-many-requests':
      case 'server-error':
      case 'slow-answers':
        requests.begin(fault, nowMs);
        break;
      case 'skew-clock':
        skewMs = fault.skewMs;
        break;
      case 'refuse-sockets': {
        const { channelId, status, forMs = Infinity } = fault;
        refusals.push({ channelId, status, untilMs: nowMs + forMs });
        break;
      }
      case 'clear':
        clear();
        break;
      case 'drop-socket':
      case 'hang-socket':
      case 'heartbeats-only':
      case 'half-frames':
      case 'unknown-fields':
      case 'unknown-topic':
      case 'not-json':
      case 'socket-closing':
      case 'no-longer-subscribed':
      case 'vanish-channel':
      case 'evict-channel':
        for (const channel of targets(fault.channelId)) befall(channel, fault, nowMs);
    }
  };

  const hangs = (channel: Channel): boolean => {
    const silence = silences.get(channel);
    return silence?.kind === 'hang' && silence.socket === channel.socket;
  };

  return {
    inject,
    disturb(channel, text) {
      if (hangs(channel)) return [];
      if (!isEvent(text)) return [text];
      if (silences.get(channel)?.kind === 'heartbeats-only' && !text.startsWith('{"topicName":"v2.system.')) return [];
      return [spoil(shiftTimes(text, skewMs), spoils.get(channel)?.shift())];
    },
    meetRequest: (request, nowMs) => requests.meet(request, nowMs),
    refusedStatus(channelId, nowMs) {
      refusals = refusals.filter(({ untilMs }) => nowMs < untilMs);
      return refusals.find((each) => each.channelId === undefined || each.channelId === channelId)?.status;
    },
    hangs,
    skewMs: () => skewMs,
    happenDue(atMs) {
      const due = plan.filter((each) => each.atMs <= atMs);
      plan = plan.filter((each) => each.atMs > atMs);
      for (const { fault } of due) inject(fault, atMs);
      for (const [channel, silence] of silences) {
        const over = silence.untilMs <= atMs || channels.all.get(channel.id) !== channel;
        const replaced = silence.socket !== undefined && silence.socket !== channel.socket;
        if (over || replaced) unhang(channel, silence);
      }
      for (const { channel, socket } of closings.filter((each) => each.atMs <= atMs)) {
        if (channel.socket === socket) closeSocket(channel, 1001);
      }
      closings = closings.filter((each) => each.atMs > atMs);
    },
    nextDueMs: () =>
      Math.min(
        plan[0]?.atMs ?? Infinity,
        ...closings.map(({ atMs }) => atMs),
        ...Array.from(silences.values(), ({ untilMs }) => untilMs),
      ),
  };
}

const frameSchema = z.looseObject({ eventBody: z.looseObject({}) });

function spoil(text: string, how: 'half-frames' | 'unknown-fields' | undefined): string {
  if (how === undefined) return text;
  if (how === 'half-frames') return text.slice(0, Math.floor(text.length / 2));
  const { eventBody, ...envelope } = frameSchema.parse(JSON.parse(text));
  const body = { ...eventBody, inventedField: { deep: [null, 1] } };
  return JSON.stringify({ ...envelope, eventBody: body, inventedEnvelopeField: 'x' });
}
