import type { Clock } from '../../sinks/clock.ts';
import { readLogSummary } from '../../sinks/log/log-summary.ts';
import { type LogRecord, openLogTail } from '../../sinks/log/log-tail.ts';
import type { Position } from '../../sinks/sink.ts';
import type { Source } from './source.ts';

export type { LogRecord } from '../../sinks/log/log-tail.ts';

export interface LogSourceSettings {
  readonly dir: string;
  /** Where to begin; may be in the middle of a delivery. */
  readonly fromOffset: Position;
  readonly batchEventsMax: number;
  /** How long records are gathered before they are handed over; 0 = whatever is there. */
  readonly commitEveryMs: number;
  /** How often the end of the log is looked at. Default 10. */
  readonly pollMs?: number;
  readonly clock: Clock;
}

export interface LogSource extends Source<LogRecord> {
  /**
   * Lets `run` end once the records before `endOffset` are handed over and acknowledged; without it, those that are on disk
   * when the source next looks.
   */
  drain(endOffset?: number): void;
}

/**
 * Follows a log that this or another process writes. A batch's position is the offset after its last record. Nothing is handed
 * over before it is safe on disk. A folder or segment that is not there yet is waited for.
 *
 * When aborted, `run` rejects with the signal's reason. It rejects with `QC_LOG_CORRUPT` for damage before the end of the log,
 * and for a log that ends before `fromOffset`.
 */
export function createLogSource(settings: LogSourceSettings): LogSource {
  const { dir, fromOffset, batchEventsMax, commitEveryMs, pollMs = 10, clock } = settings;
  let isDraining = false;
  let stopOffset: number | undefined;

  async function run(...[onBatch, signal]: Parameters<LogSource['run']>): Promise<void> {
    const tail = openLogTail(dir, fromOffset);
    let gathered: LogRecord[] = [];
    let gatheringSinceMs = clock.nowMs();
    try {
      for (;;) {
        signal.throwIfAborted();
        if (isDraining) stopOffset ??= (await readLogSummary({ dir, hasCheckpoints: false })).endOffset;
        while (gathered.length < batchEventsMax && tail.offset() < (stopOffset ?? Infinity)) {
          const read = await tail.read();
          if (read === undefined) break;
          if (gathered.length === 0) gatheringSinceMs = clock.nowMs();
          gathered = gathered.concat(read);
        }
        const end = stopOffset ?? Infinity;
        if (tail.offset() > end) gathered = gathered.filter(({ offset }) => offset < end);
        const isAtStop = tail.offset() >= end;
        const isDue = gathered.length >= batchEventsMax || clock.nowMs() - gatheringSinceMs >= commitEveryMs;
        const last = gathered[Math.min(gathered.length, batchEventsMax) - 1];
        if (last !== undefined && (isDue || isAtStop)) {
          const events = gathered.slice(0, batchEventsMax);
          gathered = gathered.slice(batchEventsMax);
          await onBatch({ events, position: last.offset + 1 });
        } else if (isAtStop) {
          return;
        } else {
          await clock.sleep(pollMs, signal);
        }
      }
    } catch (error) {
      // A clock may wrap the reason.
      signal.throwIfAborted();
      throw error;
    } finally {
      await tail.close();
    }
  }

  return {
    run,
    drain(endOffset) {
      isDraining = true;
      stopOffset = endOffset ?? stopOffset;
    },
  };
}
