import type { EpochMs } from '../record.ts';
import { type Call, callOf, finish, learnAbandon, learnAnswer, type Line, serve } from './line.ts';
import type { Quote } from './quote.ts';

/** What became of somebody who waited. */
export interface Departure {
  readonly line: Line;
  readonly conversationId: string;
  readonly outcome: 'answered' | 'abandoned';
  readonly enqueuedAtMs: EpochMs;
  readonly waitSeconds: number;
  readonly agentId: string | null;
  readonly quote: Quote | null;
  readonly atMs: EpochMs;
}

export interface Handled {
  readonly line: Line;
  readonly conversationId: string;
  readonly handleSeconds: number;
  readonly atMs: EpochMs;
}

/** What an event has brought about, in order: a joining is told before it counts. */
export interface CentreListener {
  joined(line: Line, conversationId: string, call: Call, atMs: EpochMs): void;
  departed(departure: Departure): void;
  handled(handled: Handled): void;
}

export const newCall = (enqueuedAtMs: EpochMs, priority: number): Call => ({
  enqueuedAtMs,
  priority,
  quote: null,
  phase: 'waiting',
  agentId: null,
  connectedAtMs: null,
  servedSinceMs: null,
});

/** Takes somebody out of those who wait, learns from it and tells of it. */
export function leave(
  line: Line,
  conversationId: string,
  { outcome, agentId, leftAtMs }: Pick<Departure, 'outcome' | 'agentId'> & { readonly leftAtMs: EpochMs },
  listener: CentreListener,
  atMs: EpochMs = leftAtMs,
): void {
  const call = callOf(line, conversationId);
  if (call === undefined) return;
  const { enqueuedAtMs, quote } = call;
  if (outcome === 'answered') serve(line, conversationId, call, atMs);
  else finish(line, conversationId, call, atMs);
  const waitSeconds = Math.max(0, leftAtMs - enqueuedAtMs) / 1000;
  if (outcome === 'answered') learnAnswer(line, waitSeconds, atMs);
  else learnAbandon(line, atMs);
  call.agentId = agentId;
  call.quote = null;
  listener.departed({ line, conversationId, outcome, enqueuedAtMs, waitSeconds, agentId, quote, atMs });
}
