import type { Position } from '../../sinks/sink.ts';
import type { Source } from '../../src/sources/source.ts';

/** A source over a list that may still grow; its positions are numbers of events. */
export interface MemorySource<E> extends Source<E> {
  push(...events: readonly E[]): void;
  drain(): void;
}

export function memorySource<E>(
  initial: readonly E[],
  { fromPosition = 0, batchEventsMax = 10 }: { fromPosition?: Position; batchEventsMax?: number } = {},
): MemorySource<E> {
  const events = [...initial];
  let isDraining = false;
  let wake: () => void = () => undefined;
  return {
    push(...more) {
      events.push(...more);
      wake();
    },
    drain() {
      isDraining = true;
      wake();
    },
    async run(onBatch, signal) {
      const onAbort = () => wake();
      signal.addEventListener('abort', onAbort);
      try {
        for (let position = fromPosition; ;) {
          signal.throwIfAborted();
          const batch = events.slice(position, position + batchEventsMax);
          if (batch.length === 0 && isDraining) return;
          if (batch.length === 0) {
            await new Promise<void>((resolve) => (wake = resolve));
            continue;
          }
          position += batch.length;
          await onBatch({ events: batch, position });
        }
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
  };
}
