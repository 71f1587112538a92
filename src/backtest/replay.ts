import type { QueueEvent } from '../../streams/event.ts';
import type { Quote } from '../../streams/wait/quote.ts';
import type { StartingWeights } from '../../streams/wait/regression.ts';
import { foldWaits, quoteNewcomer, startWaitModel } from '../../streams/wait/wait-model.ts';
import type { TraceLine } from '../simulator/trace.ts';
import { hearAll, type Hearing } from './hearing.ts';
import { createTraceReader, traceTimeMs } from './trace.ts';
import { readTruth, type TrueCall } from './truth.ts';

/** The calls of a trace in the order in which they joined, and what each was told. */
export interface Replayed {
  readonly calls: readonly TrueCall[];
  readonly quotes: ReadonlyMap<string, Quote>;
}

/** Folds a trace line by line, as the live pipeline folds its journal. */
export function createTraceFold(start: StartingWeights | null) {
  const read = createTraceReader();
  const model = startWaitModel();
  return {
    /** What a caller who joins by this line is told; null for any other line. */
    fold(line: TraceLine): Quote | null {
      let told: Quote | null = null;
      for (const event of read(line)) told = fold(event) ?? told;
      return told;
    },
  };

  function fold(event: QueueEvent): Quote | null {
    return foldWaits(model, event, start).joined[0]?.quote ?? null;
  }
}

/**
 * Replays a trace as a subscriber with this hearing takes it in. A call that he never sees join was told what a newcomer would have been
 * told at that moment. `onLine` is called before each line with the number of those done.
 */
export function replayTrace(
  lines: readonly TraceLine[],
  start: StartingWeights | null,
  { hearing = hearAll, onLine }: { readonly hearing?: Hearing; readonly onLine?: (done: number) => void } = {},
): Replayed {
  const quotes = new Map<string, Quote>();
  const read = createTraceReader();
  const model = startWaitModel();
  lines.forEach((line, index) => {
    onLine?.(index);
    const atMs = traceTimeMs(line.t);
    for (const input of hearing.until(atMs)) {
      for (const { conversationId, quote } of foldWaits(model, input, start).joined)
        if (quotes.has(conversationId)) quotes.set(conversationId, quote);
    }
    if (line.ev === 'arrival') quotes.set(line.id, quoteNewcomer(model, line.q, 'voice', atMs, start).quote());
    for (const input of hearing.hear(read(line), atMs)) {
      // Without ids somebody is made up, who joins as the call does.
      for (const { quote } of foldWaits(model, input, start).joined)
        if (line.ev === 'arrival') quotes.set(line.id, quote);
    }
  });
  return { calls: readTruth(lines), quotes };
}
