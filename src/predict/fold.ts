import type { QueueEvent } from '../../streams/event.ts';
import { run } from '../../streams/logic.ts';
import type { SettingsByQueue } from '../../streams/queue-settings.ts';
import { followQueues } from '../../streams/queue-state.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { QueueState } from '../../streams/records/queue-state.ts';
import { type WaitPrediction, waitPrediction } from '../../streams/records/wait-prediction.ts';
import { predictWaits } from '../../streams/wait-prediction.ts';
import { lineKey } from '../../streams/wait/centre.ts';
import { recallTotals } from '../../streams/wait/recall.ts';
import type { WaitInput } from '../../streams/wait/wait-model.ts';

/** What was read of a queue, and of those that share its agents. */
export interface Reading {
  readonly queueId: string;
  /** Nothing in it is later. */
  readonly atMs: EpochMs;
  /** As the live path has them, in the order in which they were read. */
  readonly events: readonly QueueEvent[];
}

/** One queue and medium as a reading shows it. */
export interface Predicted {
  readonly state: QueueState;
  readonly prediction: WaitPrediction;
}

/** The media of a queue in which something waits, is talked or was handled lately; voice where nothing does. */
export function mediaInUse(reading: Reading): readonly string[] {
  const used = [...statesOf(reading, []).values()]
    .filter(({ queueId }) => queueId === reading.queueId)
    .filter(({ waiting, interacting, handleSecondsMean: handled }) => waiting || interacting || handled !== null)
    .map(({ mediaType }) => mediaType);
  return used.length > 0 ? used : ['voice'];
}

/** Half hours that began longer ago say little of the pace of now. */
const recalledMs = 7_200_000;

/**
 * What is predicted for somebody who joins now, by the logics of the live path over the same events. Whoever has listened knows when the
 * last callers were answered, and the model goes by it; here it is told by the totals, or it would take it that nobody was. The counts
 * come last: it is asked once, and nothing of half a reading is announced.
 */
export function predictFrom(
  reading: Reading,
  media: readonly string[],
  settings: SettingsByQueue,
): readonly Predicted[] {
  const { queueId, atMs, events } = reading;
  // All is taken to have been seen at once.
  const states = Array.from(statesOf(reading, media).values(), (state) => ({ ...state, observedAtMs: atMs }));
  const asInput = (state: QueueState): WaitInput => ({ kind: 'queue-state', state });
  const own = states.filter((state) => state.queueId === queueId);
  const others = states.filter((state) => state.queueId !== queueId);
  const logic = predictWaits(settings);
  const state = logic.start();
  for (const event of events) {
    if (event.kind === 'interval-read' && event.startMs >= atMs - recalledMs) {
      recallTotals(state.model.centre, event, atMs);
    }
  }
  const predictions = new Map<string, WaitPrediction>();
  for (const input of [...events, ...others.map(asInput), ...own.map(asInput)]) {
    for (const { type, value } of logic.step(state, input)[1]) {
      if (type !== waitPrediction) continue;
      const prediction = waitPrediction.schema.parse(value);
      predictions.set(lineKey(prediction.queueId, prediction.mediaType), prediction);
    }
  }
  return media.flatMap((mediaType) => {
    const state = own.find((each) => each.mediaType === mediaType);
    const prediction = predictions.get(lineKey(queueId, mediaType));
    return state === undefined || prediction === undefined ? [] : [{ state, prediction }];
  });
}

/** The last state of each queue and medium, those of `media` among them whether they were ever used or not. */
function statesOf({ queueId, atMs, events }: Reading, media: readonly string[]): ReadonlyMap<string, QueueState> {
  const wanted = media.map((mediaType): QueueEvent => {
    return { kind: 'queue-observed', receivedAtMs: atMs, queueId, mediaType, metrics: [] };
  });
  const states = run(followQueues({ timeZone: 'UTC' }), [...events, ...wanted]);
  return new Map(states.map((state) => [lineKey(state.queueId, state.mediaType), state]));
}
