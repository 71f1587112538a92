import { type OperatorFunction, Subject } from 'rxjs';
import { startConflation } from '../sinks/conflate.ts';
import type { Position, Sink } from '../sinks/sink.ts';
import type { Checkpoint } from '../streams/logic.ts';
import type { EpochMs, Output } from '../streams/record.ts';
import type { Source } from './sources/source.ts';

/** A source, what is made of it, and where that goes. */
export interface Pipeline<E> {
  readonly source: Source<E>;
  readonly operator: OperatorFunction<E, Output>;
  readonly sink: Sink;
  /** Up to here the sink has everything already: the events before it only rebuild the state. */
  readonly committed?: Position;
  /** Without it, nothing needs to be gone on with. */
  readonly checkpoints?: {
    readonly everyMs: number;
    timeOf(event: E): EpochMs;
    snapshot(): Checkpoint;
  };
  /** Told after each delivery. */
  readonly onDelivered?: (delivered: {
    readonly events: number;
    readonly outputs: number;
    readonly conflated: number;
  }) => void;
}

/**
 * Feeds one batch through the operator, collects what came out, then awaits the sink: the only wait there is. RxJS itself
 * waits for nobody, so this holds only while the operator is synchronous.
 */
export async function runPipeline<E>(pipeline: Pipeline<E>, signal: AbortSignal): Promise<void> {
  const { source, sink, checkpoints, committed = -1 } = pipeline;
  const input$ = new Subject<E>();
  let collected = startConflation();
  const failures: unknown[] = [];
  const subscription = input$.pipe(pipeline.operator).subscribe({
    next: (output) => collected.add(output),
    error: (error: unknown) => failures.push(error),
  });
  let position: Position = 0;
  let checkpointDueMs: EpochMs | undefined;
  let eventsSinceCheckpoint = 0;
  try {
    await source.run(async (batch) => {
      collected = startConflation();
      for (const event of batch.events) input$.next(event);
      if (failures.length > 0) throw failures[0];
      const first = batch.events[0];
      // Due by what was read, not by what was delivered: a process that dies young must not leave all to the next.
      if (checkpoints !== undefined && first !== undefined)
        checkpointDueMs ??= checkpoints.timeOf(first) + checkpoints.everyMs;
      if (batch.position <= committed) return;
      const { kept, dropped } = collected.conflated();
      position = batch.position;
      eventsSinceCheckpoint += batch.events.length;
      const last = batch.events.at(-1);
      let checkpoint: Checkpoint | undefined;
      if (checkpoints !== undefined && last !== undefined) {
        const timeMs = checkpoints.timeOf(last);
        if (checkpointDueMs !== undefined && timeMs >= checkpointDueMs) {
          checkpointDueMs = timeMs + checkpoints.everyMs;
          eventsSinceCheckpoint = 0;
          checkpoint = checkpoints.snapshot();
        }
      }
      await sink.deliver({ outputs: kept, position, ...(checkpoint === undefined ? {} : { checkpoint }) }, signal);
      pipeline.onDelivered?.({ events: batch.events.length, outputs: kept.length, conflated: dropped });
    }, signal);
    if (checkpoints !== undefined && eventsSinceCheckpoint > 0) {
      await sink.deliver({ outputs: [], position, checkpoint: checkpoints.snapshot() }, signal);
    }
  } finally {
    subscription.unsubscribe();
    await sink.close();
  }
}
