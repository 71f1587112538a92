import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Position, Sink } from '../../sinks/sink.ts';
import type { Checkpoint } from '../../streams/logic.ts';
import { defineRecord, output } from '../../streams/record.ts';

/** What a reader finds where a sink has written. */
interface Stored {
  readonly records: readonly {
    readonly record: string;
    readonly key: string;
    readonly atMs: number;
    readonly value: unknown;
  }[];
  readonly position: Position;
  readonly checkpoint: Checkpoint | undefined;
}

/** One destination, empty at first. */
export interface SinkHarness {
  /** Opens the destination, again after a `close`. */
  open(): Promise<Sink>;
  stored(): Promise<Stored>;
  /** Makes the next delivery fail. */
  failNext(): void;
}

const level = defineRecord({
  name: 'level',
  version: 1,
  kind: 'state',
  key: ['name'],
  schema: z.object({ name: z.string(), waiting: z.int().nullable() }),
});

export const call = defineRecord({
  name: 'call',
  version: 2,
  kind: 'fact',
  key: ['name'],
  schema: z.object({ name: z.string(), waitSeconds: z.number() }),
});

const never = new AbortController().signal;

/** What every `Sink` does. */
export function sinkContract(name: string, createHarness: () => SinkHarness): void {
  describe(`${name} as a sink`, () => {
    test('what was delivered reads back in order, with topic, key, time and value', async () => {
      const harness = createHarness();
      const sink = await harness.open();
      await sink.deliver({ outputs: [output(level, { name: 'a', waiting: null }, 5)], position: 1 }, never);
      await sink.deliver({ outputs: [output(call, { name: 'ä\n"', waitSeconds: 0.1 }, 6)], position: 3 }, never);
      await sink.close();
      expect(await harness.stored()).toEqual({
        records: [
          { record: 'level.v1', key: 'a', atMs: 5, value: { name: 'a', waiting: null } },
          { record: 'call.v2', key: 'ä\n"', atMs: 6, value: { name: 'ä\n"', waitSeconds: 0.1 } },
        ],
        position: 3,
        checkpoint: undefined,
      });
    });

    test('a delivery without outputs advances the position', async () => {
      const harness = createHarness();
      const sink = await harness.open();
      await sink.deliver({ outputs: [], position: 7 }, never);
      await sink.close();
      expect((await harness.stored()).position).toBe(7);
    });

    test('the newest checkpoint stays while later deliveries have none', async () => {
      const harness = createHarness();
      const sink = await harness.open();
      await sink.deliver({ outputs: [], position: 1, checkpoint: { a: { version: 1, state: 'old' } } }, never);
      await sink.deliver({ outputs: [], position: 2, checkpoint: { a: { version: 1, state: { '#map': [] } } } }, never);
      await sink.deliver({ outputs: [], position: 3 }, never);
      await sink.close();
      const { checkpoint, position } = await harness.stored();
      expect({ checkpoint, position }).toEqual({
        checkpoint: { a: { version: 1, state: { '#map': [] } } },
        position: 3,
      });
    });

    test('a failed delivery counts for nothing, and the sink takes no more', async () => {
      const harness = createHarness();
      const sink = await harness.open();
      await sink.deliver({ outputs: [output(level, { name: 'a', waiting: 1 }, 5)], position: 1 }, never);
      harness.failNext();
      const next = { outputs: [output(level, { name: 'a', waiting: 2 }, 6)], position: 2 };
      await expect(sink.deliver(next, never)).rejects.toMatchObject({ name: 'SinkError' });
      await expect(sink.deliver(next, never)).rejects.toMatchObject({ name: 'SinkError' });
      await sink.close();
      const { records, position } = await harness.stored();
      expect({ waiting: records.map(({ value }) => level.schema.parse(value).waiting), position }).toEqual({
        waiting: [1],
        position: 1,
      });
    });

    test('an aborted delivery writes nothing', async () => {
      const harness = createHarness();
      const sink = await harness.open();
      const reason = new Error('stopped');
      const outputs = [output(level, { name: 'a', waiting: 1 }, 5)];
      await expect(sink.deliver({ outputs, position: 1 }, AbortSignal.abort(reason))).rejects.toBe(reason);
      await sink.close();
      expect((await harness.stored()).records).toEqual([]);
    });

    test('any deliveries, with any restarts between, store the same', async () => {
      const deliveries = fc.array(fc.record({ size: fc.nat(3), restarts: fc.boolean() }), { maxLength: 8 });
      await fc.assert(
        fc.asyncProperty(deliveries, async (plan) => {
          const harness = createHarness();
          let sink = await harness.open();
          const names: string[] = [];
          for (const [index, { size, restarts }] of plan.entries()) {
            const outputs = Array.from({ length: size }, (_, at) => {
              names.push(`${index}.${at}`);
              return output(call, { name: `${index}.${at}`, waitSeconds: at }, index);
            });
            await sink.deliver({ outputs, position: index + 1 }, never);
            if (!restarts) continue;
            await sink.close();
            sink = await harness.open();
          }
          await sink.close();
          const { records, position } = await harness.stored();
          expect({ keys: records.map(({ key }) => key), position }).toEqual({ keys: names, position: plan.length });
        }),
        { numRuns: 20 },
      );
    });
  });
}
