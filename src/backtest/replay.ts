import type { QueueEvent } from '../../streams/event.ts';
import type { Quote } from '../../streams/wait/quote.ts';
import type { StartingWeights } from '../../streams/wait/regression.ts';
import { foldWaits, startWaitModel } from '../../streams/wait/wait-model.ts';
import type { TraceLine } from '../simulator/trace.ts';
import { createTraceReader } from './trace.ts';

/** One call of a trace: what it was told when it joined, and what became of it. */
export interface ReplayedCall {
  readonly id: string;
  readonly queueId: string;
  readonly t: number;
  /** Null for a call that the pipeline never saw join. */
  readonly quote: Quote | null;
  outcome: 'answered' | 'abandoned' | 'open';
  waitSeconds: number | null;
  /** An agent of the queue was idle when it joined. */
  readonly agentIdle: boolean;
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

/** All calls of a trace, in the order in which they joined. */
export function replayTrace(lines: Iterable<TraceLine>, start: StartingWeights | null): readonly ReplayedCall[] {
  const calls = new Map<string, ReplayedCall>();
  const trace = createTraceFold(start);
  for (const line of lines) {
    const quote = trace.fold(line);
    if (line.ev === 'arrival') {
      const { id, q: queueId, t } = line;
      const agentIdle = quote?.agentIdle ?? false;
      calls.set(id, { id, queueId, t, quote, outcome: 'open', waitSeconds: null, agentIdle });
    } else if (line.ev === 'answer' || line.ev === 'abandon') {
      const call = calls.get(line.id);
      if (call === undefined) continue;
      call.outcome = line.ev === 'answer' ? 'answered' : 'abandoned';
      call.waitSeconds = line.wait;
    }
  }
  return [...calls.values()];
}
