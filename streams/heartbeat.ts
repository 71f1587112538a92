import type { QueueEvent } from './event.ts';
import type { Logic } from './logic.ts';
import { type EpochMs, type Output, output } from './record.ts';
import { heartbeat } from './records/heartbeat.ts';

const everyMs = 5_000;

interface Beat {
  sequence: number;
  nextMs: EpochMs | null;
}

/** Every five seconds of ticks, how far the shard has been heard. */
export function beat(shard: number): Logic<Beat, QueueEvent, Output> {
  return {
    name: 'heartbeat',
    version: 1,
    start: () => ({ sequence: 0, nextMs: null }),
    step(state, event) {
      if (event.kind !== 'tick' || (state.nextMs !== null && event.receivedAtMs < state.nextMs)) return [state, []];
      const { heardUntilMs, receivedAtMs: tickMs } = event;
      const value = { shard, heardUntilMs, tickMs, sequence: state.sequence };
      const nextMs = (Math.floor(tickMs / everyMs) + 1) * everyMs;
      return [{ sequence: state.sequence + 1, nextMs }, [output(heartbeat, value, tickMs)]];
    },
  };
}
