import type { ChannelGap } from '../streams/event.ts';
import type { EpochMs } from '../streams/record.ts';

/**
 * Tells whether an event is a gap that was not open before. A gap is told again when it ends, and while it is open whenever more queues or
 * agents are found to lie in it.
 */
export function createGapCount(): (gap: ChannelGap) => boolean {
  const open = new Map<number, EpochMs>();
  return ({ channel, startMs, endMs, queueIds }) => {
    if (endMs === null) {
      const isNew = open.get(channel) !== startMs;
      open.set(channel, startMs);
      return isNew;
    }
    // One of all queues ends those of the channels too.
    if (queueIds === null) open.clear();
    else open.delete(channel);
    return false;
  };
}
