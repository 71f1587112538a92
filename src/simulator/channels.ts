import type { EpochMs } from '../../streams/record.ts';
import type { Caller } from './access.ts';
import type { Metric } from './interval-ledger.ts';
import type { ToldMetrics } from './observations.ts';
import type { Topic } from './topics.ts';

/** Platform limits of channels. */
export const channelLimits = { channelsPerClient: 20, topicsPerChannel: 1000, lifeMs: 86_400_000 } as const;

/** One end of a socket as the platform sees it. */
export interface Socket {
  heartbeatDueMs: EpochMs;
  send(text: string): void;
  close(code: number): void;
  /** Stops reading from it, or goes on. */
  hang?(hung: boolean): void;
}

/** What a channel was last told about one group of an observations topic, and when. */
export interface ObservationGroup {
  readonly group: Readonly<Record<string, string>>;
  readonly state: ToldMetrics;
  /** The half hour that `totals` belongs to. */
  intervalStartMs: EpochMs;
  totals: ToldMetrics;
  sentMs: EpochMs;
  readState(): readonly Metric[];
  readTotals(intervalStartMs: EpochMs): readonly Metric[];
}

/** A plain topic that a channel listens to. Only observations have groups. */
export interface Watch {
  readonly topic: Topic;
  readonly groups: readonly ObservationGroup[];
}

export interface Channel {
  readonly id: string;
  readonly owner: Caller;
  expiresMs: EpochMs;
  /** The names as they were asked for, combined ones too, with the plain topics they stand for. */
  requested: Map<string, readonly Topic[]>;
  /** By plain topic name. */
  watches: Map<string, Watch>;
  socket: Socket | undefined;
}

/** The channels of all clients, oldest first. */
export interface ChannelRegistry {
  readonly all: ReadonlyMap<string, Channel>;
  /** Makes room by ending the client's oldest channel, one without a socket if there is any. */
  create(owner: Caller, nowMs: EpochMs): Channel;
  /** Ends a channel and closes its socket. */
  end(channel: Channel): void;
  /** Ends the channels whose life is over. */
  expire(nowMs: EpochMs): void;
}

export function createChannelRegistry(newSecret: () => string): ChannelRegistry {
  const all = new Map<string, Channel>();

  const remove = (channel: Channel): void => {
    all.delete(channel.id);
    channel.socket?.close(1001);
    channel.socket = undefined;
  };

  return {
    all,
    create(owner, nowMs) {
      const own = [...all.values()].filter((channel) => channel.owner.clientId === owner.clientId);
      if (own.length >= channelLimits.channelsPerClient) {
        const oldest = own.find((channel) => channel.socket === undefined) ?? own[0];
        if (oldest !== undefined) remove(oldest);
      }
      const id = `streaming-0-${newSecret().replaceAll('-', '')}`;
      const expiresMs = nowMs + channelLimits.lifeMs;
      const channel: Channel = { id, owner, expiresMs, requested: new Map(), watches: new Map(), socket: undefined };
      all.set(id, channel);
      return channel;
    },
    end: remove,
    expire(nowMs) {
      for (const channel of all.values()) if (channel.expiresMs <= nowMs) remove(channel);
    },
  };
}
