import type { QueueEvent } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { WaitInput } from '../../streams/wait/wait-model.ts';

/** What a subscriber gets to hear of what happens. */
export interface Hearing {
  /** What reaches him before this moment, of what happened earlier. */
  until(atMs: EpochMs): readonly WaitInput[];
  /** What reaches him at once of what happens now. */
  hear(events: readonly QueueEvent[], atMs: EpochMs): readonly WaitInput[];
}

/** Everything, at once. */
export const hearAll: Hearing = { until: () => [], hear: (events) => events };
