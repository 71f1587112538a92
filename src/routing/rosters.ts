import { z } from 'zod';
import type { Clock } from '../../sinks/clock.ts';
import { GenesysError } from '../genesys/errors.ts';
import type { Latest } from '../latest.ts';
import { createLiveRosters } from './live-roster.ts';
import { readCsat, readRoster, type RosterReader } from './read-roster.ts';
import type { NamedAgent, Period, Roster } from './roster.ts';

export interface RostersSettings {
  readonly latest: Latest;
  /** Platform time. */
  readonly platformClock: Clock;
  /** How long an answer may take in platform time. */
  readonly slackMs: number;
  /** Of the system: how long the platform is waited for. */
  readonly systemClock: Clock;
  /** Undefined where there is no platform to be asked. */
  readonly reader: RosterReader | undefined;
}

/**
 * The agents of a queue: from the live records, or by REST while these do not tell of it yet. A platform that does not answer leaves what
 * was known last, marked as stale; without that it rejects with a `GenesysError`.
 */
export type Rosters = (queueId: string, period: Period | null) => Promise<Roster>;

/** Nobody waits longer for an answer of ours. */
const patienceMs = 8_000;
/** Surveys come in slowly: a period is asked about again after so long. */
const surveysMsMax = 600_000;
const queuesMax = 200;
const periodsMax = 20;

interface Surveys {
  readonly readMs: number;
  readonly csat: ReadonlyMap<string, number>;
}

export function createRosters(settings: RostersSettings): Rosters {
  const { latest, platformClock, slackMs, systemClock, reader } = settings;
  const liveRoster = createLiveRosters(latest);
  const lastRosters = new Map<string, Roster>();
  const lastSurveys = new Map<string, Surveys>();
  const rosterOnce = sharing<Roster>(systemClock);
  const surveysOnce = sharing<Surveys['csat']>(systemClock);

  async function rosterOf(queueId: string): Promise<Roster> {
    const live = liveRoster(queueId, platformClock.nowMs(), slackMs);
    if (live !== null) return live;
    if (!z.guid().safeParse(queueId).success) throw noId(queueId);
    if (reader === undefined) throw unknownQueue(queueId);
    const last = lastRosters.get(queueId);
    try {
      const roster = await rosterOnce(queueId, (signal) => readRoster(reader, queueId, signal));
      remember(lastRosters, queueId, roster, queuesMax);
      return roster;
    } catch (error) {
      if (last === undefined || !isOutage(error)) throw error;
      return { ...last, isStale: true };
    }
  }

  /** Null where it cannot be known. */
  async function satisfactionIn(period: Period): Promise<ReadonlyMap<string, number> | null> {
    if (reader === undefined) return null;
    const key = `${period.startMs}/${period.endMs}`;
    const last = lastSurveys.get(key);
    const nowMs = systemClock.nowMs();
    if (last !== undefined && nowMs - last.readMs < surveysMsMax) return last.csat;
    try {
      const csat = await surveysOnce(key, (signal) => readCsat(reader, period, signal));
      remember(lastSurveys, key, { readMs: nowMs, csat }, periodsMax);
      return csat;
    } catch (error) {
      // Refused for want of a permission, or not answered: a ranking without it is better than none.
      if (error instanceof GenesysError) return last?.csat ?? null;
      throw error;
    }
  }

  return async (queueId, period) => {
    const roster = await rosterOf(queueId);
    if (period === null || roster.agents.length === 0) return roster;
    const csat = await satisfactionIn(period);
    if (csat === null) return roster;
    return { ...roster, agents: roster.agents.map((agent) => withCsat(agent, csat)), csat: 'period' };
  };
}

const withCsat = (agent: NamedAgent, csat: ReadonlyMap<string, number>): NamedAgent => ({
  ...agent,
  csat: csat.get(agent.id) ?? null,
});

/** Who asks for the same while it is on its way gets the same answer. */
function sharing<T>(clock: Clock): (key: string, ask: (signal: AbortSignal) => Promise<T>) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (key, ask) => {
    let answer = asked.get(key);
    if (answer === undefined) {
      answer = patiently(ask, clock).finally(() => asked.delete(key));
      asked.set(key, answer);
    }
    return answer;
  };
}

async function patiently<T>(ask: (signal: AbortSignal) => Promise<T>, clock: Clock): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const tooLong = clock.sleep(patienceMs, done.signal).then((): never => {
    const message = `The platform has not answered for ${patienceMs / 1000} s: ask again later`;
    const error = new GenesysError('QC_GENESYS_UNREACHABLE', message);
    over.abort(error);
    throw error;
  });
  tooLong.catch(() => undefined);
  try {
    return await Promise.race([ask(over.signal), tooLong]);
  } finally {
    done.abort();
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof GenesysError && error.code === 'QC_GENESYS_UNREACHABLE';
}

function noId(queueId: string): GenesysError {
  return new GenesysError('QC_GENESYS_NOT_FOUND', `There is no queue ${queueId}: ids of queues are UUIDs`);
}

function unknownQueue(queueId: string): GenesysError {
  const message = `Queue ${queueId} is not among those that the pipeline has told of, and there is no platform to be asked: send agents with the request`;
  return new GenesysError('QC_GENESYS_NOT_FOUND', message);
}

function remember<T>(known: Map<string, T>, key: string, value: T, most: number): void {
  known.delete(key);
  known.set(key, value);
  const [oldest] = known.keys();
  if (known.size > most && oldest !== undefined) known.delete(oldest);
}
