import { randomUUID } from 'node:crypto';
import { type Clock, scaledClock, systemClock } from '../../sinks/clock.ts';
import type { EpochMs } from '../../streams/record.ts';
import { fetchClock } from '../clock-client.ts';
import { type Config, ConfigError } from '../config.ts';
import { recordingOf } from '../settings.ts';
import { type Simulator, startSimulator } from '../simulator/simulator.ts';
import { playOf } from './model-options.ts';

/** The platform of a command, with the time it lives in. */
export interface Platform {
  /** Of this process; undefined for one that is elsewhere. */
  readonly simulator: Simulator | undefined;
  /** The settings, with the way to the platform. */
  readonly config: Config;
  readonly clock: Clock;
  /** How long a ping may go unanswered, in platform time. */
  readonly answerWithinMs: number;
}

export function isOnSimulator({ source, clientId, clientSecret }: Config): boolean {
  return source === 'simulator' || (source === 'auto' && clientId === undefined && clientSecret === undefined);
}

/** Days that a simulator has behind it when it is asked. */
interface SimulatedPast {
  /** `YYYY-MM-DD` of the first, in the zone of the trace. */
  readonly date: string;
  readonly untilMs: EpochMs;
}

/** What the simulator plays, if there is one: the sample day unless there is a model, from a minute of its day on, with days that are over. */
export interface SimulatorPlay {
  readonly model?: Parameters<typeof playOf>[1];
  readonly startMinute?: number;
  readonly past?: SimulatedPast;
}

/** Starts a simulator if the settings want one. It ends with the signal; the caller closes it. */
export async function openPlatform(config: Config, signal: AbortSignal, play: SimulatorPlay = {}): Promise<Platform> {
  const own = isOnSimulator(config) ? await startOwnSimulator(config, play, signal) : undefined;
  const followed = config.clock === undefined ? undefined : await fetchClock(config.clock, signal);
  const speed = own === undefined ? (followed?.speed ?? 1) : config.speed;
  return {
    simulator: own?.simulator,
    config: { ...config, ...own?.access },
    clock: own?.simulator.clock ?? (followed === undefined ? systemClock : scaledClock(followed)),
    // However fast a simulator is, an answer needs its real time, on a busy machine too.
    answerWithinMs: Math.max(10_000, 1_000 * speed),
  };
}

/** The zone in which the day of queues begins that have none of their own: where nothing is set, that of the simulated calls. */
export function timeZoneOf({ config, simulator }: Pick<Platform, 'config' | 'simulator'>): string {
  return config.timeZone ?? (simulator === undefined ? 'UTC' : config.traceTimeZone);
}

/** For commands that are about the platform itself. */
export function refuseRecording(config: Config): void {
  const value = recordingOf(config);
  if (value === undefined) return;
  throw new ConfigError([
    { where: 'source', value, allowed: 'platform, simulator or auto: a recording answers nobody' },
  ]);
}

/** A recording holds ids of agents as the platform gives them. */
export function refuseRecordingPseudonyms({ agentIdKey }: Config): void {
  if (agentIdKey === undefined) return;
  const allowed =
    'nothing while a recording is made, which holds the ids of agents as they are; set it again to replay';
  throw new ConfigError([{ where: 'AGENT_ID_KEY', value: '(secret)', allowed }]);
}

async function startOwnSimulator(config: Config, { model, startMinute, past }: SimulatorPlay, signal: AbortSignal) {
  const clientId = randomUUID();
  const clientSecret = randomUUID();
  let aheadMs = 0;
  const baseClock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  const simulator = await startSimulator({
    ...playOf(config, model),
    ...(startMinute === undefined ? {} : { startMinute }),
    timeZone: config.traceTimeZone,
    speed: config.speed,
    loop: past === undefined ? config.loop : true,
    ...(past === undefined ? {} : { date: past.date, watchedFromMs: past.untilMs, baseClock }),
    port: 0,
    clientId,
    clientSecret,
    signal,
  });
  if (past !== undefined) {
    aheadMs = Math.max(0, past.untilMs - simulator.clock.nowMs()) / config.speed;
    simulator.platform.advanceTo(simulator.clock.nowMs());
  }
  const { hostname, port } = new URL(simulator.url);
  const gateway = { gatewayHost: hostname, gatewayPort: Number(port), gatewayProtocol: 'http' as const };
  return { simulator, access: { clientId, clientSecret, ...gateway } };
}
