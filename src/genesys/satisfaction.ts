import type { Logger } from 'pino';
import type { Clock } from '../../sinks/clock.ts';
import { GenesysError } from './errors.ts';
import type { Rest } from './rest.ts';
import { readSatisfaction, surveysPermission } from './surveys.ts';

/** Which surveys count, and how often they are asked for, in platform time. */
export interface SurveySettings {
  /** Null = never: then nothing is known. */
  readonly everyMs: number | null;
  /** How far back they reach. */
  readonly days: number;
}

interface SatisfactionSettings extends SurveySettings {
  readonly rest: Rest;
  /** Platform time. */
  readonly clock: Clock;
  readonly log: Logger;
  /** A journal is gone on with, that may tell of surveys that do not count any more. */
  readonly isGoingOn: boolean;
  /** Agents whose satisfaction matters. */
  readonly watched: () => Iterable<string>;
  /** Takes what is new: 0 to 1, or null = nobody has said. */
  readonly onChanged: (userId: string, value: number | null) => void;
}

/** How customers liked those agents who are watched. */
export interface SatisfactionLooks {
  /** Asks on its schedule until the signal; rejects with a `GenesysError` when the credentials are refused. */
  run(signal: AbortSignal): Promise<void>;
  /** Others are watched now. */
  tell(): void;
}

const dayMs = 86_400_000;

/** Asks for the surveys of the last days again and again, and tells of each agent what has changed. */
export function createSatisfactionLooks(settings: SatisfactionSettings): SatisfactionLooks {
  const { rest, clock, log, everyMs, days, isGoingOn, watched, onChanged } = settings;
  /** What the last answer said; undefined before the first. */
  let known: ReadonlyMap<string, number> | undefined = everyMs === null ? new Map() : undefined;
  const told = new Map<string, number | null>();
  /** Of those to come nothing is told yet; of those before the first answer a journal may tell. */
  let unsaid: number | null | undefined = isGoingOn ? undefined : null;
  let isRefused = false;

  function tell(): void {
    if (known === undefined) return;
    const now = new Set(watched());
    for (const userId of told.keys()) if (!now.has(userId)) told.delete(userId);
    for (const userId of now) {
      const value = known.get(userId) ?? null;
      const before = told.has(userId) ? told.get(userId) : unsaid;
      told.set(userId, value);
      if (before !== value) onChanged(userId, value);
    }
    unsaid = null;
  }

  async function look(signal: AbortSignal): Promise<void> {
    const endMs = clock.nowMs();
    try {
      known = await readSatisfaction(rest, { startMs: endMs - days * dayMs, endMs }, signal, 'low');
      isRefused = false;
    } catch (error) {
      if (signal.aborted || !(error instanceof GenesysError) || error.code === 'QC_GENESYS_CREDENTIALS') throw error;
      if (error.code !== 'QC_GENESYS_PERMISSION') {
        log.warn({ code: error.code }, `surveys could not be read, what was known stays: ${error.message}`);
        return;
      }
      known = new Map();
      if (!isRefused) {
        const wayOut = `grant ${surveysPermission} to a role of the OAuth client, or set QUEUECAST_SURVEYS_EVERY_MS=none`;
        log.warn(`surveys may not be read, so that satisfaction counts as 0.5 for all: ${wayOut}; the rest runs`);
      }
      isRefused = true;
    }
    tell();
  }

  return {
    tell,
    async run(signal) {
      tell();
      if (everyMs === null) return;
      for (;;) {
        await look(signal);
        await clock.sleep(everyMs, signal);
      }
    },
  };
}
