import type { EpochMs } from '../../streams/record.ts';
import type { Agent } from './agent.ts';
import { presenceOf } from './observations.ts';

/** What an agent was from one moment to another; without an end it still is. */
export interface StatusStretch {
  readonly userId: string;
  readonly routingStatus: string;
  readonly systemPresence: string;
  readonly presenceId: string;
  readonly fromMs: EpochMs;
  toMs: EpochMs | undefined;
}

/** Who was what and when. Before the first change nothing is known of an agent. */
export interface StatusLedger {
  /** To be told of each agent that changed, after the change. */
  note(agent: Agent, atMs: EpochMs): void;
  all(): Iterable<StatusStretch>;
  /** From here on nothing is missing; infinitely long ago unless some are forgotten. */
  completeFromMs(): EpochMs;
}

/** Older ones are forgotten, so that an endless run needs no endless memory. */
const stretchesMax = 200_000;

export function createStatusLedger(max = stretchesMax, fromMs: EpochMs = -Infinity): StatusLedger {
  const open = new Map<string, StatusStretch>();
  const stretches = new Set<StatusStretch>();
  // One that goes on: a new one would walk over all that was deleted before the first that is there.
  const oldestFirst = stretches.values();
  let completeFromMs = fromMs;
  return {
    note(agent, atMs) {
      const presence = presenceOf(agent);
      const before = open.get(agent.id);
      if (before?.routingStatus === agent.status && before.presenceId === presence.id) return;
      if (before !== undefined) before.toMs = atMs;
      const stretch: StatusStretch = {
        userId: agent.id,
        routingStatus: agent.status,
        systemPresence: presence.system,
        presenceId: presence.id,
        fromMs: atMs,
        toMs: undefined,
      };
      open.set(agent.id, stretch);
      stretches.add(stretch);
      while (stretches.size > Math.max(max, open.size)) {
        const { value: oldest } = oldestFirst.next();
        if (oldest === undefined) break;
        stretches.delete(oldest);
        // What an agent still is cannot be forgotten: it stays, and its turn comes again.
        if (oldest.toMs === undefined) stretches.add(oldest);
        else completeFromMs = Math.max(completeFromMs, oldest.toMs);
      }
    },
    all: () => stretches,
    completeFromMs: () => completeFromMs,
  };
}
