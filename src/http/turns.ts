import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../sinks/clock.ts';

/** Long work in pieces: whatever else the process has to do, hear the platform above all, comes between them. */
export interface Turns {
  /** Whether a piece has taken long enough. */
  areDue(): boolean;
  haveTheirTurn(): Promise<void>;
}

const pieceMs = 8;

/** `clock` is that of the system. */
export function createTurns(clock: Clock): Turns {
  let sinceMs = clock.nowMs();
  return {
    areDue: () => clock.nowMs() - sinceMs >= pieceMs,
    async haveTheirTurn() {
      await setImmediate();
      sinceMs = clock.nowMs();
    },
  };
}
