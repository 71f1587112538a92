import type { ChannelGap } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';

/** When a channel was deaf, as far as that was known last. */
export interface Gap {
  readonly channel: number;
  readonly startMs: EpochMs;
  /** null = not over as yet. */
  readonly endMs: EpochMs | null;
  readonly cause: string;
}

/** Gathers the gaps that reach into a span of time. A gap is told again each time more is known of it. */
export function createGapList(fromMs: EpochMs, toMs: EpochMs) {
  const known = new Map<string, Gap>();
  return {
    take({ channel, startMs, endMs, cause }: ChannelGap): void {
      known.set(`${channel}/${startMs}`, { channel, startMs, endMs, cause });
    },
    all: (): readonly Gap[] =>
      [...known.values()].filter(({ startMs, endMs }) => startMs < toMs && (endMs === null || endMs > fromMs)),
  };
}
