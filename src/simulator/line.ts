import type { EpochMs } from '../../streams/record.ts';
import type { Channel } from './channels.ts';

/** The way of frames to the sockets of channels. */
export interface Line {
  /** A frame for a channel without a socket is lost, as it is on the platform. */
  transmit(channel: Channel, text: string, atMs: EpochMs): void;
  /** A channel has a new socket: it is to hear again some of what an older one heard, if the platform does that. */
  connected(channel: Channel, nowMs: EpochMs): void;
  sendDue(atMs: EpochMs): void;
  /** Infinite if nothing is due. */
  nextDueMs(): EpochMs;
}

/** `disturb` says what is sent in place of a frame; `repeats` = how many events a new socket hears again. */
export function createLine(options: {
  readonly disturb: (channel: Channel, text: string) => readonly string[];
  readonly onFrameSent: (channelId: string, text: string, atMs: EpochMs) => void;
  readonly repeats: number;
}): Line {
  const { disturb, onFrameSent, repeats } = options;
  const heard = new WeakMap<Channel, string[]>();
  const returned = new Map<Channel, EpochMs>();

  const send = (channel: Channel, text: string, atMs: EpochMs): void => {
    for (const each of disturb(channel, text)) {
      channel.socket?.send(each);
      onFrameSent(channel.id, each, atMs);
    }
  };

  return {
    transmit(channel, text, atMs) {
      if (channel.socket === undefined) return;
      send(channel, text, atMs);
      if (repeats > 0 && isEvent(text)) heard.set(channel, [...(heard.get(channel) ?? []), text].slice(-repeats));
    },
    connected(channel, nowMs) {
      if (heard.has(channel)) returned.set(channel, nowMs);
    },
    sendDue(atMs) {
      for (const [channel, dueMs] of returned) {
        if (dueMs > atMs) continue;
        returned.delete(channel);
        if (channel.socket !== undefined) for (const text of heard.get(channel) ?? []) send(channel, text, atMs);
      }
    },
    nextDueMs: () => Math.min(...returned.values()),
  };
}

/** Whether a frame tells of something, and is no heartbeat, pong or answer. */
export function isEvent(text: string): boolean {
  return text.startsWith('{"topicName":"v2.');
}
