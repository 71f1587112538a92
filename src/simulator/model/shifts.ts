import type { EpochMs } from '../../../streams/record.ts';
import type { Schedule } from '../schedule.ts';
import type { Calendar } from './day.ts';
import type { Floor } from './floor.ts';
import type { Random } from './random.ts';
import type { Staff } from './staff.ts';

const absentShare = 0.06;

/** Sends agents on and off queue, day after day; some stay at home. */
export function startShifts(options: {
  readonly staff: Staff;
  readonly schedule: Schedule<() => void>;
  readonly calendar: Calendar;
  readonly random: Random;
  readonly startMs: EpochMs;
  readonly floor: Pick<Floor, 'setOnQueue'>;
}): void {
  const { staff, schedule, calendar, random, startMs, floor } = options;

  const plan = (day: number): void => {
    const dayStartMs = calendar.dayStartMs(day);
    for (const agent of staff.agents) {
      if (random() < absentShare) continue;
      for (const [fromMs, toMs] of agent.shift) {
        if (dayStartMs + toMs <= startMs) continue;
        schedule.at(Math.max(startMs, dayStartMs + fromMs), () => floor.setOnQueue(agent, true));
        schedule.at(dayStartMs + toMs, () => floor.setOnQueue(agent, false));
      }
    }
    schedule.at(Math.max(startMs, calendar.dayStartMs(day + 1)), () => plan(day + 1));
  };

  // A night shift of the day before may still be on.
  plan(-1);
}
