import type { EpochMs } from '../../streams/record.ts';
import type { Candidate } from '../../streams/ranking/score.ts';

/** An agent as he is ranked, with a name if whoever asks gave one. */
export interface NamedAgent extends Candidate {
  readonly name: string | null;
}

/** Where agents were read. `request`: with the question; `live`: the pipeline's records; `platform`: asked for by REST. */
type RosterOrigin = 'request' | 'live' | 'platform';

/** The agents who serve a queue, and of what moment that is. */
export interface Roster {
  readonly agents: readonly NamedAgent[];
  readonly origin: RosterOrigin;
  /** Platform time. */
  readonly asOfMs: EpochMs;
  /** The platform does not answer, or is not heard: it is what was known last. */
  readonly isStale: boolean;
  /** Where satisfaction comes from: `period` = the surveys of the days that were asked for, `ranking` = what the live ranking goes by. */
  readonly csat: 'request' | 'period' | 'ranking' | 'unknown';
}

/** When surveys were answered that count: from the first moment on, to before the second. */
export interface Period {
  readonly startMs: EpochMs;
  readonly endMs: EpochMs;
}

/** Where an agent comes whose id an earlier one has; -1 = nowhere. */
export function repeatedAt(agents: readonly NamedAgent[]): number {
  const ids = new Set<string>();
  return agents.findIndex(({ id }) => ids.size === ids.add(id).size);
}
