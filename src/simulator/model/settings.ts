import type { EpochMs } from '../../../streams/record.ts';
import { SimulatorError } from '../errors.ts';
import { dateIn } from '../local-date.ts';
import { mediaTypes, type MediaType } from '../media.ts';

/** A call centre that is made up. Same settings, same events. */
export interface ModelSettings {
  readonly seed: number;
  /** From 1; 8 unless told. */
  readonly queues?: number;
  /** From 1; 60 unless told. */
  readonly agents?: number;
  /** 1 = as much work as the agents can do with little waiting; 2 = twice as much. */
  readonly load?: number;
  /** How arrivals divide into media, in any unit; a queue serves voice and some of the others. */
  readonly mediaShares?: Readonly<Partial<Record<MediaType, number>>>;
  /** Of customers whose conversation was handled, 0 to 1; 0.2 unless told. */
  readonly surveyAnsweredShare?: number;
  readonly startMs: EpochMs;
  /** Endless unless told. */
  readonly durationMs?: number;
  /** IANA name of the zone by whose clocks people call and work; UTC unless told. */
  readonly timeZone?: string;
}

export type CheckedSettings = Required<Omit<ModelSettings, 'durationMs' | 'mediaShares'>> & {
  readonly mediaShares: Readonly<Record<MediaType, number>>;
  readonly endMs: EpochMs | undefined;
};

const usualShares = { voice: 0.62, callback: 0.04, chat: 0.12, email: 0.14, message: 0.08 };
/** Above these nobody has tried it. */
const countsMax = { queues: 20_000, agents: 20_000 } as const;

/** Settings with their defaults. Throws a `SimulatorError` for a value that means nothing. */
export function checkSettings(settings: ModelSettings): CheckedSettings {
  const { seed, queues = 8, agents = 60, load = 1, surveyAnsweredShare = 0.2, startMs, durationMs } = settings;
  const shares = settings.mediaShares ?? usualShares;
  const share = (mediaType: MediaType): number => shares[mediaType] ?? 0;
  const demand = (field: string, value: number, isFine: boolean, allowed: string): void => {
    if (isFine) return;
    throw new SimulatorError('QC_SIMULATOR_SETTING', `${field} ${value} is not allowed; give ${allowed}.`);
  };
  const count = (field: keyof typeof countsMax, value: number): void => {
    const max = countsMax[field];
    demand(field, value, Number.isInteger(value) && value >= 1 && value <= max, `a whole number from 1 to ${max}`);
  };
  demand('seed', seed, Number.isInteger(seed), 'a whole number');
  count('queues', queues);
  count('agents', agents);
  demand('load', load, load >= 0.01 && load <= 100, 'a number from 0.01 to 100; 1 is a usual day');
  demand(
    'surveyAnsweredShare',
    surveyAnsweredShare,
    surveyAnsweredShare >= 0 && surveyAnsweredShare <= 1,
    'a share from 0 to 1',
  );
  demand('startMs', startMs, Number.isInteger(startMs), 'a moment in whole milliseconds');
  if (durationMs !== undefined) {
    demand('durationMs', durationMs, Number.isInteger(durationMs) && durationMs > 0, 'whole milliseconds above 0');
  }
  for (const mediaType of mediaTypes) {
    const value = share(mediaType);
    demand(`mediaShares.${mediaType}`, value, value >= 0 && Number.isFinite(value), 'a number from 0');
  }
  const { timeZone = 'UTC' } = settings;
  // Throws for a zone that is unknown.
  dateIn(timeZone, startMs);
  const total = mediaTypes.reduce((sum, mediaType) => sum + share(mediaType), 0);
  demand('mediaShares (their sum)', total, total > 0, 'at least one medium a share above 0');
  return {
    seed,
    queues,
    agents,
    load,
    surveyAnsweredShare,
    startMs,
    endMs: durationMs === undefined ? undefined : startMs + durationMs,
    timeZone,
    mediaShares: {
      voice: share('voice'),
      callback: share('callback'),
      chat: share('chat'),
      email: share('email'),
      message: share('message'),
    },
  };
}
