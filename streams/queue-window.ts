import type { ChannelGap, EventOf, Tick } from './event.ts';
import { supersedeTotals } from './half-hour-totals.ts';
import { heardSinceMs, type Hearing, hearGap, hearNewQueue, hearTick, startHearing } from './hearing.ts';
import { noTotals } from './kpis.ts';
import type { Logic } from './logic.ts';
import { createQueueSettings, type QueueNames, type SettingsByQueue } from './queue-settings.ts';
import { type EpochMs, type Output, output } from './record.ts';
import { quarantine } from './records/quarantine.ts';
import type { QueueState } from './records/queue-state.ts';
import { gauges } from './records/queue-window.ts';
import {
  countSilence,
  dropOver,
  halfHourOf,
  mergeSpan,
  type KeyWindows,
  openRows,
  type RolledSettings,
  settleKey,
  startKeyWindows,
  takeDue,
  takePart,
  touchHalfHour,
  type WindowRow,
} from './rolled-windows.ts';
import type { Watermark } from './watermark.ts';
import { liveRecord, windowRecord } from './window-records.ts';
import { commonSizeMs, halfHourMs, type Span, type WindowSize } from './window-size.ts';
import { type ClosedWindow, measurePart, tumbling, type WindowEvent, type WindowState } from './window.ts';

export interface QueueWindowSettings {
  readonly windowSizes: readonly WindowSize[];
  /** The least time between two records of an open window: see `liveEveryMs`. */
  readonly windowLiveEveryMs: number;
  readonly outOfOrdernessMs: number;
  readonly allowedLatenessMs: number;
  /** How long a level counts without being confirmed; null = until a gap, since the channel says every change. */
  readonly holdMs: number | null;
  /** The longest unseen stretch that is interpolated; null = any. */
  readonly gapMaxMs: number | null;
}

/** What moves a window: a queue's state, totals of half hours, time heard of, a gap. */
export type WindowInput =
  | { readonly kind: 'queue-state'; readonly state: QueueState }
  | EventOf<'queue-interval' | 'interval-read' | 'queue-snapshot' | 'queue-removed' | 'queue-profile'>
  | Tick
  | ChannelGap;

interface QueueKey {
  readonly mediaType: string;
  windows: KeyWindows;
  /** The first half hour that has not ended. */
  halfHourStartMs: EpochMs;
  /** The part in which its open windows were looked at last, null before; and whether anything was observed since. */
  livePartMs: EpochMs | null;
  hasChanged: boolean;
  /** By size, whether something has changed since its open window was told. */
  untold: boolean[];
}

interface State {
  readonly parts: WindowState;
  readonly hearing: Hearing;
  /** By queue. */
  readonly keys: Map<string, QueueKey[]>;
  readonly gone: Map<string, true>;
  readonly names: QueueNames;
  /** By queue, half hours that were read: of media types that were not named there was nothing. */
  readonly read: Map<string, readonly Span[]>;
  /** When open windows are told next, by size. */
  readonly nextLiveMs: (EpochMs | null)[];
}

/** How far back half hours are looked at after a long silence: older ones are history. */
const halfHoursMax = 96;
/** Longer than any window. */
const rememberedMs = 8 * 86_400_000;

/**
 * Time-weighted levels of each queue and media type in windows of several sizes, and in those of whole half hours the totals that the
 * platform tells of them. Levels are measured in the longest windows that fit into all (parts) and added up; totals are
 * those of the half hours, told by the channel if they were heard whole and else when they have been read.
 *
 *     waiting   0───2─────────1──x        gap from x to o
 *     parts     |      |      |      |      |      |
 *     windows   |             |             |                       closed by the watermark, revised when totals follow
 *                                             o─────0───            coverage of the second window < 1
 */
export function windowQueues(settings: QueueWindowSettings & SettingsByQueue): Logic<State, WindowInput, Output> {
  const { windowSizes, outOfOrdernessMs, allowedLatenessMs, gapMaxMs, holdMs, windowLiveEveryMs } = settings;
  const settingsOf = createQueueSettings(settings);
  const partMs = commonSizeMs(windowSizes);
  // One channel's word does not close the windows of another's queues: time is what was heard on all, and ticks say that.
  const parts = tumbling({
    sizeMs: partMs,
    outOfOrdernessMs,
    allowedLatenessMs,
    holdMs,
    gapMaxMs,
    gauges,
    advanceOnObservation: false,
  });
  /** Windows that are parts themselves are told as they come. */
  const own = windowSizes.find((size) => 'hopMs' in size && size.sizeMs === partMs && partMs % halfHourMs !== 0);
  const sizes = windowSizes.filter((size) => size !== own);
  const liveSizes = own === undefined ? sizes : [own, ...sizes];
  const rolled: RolledSettings = { sizes, partMs, gaugeCount: gauges.length, allowedLatenessMs, gapMaxMs };

  function keyOf(state: State, queueId: string, mediaType: string, atMs: EpochMs): QueueKey {
    const known = state.keys.get(queueId) ?? [];
    state.keys.set(queueId, known);
    const found = known.find((key) => key.mediaType === mediaType);
    if (found !== undefined) return found;
    const windows = startKeyWindows(rolled, settingsOf(queueId, state.names).timeZone);
    const halfHourStartMs = Math.floor(atMs / halfHourMs) * halfHourMs;
    const untold = liveSizes.map(() => true);
    const created = { mediaType, windows, halfHourStartMs, livePartMs: null, hasChanged: true, untold };
    known.push(created);
    // A media type of which nothing was said while the queue was heard had nothing to say.
    const sinceMs = heardSinceMs(state.hearing, queueId);
    const firstMs = Math.ceil((sinceMs ?? Infinity) / halfHourMs) * halfHourMs;
    if (firstMs < halfHourStartMs) countSilence(windows, { startMs: firstMs, endMs: halfHourStartMs }, atMs);
    for (const span of state.read.get(queueId) ?? []) countSilence(windows, span, atMs);
    return created;
  }

  /** Half hours that ended before `untilMs`: whether they were heard whole is known now, or never. */
  function endHalfHours(state: State, queueId: string, key: QueueKey, untilMs: EpochMs): void {
    const firstMs = (Math.floor(untilMs / halfHourMs) - halfHoursMax) * halfHourMs;
    key.halfHourStartMs = Math.max(key.halfHourStartMs, firstMs);
    for (; key.halfHourStartMs + halfHourMs <= untilMs; key.halfHourStartMs += halfHourMs) {
      if (state.gone.has(queueId)) continue;
      const half = halfHourOf(key.windows, key.halfHourStartMs);
      if (half === null) continue;
      const sinceMs = heardSinceMs(state.hearing, queueId);
      half.isWhole ||= sinceMs !== null && sinceMs <= key.halfHourStartMs;
      touchHalfHour(rolled, key.windows, key.halfHourStartMs);
    }
  }

  /** Days of another zone begin at other times, so all that is open begins anew. */
  function rename(state: State, { queueId, name }: EventOf<'queue-profile'>): void {
    state.names.set(queueId, name);
    const { timeZone } = settingsOf(queueId, state.names);
    for (const key of state.keys.get(queueId) ?? []) {
      if (key.windows.timeZone !== timeZone) key.windows = startKeyWindows(rolled, timeZone);
    }
  }

  function takeInterval(state: State, event: EventOf<'queue-interval'>): void {
    const { queueId, mediaType, startMs, endMs, metrics, receivedAtMs } = event;
    if (mediaType === null || endMs - startMs !== halfHourMs) return;
    const key = keyOf(state, queueId, mediaType, receivedAtMs);
    const half = halfHourOf(key.windows, startMs);
    if (half === null) return;
    half.totals = supersedeTotals(half.totals, metrics);
    key.hasChanged = true;
    if (startMs < key.halfHourStartMs) touchHalfHour(rolled, key.windows, startMs);
  }

  function takeReading(
    state: State,
    { queueId, startMs, endMs, groups, receivedAtMs }: EventOf<'interval-read'>,
  ): void {
    if (endMs - startMs !== halfHourMs) return;
    for (const { mediaType } of groups) keyOf(state, queueId, mediaType, receivedAtMs);
    const recent = (state.read.get(queueId) ?? []).filter((span) => span.endMs > receivedAtMs - rememberedMs);
    state.read.set(queueId, mergeSpan(recent, { startMs, endMs }));
    for (const key of state.keys.get(queueId) ?? []) {
      const half = halfHourOf(key.windows, startMs);
      if (half === null) continue;
      const metrics = groups.find((group) => group.mediaType === key.mediaType)?.metrics ?? [];
      half.totals = supersedeTotals(noTotals, metrics);
      half.isWhole = true;
      key.hasChanged = true;
      touchHalfHour(rolled, key.windows, startMs);
    }
  }

  /** What the events of the parts' windows make of one input. */
  function stepParts(state: State, events: readonly WindowEvent[], atMs: EpochMs): Output[] {
    const outputs: Output[] = [];
    for (const event of events) {
      const [, windows] = parts.step(state.parts, event);
      for (const part of windows) {
        const [queueId = '', mediaType = ''] = part.key.split('/');
        if (part.kind === 'late') {
          const cause = `late: observed at ${part.atMs}, after its window had closed for good`;
          outputs.push(output(quarantine, { place: `queue-window/${part.key}`, cause, receivedAtMs: part.atMs }, atMs));
          continue;
        }
        if (own !== undefined) outputs.push(windowRecord(queueId, mediaType, rowOfPart(own, part), atMs));
        takePart(rolled, keyOf(state, queueId, mediaType, part.startMs).windows, part.startMs, part.measured);
      }
    }
    return outputs;
  }

  /** Everything that follows from the time heard of. */
  function passTime(state: State, before: Watermark, atMs: EpochMs): Output[] {
    const { watermarkMs } = state.parts;
    if (watermarkMs === null) return [];
    const isNewPart = before === null || Math.floor(before / partMs) !== Math.floor(watermarkMs / partMs);
    const closed: { readonly row: WindowRow; readonly queueId: string; readonly mediaType: string }[] = [];
    for (const [queueId, keys] of state.keys) {
      for (const key of keys) {
        if (!isNewPart && !key.hasChanged) continue;
        endHalfHours(state, queueId, key, watermarkMs);
        for (const row of takeDue(rolled, key.windows, watermarkMs)) {
          closed.push({ row, queueId, mediaType: key.mediaType });
        }
        if (isNewPart) settleKey(rolled, key.windows, watermarkMs);
      }
      if (isNewPart) forget(state, queueId, keys, watermarkMs);
    }
    closed.sort((a, b) => a.row.endMs - b.row.endMs || b.row.startMs - a.row.startMs);
    const outputs = closed.map(({ row, queueId, mediaType }) => windowRecord(queueId, mediaType, row, atMs));
    return [...outputs, ...tellOpen(state, watermarkMs, atMs)];
  }

  function forget(state: State, queueId: string, keys: QueueKey[], watermarkMs: EpochMs): void {
    for (const key of [...keys]) {
      const isEmpty = dropOver(rolled, key.windows, watermarkMs);
      if (!isEmpty || !state.gone.has(queueId)) continue;
      keys.splice(keys.indexOf(key), 1);
      state.parts.keys.delete(`${queueId}/${key.mediaType}`);
    }
    if (keys.length > 0) return;
    state.keys.delete(queueId);
    state.gone.delete(queueId);
    state.names.delete(queueId);
    state.read.delete(queueId);
  }

  function tellOpen(state: State, watermarkMs: EpochMs, atMs: EpochMs): Output[] {
    const isDue = state.nextLiveMs.map((nextMs) => nextMs === null || watermarkMs >= nextMs);
    if (!isDue.includes(true)) return [];
    for (const [index, size] of liveSizes.entries()) {
      const everyMs = liveEveryMs(size, windowLiveEveryMs);
      if (isDue[index] === true) state.nextLiveMs[index] = (Math.floor(watermarkMs / everyMs) + 1) * everyMs;
    }
    const partStartMs = Math.floor(watermarkMs / partMs) * partMs;
    const outputs: Output[] = [];
    for (const [queueId, keys] of state.keys) {
      if (state.gone.has(queueId)) continue;
      for (const key of keys) {
        const isNew = key.livePartMs === null;
        if (key.hasChanged || key.livePartMs !== partStartMs) key.untold.fill(true);
        key.hasChanged = false;
        key.livePartMs = partStartMs;
        const tells = key.untold.map((isUntold, index) => isUntold && (isNew || isDue[index] === true));
        if (!tells.includes(true)) continue;
        for (const row of liveRows(state, queueId, key, watermarkMs, tells)) {
          outputs.push(liveRecord(queueId, key.mediaType, row, watermarkMs, atMs));
        }
        key.untold = key.untold.map((isUntold, index) => isUntold && tells[index] !== true);
      }
    }
    return outputs;
  }

  /** The open windows of the sizes asked for. */
  function liveRows(
    state: State,
    queueId: string,
    key: QueueKey,
    watermarkMs: EpochMs,
    asked: readonly boolean[],
  ): WindowRow[] {
    const startMs = Math.floor(watermarkMs / partMs) * partMs;
    const seen = { fromMs: startMs, untilMs: watermarkMs };
    const measured = measurePart(state.parts, `${queueId}/${key.mediaType}`, seen, holdMs, gauges.length);
    const sinceMs = heardSinceMs(state.hearing, queueId);
    const isHeard = sinceMs !== null && sinceMs <= key.halfHourStartMs;
    const open = { measured, halfHourStartMs: isHeard ? key.halfHourStartMs : null };
    const askedRolled = own === undefined ? asked : asked.slice(1);
    const rows = openRows(rolled, key.windows, watermarkMs, open, askedRolled);
    if (own === undefined || asked[0] !== true) return rows;
    return [
      { startMs, endMs: startMs + partMs, size: own, revision: 0, measured, ...noHalfHours, filled: null },
      ...rows,
    ];
  }

  function step(state: State, input: WindowInput): Output[] {
    switch (input.kind) {
      case 'queue-state': {
        const { state: of } = input;
        // A stale state repeats what was known; nothing was observed.
        if (of.status === 'stale') return [];
        keyOf(state, of.queueId, of.mediaType, of.observedAtMs).hasChanged = true;
        const key = `${of.queueId}/${of.mediaType}`;
        return stepParts(
          state,
          [{ kind: 'observed', key, atMs: of.observedAtMs, values: levelsOf(of) }],
          of.observedAtMs,
        );
      }
      case 'queue-interval':
        takeInterval(state, input);
        return [];
      case 'interval-read':
        takeReading(state, input);
        return [];
      case 'queue-snapshot':
        if (!state.keys.has(input.queueId) || state.gone.has(input.queueId)) {
          state.gone.delete(input.queueId);
          hearNewQueue(state.hearing, input.queueId, input.receivedAtMs);
        }
        return [];
      case 'queue-profile':
        rename(state, input);
        return [];
      case 'queue-removed': {
        const { queueId, receivedAtMs } = input;
        const keys = state.keys.get(queueId) ?? [];
        if (keys.length > 0) state.gone.set(queueId, true);
        state.hearing.queues.delete(queueId);
        const ends = keys.map(({ mediaType }) => endOf(`${queueId}/${mediaType}`, receivedAtMs));
        return stepParts(state, ends, receivedAtMs);
      }
      case 'channel-gap': {
        for (const [queueId, keys] of state.keys) {
          if (input.queueIds !== null && !input.queueIds.includes(queueId)) continue;
          for (const key of keys) endHalfHours(state, queueId, key, input.startMs);
        }
        hearGap(state.hearing, input);
        return input.endMs === null ? stepParts(state, endsOfHolds(state.parts, input), input.receivedAtMs) : [];
      }
      case 'tick': {
        hearTick(state.hearing, input);
        if (input.heardUntilMs === null) return [];
        const before = state.parts.watermarkMs;
        const time: WindowEvent = { kind: 'watermark', watermarkMs: input.heardUntilMs - outOfOrdernessMs };
        const outputs = stepParts(state, [time], input.receivedAtMs);
        return [...outputs, ...passTime(state, before, input.receivedAtMs)];
      }
    }
  }

  return {
    name: 'queue-window',
    version: 6,
    start: () => ({
      parts: parts.start(),
      hearing: startHearing(),
      keys: new Map(),
      gone: new Map(),
      names: new Map(),
      read: new Map(),
      nextLiveMs: liveSizes.map(() => null),
    }),
    step: (state, input) => [state, step(state, input)],
  };
}

const liveEveryMsMax = 60_000;

/** An open window is told every `everyMs`, a longer one less often: of its length a sixtieth, up to a minute. */
function liveEveryMs(size: WindowSize, everyMs: number): number {
  const sixtiethMs = 'every' in size ? liveEveryMsMax : size.sizeMs / 60;
  return Math.max(everyMs, Math.min(sixtiethMs, liveEveryMsMax));
}

const noHalfHours = { totals: null, totalsCoverage: 0 };

function rowOfPart(size: WindowSize, part: ClosedWindow): WindowRow {
  const { startMs, endMs, revision, measured, interpolated, gauges: of } = part;
  const filled = interpolated ? gauges.map((gauge) => of[gauge]?.mean ?? null) : null;
  return { startMs, endMs, size, revision, measured, ...noHalfHours, filled };
}

const endOf = (key: string, atMs: EpochMs): WindowEvent => ({ kind: 'hold-ended', atMs, key });

/** What was heard on one channel after another had fallen silent counts, but holds no longer than until then. */
function endsOfHolds({ keys }: WindowState, { queueIds, startMs }: ChannelGap): readonly WindowEvent[] {
  const concerned = queueIds === null ? null : new Set(queueIds);
  const ends: WindowEvent[] = queueIds === null ? [{ kind: 'hold-ended', atMs: startMs }] : [];
  for (const [key, { timeline }] of keys) {
    const lastMs = timeline.at(-1)?.atMs ?? startMs;
    const isConcerned = concerned?.has(key.split('/')[0] ?? '') ?? lastMs > startMs;
    if (isConcerned) ends.push(endOf(key, Math.max(startMs, lastMs)));
  }
  return ends;
}

function levelsOf(state: QueueState): Readonly<Record<(typeof gauges)[number], number | null>> {
  return {
    waiting: state.waiting,
    interacting: state.interacting,
    agentsOnQueue: state.agentsOnQueue,
    agentsIdle: state.agentsIdle,
    agentsInteracting: state.agentsInteracting,
    agentsCommunicating: state.agentsCommunicating,
    agentsNotResponding: state.agentsNotResponding,
  };
}
