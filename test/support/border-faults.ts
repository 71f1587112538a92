import { pino } from 'pino';
import { scaledClock, systemClock } from '../../sinks/clock.ts';
import type { Arrival } from '../../src/genesys/arrival.ts';
import { decodeArrival } from '../../src/genesys/decode.ts';
import { createSend } from '../../src/genesys/http.ts';
import { createRest } from '../../src/genesys/rest.ts';
import { connectWebSocket } from '../../src/genesys/socket.ts';
import { createSubscriber } from '../../src/genesys/subscriber.ts';
import type { CallCenterEvent } from '../../src/simulator/call-center-event.ts';
import { type Fault, faultSchema } from '../../src/simulator/faults.ts';
import { createPlatform } from '../../src/simulator/platform.ts';
import { createRoster, idOf } from '../../src/simulator/roster.ts';
import { startSimulatorServer } from '../../src/simulator/server.ts';
import type { EventOf } from '../../streams/event.ts';
import { run as runLogic } from '../../streams/logic.ts';
import { noticeMissedChanges } from '../../streams/missed-change.ts';
import { followQueues } from '../../streams/queue-state.ts';
import type { QueueState } from '../../streams/records/queue-state.ts';
import { randomNumbers } from './oracle.ts';
import { startVirtualRun, type VirtualRun } from './virtual-subscriber.ts';

// A subscriber on a platform that fails in every way it can: what it made of that, against what was true.

/** Each of them once, with what it takes to come to an end. */
export const faultKinds: readonly Fault['kind'][] = faultSchema.options
  .map((option) => option.shape.kind.value)
  .filter((kind) => kind !== 'clear');

/** They cost no frame and no connection: after them alone there is no gap. */
const harmless: readonly Fault['kind'][] = [
  'unknown-fields',
  'unknown-topic',
  'socket-closing',
  'refuse-sockets',
  'expire-tokens',
  'revoke-tokens',
  'skew-clock',
  'heartbeats-only',
];

const startMs = Date.parse('2026-03-02T09:00:00.000Z');
const secondMs = 1_000;
const minuteMs = 60_000;
const lookEveryMs = 3 * minuteMs;
/** When all faults are over. */
const clearMs = startMs + 5 * minuteMs;
/** By then two looks at everything have come after the last fault, and a breaker that was open has been asked again. */
const endMs = clearMs + 3 * lookEveryMs;

/** At the end nothing happens any more, so that nothing is on its way. */
const quietMs = 10_000;

const queues = ['north', 'south', 'west'];
const agents = new Map([
  ['a1', new Set(['north', 'south'])],
  ['a2', new Set(['south'])],
  ['a3', new Set(['south', 'west'])],
  ['a4', new Set(['north', 'west'])],
]);

function fault(kind: Fault['kind'], random: () => number): Fault {
  const forMs = Math.ceil(random() * 90_000);
  const lasting = { 'hang-socket': {}, 'heartbeats-only': { forMs }, 'refuse-sockets': { forMs } };
  const requests = { 'too-many-requests': { forMs }, 'server-error': { forMs }, 'slow-answers': { forMs } };
  const counted = { 'half-frames': { count: 1 + Math.floor(random() * 3) }, 'unknown-fields': { count: 5 } };
  const more: Readonly<Record<string, object>> = { ...lasting, ...requests, ...counted };
  return faultSchema.parse({ kind, ...more[kind] });
}

/** Calls and shifts of a small centre that never rests. */
function* happenings(random: () => number): Generator<CallCenterEvent> {
  const waiting: { callId: string; queue: string }[] = [];
  const talking: { callId: string; agent: string }[] = [];
  const on = new Set<string>();
  const take = <T>(from: T[]) => from.splice(Math.floor(random() * from.length), 1)[0];
  let calls = 0;
  for (let atMs = startMs + 1; atMs < endMs - quietMs; atMs += 1 + Math.floor(random() * 4_000)) {
    const chance = random();
    if (chance < 0.35) {
      const queue = queues[Math.floor(random() * queues.length)] ?? '';
      const callId = idOf(`call/${(calls += 1)}`);
      waiting.push({ callId, queue });
      yield { kind: 'arrival', atMs, callId, queueId: idOf(queue), priority: 0 };
    } else if (chance < 0.55) {
      const free = [...on].filter((agent) => !talking.some((each) => each.agent === agent));
      const call = waiting.find(({ queue }) => free.some((agent) => agents.get(agent)?.has(queue)));
      const agent = free.find((each) => agents.get(each)?.has(call?.queue ?? ''));
      if (call === undefined || agent === undefined) continue;
      waiting.splice(waiting.indexOf(call), 1);
      talking.push({ callId: call.callId, agent });
      yield { kind: 'answer', atMs, callId: call.callId, userId: idOf(agent) };
    } else if (chance < 0.75) {
      const ended = take(talking);
      if (ended !== undefined) yield { kind: 'end', atMs, callId: ended.callId };
    } else if (chance < 0.85) {
      const left = take(waiting);
      if (left !== undefined) yield { kind: 'abandon', atMs, callId: left.callId };
    } else {
      const agent = [...agents.keys()][Math.floor(random() * agents.size)] ?? '';
      if (talking.some((each) => each.agent === agent)) continue;
      const isOn = on.has(agent);
      if (isOn) on.delete(agent);
      else on.add(agent);
      yield { kind: isOn ? 'agent-off' : 'agent-on', atMs, userId: idOf(agent) };
    }
  }
}

interface SentFrame {
  readonly text: string;
  readonly atMs: number;
}

/** A centre and what befalls it, the same for a seed. */
function storyOf(kinds: readonly Fault['kind'][], seed: number) {
  const random = randomNumbers(seed);
  const sent: SentFrame[] = [];
  let atMs = startMs + minuteMs + random() * minuteMs;
  const plan = kinds.map((kind) => {
    atMs += random() * 20_000;
    return { atMs, fault: fault(kind, random) };
  });
  const driver = { roster: createRoster(queues, agents), startMs, endMs, events: happenings(random) };
  const options = {
    faultPlan: [...plan, { atMs: clearMs, fault: { kind: 'clear' as const } }],
    onFrameSent: (_: string, text: string, sentMs: number) => void sent.push({ text, atMs: sentMs }),
  };
  return { random, sent, driver, options, firstMs: Math.min(...plan.map((each) => each.atMs)) };
}

/** What is wrong with a run in which these faults happened close together; nothing if all is well. */
export async function judgeBorder(kinds: readonly Fault['kind'][], seed: number): Promise<readonly string[]> {
  const { random, sent, driver, options, firstMs } = storyOf(kinds, seed);
  const run = startVirtualRun({ driver, random, inventoryEveryMs: lookEveryMs, options });
  try {
    await run.runUntil(endMs);
    return [
      ...stateFaults(run),
      ...gapFaults(run, kinds, firstMs),
      ...lostFrames(run, sent, 2 * secondMs),
      ...budgetFaults(run, kinds),
      ...missedFaults(run, kinds),
    ];
  } finally {
    await run.stop();
  }
}

/** All that arrives at the border in such a run. */
export async function arrivalsAmong(kinds: readonly Fault['kind'][], seed: number): Promise<readonly Arrival[]> {
  const { random, driver, options } = storyOf(kinds, seed);
  // Clocks tell whole milliseconds.
  const faultPlan = options.faultPlan.map(({ atMs, fault: planned }) => ({ atMs: Math.ceil(atMs), fault: planned }));
  const run = startVirtualRun({ driver, random, inventoryEveryMs: lookEveryMs, options: { faultPlan } });
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
  const { random, sent, driver, options } = storyOf(kinds, seed);
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
    ...{ answerWithinMs: secondMs * speed, inventoryEveryMs: lookEveryMs },
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
    const run = { arrivals, platform, heard, asked };
    const openGap = gapsOf(run).at(-1)?.endMs === null ? ['a gap is still open'] : [];
    return [
      ...stateFaults(run),
      ...openGap,
      ...lostFrames(run, sent, 2 * secondMs * speed),
      ...budgetFaults(run, kinds),
    ];
  } finally {
    stopped.abort();
    await running;
    await server.close();
  }
}

/** What a run has to show for itself. */
type Observed = Pick<VirtualRun, 'arrivals' | 'platform' | 'heard' | 'asked'>;

/** At the end everything is known and true. */
function stateFaults({ arrivals, platform }: Observed): string[] {
  const states = runLogic(followQueues({ timeZone: 'UTC' }), arrivals.flatMap(decodeArrival));
  const last = new Map<string, QueueState>(states.map((state) => [state.queueId, state]));
  const faults: string[] = [];
  for (const name of queues) {
    const queue = platform.center.queues.get(idOf(name));
    const voice = queue?.media.get('voice');
    const state = last.get(idOf(name));
    const waitingMs = Array.from(voice?.waiting.values() ?? [], ({ enqueuedAtMs }) => enqueuedAtMs);
    const idle = queue?.members.filter(({ onQueue, status }) => onQueue && status === 'IDLE').length;
    const truth = {
      status: 'observed',
      waiting: waitingMs.length,
      longestWaitStartMs: waitingMs.length === 0 ? null : Math.min(...waitingMs),
      interacting: voice?.interacting.size,
      agentsIdle: idle,
    };
    for (const [field, value] of Object.entries(truth)) {
      const found = state?.[field as keyof QueueState];
      if (found !== value) faults.push(`${name}: ${field} is ${String(found)}, in truth ${String(value)}`);
    }
  }
  const heardUntilMs = arrivals.findLast((arrival) => arrival.kind === 'tick')?.heardUntilMs ?? 0;
  if (heardUntilMs < endMs - freshMs) faults.push(`heard only until ${heardUntilMs - startMs} ms`);
  return faults;
}

/** A quiet channel is pinged every 10 s, and answers. */
const freshMs = 20_000;

const gapsOf = ({ arrivals }: Observed): readonly EventOf<'channel-gap'>[] =>
  arrivals.filter((arrival) => arrival.kind === 'channel-gap');

/** No gap without a fault, and none that stays. */
function gapFaults(run: Observed, kinds: readonly Fault['kind'][], firstMs: number): string[] {
  const gaps = gapsOf(run);
  const faults: string[] = [];
  if (gaps.length > 0 && gaps.at(-1)?.endMs === null) faults.push('a gap is still open');
  for (const { startMs: fromMs, receivedAtMs, endMs: untilMs } of gaps) {
    if (receivedAtMs < firstMs) faults.push(`a gap was found ${firstMs - receivedAtMs} ms before the first fault`);
    if (untilMs !== null && untilMs < fromMs) faults.push('a gap ends before it begins');
  }
  const mayHaveNone = kinds.every((kind) => harmless.includes(kind));
  if (mayHaveNone && gaps.length > 0) faults.push(`a gap without a loss: ${gaps[0]?.cause ?? ''}`);
  return faults;
}

/** What the platform sent and nobody took in lies in a gap. */
function lostFrames(run: Observed, sent: readonly SentFrame[], onItsWayMs: number): string[] {
  const taken = new Map<string, number>();
  for (const text of run.heard) taken.set(text, (taken.get(text) ?? 0) + 1);
  const gaps = gapsOf(run).filter(({ endMs: untilMs }) => untilMs !== null);
  const faults: string[] = [];
  for (const { text, atMs } of sent) {
    const left = taken.get(text) ?? 0;
    if (left > 0) taken.set(text, left - 1);
    else if (!text.startsWith('{"topicName":"v2.') || text.startsWith('{"topicName":"v2.system.')) continue;
    else if (!gaps.some((gap) => gap.startMs - onItsWayMs <= atMs && atMs <= (gap.endMs ?? 0))) {
      faults.push(`lost at ${atMs - startMs} ms, outside of any gap: ${text.slice(0, 80)}`);
    }
  }
  return faults;
}

/** In no minute more calls than the platform allows; it says so only when it was told to. */
function budgetFaults({ asked }: Observed, kinds: readonly Fault['kind'][]): string[] {
  const byMinute = new Map<number, number>();
  for (const { atMs } of asked) {
    const minute = Math.floor(atMs / minuteMs);
    byMinute.set(minute, (byMinute.get(minute) ?? 0) + 1);
  }
  const faults = [...byMinute.values()].filter((count) => count > 300).map((count) => `${count} calls in a minute`);
  const refused = asked.filter(({ status }) => status === 429).length;
  if (refused > 0 && !kinds.includes('too-many-requests')) faults.push(`${refused} calls too many`);
  return faults;
}

/** Only a channel that goes silent without a trace loses what a look at everything has to find. */
function missedFaults({ arrivals }: Observed, kinds: readonly Fault['kind'][]): string[] {
  if (kinds.includes('heartbeats-only')) return [];
  const missed = runLogic(noticeMissedChanges(), arrivals.flatMap(decodeArrival));
  return missed.map(({ value }) => `taken for missed: ${JSON.stringify(value)}`);
}
