import { startSimulatorServer } from '../../src/simulator/server.ts';
import type { CallCenterEvent } from '../../src/simulator/call-center-event.ts';
import { createPlatform, type Platform } from '../../src/simulator/platform.ts';
import { ann, bob, callId, sales, scripted, startMs } from '../src/simulator/virtual-client.ts';
import { manualClock, type ManualClock } from './manual-clock.ts';

/** A platform of two queues and two agents on a port, for clients that are not ours. */
export interface SmallPlatform {
  readonly port: number;
  readonly platform: Platform;
  /** Stands at 10:00, an hour after the first call. */
  readonly clock: ManualClock;
  /** `METHOD /path` of each request so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const minuteMs = 60_000;

/** One call answered and handled, one abandoned, one that is talked to, one that waits; at 10:01 another. */
const events: readonly CallCenterEvent[] = [
  { kind: 'agent-on', atMs: startMs, userId: ann },
  { kind: 'agent-on', atMs: startMs, userId: bob },
  { kind: 'arrival', atMs: startMs, callId: callId('handled'), queueId: sales, priority: 1 },
  { kind: 'answer', atMs: startMs + 30_000, callId: callId('handled'), userId: bob },
  { kind: 'arrival', atMs: startMs + minuteMs, callId: callId('abandoned'), queueId: sales, priority: 0 },
  { kind: 'abandon', atMs: startMs + 2 * minuteMs, callId: callId('abandoned') },
  { kind: 'end', atMs: startMs + 3 * minuteMs, callId: callId('handled') },
  { kind: 'arrival', atMs: startMs + 50 * minuteMs, callId: callId('talking'), queueId: sales, priority: 0 },
  { kind: 'answer', atMs: startMs + 51 * minuteMs, callId: callId('talking'), userId: ann },
  { kind: 'arrival', atMs: startMs + 55 * minuteMs, callId: callId('waiting'), queueId: sales, priority: 2 },
  { kind: 'arrival', atMs: startMs + 61 * minuteMs, callId: callId('new'), queueId: sales, priority: 0 },
];

export async function startSmallPlatform(): Promise<SmallPlatform> {
  const permitted = { id: 'id', secret: 'secret' };
  const poor = { id: 'poor', secret: 'secret', permissions: [] };
  const platform = createPlatform({
    driver: scripted(events),
    clients: [permitted, poor],
    switches: { detailJobLagMs: 0 },
  });
  const clock = manualClock(startMs + 60 * minuteMs);
  const requests: string[] = [];
  const server = await startSimulatorServer({
    platform: {
      ...platform,
      handle(request, nowMs) {
        requests.push(`${request.method} ${request.path}`);
        return platform.handle(request, nowMs);
      },
    },
    clock,
    clockSettings: { epochMs: clock.nowMs(), baseMs: 0, speed: 1 },
    port: 0,
  });
  return { port: Number(new URL(server.url).port), platform, clock, requests, close: () => server.close() };
}
