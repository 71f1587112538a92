import { SinkError } from '../../sinks/errors.ts';
import type { Delivery, Position, Sink } from '../../sinks/sink.ts';
import type { Output } from '../../streams/record.ts';

/** A sink that keeps everything. */
export interface MemorySink extends Sink {
  readonly deliveries: readonly Delivery[];
  outputs(): readonly Output[];
  /** Of the last delivery; 0 when there is none. */
  position(): Position;
  /** The next delivery fails, as a full disk would. */
  failNext(): void;
}

export function memorySink(): MemorySink {
  const deliveries: Delivery[] = [];
  let failure: SinkError | undefined;
  let isFailing = false;
  const position = () => deliveries.at(-1)?.position ?? 0;
  return {
    deliveries,
    outputs: () => deliveries.flatMap(({ outputs }) => outputs),
    position,
    failNext: () => (isFailing = true),
    // eslint-disable-next-line @typescript-eslint/require-await -- rejects where a synchronous one would throw
    async deliver(delivery, signal) {
      signal.throwIfAborted();
      if (isFailing) failure ??= new SinkError('QC_SINK_UNAVAILABLE', 'The memory sink was told to fail.');
      if (failure !== undefined) throw failure;
      const { outputs, checkpoint } = delivery;
      if (outputs.length === 0 && checkpoint === undefined && delivery.position === position()) return;
      deliveries.push({ ...delivery, outputs: [...outputs] });
    },
    close: () => Promise.resolve(),
  };
}
