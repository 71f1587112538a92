import { countFrom, type DayTotals, foldDayTotals } from './day-totals.ts';
import type { ChannelGap, EventOf, InstantMetric, IntervalMetric, QueueEvent } from './event.ts';
import { foldHandleTime, type HandleTime, handleSecondsMean, startHandleTime } from './handle-time.ts';
import { type Hearing, heardSinceMs, hearGap, hearNewQueue, hearTick, isDeafTo, startHearing } from './hearing.ts';
import type { Logic } from './logic.ts';
import { createQueueSettings, type QueueNames, type SettingsByQueue, type SettingsOf } from './queue-settings.ts';
import type { EpochMs } from './record.ts';
import { type QueueState, queueState } from './records/queue-state.ts';
import { noteInteraction, oldestSinceMs, type WhoWaits } from './who-waits.ts';

/** Counts by metric and qualifier. */
type Counts = Map<string, InstantMetric>;

interface MediaGroup {
  counts: Counts;
  /** Media types nobody ever used are left unsaid, all but voice. */
  used: boolean;
  whoWaits: WhoWaits;
  day: DayTotals | null;
  handleTime: HandleTime;
  published: QueueState | null;
}

interface Queue {
  /** A snapshot has said all counts: one that is absent is zero, otherwise it is unknown. */
  countsKnown: boolean;
  /** A snapshot has named everyone who waits. */
  waitingKnown: boolean;
  /** Half hours that a gap has touched and nobody has read again yet, in order. */
  holesMs: EpochMs[];
  agents: Counts;
  media: Map<string, MediaGroup>;
}

/** What is known of all queues, as it is saved. */
interface Queues {
  hearing: Hearing;
  byId: Map<string, Queue>;
  /** Of queues that are gone the media types of which something was said: it is to be set right should the queue come back. */
  goneMedia: Map<string, readonly string[]>;
  names: QueueNames;
}

const startMediaGroup = (mediaType: string): MediaGroup => ({
  counts: new Map(),
  used: mediaType === 'voice',
  whoWaits: new Map(),
  day: null,
  handleTime: startHandleTime(),
  published: null,
});

/**
 * Folds events into what is known of each queue and media type; one output whenever anything but its time has changed.
 * Partial counts are merged, a snapshot replaces, and while a gap is open everything is stale.
 */
export function followQueues(settings: SettingsByQueue): Logic<Queues, QueueEvent, QueueState> {
  const settingsOf = createQueueSettings(settings);
  return {
    name: 'queue-state',
    version: 9,
    start: () => ({ hearing: startHearing(), byId: new Map(), goneMedia: new Map(), names: new Map() }),
    step(queues, event) {
      // A queue that comes back is named before it is.
      if (event.kind === 'queue-profile') return [queues, rename(queues, event, settingsOf)];
      // What was on its way when the queue went does not bring it back.
      if ('queueId' in event && event.kind !== 'queue-snapshot' && queues.goneMedia.has(event.queueId))
        return [queues, []];
      switch (event.kind) {
        case 'queue-observed': {
          const queue = queueOf(queues, event.queueId);
          merge(event.mediaType === null ? queue.agents : mediaOf(queue, event.mediaType).counts, event.metrics);
          if (event.mediaType === null) return [queues, changes(queues, event.queueId, event.receivedAtMs)];
          mediaOf(queue, event.mediaType).used = true;
          return [queues, changes(queues, event.queueId, event.receivedAtMs, { mediaType: event.mediaType })];
        }
        case 'queue-interval': {
          if (event.mediaType === null) return [queues, []];
          const queue = queueOf(queues, event.queueId);
          const { timeZone } = settingsOf(event.queueId, queues.names);
          const sinceMs = heardSinceMs(queues.hearing, event.queueId);
          foldInterval(mediaOf(queue, event.mediaType), event, sinceMs, timeZone);
          return [queues, changes(queues, event.queueId, event.receivedAtMs, { mediaType: event.mediaType })];
        }
        case 'interval-read': {
          foldReading(queueOf(queues, event.queueId), event, settingsOf(event.queueId, queues.names).timeZone);
          return [queues, changes(queues, event.queueId, event.receivedAtMs)];
        }
        case 'queue-snapshot': {
          const isNew = !queues.byId.has(event.queueId);
          const queue = queueOf(queues, event.queueId);
          if (isNew) {
            hearNewQueue(queues.hearing, event.queueId, event.receivedAtMs);
            if (queues.hearing.wholeSinceMs !== null) addHoles(queue, event.receivedAtMs, event.receivedAtMs);
          }
          if (event.groups !== null) replaceCounts(queue, event.groups);
          if (event.waiting !== null) replaceWaiting(queue, event.waiting);
          return [queues, changes(queues, event.queueId, event.receivedAtMs)];
        }
        case 'interaction-changed': {
          const queue = queueOf(queues, event.queueId);
          const { mediaType } = event;
          const hasMoved = foldInteraction(queue, event);
          return [queues, changes(queues, event.queueId, event.receivedAtMs, hasMoved ? {} : { mediaType })];
        }
        case 'channel-gap':
          return [queues, onGap(queues, event)];
        case 'queue-removed': {
          const stale = changes(queues, event.queueId, event.receivedAtMs, { status: 'stale' });
          forget(queues, event.queueId);
          return [queues, stale];
        }
        case 'agent-status':
        case 'agent-profile':
        case 'agent-removed':
        case 'agent-satisfaction':
        case 'input-rejected':
          return [queues, []];
        case 'tick':
          startHearingAll(queues, event);
          return [queues, []];
      }
    },
  };
}

/** A day of another zone begins at another time, so its totals begin anew. */
function rename(
  queues: Queues,
  { queueId, name, receivedAtMs }: EventOf<'queue-profile'>,
  settingsOf: SettingsOf,
): QueueState[] {
  const before = settingsOf(queueId, queues.names).timeZone;
  queues.names.set(queueId, name);
  const queue = queues.byId.get(queueId);
  if (queue === undefined || settingsOf(queueId, queues.names).timeZone === before) return [];
  for (const group of queue.media.values()) group.day = null;
  return changes(queues, queueId, receivedAtMs);
}

function forget({ byId, goneMedia, names, hearing }: Queues, queueId: string): void {
  const said = [...(byId.get(queueId)?.media ?? [])].filter(([, group]) => group.published !== null);
  byId.delete(queueId);
  names.delete(queueId);
  hearing.queues.delete(queueId);
  goneMedia.set(
    queueId,
    said.map(([mediaType]) => mediaType),
  );
}

function queueOf({ byId, goneMedia }: Queues, queueId: string): Queue {
  let queue = byId.get(queueId);
  if (queue === undefined) {
    queue = {
      countsKnown: false,
      waitingKnown: false,
      holesMs: [],
      agents: new Map(),
      media: new Map(),
    };
    byId.set(queueId, queue);
    for (const mediaType of goneMedia.get(queueId) ?? []) mediaOf(queue, mediaType).used = true;
    goneMedia.delete(queueId);
  }
  return queue;
}

function mediaOf(queue: Queue, mediaType: string): MediaGroup {
  let group = queue.media.get(mediaType);
  if (group === undefined) {
    group = startMediaGroup(mediaType);
    queue.media.set(mediaType, group);
  }
  return group;
}

/** It begins in the middle of a half hour. */
function startHearingAll({ hearing, byId }: Queues, tick: EventOf<'tick'>): void {
  const before = hearing.wholeSinceMs;
  hearTick(hearing, tick);
  const sinceMs = hearing.wholeSinceMs;
  if (before !== null || sinceMs === null) return;
  for (const queue of byId.values()) addHoles(queue, sinceMs, sinceMs);
}

const halfHourMs = 1_800_000;
/** More than a day has. */
const holesMax = 60;

/** The day's sums begin after the last half hour that was not heard whole. */
function addHoles(queue: Queue, fromMs: EpochMs, untilMs: EpochMs): void {
  const holesMs = new Set(queue.holesMs);
  const firstMs = Math.max(fromMs, untilMs - holesMax * halfHourMs);
  for (let atMs = firstMs - (firstMs % halfHourMs); atMs <= untilMs; atMs += halfHourMs) holesMs.add(atMs);
  queue.holesMs = [...holesMs].sort((a, b) => a - b).slice(-holesMax);
  recount(queue);
}

function recount({ holesMs, media }: Queue): void {
  const lastMs = holesMs.at(-1);
  for (const { day } of media.values())
    if (day !== null) countFrom(day, lastMs === undefined ? 0 : lastMs + halfHourMs);
}

/** Closes a hole, or goes on backwards from the first half hour that was heard; what lies apart from all others stays out. */
function foldReading(queue: Queue, { startMs, groups }: EventOf<'interval-read'>, timeZone: string): void {
  for (const { mediaType } of groups) mediaOf(queue, mediaType).used = true;
  const isHole = queue.holesMs.includes(startMs);
  queue.holesMs = queue.holesMs.filter((atMs) => atMs !== startMs);
  for (const [mediaType, group] of queue.media) {
    if (!group.used) continue;
    const earliestMs = group.day === null ? startMs : Math.min(...group.day.halfHours.keys());
    if (!isHole && startMs < earliestMs - halfHourMs) continue;
    const named = groups.find((each) => each.mediaType === mediaType)?.metrics ?? [];
    const metrics = [...named, ...zeros.filter(({ metric }) => !named.some((each) => each.metric === metric))];
    group.day = foldDayTotals(group.day, startMs, metrics, timeZone);
    foldHandled(group, startMs, named);
  }
  recount(queue);
}

const zeros: readonly IntervalMetric[] = [
  ...['nOffered', 'tAnswered', 'tAbandon'].map((metric) => ({ metric, qualifier: null, stats: { count: 0 } })),
  { metric: 'oServiceLevel', qualifier: null, stats: { numerator: 0, denominator: 0 } },
];

function onGap(queues: Queues, gap: ChannelGap): QueueState[] {
  const { channel, queueIds, startMs, endMs, receivedAtMs } = gap;
  const known = (ids: readonly string[] | null) => [...(ids ?? queues.byId.keys())].filter((id) => queues.byId.has(id));
  const concerned = known(queueIds).sort();
  const opened = queues.hearing.openGaps.get(channel);
  // Queues may have come to the channel or left it since: what was stale for its sake is so no more.
  const freed = endMs === null || opened === undefined ? [] : known(opened);
  hearGap(queues.hearing, gap);
  for (const queueId of concerned) {
    const queue = queueOf(queues, queueId);
    // Who waits is not known again before somebody says so.
    if (endMs === null) queue.waitingKnown = false;
    addHoles(queue, startMs, endMs ?? startMs);
  }
  const others = freed.filter((queueId) => !concerned.includes(queueId)).sort();
  return [...concerned, ...others].flatMap((queueId) => changes(queues, queueId, receivedAtMs));
}

function merge(counts: Counts, metrics: readonly InstantMetric[]): void {
  for (const metric of metrics) counts.set(metric.metric + '|' + (metric.qualifier ?? ''), metric);
}

function replaceCounts(queue: Queue, groups: NonNullable<EventOf<'queue-snapshot'>['groups']>): void {
  queue.countsKnown = true;
  queue.agents.clear();
  for (const group of queue.media.values()) group.counts.clear();
  mediaOf(queue, 'voice');
  for (const { mediaType, metrics } of groups) {
    if (mediaType === null) {
      merge(queue.agents, metrics);
      continue;
    }
    const group = mediaOf(queue, mediaType);
    merge(group.counts, metrics);
    if (metrics.some((metric) => metric.count > 0)) group.used = true;
  }
}

function replaceWaiting(queue: Queue, waiting: NonNullable<EventOf<'queue-snapshot'>['waiting']>): void {
  queue.waitingKnown = true;
  for (const group of queue.media.values()) group.whoWaits.clear();
  for (const { mediaType, conversationId, enqueuedAtMs } of waiting) {
    const group = mediaOf(queue, mediaType);
    group.used = true;
    group.whoWaits.set(conversationId, { sinceMs: enqueuedAtMs, isAlerting: false });
  }
}

/** Whether it waited with another medium before. */
function foldInteraction(queue: Queue, event: EventOf<'interaction-changed'>): boolean {
  const group = mediaOf(queue, event.mediaType);
  group.used = true;
  let hasMoved = false;
  for (const other of queue.media.values()) {
    if (other !== group && other.whoWaits.delete(event.conversationId)) hasMoved = true;
  }
  noteInteraction(group.whoWaits, event);
  return hasMoved;
}

function foldInterval(
  group: MediaGroup,
  event: EventOf<'queue-interval'>,
  wholeSinceMs: EpochMs | null,
  timeZone: string,
): void {
  group.used = true;
  if (wholeSinceMs !== null && event.startMs >= wholeSinceMs) {
    group.day = foldDayTotals(group.day, event.startMs, event.metrics, timeZone);
  }
  foldHandled(group, event.startMs, event.metrics);
}

function foldHandled({ handleTime }: MediaGroup, startMs: EpochMs, metrics: readonly IntervalMetric[]): void {
  const handled = metrics.find((metric) => metric.metric === 'tHandle')?.stats;
  if (handled?.count === undefined || handled.sum === undefined) return;
  foldHandleTime(handleTime, startMs, handled.count, handled.sum);
}

/** The states of a queue, or of one of its media types, that differ from what was said last. */
function changes(
  queues: Queues,
  queueId: string,
  observedAtMs: EpochMs,
  only: { readonly mediaType?: string; readonly status?: QueueState['status'] } = {},
): QueueState[] {
  const queue = queueOf(queues, queueId);
  const status = only.status ?? (isDeafTo(queues.hearing, queueId) ? 'stale' : 'observed');
  const changed: QueueState[] = [];
  for (const [mediaType, group] of queue.media) {
    if (!group.used || (only.mediaType !== undefined && only.mediaType !== mediaType)) continue;
    const state = describe(queue, group, { queueId, mediaType, status, observedAtMs });
    const before = group.published;
    if (before !== null && isSame(before, state)) continue;
    group.published = state;
    changed.push(state);
  }
  return changed;
}

const compared = queueState.schema.keyof().options.filter((field) => field !== 'observedAtMs');

function isSame(a: QueueState, b: QueueState): boolean {
  for (const field of compared) if (a[field] !== b[field]) return false;
  return true;
}

function describe(
  queue: Queue,
  group: MediaGroup,
  { queueId, mediaType, status, observedAtMs }: Pick<QueueState, 'queueId' | 'mediaType' | 'status' | 'observedAtMs'>,
): QueueState {
  const { agents, countsKnown } = queue;
  // An absent count is zero only where all were said.
  const countOf = (counts: Counts, name: string) => counts.get(name)?.count ?? (countsKnown ? 0 : null);
  const sumOf = (metric: string) => (countsKnown ? sumByQualifier(agents, metric) : null);
  const waiting = countOf(group.counts, 'oWaiting|');
  const isCounted = status === 'observed' && group.day?.sinceMs != null && observedAtMs < group.day.endMs;
  const day = isCounted ? group.day : null;
  return {
    queueId,
    mediaType,
    status,
    waiting,
    longestWaitStartMs: waiting === 0 ? null : longestWaitStartMs(group, queue.waitingKnown, waiting),
    interacting: countOf(group.counts, 'oInteracting|'),
    agentsOnQueue: sumOf('oOnQueueUsers'),
    agentsIdle: countOf(agents, 'oOnQueueUsers|IDLE'),
    agentsInteracting: countOf(agents, 'oOnQueueUsers|INTERACTING'),
    agentsCommunicating: countOf(agents, 'oOnQueueUsers|COMMUNICATING'),
    agentsNotResponding: countOf(agents, 'oOnQueueUsers|NOT_RESPONDING'),
    agentsOffQueue: sumOf('oOffQueueUsers'),
    offered: day?.sums.offered ?? null,
    answered: day?.sums.answered ?? null,
    abandoned: day?.sums.abandoned ?? null,
    serviceLevel:
      day === null || day.sums.serviceLevelOf === 0 ? null : day.sums.withinTarget / day.sums.serviceLevelOf,
    serviceLevelTarget: day?.target ?? null,
    totalsSinceMs: day?.sinceMs ?? null,
    handleSecondsMean: handleSecondsMean(group.handleTime),
    observedAtMs,
  };
}

function sumByQualifier(counts: Counts, metric: string): number {
  let sum = 0;
  for (const each of counts.values()) if (each.metric === metric) sum += each.count;
  return sum;
}

/** From the interactions themselves where all are known, else from the platform's own metric, else unknown. */
function longestWaitStartMs(
  { counts, whoWaits }: MediaGroup,
  isKnown: boolean,
  waiting: number | null,
): EpochMs | null {
  return isKnown ? oldestSinceMs(whoWaits, waiting) : (counts.get('oLongestWaiting|')?.startedAtMs ?? null);
}
