import type { Position } from '../../sinks/sink.ts';

/** Some events in order, and the position after the last of them. */
export interface Batch<E> {
  readonly events: readonly E[];
  readonly position: Position;
}

/** Resolved = durable (ack); rejected = read it again (nack). */
export type OnBatch<E> = (batch: Batch<E>) => Promise<void>;

/** Where events come from. `run` ends when the source is exhausted or was asked to drain, and rejects when it failed. */
export interface Source<E> {
  run(onBatch: OnBatch<E>, signal: AbortSignal): Promise<void>;
}
