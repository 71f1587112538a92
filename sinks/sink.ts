import type { Checkpoint } from '../streams/logic.ts';
import type { Output } from '../streams/record.ts';

/** A resume point: the number of records of the input that are done. Its meaning belongs to the source that made it. */
export type Position = number;

/** Everything that becomes true together: the outputs, how far the input was read for them, a checkpoint when one is due. */
export interface Delivery {
  readonly outputs: readonly Output[];
  readonly position: Position;
  readonly checkpoint?: Checkpoint;
}

/** A destination. One delivery is in flight at a time. */
export interface Sink {
  /**
   * Resolved: all of the delivery is safe, or can be read again from where it came. Rejected with a `SinkError`: nothing of
   * it counts, and the sink takes no more.
   */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<void>;
  /** Makes all that was delivered safe and lets go of files and connections. */
  close(): Promise<void>;
}
