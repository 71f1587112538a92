import type { ChannelGap, Tick } from './event.ts';
import type { Logic } from './logic.ts';
import { type EpochMs, type Output, output } from './record.ts';
import { quarantine } from './records/quarantine.ts';
import type { QueueState } from './records/queue-state.ts';
import { gauges, queueWindow } from './records/queue-window.ts';
import { tumbling, type WindowEvent, type WindowOutput, type WindowState } from './window.ts';

export interface QueueWindowSettings {
  readonly windowSizeMs: number;
  readonly outOfOrdernessMs: number;
  readonly allowedLatenessMs: number;
  /** How long a level counts without being confirmed; null = until a gap, since the channel says every change. */
  readonly holdMs: number | null;
  /** The longest unseen stretch that is interpolated; null = any. */
  readonly gapMaxMs: number | null;
}

/** What moves a window: a queue's state, time heard of, a gap. */
export type WindowInput = { readonly kind: 'queue-state'; readonly state: QueueState } | Tick | ChannelGap;

/**
 * Time-weighted levels of each queue and media type in tumbling windows.
 *
 *     waiting     0───2─────────1──x        gap from x to o
 *     |         window          |         window          |
 *                                   o─────0──────          coverage of the second window < 1
 */
export function windowQueues(settings: QueueWindowSettings): Logic<WindowState, WindowInput, Output> {
  const { windowSizeMs: sizeMs, ...rest } = settings;
  // One channel's word does not close the windows of another's queues: time is what was heard on all, and ticks say that.
  const windows = tumbling({ ...rest, sizeMs, gauges, advanceOnObservation: false });
  return {
    name: 'queue-window',
    version: 2,
    start: () => windows.start(),
    step(state, input) {
      const atMs = input.kind === 'queue-state' ? input.state.observedAtMs : input.receivedAtMs;
      const outputs: Output[] = [];
      let next = state;
      for (const event of toWindowEvents(state, input, settings.outOfOrdernessMs)) {
        const [after, windowed] = windows.step(next, event);
        next = after;
        for (const each of windowed) outputs.push(toRecord(each, sizeMs, atMs));
      }
      return [next, outputs];
    },
  };
}

function toWindowEvents(state: WindowState, input: WindowInput, outOfOrdernessMs: number): readonly WindowEvent[] {
  switch (input.kind) {
    case 'queue-state': {
      const { state: of } = input;
      // A stale state repeats what was known; nothing was observed.
      if (of.status === 'stale') return [];
      return [{ kind: 'observed', key: `${of.queueId}/${of.mediaType}`, atMs: of.observedAtMs, values: levelsOf(of) }];
    }
    case 'channel-gap':
      return input.endMs === null ? endsOfHolds(state, input) : [];
    case 'tick':
      if (input.heardUntilMs === null) return [];
      return [{ kind: 'watermark', watermarkMs: input.heardUntilMs - outOfOrdernessMs }];
  }
}

/** What was heard on one channel after another had fallen silent counts, but holds no longer than until then. */
function endsOfHolds({ keys }: WindowState, { queueIds, startMs }: ChannelGap): readonly WindowEvent[] {
  const concerned = queueIds === null ? null : new Set(queueIds);
  const ends: WindowEvent[] = queueIds === null ? [{ kind: 'hold-ended', atMs: startMs }] : [];
  for (const [key, { timeline }] of keys) {
    const lastMs = timeline.at(-1)?.atMs ?? startMs;
    const isConcerned = concerned?.has(key.split('/')[0] ?? '') ?? lastMs > startMs;
    if (isConcerned) ends.push({ kind: 'hold-ended', atMs: Math.max(startMs, lastMs), key });
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

function toRecord(window: WindowOutput, sizeMs: number, atMs: EpochMs): Output {
  const [queueId = '', mediaType = ''] = window.key.split('/');
  if (window.kind === 'late') {
    const cause = `late: observed at ${window.atMs}, after its window had closed for good`;
    return output(quarantine, { place: `queue-window/${window.key}`, cause, receivedAtMs: window.atMs }, atMs);
  }
  const { startMs, endMs, revision, count: observations, coverageMs, interpolated } = window;
  const levels: Record<string, number | null> = {};
  for (const gauge of gauges) {
    const of = window.gauges[gauge];
    levels[`${gauge}Mean`] = of?.mean ?? null;
    levels[`${gauge}Min`] = of?.min ?? null;
    levels[`${gauge}Max`] = of?.max ?? null;
    levels[`${gauge}Last`] = of?.last ?? null;
  }
  const coverage = coverageMs / sizeMs;
  const bounds = { queueId, mediaType, sizeMs, startMs, endMs, revision, observations, coverage, interpolated };
  return output(queueWindow, queueWindow.schema.parse({ ...bounds, ...levels }), atMs);
}
