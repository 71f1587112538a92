import type { EpochMs } from '../../../streams/record.ts';
import type { Schedule } from '../schedule.ts';
import { nextArrivalMs, type Calendar } from './day.ts';
import type { Stream } from './demand.ts';
import type { Floor } from './floor.ts';
import { exponential, type Random } from './random.ts';
import type { ModelQueue, Staff } from './staff.ts';

/** Lets customers come, for each queue and medium at a rate of its own that changes with the time of day. */
export function startArrivals(options: {
  readonly staff: Staff;
  readonly schedule: Schedule<() => void>;
  readonly calendar: Calendar;
  readonly random: Random;
  readonly startMs: EpochMs;
  readonly floor: Pick<Floor, 'arrive'>;
}): void {
  const { staff, schedule, calendar, random, startMs, floor } = options;

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
