import { utimes, writeFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Clock } from '../sinks/clock.ts';
import { errorCode } from '../sinks/log/durable-file.ts';

const everyMs = 1_000;

/**
 * Touches a file each second, while the loop of this process turns, until the signal: whoever watches it takes a file that is older
 * than 10 s for a process that hangs.
 */
export async function keepHealthFile(path: string, clock: Clock, log: Logger, signal: AbortSignal): Promise<void> {
  let isTold = false;
  while (!signal.aborted) {
    try {
      const seconds = clock.nowMs() / 1000;
      await utimes(path, seconds, seconds).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw error;
        return writeFile(path, '');
      });
    } catch (error) {
      // A run is not ended for it: the watcher will see that the file is old.
      if (!isTold) log.warn({ err: error, path }, 'the health file cannot be touched');
      isTold = true;
    }
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
}
