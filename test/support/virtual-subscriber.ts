import { type Logger, pino } from 'pino';
import type { Arrival } from '../../src/genesys/arrival.ts';
import { createSubscriber, type Subscriber, type SubscriberSettings } from '../../src/genesys/subscriber.ts';
import type { CallCenterDriver } from '../../src/simulator/call-center.ts';
import { createPlatform, type Platform, type PlatformOptions } from '../../src/simulator/platform.ts';
import { createRoster, type Roster } from '../../src/simulator/roster.ts';
import { createVirtualGenesys, type VirtualGenesys } from './virtual-genesys.ts';
import { createVirtualTime, type VirtualTime } from './virtual-time.ts';

export interface VirtualRun extends VirtualGenesys {
  readonly time: VirtualTime;
  readonly platform: Platform;
  readonly subscriber: Subscriber;
  readonly arrivals: readonly Arrival[];
  /** Lets time pass, with its ticks. */
  runUntil(ms: number): Promise<void>;
  /** Rejects with what it failed with. */
  readonly ended: Promise<void>;
  /** Ends it; rejects with what it had failed with. */
  stop(): Promise<void>;
}

export interface VirtualRunSettings {
  readonly driver: CallCenterDriver;
  readonly random: () => number;
  readonly options?: Partial<PlatformOptions>;
  readonly journal?: SubscriberSettings['journal'];
  readonly inventoryEveryMs?: number;
  readonly tickMs?: number;
  readonly timeZones?: readonly string[];
  readonly surveys?: SubscriberSettings['surveys'];
  readonly log?: Logger;
  readonly agentNames?: boolean;
  readonly topicsPerChannelMax?: number;
  readonly onLookFailed?: () => void;
  /** Stands before the platform's answers. */
  readonly handle?: (platform: Platform) => Platform['handle'];
}

/** A centre of so many queues, each agent in one of them. */
export function centreOf(queues: number, agents: number): Roster {
  const names = Array.from({ length: queues }, (_, queue) => `q${queue}`);
  const members = Array.from({ length: agents }, (_, agent) => [`a${agent}`, new Set([`q${agent % queues}`])] as const);
  return createRoster(names, new Map(members));
}

/** A subscriber on the simulated platform, in virtual time, from the driver's start on. */
export function startVirtualRun(settings: VirtualRunSettings): VirtualRun {
  const { driver, random, options = {}, journal = null, inventoryEveryMs = 600_000, tickMs = 1_000 } = settings;
  const { topicsPerChannelMax, onLookFailed = () => undefined, log = pino({ level: 'silent' }) } = settings;
  const platform = createPlatform({ driver, clients: [{ id: 'client', secret: 'secret' }], ...options });
  const time = createVirtualTime(driver.startMs);
  const faced = settings.handle === undefined ? platform : { ...platform, handle: settings.handle(platform) };
  const genesys = createVirtualGenesys(faced, time, random);
  const arrivals: Arrival[] = [];
  const subscriber = createSubscriber({
    ...{ rest: genesys.rest, connect: genesys.connect, clock: time.clock, log },
    ...{ journal, answerWithinMs: 10_000, inventoryEveryMs, random, onLookFailed },
    agentNames: settings.agentNames ?? false,
    ...(topicsPerChannelMax === undefined ? {} : { topicsPerChannelMax }),
    ...(settings.timeZones === undefined ? {} : { timeZones: settings.timeZones }),
    ...(settings.surveys === undefined ? {} : { surveys: settings.surveys }),
    onArrival: (arrival) => arrivals.push(arrival),
  });
  const stopped = new AbortController();
  const running = subscriber.run(stopped.signal).catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
  });
  running.catch(() => undefined);
  const tick = () => {
    if (stopped.signal.aborted) return;
    subscriber.tick();
    time.at(time.clock.nowMs() + tickMs, tick);
  };
  time.at(driver.startMs + tickMs, tick);
  return {
    ...genesys,
    ...{ time, platform, subscriber, arrivals, ended: running },
    runUntil: (ms) => time.runUntil(ms, platform.nextWakeMs, platform.advanceTo),
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
