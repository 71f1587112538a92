import type { ChannelGap, EventOf } from '../event.ts';
import { type EpochMs, type Output, output } from '../record.ts';
import { routingFairness, type RoutingFairness } from '../records/routing-fairness.ts';
import { fairnessOf } from './fairness.ts';
import type { Required } from './score.ts';

/** Choices of one queue and group. */
interface Tally {
  byAgent: Map<string, { chosen: number; expected: number }>;
  /** Whether not the same agents could be chosen each time. */
  varies: boolean;
}

/** The hour that runs, of all queues. */
export interface FairnessHour {
  startMs: EpochMs | null;
  /** Since when a gap is open, or nothing has been heard at all. */
  deafSinceMs: EpochMs | null;
  deafMs: number;
  openGaps: Map<number, EpochMs>;
  /** By queue and group, `all` first. */
  queues: Map<string, Map<string, Tally>>;
  /** By queue and conversation, how many of its agents have been looked at. */
  lookedAt: Map<string, Map<string, number>>;
}

const hourMs = 3_600_000;
const groupsMax = 50;
const countsMax = 1_000;
const conversationsMax = 10_000;
/** What is told later than this after the answer says nothing of who could be chosen then. */
const newsMs = 10_000;

export const startFairnessHour = (): FairnessHour => ({
  startMs: null,
  deafSinceMs: null,
  deafMs: 0,
  openGaps: new Map(),
  queues: new Map(),
  lookedAt: new Map(),
});

/** Time has come to this: the records of the hour that is over, if it is. */
export function passHour(hour: FairnessHour, atMs: EpochMs): readonly Output[] {
  const startMs = atMs - (atMs % hourMs);
  if (hour.startMs === null) {
    hour.startMs = startMs;
    hour.deafMs = atMs - startMs;
    return [];
  }
  if (startMs <= hour.startMs) return [];
  const records = describeHour(hour, hour.startMs, atMs);
  hour.queues = new Map();
  hour.startMs = startMs;
  hour.deafMs = 0;
  return records;
}

/** While a gap is open, who is idle is not known, and no choice counts. */
export function noteGap(hour: FairnessHour, { channel, queueIds, startMs, endMs }: ChannelGap): void {
  if (endMs === null) {
    hour.openGaps.set(channel, startMs);
    hour.deafSinceMs ??= startMs;
    return;
  }
  if (queueIds === null) hour.openGaps.clear();
  else hour.openGaps.delete(channel);
  if (hour.openGaps.size > 0 || hour.deafSinceMs === null) return;
  hour.deafMs += Math.max(0, endMs - Math.max(hour.deafSinceMs, hour.startMs ?? 0));
  hour.deafSinceMs = null;
}

/**
 * The agents whom the platform has newly chosen for a conversation: it rings at them, or they have just answered. Whether
 * somebody who was chosen then answers is not the platform's choice.
 */
export function newlyChosen(hour: FairnessHour, event: EventOf<'interaction-changed'>): readonly string[] {
  let ofQueue = hour.lookedAt.get(event.queueId);
  if (ofQueue === undefined) hour.lookedAt.set(event.queueId, (ofQueue = new Map<string, number>()));
  const before = ofQueue.get(event.conversationId) ?? 0;
  const news = event.agents.slice(before);
  const isOver = event.customerLeftAtMs !== null && event.agents.every((agent) => agent.endedAtMs !== null);
  if (isOver) ofQueue.delete(event.conversationId);
  else if (news.length > 0) {
    ofQueue.set(event.conversationId, event.agents.length);
    const [oldest] = ofQueue.keys();
    if (ofQueue.size > conversationsMax && oldest !== undefined) ofQueue.delete(oldest);
  }
  if (hour.openGaps.size > 0) return [];
  return news
    .filter(
      ({ connectedAtMs, endedAtMs }) =>
        endedAtMs === null && event.receivedAtMs - (connectedAtMs ?? Infinity) <= newsMs,
    )
    .map(({ userId }) => userId);
}

/** Adds a choice among those who could be chosen; the one who was is one of them. */
export function countChoice(
  hour: FairnessHour,
  {
    queueId,
    chosen,
    eligible,
    required,
  }: {
    readonly queueId: string;
    readonly chosen: string;
    readonly eligible: readonly string[];
    readonly required: Required;
  },
): void {
  let groups = hour.queues.get(queueId);
  if (groups === undefined) hour.queues.set(queueId, (groups = new Map<string, Tally>()));
  const set = eligible.includes(chosen) ? eligible : [...eligible, chosen];
  for (const group of new Set(['all', ...required.skills])) {
    let tally = groups.get(group);
    if (tally === undefined) {
      if (groups.size > groupsMax) continue;
      groups.set(group, (tally = { byAgent: new Map(), varies: false }));
    } else tally.varies ||= !holdsJust(tally.byAgent, set);
    for (const id of set) {
      const share = tally.byAgent.get(id) ?? { chosen: 0, expected: 0 };
      share.expected += 1 / set.length;
      if (id === chosen) share.chosen += 1;
      tally.byAgent.set(id, share);
    }
  }
}

/** A queue is watched no more: what was heard of its hour is told at its end all the same. */
export function forgetQueue(hour: FairnessHour, queueId: string): void {
  hour.lookedAt.delete(queueId);
}

const holdsJust = (byAgent: Tally['byAgent'], ids: readonly string[]) =>
  byAgent.size === ids.length && ids.every((id) => byAgent.has(id));

function describeHour(hour: FairnessHour, windowStartMs: EpochMs, atMs: EpochMs): Output[] {
  const windowEndMs = windowStartMs + hourMs;
  const openMs = hour.deafSinceMs === null ? 0 : windowEndMs - Math.max(hour.deafSinceMs, windowStartMs);
  const coverage = 1 - Math.min(1, (hour.deafMs + Math.max(0, openMs)) / hourMs);
  const window = { windowStartMs, windowEndMs, coverage };
  return [...hour.queues]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([queueId, groups]) =>
      Array.from(groups, ([group, tally]) =>
        output(routingFairness, { queueId, group, ...window, ...describe(tally) }, atMs),
      ),
    );
}

type Verdict = Omit<RoutingFairness, 'queueId' | 'group' | 'windowStartMs' | 'windowEndMs' | 'coverage'>;

function describe({ byAgent, varies }: Tally): Verdict {
  const shares = Array.from(byAgent, ([agentId, { chosen, expected }]) => ({ agentId, chosen, expected })).sort(byId);
  const distance = ({ chosen, expected }: (typeof shares)[number]) => Math.abs(chosen - expected);
  const counts =
    shares.length <= countsMax
      ? shares
      : shares
          .toSorted((a, b) => distance(b) - distance(a))
          .slice(0, countsMax)
          .sort(byId);
  return {
    test: varies ? 'eligible-sets' : 'uniform',
    ...fairnessOf(shares),
    counts,
    countsLeftOut: shares.length - counts.length,
  };
}

const byId = (a: { readonly agentId: string }, b: { readonly agentId: string }) => (a.agentId < b.agentId ? -1 : 1);
