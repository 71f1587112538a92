import type { EpochMs } from '../../../streams/record.ts';
import type { CallCenterDriver } from '../call-center.ts';
import type { CallCenterEvent } from '../call-center-event.ts';
import { createSchedule } from '../schedule.ts';
import { startArrivals, startShifts } from './comings.ts';
import { createCalendar } from './day.ts';
import { createFloor } from './floor.ts';
import { seededRandom } from './random.ts';
import { checkSettings, type CheckedSettings, type ModelSettings } from './settings.ts';
import { createStaff, type Staff } from './staff.ts';

/**
 * A call centre that is made up: queues of several media, agents who share them, arrivals by the time of day. The same
 * settings give the same events. Throws a `SimulatorError` for a setting that means nothing.
 */
export function createModel(settings: ModelSettings): CallCenterDriver {
  const checked = checkSettings(settings);
  const staff = createStaff(checked, seededRandom(`staff/${checked.seed}`));
  const { startMs, endMs } = checked;
  return {
    roster: staff.roster,
    startMs,
    endMs,
    events: { [Symbol.iterator]: () => happenings(checked, staff) },
  };
}

function* happenings(settings: CheckedSettings, staff: Staff): Generator<CallCenterEvent> {
  const { seed, startMs, endMs = Infinity, timeZone } = settings;
  const schedule = createSchedule<() => void>();
  const calendar = createCalendar(timeZone, startMs);
  const random = seededRandom(`events/${seed}`);
  let happened: CallCenterEvent[] = [];
  let nowMs: EpochMs = startMs;
  const floor = createFloor({
    settings,
    staff,
    schedule,
    random,
    now: () => nowMs,
    tell: (event) => happened.push(event),
  });
  const comings = { staff, schedule, calendar, random, startMs, floor };
  startShifts(comings);
  startArrivals(comings);
  for (;;) {
    const next = schedule.next();
    if (next === undefined || next.atMs >= endMs) break;
    nowMs = next.atMs;
    next.plan();
    yield* happened;
    happened = [];
  }
  yield { kind: 'closing', atMs: endMs };
}
