import type { Clock } from '../../sinks/clock.ts';
import { GenesysError } from '../genesys/errors.ts';
import type { TopicPermissions } from '../genesys/permissions.ts';
import type { Rest } from '../genesys/rest.ts';
import type { Connect } from '../genesys/socket.ts';
import type { Finding } from './finding.ts';
import { judgeFailure, type Timed } from './judge.ts';

/** What a check asks with. */
export interface Asking {
  readonly rest: Rest;
  /** The answer that came last, and when. */
  readonly lastAnswer: () => Timed | undefined;
  readonly apiUrl: string;
  readonly loginUrl: string;
  /** Platform time. */
  readonly clock: Clock;
  readonly connect: Connect;
  /** Real time, whatever that of the platform is. */
  readonly systemClock: Clock;
  readonly signal: AbortSignal;
}

/** What the checks before have learned; empty where that could not be asked. */
export interface Known {
  readonly queueIds: readonly string[];
  readonly userIds: readonly string[];
  readonly needed: TopicPermissions;
  /** Channels that the OAuth client has already; null when that was not told. */
  readonly channelsInUse: number | null;
  /** The one that is taken for the sake of the questions; null before, and when none can be had. */
  readonly channel: TakenChannel | null;
}

interface TakenChannel {
  readonly id: string;
  readonly connectUri: string;
  readonly expires?: string | undefined;
}

export const nothingKnown: Known = {
  queueIds: [],
  userIds: [],
  needed: new Map(),
  channelsInUse: null,
  channel: null,
};

interface Checked {
  readonly findings: readonly Finding[];
  readonly learned?: Partial<Known>;
  /** Nothing more can be asked. */
  readonly isLast?: true;
}

/** One question. Rejects with the signal's reason, and for nothing else: what the platform refuses is a finding. */
export type Check = (asking: Asking, known: Known) => Promise<Checked>;

/** A call that `run` makes. */
export interface Call {
  readonly name: string;
  /** What is lost without it. */
  readonly cost: string;
  /** The permissions that it is known to need. */
  readonly needed: readonly string[];
}

export const noStart = 'run does not start';

/** What a call needs to be judged by. */
export interface Judging {
  /** Of the call that was just made. */
  readonly lastAnswer: () => Pick<Timed, 'answer'> | undefined;
  readonly signal: AbortSignal;
}

/** The platform's refusals are values. */
export async function attempt<T>({ signal }: Judging, once: () => Promise<T>): Promise<T | GenesysError> {
  try {
    return await once();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof GenesysError) return error;
    throw error;
  }
}

/** Makes a call; what it means is the finding, and the value undefined when it failed. */
export async function ask<T>(
  asking: Judging,
  call: Call,
  once: () => Promise<T>,
  tell: (value: T) => string = () => 'answered',
): Promise<{ readonly finding: Finding; readonly value?: T }> {
  const value = await attempt(asking, once);
  if (value instanceof GenesysError) return { finding: judgeFailure(call, value, asking.lastAnswer()?.answer) };
  return { finding: { name: call.name, status: 'ok', told: tell(value) }, value };
}
