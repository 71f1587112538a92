import type { EpochMs } from '../../streams/record.ts';
import type { CallCenterDriver } from './call-center.ts';
import type { CallCenterEvent } from './call-center-event.ts';
import { SimulatorError } from './errors.ts';
import { addDays } from './local-date.ts';
import { createRoster, idOf } from './roster.ts';
import { timedLines, type Trace, type TraceLine } from './trace.ts';

/** How a trace is laid on the calendar. */
export interface ReplaySettings {
  /** The date shown for the first day of the trace, `YYYY-MM-DD`. */
  readonly date: string;
  /** IANA name of the zone whose clocks the trace was taken by. */
  readonly timeZone: string;
  /** Goes on with the following date, for ever. */
  readonly loop: boolean;
}

/** The events of a trace as they happened. Queues, agents and calls have ids made of their names. */
export function createReplay(trace: Trace, settings: ReplaySettings): CallCenterDriver {
  const { date, timeZone, loop } = settings;
  let startMs: EpochMs | undefined;
  let endMs: EpochMs = 0;
  for (const { atMs } of timedLines(trace, date, timeZone)) {
    startMs ??= atMs;
    endMs = atMs;
  }
  if (startMs === undefined) throw new SimulatorError('QC_TRACE_MALFORMED', 'The trace holds no event; name another.');
  return {
    roster: createRoster(trace.queues, trace.agents),
    startMs,
    endMs: loop ? undefined : endMs,
    events: loop ? rounds(trace, date, timeZone) : round(trace, date, timeZone),
  };
}

function* rounds(trace: Trace, date: string, timeZone: string): Generator<CallCenterEvent> {
  const dayCount = trace.lastDay - trace.firstDay + 1;
  for (let first = date; ; first = addDays(first, dayCount)) yield* round(trace, first, timeZone);
}

function* round(trace: Trace, date: string, timeZone: string): Generator<CallCenterEvent> {
  let lastMs = 0;
  for (const { atMs, line } of timedLines(trace, date, timeZone)) {
    lastMs = atMs;
    yield eventOf(line, atMs, date);
  }
  yield { kind: 'closing', atMs: lastMs };
}

/** The date is part of a call's id, so that no conversation comes twice when the trace is repeated. */
function eventOf(line: TraceLine, atMs: EpochMs, date: string): CallCenterEvent {
  if (line.ev === 'agent') {
    return { kind: line.state === 'on' ? 'agent-on' : 'agent-off', atMs, userId: idOf(line.agent) };
  }
  const callId = idOf(`${date}/${line.id}`);
  switch (line.ev) {
    case 'arrival':
      return { kind: 'arrival', atMs, callId, queueId: idOf(line.q), priority: line.pri };
    case 'answer':
      return { kind: 'answer', atMs, callId, userId: idOf(line.agent) };
    case 'abandon':
    case 'end':
      return { kind: line.ev, atMs, callId };
  }
}
