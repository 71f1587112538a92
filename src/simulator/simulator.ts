import { scaledClock, systemClock, type Clock } from '../../sinks/clock.ts';
import type { CallCenterDriver } from './call-center.ts';
import type { CallCounts } from './calls.ts';
import { SimulatorError } from './errors.ts';
import type { LaterFault } from './fault-plan.ts';
import type { FrameFaults } from './faults.ts';
import { addDays, dateIn, midnightMs } from './local-date.ts';
import { createModel } from './model/model.ts';
import type { ModelSettings } from './model/settings.ts';
import { createPlatform, type Platform } from './platform.ts';
import { createReplay } from './replay.ts';
import { startSimulatorServer } from './server.ts';
import type { PlatformSwitches } from './switches.ts';
import { readTrace, shiftedDate } from './trace.ts';

export interface SimulatorSettings {
  /** Path of a call trace, `.jsonl` or `.jsonl.gz`; either this or a model. */
  readonly trace?: string;
  /** A centre that is made up: its day begins at seven in the morning. */
  readonly model?: Omit<ModelSettings, 'startMs' | 'durationMs' | 'timeZone'>;
  /** Seconds of platform time in a second. */
  readonly speed: number;
  /** Loopback unless told. */
  readonly host?: string;
  /** 0 = any free one. */
  readonly port: number;
  /** The zone whose clocks the trace was taken by, or the model lives by; Asia/Jerusalem unless told. */
  readonly timeZone?: string;
  /** Date `YYYY-MM-DD` for the first day; unless told the newest past one, for a trace of the same weekday. */
  readonly date?: string;
  /** Minutes after midnight of its first day, in its zone, at which the clock starts; unless told just before the first event. */
  readonly startMinute?: number;
  /** When somebody first looks. What a trace of one day that is repeated would have given before is known without being played. */
  readonly watchedFromMs?: number;
  /** Repeats the trace on the following dates, or goes on with the model, for ever. */
  readonly loop: boolean;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the client may do; everything unless told. */
  readonly permissions?: readonly string[];
  readonly onFrameSent?: (channelId: string, text: string, nowMs: number) => void;
  /** What becomes of frames on their way; nothing unless told. */
  readonly frameFaults?: FrameFaults;
  /** Faults that happen on their own. */
  readonly faults?: readonly LaterFault[];
  readonly switches?: Partial<PlatformSwitches>;
  /** Whether faults can be asked for over HTTP; unless told, where nobody else can reach it. */
  readonly admin?: boolean;
  /** Ends the run early; the server stays until it is closed. */
  readonly signal?: AbortSignal;
  /** What the platform's time is computed from; the system clock unless told. */
  readonly baseClock?: Clock;
}

/** What happened in a run. `calls.dropped` were still open at its end. */
export interface SimulatorSummary {
  readonly calls: Readonly<CallCounts>;
  readonly queues: number;
  readonly agents: number;
}

/** A simulator that is up. The caller closes it, also after its end. */
export interface Simulator {
  readonly url: string;
  /** Platform time. */
  readonly clock: Clock;
  readonly platform: Platform;
  /** Resolves 90 s of platform time after the last event, or when the signal is aborted. */
  readonly ended: Promise<SimulatorSummary>;
  close(): Promise<void>;
}

/** Platform time before the first and after the last event. */
const leadMs = 5_000;
const tailMs = 90_000;

/** Replays a trace, or runs a model, on a port. Throws a `SimulatorError` (a `TraceError` for a bad line) if it cannot start. */
export async function startSimulator(settings: SimulatorSettings): Promise<Simulator> {
  const { speed, port, timeZone = 'Asia/Jerusalem', loop, clientId, clientSecret, baseClock = systemClock } = settings;
  if (!(speed > 0 && Number.isFinite(speed))) {
    throw new SimulatorError('QC_SIMULATOR_SETTING', `Speed ${speed} is no positive number; 1 is real time.`);
  }
  const baseMs = baseClock.nowMs();
  const driver = await createDriver(settings, { timeZone, loop, nowMs: baseMs });
  const { onFrameSent, frameFaults, permissions, faults = [], switches = {}, admin } = settings;
  const epochMs =
    settings.startMinute === undefined ? driver.startMs - leadMs : minuteOf(driver, settings.startMinute, timeZone);
  const platform = createPlatform({
    driver,
    clients: [{ id: clientId, secret: clientSecret, ...(permissions === undefined ? {} : { permissions }) }],
    ...(onFrameSent === undefined ? {} : { onFrameSent }),
    ...(frameFaults === undefined ? {} : { frameFaults }),
    switches,
    faultPlan: faults.map(({ afterMs, fault }) => ({ atMs: epochMs + afterMs, fault })),
  });
  const clockSettings = { epochMs, baseMs, speed };
  const clock = scaledClock(clockSettings, baseClock);
  const { host = '127.0.0.1' } = settings;
  const server = await startSimulatorServer({
    platform,
    clock,
    clockSettings,
    host,
    port,
    ...(admin === undefined ? {} : { admin }),
  });

  const closing = new AbortController();
  const signal = settings.signal === undefined ? closing.signal : AbortSignal.any([closing.signal, settings.signal]);
  const lastMs = driver.endMs === undefined ? Infinity : driver.endMs + tailMs;
  const summarize = (): SimulatorSummary => ({
    calls: { ...platform.center.counts },
    queues: platform.center.queues.size,
    agents: platform.center.agents.size,
  });
  const wait = async (): Promise<SimulatorSummary> => {
    while (!signal.aborted && clock.nowMs() < lastMs) {
      await clock.sleep(lastMs - clock.nowMs(), signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    }
    platform.advanceTo(Math.min(clock.nowMs(), lastMs));
    return summarize();
  };
  // A platform that failed ends the run too: `stopped` rejects.
  const ended = Promise.race([wait(), server.stopped.then(summarize)]);
  ended.catch(() => undefined);
  return {
    url: server.url,
    clock,
    platform,
    ended,
    async close() {
      closing.abort();
      await server.close();
    },
  };
}

const minuteOf = ({ startMs }: CallCenterDriver, minute: number, timeZone: string) =>
  midnightMs(dateIn(timeZone, startMs), timeZone) + minute * 60_000;

const hourMs = 3_600_000;
/** Nobody wants to watch a centre sleep. */
const modelFromMs = 7 * hourMs;
const modelMs = 24 * hourMs;

async function createDriver(
  {
    trace: path,
    model,
    date: asked,
    watchedFromMs,
  }: Pick<SimulatorSettings, 'trace' | 'model' | 'date' | 'watchedFromMs'>,
  { timeZone, loop, nowMs }: { readonly timeZone: string; readonly loop: boolean; readonly nowMs: number },
): Promise<CallCenterDriver> {
  if ((path === undefined) === (model === undefined)) {
    const given = path === undefined ? 'neither a trace nor a model' : 'a trace and a model';
    throw new SimulatorError('QC_SIMULATOR_SETTING', `The simulator got ${given}; give one of the two.`);
  }
  if (path !== undefined) {
    const trace = await readTrace(path);
    const date = asked ?? shiftedDate(trace, nowMs, timeZone);
    return createReplay(trace, { date, timeZone, loop, ...(watchedFromMs === undefined ? {} : { watchedFromMs }) });
  }
  let date = asked ?? dateIn(timeZone, nowMs);
  const startOf = (day: string) => midnightMs(day, timeZone) + modelFromMs;
  if (asked === undefined) while (startOf(date) + modelMs > nowMs) date = addDays(date, -1);
  return createModel({
    seed: 1,
    ...model,
    startMs: startOf(date),
    ...(loop ? {} : { durationMs: modelMs }),
    timeZone,
  });
}
