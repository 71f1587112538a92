import type { EpochMs } from '../../streams/record.ts';
import type { AgentLeg } from './call.ts';
import type { CountMetric, DurationMetric, WaitMetric } from './interval-ledger.ts';
import type { OwnCall } from './queue.ts';

// The one way into the statistics: what a half hour counts, the call that gave it remembers.

export function emitCount(call: OwnCall, metric: CountMetric, atMs: EpochMs, leg?: AgentLeg): void {
  call.lane.ledger.addCount(atMs, metric);
  remember(call, metric, 1, atMs, leg);
}

export function emitDuration(call: OwnCall, metric: DurationMetric, ms: number, atMs: EpochMs, leg: AgentLeg): void {
  call.lane.ledger.addDuration(atMs, metric, ms);
  remember(call, metric, ms, atMs, leg);
}

/** The end of a wait, and how it ended; a leg only if an agent answered. */
export function emitWait(call: OwnCall, metric: WaitMetric, atMs: EpochMs, leg?: AgentLeg): void {
  const waitMs = atMs - call.enqueuedAtMs;
  const isOverSla = call.lane.ledger.addWait(atMs, metric, waitMs);
  remember(call, 'tAcd', waitMs, atMs);
  remember(call, metric, waitMs, atMs, leg);
  if (isOverSla) remember(call, 'nOverSla', 1, atMs, leg);
}

function remember(call: OwnCall, metric: string, value: number, atMs: EpochMs, leg?: AgentLeg): void {
  call.emissions.push({ metric, value, atMs, ...(leg === undefined ? {} : { leg }) });
}
