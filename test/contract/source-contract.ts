import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Position } from '../../sinks/sink.ts';
import type { Batch, Source } from '../../src/sources/source.ts';

/** A place of numbered events, empty at first, and sources that read it. */
export interface SourceHarness {
  /** Adds events; a reader sees them as the whole numbers from 0 on, in order. */
  append(howMany: number): Promise<void>;
  open(fromPosition: Position, batchEventsMax: number): OpenedSource;
  /** Lets time pass until something holds. */
  until(holds: () => boolean): Promise<void>;
  close(): Promise<void>;
}

interface OpenedSource {
  readonly source: Source<number>;
  readonly drain: () => void;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

/** What every `Source` that can be rewound does. */
export function sourceContract(name: string, createHarness: () => Promise<SourceHarness>): void {
  const withHarness = (body: (harness: SourceHarness) => Promise<void>) => async () => {
    const harness = await createHarness();
    try {
      await body(harness);
    } finally {
      await harness.close();
    }
  };
  const never = new AbortController().signal;

  describe(`${name} as a source`, () => {
    test(
      'every event comes once and in order, whatever the batches and the position to begin at',
      withHarness(async (harness) => {
        await harness.append(3);
        await harness.append(9);
        await fc.assert(
          fc.asyncProperty(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 14 }), async (from, max) => {
            const { source, drain } = harness.open(from, max);
            const batches: Batch<number>[] = [];
            drain();
            let isDone = false;
            const running = source.run((batch) => Promise.resolve(void batches.push(batch)), never);
            void running.finally(() => (isDone = true));
            await harness.until(() => isDone);
            await running;
            expect(batches.flatMap(({ events }) => events)).toEqual(numbers(from, 12));
            for (const { events, position } of batches) {
              expect(events.length).toBeLessThanOrEqual(max);
              expect(position).toBe((events.at(-1) ?? NaN) + 1);
            }
          }),
          { numRuns: 25 },
        );
      }),
    );

    test(
      'a slow sink holds the source: one batch in flight',
      withHarness(async (harness) => {
        await harness.append(10);
        const { source, drain } = harness.open(0, 3);
        const acks: (() => void)[] = [];
        let inFlight = 0;
        let inFlightMax = 0;
        const running = source.run(async () => {
          inFlight += 1;
          inFlightMax = Math.max(inFlightMax, inFlight);
          await new Promise<void>((resolve) => acks.push(resolve));
          inFlight -= 1;
        }, never);
        for (let batch = 1; batch <= 4; batch += 1) {
          await harness.until(() => acks.length === batch);
          let turns = 0;
          await harness.until(() => (turns += 1) > 5);
          expect(acks.length).toBe(batch);
          if (batch === 4) drain();
          acks[batch - 1]?.();
        }
        let isDone = false;
        void running.finally(() => (isDone = true));
        await harness.until(() => isDone);
        expect(inFlightMax).toBe(1);
      }),
    );

    test(
      'a rejected batch fails the run, and is read again from the position before it',
      withHarness(async (harness) => {
        await harness.append(6);
        const refusal = new Error('disk full');
        let acked = 0;
        let failed: unknown;
        harness
          .open(0, 2)
          .source.run((batch) => {
            if (batch.events.includes(3)) return Promise.reject(refusal);
            acked = batch.position;
            return Promise.resolve();
          }, never)
          .catch((error: unknown) => (failed = error));
        await harness.until(() => failed !== undefined);
        expect({ failed, acked }).toEqual({ failed: refusal, acked: 2 });

        const again = harness.open(acked, 10);
        const events: number[] = [];
        again.drain();
        let isDone = false;
        void again.source
          .run((batch) => Promise.resolve(void events.push(...batch.events)), never)
          .finally(() => (isDone = true));
        await harness.until(() => isDone);
        expect(events).toEqual(numbers(2, 6));
      }),
    );

    test(
      'events that are added while it runs follow',
      withHarness(async (harness) => {
        const { source, drain } = harness.open(0, 4);
        const events: number[] = [];
        let isDone = false;
        void source
          .run((batch) => Promise.resolve(void events.push(...batch.events)), never)
          .finally(() => (isDone = true));
        await harness.append(5);
        await harness.until(() => events.length === 5);
        await harness.append(2);
        await harness.until(() => events.length === 7);
        drain();
        await harness.until(() => isDone);
        expect(events).toEqual(numbers(0, 7));
      }),
    );

    test(
      'an abort ends a waiting source with its reason',
      withHarness(async (harness) => {
        const stop = new AbortController();
        const reason = new Error('stopped');
        let isReached = false;
        let failed: unknown;
        await harness.append(1);
        harness
          .open(0, 4)
          .source.run(() => Promise.resolve(void (isReached = true)), stop.signal)
          .catch((error: unknown) => (failed = error));
        await harness.until(() => isReached);
        stop.abort(reason);
        await harness.until(() => failed !== undefined);
        expect(failed).toBe(reason);
      }),
    );
  });
}
