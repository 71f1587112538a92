import { type IntervalTotals, kpisOf, kpiVersion, noTotals, type StaffTime } from './kpis.ts';
import { type Measured, sumOf, summaryOf } from './measured.ts';
import { type EpochMs, type Output, output } from './record.ts';
import { gauges, queueWindow } from './records/queue-window.ts';
import { queueWindowLive } from './records/queue-window-live.ts';
import type { WindowRow } from './rolled-windows.ts';

/** A window that has closed. */
export function windowRecord(queueId: string, mediaType: string, row: WindowRow, atMs: EpochMs): Output {
  const { revision, filled } = row;
  const value = { ...columnsOf(queueId, mediaType, row, row.endMs), revision, interpolated: filled !== null };
  return output(queueWindow, queueWindow.schema.parse(value), atMs);
}

/** A window that is open, as far as `heardUntilMs`. */
export function liveRecord(
  queueId: string,
  mediaType: string,
  row: WindowRow,
  heardUntilMs: EpochMs,
  atMs: EpochMs,
): Output {
  const value = { ...columnsOf(queueId, mediaType, row, heardUntilMs), heardUntilMs };
  return output(queueWindowLive, queueWindowLive.schema.parse(value), atMs);
}

function columnsOf(queueId: string, mediaType: string, row: WindowRow, untilMs: EpochMs) {
  const { size, startMs, endMs, measured, totals, totalsCoverage, filled } = row;
  const levels: Record<string, number | null> = {};
  for (const [index, gauge] of gauges.entries()) {
    const { mean, min, max, last } = summaryOf(measured, index);
    levels[`${gauge}Mean`] = filled === null ? mean : (filled[index] ?? null);
    levels[`${gauge}Min`] = min;
    levels[`${gauge}Max`] = max;
    levels[`${gauge}Last`] = last;
  }
  const staff = staffTimeOf(measured);
  return {
    queueId,
    mediaType,
    size: size.label,
    startMs,
    endMs,
    observations: measured.count,
    coverage: untilMs > startMs ? measured.coverageMs / (untilMs - startMs) : 0,
    totalsCoverage,
    ...(totals ?? unknownTotals),
    ...kpisOf(totals ?? noTotals, staff),
    kpiVersion,
    ...levels,
  };
}

const unknownTotals: Readonly<Partial<Record<keyof IntervalTotals, null>>> = Object.fromEntries(
  Object.keys(noTotals).map((name) => [name, null]),
);

const staffTimeOf = (measured: Measured): StaffTime => ({
  agentInteractingMs: sumOf(measured, gauges.indexOf('agentsInteracting')).valueMs,
  agentCommunicatingMs: sumOf(measured, gauges.indexOf('agentsCommunicating')).valueMs,
  agentIdleMs: sumOf(measured, gauges.indexOf('agentsIdle')).valueMs,
});
