import type { ChannelGap, EventOf, Tick } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';

/** One WebSocket text message, taken apart. `topic` is '' for a reply that has none, and null for what is no JSON object, or names no topic by a string. */
export interface FrameArrival {
  readonly kind: 'frame';
  readonly receivedAtMs: EpochMs;
  readonly topic: string | null;
  readonly body: unknown;
}

/** The answer of one REST call; `queueIds` are those it was asked about, `interval` is the time, if it was about one; `names` are
 * those of agents by id where they are wanted, beside the body, so that they are in no recording. */
export interface RestArrival {
  readonly kind: 'rest';
  readonly receivedAtMs: EpochMs;
  readonly path: string;
  readonly queueIds: readonly string[];
  readonly interval?: { readonly startMs: EpochMs; readonly endMs: EpochMs };
  readonly names?: ReadonlyMap<string, string>;
  readonly body: unknown;
}

/** What comes in at the border, stamped once, in the order of the journal. */
export type Arrival =
  FrameArrival | RestArrival | Tick | ChannelGap | EventOf<'queue-removed' | 'agent-removed' | 'agent-satisfaction'>;

/** Stamps a frame on arrival. Never throws. */
export function toFrameArrival(text: string, receivedAtMs: EpochMs): FrameArrival {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return { kind: 'frame', receivedAtMs, topic: null, body: null };
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return { kind: 'frame', receivedAtMs, topic: null, body: null };
  }
  const topic = 'topicName' in message ? message.topicName : '';
  if (typeof topic !== 'string') return { kind: 'frame', receivedAtMs, topic: null, body: null };
  return { kind: 'frame', receivedAtMs, topic, body: 'eventBody' in message ? message.eventBody : null };
}
