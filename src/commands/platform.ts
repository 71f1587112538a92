import { randomUUID } from 'node:crypto';
import { type Clock, scaledClock, systemClock } from '../../sinks/clock.ts';
import { fetchClock } from '../clock-client.ts';
import { type Config, ConfigError } from '../config.ts';
import { recordingOf } from '../settings.ts';
import { type Simulator, type SimulatorSettings, startSimulator } from '../simulator/simulator.ts';
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

/**
 * Starts a simulator if the settings want one, with a model if one is given, at a minute of its day if that is. It ends with the signal;
 * the caller closes it.
 */
export async function openPlatform(
  config: Config,
  signal: AbortSignal,
  model?: Parameters<typeof playOf>[1],
  startMinute?: number,
): Promise<Platform> {
  const play = { ...playOf(config, model), ...(startMinute === undefined ? {} : { startMinute }) };
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

type Play = ReturnType<typeof playOf> & Pick<SimulatorSettings, 'startMinute'>;

async function startOwnSimulator(config: Config, play: Play, signal: AbortSignal) {
  const clientId = randomUUID();
  const clientSecret = randomUUID();
  const simulator = await startSimulator({
    ...play,
    timeZone: config.traceTimeZone,
    speed: config.speed,
    loop: config.loop,
    port: 0,
    clientId,
    clientSecret,
    signal,
  });
  const { hostname, port } = new URL(simulator.url);
  const gateway = { gatewayHost: hostname, gatewayPort: Number(port), gatewayProtocol: 'http' as const };
  return { simulator, access: { clientId, clientSecret, ...gateway } };
}
