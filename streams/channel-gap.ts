import type { QueueEvent } from './event.ts';
import type { Logic } from './logic.ts';
import { type EpochMs, type Output, output } from './record.ts';
import { channelGap } from './records/channel-gap.ts';

/** The open gaps of each channel: start → cause, and the revision written last. */
type OpenGaps = Map<number, Map<EpochMs, { cause: string; revision: number }>>;

/**
 * Publishes every blind interval: revision 0 when it is found out, the next when it is repaired. A gap left open by a process
 * that died is closed together with the one that its successor opened, and a gap of all queues closes those of the channels.
 */
export function publishGaps(): Logic<OpenGaps, QueueEvent, Output> {
  return {
    name: 'channel-gap',
    version: 2,
    start: () => new Map(),
    step(open, event) {
      if (event.kind !== 'channel-gap') return [open, []];
      const { channel, queueIds, startMs, endMs, cause, repairedBy, receivedAtMs } = event;
      const gaps = open.get(channel) ?? new Map<EpochMs, { cause: string; revision: number }>();
      open.set(channel, gaps);
      const known = gaps.get(startMs);
      if (known === undefined) gaps.set(startMs, { cause, revision: 0 });
      if (endMs === null) {
        if (known !== undefined) return [open, []];
        return [open, [output(channelGap, { channel, startMs, endMs, cause, repairedBy, revision: 0 }, receivedAtMs)]];
      }
      const closed: Output[] = [];
      for (const [number, ofChannel] of open) {
        if (number !== channel && queueIds !== null) continue;
        for (const [start, gap] of ofChannel) {
          const isNew = number === channel && start === startMs && known === undefined;
          const revision = isNew ? 0 : gap.revision + 1;
          const value = { channel: number, startMs: start, endMs, cause: gap.cause, repairedBy, revision };
          closed.push(output(channelGap, value, receivedAtMs));
        }
        open.delete(number);
      }
      return [open, closed];
    },
  };
}
