import type { EpochMs } from '../../../streams/record.ts';
import type { Schedule } from '../schedule.ts';
import { nextArrivalMs, type Calendar } from './day.ts';
import type { Stream } from './demand.ts';
import type { Floor } from './floor.ts';
import { exponential, type Random } from './random.ts';
import type { ModelQueue, Staff } from './staff.ts';

interface Comings {
  readonly staff: Staff;
  readonly schedule: Schedule<() => void>;
  readonly calendar: Calendar;
  readonly random: Random;
  readonly startMs: EpochMs;
  readonly floor: Floor;
}

const absentShare = 0.06;

/** Sends agents on and off queue, day after day; some stay at home. */
export function startShifts({ staff, schedule, calendar, random, startMs, floor }: Comings): void {
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

/** Lets customers come, for each queue and medium at a rate of its own that changes with the time of day. */
export function startArrivals({ staff, schedule, calendar, random, startMs, floor }: Comings): void {
  const planNext = (queue: ModelQueue, stream: Stream, fromMs: EpochMs): void => {
    const atMs = nextArrivalMs(calendar, stream, fromMs, exponential(random, 1));
    if (atMs === Infinity) return;
    schedule.at(atMs, () => {
      floor.arrive(queue, stream);
      planNext(queue, stream, atMs);
    });
  };

  for (const queue of staff.queues) for (const stream of queue.streams.values()) planNext(queue, stream, startMs);
}
