import { kpisOf, kpiVersion, noTotals } from './kpis.ts';
import { type Measured, sumOf, summaryOf } from './measured.ts';
import { type EpochMs, type Output, output } from './record.ts';
import { gauges, queueWindow } from './records/queue-window.ts';
import { queueWindowLive } from './records/queue-window-live.ts';
import type { WindowRow } from './rolled-windows.ts';

/** A window that has closed. */
export function windowRecord(queueId: string, mediaType: string, row: WindowRow, atMs: EpochMs): Output {
  const { revision, filled } = row;
  const value = Object.assign(columnsOf(queueId, mediaType, row, row.endMs), {
    revision,
    interpolated: filled !== null,
  });
  return output(queueWindow, value, atMs);
}

/** A window that is open, as far as `heardUntilMs`. */
export function liveRecord(
  queueId: string,
  mediaType: string,
  row: WindowRow,
  heardUntilMs: EpochMs,
  atMs: EpochMs,
): Output {
  const value = Object.assign(columnsOf(queueId, mediaType, row, heardUntilMs), { heardUntilMs });
  return output(queueWindowLive, value, atMs);
}

/** Written out: there are thousands of these a minute, and objects put together by name take many times as long. */
function columnsOf(queueId: string, mediaType: string, row: WindowRow, untilMs: EpochMs) {
  const { size, startMs, endMs, measured, totals, totalsCoverage, filled } = row;
  const level = (gauge: (typeof gauges)[number]) => {
    const index = gauges.indexOf(gauge);
    const summary = summaryOf(measured, index);
    return filled === null ? summary : { ...summary, mean: filled[index] ?? null };
  };
  const waiting = level('waiting');
  const interacting = level('interacting');
  const agentsOnQueue = level('agentsOnQueue');
  const agentsIdle = level('agentsIdle');
  const agentsInteracting = level('agentsInteracting');
  const agentsCommunicating = level('agentsCommunicating');
  const agentsNotResponding = level('agentsNotResponding');
  const kpis = kpisOf(totals ?? noTotals, {
    agentInteractingMs: valueMsOf(measured, 'agentsInteracting'),
    agentCommunicatingMs: valueMsOf(measured, 'agentsCommunicating'),
    agentIdleMs: valueMsOf(measured, 'agentsIdle'),
  });
  return {
    queueId,
    mediaType,
    size: size.label,
    startMs,
    endMs,
    observations: measured.count,
    coverage: untilMs > startMs ? measured.coverageMs / (untilMs - startMs) : 0,
    totalsCoverage,
    offered: totals?.offered ?? null,
    answered: totals?.answered ?? null,
    abandoned: totals?.abandoned ?? null,
    shortAbandoned: totals?.shortAbandoned ?? null,
    flowedOut: totals?.flowedOut ?? null,
    overSla: totals?.overSla ?? null,
    serviceLevelMet: totals?.serviceLevelMet ?? null,
    serviceLevelOf: totals?.serviceLevelOf ?? null,
    waited: totals?.waited ?? null,
    handled: totals?.handled ?? null,
    answerMs: totals?.answerMs ?? null,
    abandonMs: totals?.abandonMs ?? null,
    waitMs: totals?.waitMs ?? null,
    talkMs: totals?.talkMs ?? null,
    holdMs: totals?.holdMs ?? null,
    afterCallMs: totals?.afterCallMs ?? null,
    handleMs: totals?.handleMs ?? null,
    waitMsMax: totals?.waitMsMax ?? null,
    serviceLevel: kpis.serviceLevel,
    answerRate: kpis.answerRate,
    abandonmentRate: kpis.abandonmentRate,
    handleMsMean: kpis.handleMsMean,
    answerMsMean: kpis.answerMsMean,
    waitMsMean: kpis.waitMsMean,
    occupancy: kpis.occupancy,
    kpiVersion,
    waitingMean: waiting.mean,
    waitingMin: waiting.min,
    waitingMax: waiting.max,
    waitingLast: waiting.last,
    interactingMean: interacting.mean,
    interactingMin: interacting.min,
    interactingMax: interacting.max,
    interactingLast: interacting.last,
    agentsOnQueueMean: agentsOnQueue.mean,
    agentsOnQueueMin: agentsOnQueue.min,
    agentsOnQueueMax: agentsOnQueue.max,
    agentsOnQueueLast: agentsOnQueue.last,
    agentsIdleMean: agentsIdle.mean,
    agentsIdleMin: agentsIdle.min,
    agentsIdleMax: agentsIdle.max,
    agentsIdleLast: agentsIdle.last,
    agentsInteractingMean: agentsInteracting.mean,
    agentsInteractingMin: agentsInteracting.min,
    agentsInteractingMax: agentsInteracting.max,
    agentsInteractingLast: agentsInteracting.last,
    agentsCommunicatingMean: agentsCommunicating.mean,
    agentsCommunicatingMin: agentsCommunicating.min,
    agentsCommunicatingMax: agentsCommunicating.max,
    agentsCommunicatingLast: agentsCommunicating.last,
    agentsNotRespondingMean: agentsNotResponding.mean,
    agentsNotRespondingMin: agentsNotResponding.min,
    agentsNotRespondingMax: agentsNotResponding.max,
    agentsNotRespondingLast: agentsNotResponding.last,
  };
}

const valueMsOf = (measured: Measured, gauge: (typeof gauges)[number]) =>
  sumOf(measured, gauges.indexOf(gauge)).valueMs;
