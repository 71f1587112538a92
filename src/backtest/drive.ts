import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { StartingWeights } from '../../streams/wait/regression.ts';
import { parseTraceLine } from '../simulator/trace.ts';
import { createTraceFold } from './replay.ts';

/**
 * Answers a trace that comes line by line: after each arrival one line `{"id","p50","p80","p90"}`, in seconds, before the next line is
 * read. Every arrival gets numbers, also where a live prediction would be a reason and no estimate. Rejects with a `TraceError` for a line
 * that is no event.
 */
export async function drive(input: Readable, output: Writable, start: StartingWeights | null): Promise<void> {
  const trace = createTraceFold(start);
  let number = 0;
  for await (const row of createInterface({ input })) {
    number += 1;
    if (row.trim() === '') continue;
    const line = parseTraceLine(row, 'stdin', number);
    const quote = trace.fold(line);
    if (line.ev !== 'arrival') continue;
    const told = quote?.estimates[quote.published] ?? { p50: 0, p80: 0, p90: 0 };
    const [p50, p80, p90] = [told.p50, told.p80, told.p90].map((seconds) => Number(seconds.toFixed(3)));
    output.write(`${JSON.stringify({ id: line.id, p50, p80, p90 })}\n`);
  }
}
