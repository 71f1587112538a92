import type { Fault } from '../../src/simulator/faults.ts';
import type { EventOf, QueueEvent } from '../../streams/event.ts';
import { run as runLogic } from '../../streams/logic.ts';
import { noticeMissedChanges } from '../../streams/missed-change.ts';
import { followQueues } from '../../streams/queue-state.ts';
import type { QueueState } from '../../streams/records/queue-state.ts';
import { endMs, minuteMs, secondMs, startMs, type SentFrame, type Story } from './border-story.ts';
import type { VirtualRun } from './virtual-subscriber.ts';

// What is wrong with a run: nothing, if all is well.

/** What a run has to show for itself. */
export interface Observed extends Pick<VirtualRun, 'platform' | 'heard' | 'asked'> {
  /** What the arrivals were decoded to. */
  readonly events: readonly QueueEvent[];
}

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
  'too-many-requests',
  'server-error',
  'slow-answers',
];

/** They befall whatever channel there is, also where one is meant. */
const everywhere: readonly Fault['kind'][] = ['evict-channel', 'too-many-requests', 'server-error', 'slow-answers'];

export function differences(name: string, found: object | undefined, truth: object): string[] {
  return Object.entries(truth).flatMap(([field, value]) => {
    const told: unknown = found?.[field as keyof typeof found];
    return told === value ? [] : [`${name}: ${field} is ${String(told)}, in truth ${String(value)}`];
  });
}

/** At the end everything is known and true. */
export function stateFaults({ events, platform }: Observed, { hiding }: Pick<Story, 'hiding'>): string[] {
  const states = runLogic(followQueues({ timeZone: 'UTC' }), events);
  const last = new Map<string, QueueState>(states.map((state) => [`${state.queueId}/${state.mediaType}`, state]));
  const faults: string[] = [];
  for (const queue of platform.center.queues.values()) {
    const { name = '' } = platform.center.roster.queues.find(({ id }) => id === queue.id) ?? {};
    const idle = queue.members.filter(({ onQueue, status }) => onQueue && status === 'IDLE').length;
    for (const [mediaType, { waiting, interacting }] of queue.media) {
      const state = last.get(`${queue.id}/${mediaType}`);
      if (hiding.isHidden(queue.id, endMs)) {
        if (state !== undefined) faults.push(...differences(`${name} ${mediaType}`, state, { status: 'stale' }));
        continue;
      }
      // Where nothing ever happened nothing is said, but of voice.
      if (state === undefined && mediaType !== 'voice' && waiting.size + interacting.size === 0) continue;
      const waitingMs = Array.from(waiting.values(), ({ enqueuedAtMs }) => enqueuedAtMs);
      const truth = {
        status: 'observed',
        waiting: waitingMs.length,
        longestWaitStartMs: waitingMs.length === 0 ? null : Math.min(...waitingMs),
        interacting: interacting.size,
        agentsIdle: idle,
      };
      faults.push(...differences(`${name} ${mediaType}`, state, truth));
    }
  }
  const heardUntilMs = events.findLast((event) => event.kind === 'tick')?.heardUntilMs ?? 0;
  if (heardUntilMs < endMs - freshMs) faults.push(`heard only until ${heardUntilMs - startMs} ms`);
  return faults;
}

/** A quiet channel is pinged every 10 s, and answers. */
const freshMs = 20_000;

export const gapsOf = ({ events }: Pick<Observed, 'events'>): readonly EventOf<'channel-gap'>[] =>
  events.filter((event) => event.kind === 'channel-gap');

export const openGapFaults = (run: Observed): string[] =>
  gapsOf(run).at(-1)?.endMs === null ? ['a gap is still open'] : [];

/** No gap without a fault, none of a channel that nothing befell, and none that stays. */
export function gapFaults(run: Observed, { kinds, firstMs, aimed, struck, asked }: Story): string[] {
  const faults = openGapFaults(run);
  const isOfAll = struck.includes(undefined) || kinds.some((kind) => everywhere.includes(kind));
  const isOfOne = aimed.length > 0 && !isOfAll;
  for (const gap of gapsOf(run)) {
    const { startMs: fromMs, receivedAtMs, endMs: untilMs } = gap;
    if (receivedAtMs < firstMs) faults.push(`a gap was found ${firstMs - receivedAtMs} ms before the first fault`);
    if (untilMs !== null && untilMs < fromMs) faults.push('a gap ends before it begins');
    if (isOfOne && !struck.some((id) => isCovered(gap, id === undefined ? undefined : asked.get(id)))) {
      faults.push(`a gap of channel ${gap.channel}, which nothing befell: ${gap.cause}`);
    }
  }
  const mayHaveNone = kinds.every((kind) => harmless.includes(kind));
  const [first] = gapsOf(run);
  if (mayHaveNone && first !== undefined) faults.push(`a gap without a loss: ${first.cause}`);
  return faults;
}

/** Whether a gap is that of a channel with these topics. */
function isCovered({ queueIds, userIds }: EventOf<'channel-gap'>, topics: ReadonlySet<string> = new Set()): boolean {
  if (queueIds === null || userIds === null) return true;
  const ids = new Set([...topics].map((topic) => topic.split('.').find((part) => part.length === 36)));
  return [...queueIds, ...userIds].some((id) => ids.has(id));
}

/** What the platform sent and nobody took in lies in a gap of its channel. */
export function lostFrames(run: Observed, { sent, asked }: Story, onItsWayMs: number): string[] {
  const taken = new Map<string, number>();
  for (const text of run.heard) taken.set(text, (taken.get(text) ?? 0) + 1);
  const gaps = gapsOf(run).filter(({ endMs: untilMs }) => untilMs !== null);
  const liesIn = ({ channelId, atMs }: SentFrame, gap: EventOf<'channel-gap'>) =>
    gap.startMs - onItsWayMs <= atMs && atMs <= (gap.endMs ?? 0) && isCovered(gap, asked.get(channelId));
  const faults: string[] = [];
  for (const frame of sent) {
    const { text, atMs } = frame;
    const left = taken.get(text) ?? 0;
    if (left > 0) taken.set(text, left - 1);
    else if (!text.startsWith('{"topicName":"v2.') || text.startsWith('{"topicName":"v2.system.')) continue;
    else if (!gaps.some((gap) => liesIn(frame, gap))) {
      faults.push(`lost at ${atMs - startMs} ms, outside of any gap: ${text.slice(0, 80)}`);
    }
  }
  return faults;
}

/** In no minute more calls than the platform allows; it says so only when it was told to. */
export function budgetFaults({ asked }: Observed, { kinds }: Story): string[] {
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
export function missedFaults({ events }: Observed, { kinds }: Story): string[] {
  if (kinds.includes('heartbeats-only')) return [];
  const missed = runLogic(noticeMissedChanges(), events);
  return missed.map(({ value }) => `taken for missed: ${JSON.stringify(value)}`);
}

/** A change is told within a second, and is a quarter of one on its way. */
export const toldWithinMs = 2 * secondMs;

/**
 * At every tick whatever is said to be observed was true a moment ago, or else it turns out that the time lies in a gap of that queue;
 * and once a gap is known nothing of it is said to be observed.
 */
export function lies({ events }: Observed, { kinds, truth, driver: { roster } }: Story): string[] {
  // Of these nobody can know at that time.
  if (kinds.includes('heartbeats-only')) return [];
  const logic = followQueues({ timeZone: 'UTC' });
  let queues = logic.start();
  const states = new Map<string, QueueState>();
  const open = new Map<number, readonly string[]>();
  const gaps = gapsOf({ events });
  const faults = new Set<string>();
  const nameOf = new Map(roster.queues.map(({ id, name }) => [id, name]));

  const wasTrue = ({ queueId, mediaType, waiting, interacting }: QueueState, atMs: number) => {
    const all = truth.get(`${queueId}/${mediaType}`) ?? [];
    const since = all.findLastIndex(({ fromMs }) => fromMs <= atMs - toldWithinMs);
    const lately = all.slice(Math.max(since, 0)).filter(({ fromMs }) => fromMs <= atMs);
    const fits = (field: 'waiting' | 'interacting', value: number | null) =>
      value === null || lately.some((each) => each[field] === value);
    return fits('waiting', waiting) && fits('interacting', interacting);
  };
  const isInGap = (queueId: string, atMs: number) =>
    gaps.some(
      (gap) =>
        gap.startMs <= atMs + toldWithinMs &&
        atMs <= (gap.endMs ?? Infinity) &&
        (gap.queueIds ?? [queueId]).includes(queueId),
    );

  for (const event of events) {
    if (event.kind === 'queue-removed') {
      for (const key of states.keys()) if (key.startsWith(event.queueId)) states.delete(key);
    }
    if (event.kind === 'channel-gap') {
      if (event.endMs === null) open.set(event.channel, event.queueIds ?? roster.queues.map(({ id }) => id));
      else open.delete(event.channel);
    }
    const [next, told] = logic.step(queues, event);
    queues = next;
    if (event.kind !== 'queue-removed') {
      for (const state of told) states.set(`${state.queueId}/${state.mediaType}`, state);
    }
    if (event.kind !== 'tick') continue;
    const atMs = event.receivedAtMs;
    const deafTo = new Set([...open.values()].flat());
    for (const state of states.values()) {
      const { queueId, mediaType, status, waiting, interacting } = state;
      const what = `${nameOf.get(queueId) ?? ''} ${mediaType}`;
      if (deafTo.has(queueId) !== (status === 'stale')) {
        faults.add(`${what} is ${status} while ${deafTo.has(queueId) ? 'a' : 'no'} gap is open`);
      }
      if (status !== 'observed' || wasTrue(state, atMs) || isInGap(queueId, atMs)) continue;
      faults.add(`${what} at ${atMs - startMs} ms: ${waiting} wait and ${interacting} talk, which was not true`);
    }
  }
  return [...faults].slice(0, 5);
}
