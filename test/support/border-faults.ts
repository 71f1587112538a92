import { pino } from 'pino';
import { scaledClock, systemClock } from '../../sinks/clock.ts';
import type { Arrival } from '../../src/genesys/arrival.ts';
import { decodeArrival } from '../../src/genesys/decode.ts';
import { createSend } from '../../src/genesys/http.ts';
import { createRest } from '../../src/genesys/rest.ts';
import { connectWebSocket } from '../../src/genesys/socket.ts';
import { createSubscriber } from '../../src/genesys/subscriber.ts';
import type { Fault } from '../../src/simulator/faults.ts';
import { createPlatform } from '../../src/simulator/platform.ts';
import { startSimulatorServer } from '../../src/simulator/server.ts';
import { agentFaults, agentLies } from './border-agent-checks.ts';
import {
  budgetFaults,
  gapFaults,
  lies,
  lostFrames,
  missedFaults,
  openGapFaults,
  stateFaults,
} from './border-checks.ts';
import { type Centre, channelOf, endMs, secondMs, startMs, storyOf } from './border-story.ts';
import { startVirtualRun } from './virtual-subscriber.ts';

// A subscriber on a platform that fails in every way it can: what it made of that, against what was true.

/** What is wrong with a run in which these faults happened close together; nothing if all is well. */
export async function judgeBorder(
  kinds: readonly Fault['kind'][],
  seed: number,
  centre: Centre = 'small',
): Promise<readonly string[]> {
  const story = storyOf(centre, kinds, seed);
  const run = startVirtualRun(story);
  for (const { atMs, fault } of story.aimed) {
    run.time.at(atMs, () => {
      const channelId = channelOf(story, story.victimId);
      story.struck.push(channelId);
      const aimed = { ...fault, channelId };
      run.platform.inject(aimed, atMs);
    });
  }
  try {
    await run.runUntil(endMs);
    const observed = { ...run, events: run.arrivals.flatMap(decodeArrival) };
    return [
      ...stateFaults(observed, story),
      ...agentFaults(observed, story),
      ...gapFaults(observed, story),
      ...lostFrames(observed, story, 2 * secondMs),
      ...budgetFaults(observed, story),
      ...missedFaults(observed, story),
      ...lies(observed, story),
      ...agentLies(observed, story),
    ];
  } finally {
    await run.stop();
  }
}

/** All that arrives at the border in such a run. */
export async function arrivalsAmong(kinds: readonly Fault['kind'][], seed: number): Promise<readonly Arrival[]> {
  const story = storyOf('small', kinds, seed);
  // Clocks tell whole milliseconds.
  const faultPlan = story.options.faultPlan.map((each) => ({ ...each, atMs: Math.ceil(each.atMs) }));
  const run = startVirtualRun({ ...story, options: { ...story.options, faultPlan } });
  try {
    await run.runUntil(endMs);
    return run.arrivals;
  } finally {
    await run.stop();
  }
}

/** The same over real sockets, `speed` times as fast as real time. How long things take is then nobody's to say. */
export async function judgeBorderOverSockets(
  kinds: readonly Fault['kind'][],
  seed: number,
  speed: number,
): Promise<readonly string[]> {
  const story = storyOf('small', kinds, seed);
  const { random, driver, options } = story;
  const client = { id: 'client', secret: 'secret' };
  const platform = createPlatform({ driver, clients: [client], ...options });
  const clockSettings = { epochMs: startMs, baseMs: systemClock.nowMs(), speed };
  const clock = scaledClock(clockSettings);
  const server = await startSimulatorServer({ platform, clock, clockSettings, port: 0 });
  const arrivals: Arrival[] = [];
  const heard: string[] = [];
  const asked: { atMs: number; what: string; status: number }[] = [];
  const send = createSend(15_000);
  const rest = createRest({
    ...{ apiUrl: server.url, loginUrl: server.url, clientId: client.id, clientSecret: client.secret, clock, random },
    async send(url, request, signal) {
      const answer = await send(url, request, signal);
      asked.push({ atMs: clock.nowMs(), what: `${request.method} ${url}`, status: answer.status });
      return answer;
    },
  });
  const subscriber = createSubscriber({
    ...{ rest, clock, random, log: pino({ level: 'silent' }), journal: null },
    ...{ answerWithinMs: secondMs * speed, inventoryEveryMs: story.inventoryEveryMs },
    connect: (uri, listeners) =>
      connectWebSocket(uri, {
        ...listeners,
        onText(text) {
          heard.push(text);
          listeners.onText(text);
        },
      }),
    onArrival: (arrival) => arrivals.push(arrival),
  });
  const stopped = new AbortController();
  const running = subscriber.run(stopped.signal).catch((error: unknown) => {
    if (!stopped.signal.aborted) throw error;
  });
  running.catch(() => undefined);
  try {
    while (clock.nowMs() < endMs) {
      await clock.sleep(secondMs, stopped.signal);
      subscriber.tick();
    }
    const run = { events: arrivals.flatMap(decodeArrival), platform, heard, asked };
    return [
      ...stateFaults(run, story),
      ...openGapFaults(run),
      ...lostFrames(run, story, 2 * secondMs * speed),
      ...budgetFaults(run, story),
    ];
  } finally {
    stopped.abort();
    await running;
    await server.close();
  }
}
