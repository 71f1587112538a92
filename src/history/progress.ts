import type { Clock } from '../../sinks/clock.ts';
import { counted } from '../counted.ts';
import { createProgress } from '../backtest/progress.ts';

type Terminal = Parameters<typeof createProgress>[0];

/** What a person who waits wants to know: how fast, and how long yet. Pieces that were read before tell nothing of the pace. */
export function paceOf(fetched: number, elapsedMs: number, left: number): string {
  if (fetched === 0 || elapsedMs <= 0) return '';
  const perSecond = (fetched * 1000) / elapsedMs;
  const seconds = Math.ceil(left / perSecond);
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  return `${perSecond.toPrecision(2)} a second, ${time} left`;
}

/** A bar on a terminal; `clock` is that of whoever waits. */
export function createHistoryProgress(terminal: Terminal, clock: Clock, total: number) {
  const bar = createProgress(terminal, 'history', total);
  const sinceMs = clock.nowMs();
  let fetched = 0;
  return {
    at(done: number, wasFetched: boolean) {
      if (wasFetched) fetched += 1;
      const pace = paceOf(fetched, clock.nowMs() - sinceMs, total - done);
      bar.at(done, `${done} of ${counted(total, 'piece')}${pace === '' ? '' : `, ${pace}`}`);
    },
    end: () => bar.end(),
  };
}
