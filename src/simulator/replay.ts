import type { EpochMs } from '../../streams/record.ts';
import type { CallCenterDriver } from './call-center.ts';
import type { CallCenterEvent } from './call-center-event.ts';
import { SimulatorError } from './errors.ts';
import { intervalMs, type UnplayedPast } from './interval-ledger.ts';
import { addDays, dateIn, midnightMs } from './local-date.ts';
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
  /**
   * Nobody looks before. When a trace of one day is repeated its days give the same, so that most of those that are over by then
   * need not be played.
   */
  readonly watchedFromMs?: EpochMs;
}

/** The events of a trace as they happened. Queues, agents and calls have ids made of their names. */
export function createReplay(trace: Trace, settings: ReplaySettings): CallCenterDriver {
  const { timeZone, loop } = settings;
  const date = firstPlayed(trace, settings);
  const past = date === settings.date ? undefined : unplayedPast(settings.date, date, timeZone);
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
    ...(past === undefined ? {} : { past }),
  };
}

/** The first day that has to be played: over when somebody looks, and as long as the trace. */
function firstPlayed(trace: Trace, { date, timeZone, loop, watchedFromMs }: ReplaySettings): string {
  const isDaily = loop && trace.firstDay === trace.lastDay && midnightMs(date, timeZone) % intervalMs === 0;
  if (!isDaily || watchedFromMs === undefined) return date;
  let day = addDays(dateIn(timeZone, watchedFromMs), -1);
  while (day > date && !(isWhole(addDays(day, -1), timeZone) && isWhole(day, timeZone))) day = addDays(day, -1);
  return day > date ? day : date;
}

const dayMs = 86_400_000;

const isWhole = (day: string, timeZone: string) =>
  midnightMs(addDays(day, 1), timeZone) - midnightMs(day, timeZone) === dayMs;

/** Events are counted from midnight, so that a day of 23 hours runs into the next one. */
function unplayedPast(first: string, played: string, timeZone: string): UnplayedPast {
  const untilMs = midnightMs(played, timeZone);
  const known = new Map<EpochMs, readonly EpochMs[]>();
  const find = (startMs: EpochMs): readonly EpochMs[] => {
    const today = dateIn(timeZone, startMs);
    return [addDays(today, -1), today].flatMap((day) => {
      const sinceMidnightMs = startMs - midnightMs(day, timeZone);
      return day < first || sinceMidnightMs >= dayMs ? [] : [untilMs + sinceMidnightMs];
    });
  };
  return {
    untilMs,
    sameAs(startMs) {
      const found = known.get(startMs) ?? find(startMs);
      known.set(startMs, found);
      return found;
    },
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
