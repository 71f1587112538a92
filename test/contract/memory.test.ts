import { topicOf } from '../../streams/record.ts';
import { memorySink } from '../support/memory-sink.ts';
import { memorySource } from '../support/memory-source.ts';
import { manualClock, advanceUntil } from '../support/manual-clock.ts';
import { sinkContract } from './sink-contract.ts';
import { sourceContract } from './source-contract.ts';

sinkContract('memory', () => {
  const sink = memorySink();
  return {
    open: () => Promise.resolve(sink),
    stored: () =>
      Promise.resolve({
        records: sink.outputs().map(({ type, key, atMs, value }) => ({ record: topicOf(type), key, atMs, value })),
        position: sink.position(),
        checkpoint: sink.deliveries.findLast(({ checkpoint }) => checkpoint !== undefined)?.checkpoint,
      }),
    failNext: () => sink.failNext(),
  };
});

sourceContract('memory', () => {
  const clock = manualClock();
  const events: number[] = [];
  const opened = new Set<ReturnType<typeof memorySource<number>>>();
  return Promise.resolve({
    append(howMany) {
      const more = Array.from({ length: howMany }, (_, index) => events.length + index);
      events.push(...more);
      for (const source of opened) source.push(...more);
      return Promise.resolve();
    },
    open(fromPosition, batchEventsMax) {
      const source = memorySource(events, { fromPosition, batchEventsMax });
      opened.add(source);
      return { source, drain: () => source.drain() };
    },
    until: (holds) => advanceUntil(clock, holds),
    close: () => Promise.resolve(),
  });
});
