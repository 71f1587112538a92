import type { Sink } from '../sink.ts';
import type { SegmentLog } from './segment-log.ts';

/**
 * Writes each delivery as one line of a log: outputs, position and checkpoint become true together. A delivery that says
 * nothing new (no outputs, no checkpoint, the position of the one before) is not written. `close` closes the log too.
 */
export function createLogSink(log: SegmentLog): Sink {
  let { position } = log.found;
  return {
    async deliver(delivery, signal) {
      signal.throwIfAborted();
      const isNews = delivery.outputs.length > 0 || delivery.checkpoint !== undefined || delivery.position !== position;
      if (!isNews) return;
      await log.append(delivery);
      position = delivery.position;
    },
    close: () => log.close(),
  };
}
