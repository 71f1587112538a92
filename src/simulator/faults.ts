import { z } from 'zod';
import type { EpochMs } from '../../streams/record.ts';

/** The channel it befalls; all of them unless told. */
const channel = { channelId: z.string().optional() };
/** How many of the next event frames of each channel. */
const frames = { ...channel, count: z.int().min(1).default(1) };
/** How long, in milliseconds of the platform; until `clear` unless told. */
const lasting = { forMs: z.number().positive().optional() };
/** Which requests: those below a path, for a time, and not more than so many. */
const requests = {
  pathPrefix: z.string().default('/api/'),
  forMs: z.number().positive().default(60_000),
  count: z.int().min(1).optional(),
};
const kind = <const Kind extends string>(name: Kind) => z.literal(name);

/** Each fault with its settings. Times are those of the platform. */
const faultSchemas = [
  /** The connection breaks, without a close frame. */
  z.strictObject({ kind: kind('drop-socket'), ...channel }),
  /** The sockets that are open now fall silent and answer nothing, but stay open. */
  z.strictObject({ kind: kind('hang-socket'), ...channel, ...lasting }),
  /** Heartbeats and pongs go on, events are lost. */
  z.strictObject({ kind: kind('heartbeats-only'), ...channel, ...lasting }),
  /** Events that end in the middle. */
  z.strictObject({ kind: kind('half-frames'), ...frames }),
  /** Events with fields that nobody knows, in the envelope and in the body. */
  z.strictObject({ kind: kind('unknown-fields'), ...frames }),
  /** One event of a topic that nobody subscribed to. */
  z.strictObject({ kind: kind('unknown-topic'), ...channel }),
  /** One frame that is not JSON. */
  z.strictObject({ kind: kind('not-json'), ...channel, text: z.string().default('upstream connect error') }),
  /** `v2.system.socket_closing`, and later the end of those sockets. */
  z.strictObject({
    kind: kind('socket-closing'),
    ...channel,
    closeAfterMs: z.number().nonnegative().default(60_000),
  }),
  /** `v2.system.no_longer_subscribed`: another channel has taken the topics. */
  z.strictObject({ kind: kind('no-longer-subscribed'), ...channel }),
  /** The channel is gone, its socket closed. */
  z.strictObject({ kind: kind('vanish-channel'), ...channel }),
  /** Another process of the same client makes channels, until this one is the oldest of too many. */
  z.strictObject({ kind: kind('evict-channel'), ...channel }),
  /** Handshakes are answered with a status other than 101. */
  z.strictObject({
    kind: kind('refuse-sockets'),
    ...channel,
    ...lasting,
    status: z.literal([401, 403, 404, 429, 500, 503]).default(503),
  }),
  /** No token that was given out is valid any more. */
  z.strictObject({ kind: kind('expire-tokens') }),
  /** The same, with `v2.system.token_revoked` to each socket. */
  z.strictObject({ kind: kind('revoke-tokens') }),
  /** Every request is one too many, whatever was used (`inin-ratelimit-count` tells). Without `retryAfterSeconds` nobody says when to come back. */
  z.strictObject({
    kind: kind('too-many-requests'),
    ...requests,
    retryAfterSeconds: z.int().min(0).nullable().default(3),
  }),
  /** A gateway answers, in HTML. */
  z.strictObject({ kind: kind('server-error'), ...requests, status: z.int().min(500).max(599).default(503) }),
  /** Answers come late; what was asked for was done at once. */
  z.strictObject({ kind: kind('slow-answers'), ...requests, delayMs: z.number().positive().default(20_000) }),
  /** All times that the platform writes are ahead of its clock by so much; 0 ends it. Half hours stay half hours. */
  z.strictObject({ kind: kind('skew-clock'), skewMs: z.int().default(90_000) }),
  /** Ends all faults that last, and forgets those to come. */
  z.strictObject({ kind: kind('clear') }),
] as const;

/** The names of all faults. */
export const faultKinds: readonly string[] = faultSchemas.map(({ shape }) => shape.kind.value);

/** What can go wrong with the platform on demand; `kind` tells which. */
export const faultSchema = z.discriminatedUnion('kind', faultSchemas, {
  error: ({ input }) => {
    const named = z.object({ kind: z.string() }).safeParse(input);
    const given = named.success
      ? `Value [${named.data.kind.slice(0, 100)}] is no fault`
      : 'A fault is an object with a kind';
    return `${given}. Allowable values are: ${faultKinds.join(', ')}`;
  },
});

/** Of a handshake that does not open a socket. */
export type RefusedStatus = 401 | 403 | 404 | 429 | 500 | 503;

export type Fault = z.output<typeof faultSchema>;

/** A fault and when it happens. */
export interface PlannedFault {
  readonly atMs: EpochMs;
  readonly fault: Fault;
}

/** What becomes of a frame on its way: the texts to send now, in order. */
export type FrameFaults = (channelId: string, text: string) => readonly string[];

export interface FrameFaultSettings {
  /** Of frames that are sent twice, 0 to 1. */
  readonly twiceShare: number;
  /** Of frames that are sent after the one that follows them, 0 to 1. */
  readonly swappedShare: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** Frames twice and in the wrong order, as a network of many servers sends them now and then. */
export function disturbFrames({ twiceShare, swappedShare, random }: FrameFaultSettings): FrameFaults {
  const held = new Map<string, string>();
  return (channelId, text) => {
    const before = held.get(channelId);
    held.delete(channelId);
    if (before !== undefined) return [text, before];
    const chance = random();
    if (chance >= swappedShare) return chance < swappedShare + twiceShare ? [text, text] : [text];
    held.set(channelId, text);
    return [];
  };
}
