import { roundHalfEven } from './rounding.ts';

/** What the tutorial's formula goes by. Missing, null or negative: 0 for counts, 240 s and 30 s for the two times. */
export interface SeedWaitInput {
  readonly inQueue?: number | null | undefined;
  readonly agentsAvailable?: number | null | undefined;
  readonly ahtSeconds?: number | null | undefined;
  readonly avgWaitSeconds?: number | null | undefined;
}

/** The prediction with the inputs it was made from, as resolved. */
export interface SeedWait {
  readonly inQueue: number;
  readonly agentsAvailable: number;
  /** The divisor: at least 1, even where no agent is available. */
  readonly effectiveAgents: number;
  readonly ahtSeconds: number;
  /** Not used by the formula. */
  readonly avgWaitSeconds: number;
  /** Whole seconds, 0 to 1800. */
  readonly predictedWaitSeconds: number;
  /** `m:ss`. */
  readonly predictedWaitFormatted: string;
  /** The formula gave more than 1800 s. */
  readonly capped: boolean;
  /** 0 to 1, two decimals. */
  readonly confidence: number;
  readonly announcement: string;
}

const serviceLevelTarget = 0.8;
const decayPerWaiting = 0.005;
const decayWaitingMax = 50;
const waitSecondsMax = 1800;
const ahtSecondsDefault = 240;
const avgWaitSecondsDefault = 30;

/** The tutorial's wait prediction for somebody who joins a queue now. */
export function predictSeedWait(input: SeedWaitInput): SeedWait {
  const inQueue = resolve(input.inQueue, 0);
  const agentsAvailable = resolve(input.agentsAvailable, 0);
  const ahtSeconds = resolve(input.ahtSeconds, ahtSecondsDefault);
  const effectiveAgents = Math.max(agentsAvailable, 1);

  const rawSeconds = (inQueue * ahtSeconds) / (effectiveAgents * serviceLevelTarget);
  const decayedSeconds = rawSeconds * (1 - Math.min(inQueue, decayWaitingMax) * decayPerWaiting);
  const predictedWaitSeconds = roundHalfEven(Math.min(Math.max(decayedSeconds, 0), waitSecondsMax), 0);

  return {
    inQueue,
    agentsAvailable,
    effectiveAgents,
    ahtSeconds,
    avgWaitSeconds: resolve(input.avgWaitSeconds, avgWaitSecondsDefault),
    predictedWaitSeconds,
    predictedWaitFormatted: formatMinutes(predictedWaitSeconds),
    capped: decayedSeconds > waitSecondsMax,
    confidence: roundHalfEven(Math.min(1, effectiveAgents / Math.max(inQueue, 1)), 2),
    announcement: announceSeedWait(predictedWaitSeconds, inQueue),
  };
}

/** What the tutorial says to the caller, with its plurals corrected; whole minutes are rounded down. */
export function announceSeedWait(predictedWaitSeconds: number, inQueue: number): string {
  if (inQueue === 0) return 'You are next in line. Please stay on the line.';
  const wait =
    predictedWaitSeconds < 60
      ? plural(predictedWaitSeconds, 'second')
      : plural(Math.floor(predictedWaitSeconds / 60), 'minute');
  return `Your estimated wait time is ${wait}. There ${inQueue === 1 ? 'is' : 'are'} ${plural(inQueue, 'caller')} ahead of you.`;
}

function resolve(value: number | null | undefined, unknown: number): number {
  return value !== null && value !== undefined && value >= 0 && value < Infinity ? value : unknown;
}

function formatMinutes(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toString().padStart(2, '0')}`;
}

const plural = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
