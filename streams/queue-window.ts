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
  const windows = tumbling({ ...rest, sizeMs, gauges, advanceOnObservation: true });
  return {
    name: 'queue-window',
    version: 1,
    start: () => windows.start(),
    step(state, input) {
      const event = toWindowEvent(input, settings.outOfOrdernessMs);
      if (event === undefined) return [state, []];
      const atMs = input.kind === 'queue-state' ? input.state.observedAtMs : input.receivedAtMs;
      const [next, outputs] = windows.step(state, event);
      return [next, outputs.map((each) => toRecord(each, sizeMs, atMs))];
    },
  };
}

function toWindowEvent(input: WindowInput, outOfOrdernessMs: number): WindowEvent | undefined {
  switch (input.kind) {
    case 'queue-state': {
      const { state } = input;
      // A stale state repeats what was known; nothing was observed.
      if (state.status === 'stale') return undefined;
      return {
        kind: 'observed',
        key: `${state.queueId}/${state.mediaType}`,
        atMs: state.observedAtMs,
        values: levelsOf(state),
      };
    }
    case 'channel-gap':
      return input.endMs === null ? { kind: 'hold-ended', atMs: input.startMs } : undefined;
    case 'tick':
      if (input.heardUntilMs === null) return undefined;
      return { kind: 'watermark', watermarkMs: input.heardUntilMs - outOfOrdernessMs };
  }
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
