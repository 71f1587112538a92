import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { javaPartitioner } from '../../../sinks/kafka/client.ts';
import { rememberingPartitioner } from '../../../sinks/kafka/partitioner.ts';

type PartitionerArgs = Parameters<ReturnType<typeof javaPartitioner>>[0];

const argsOf = (message: Partial<PartitionerArgs['message']>, partitions: number, topic = 't'): PartitionerArgs => ({
  topic,
  partitionMetadata: Array.from({ length: partitions }, (_, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: 1, replicas: [1], isr: [1] },
  })),
  message: { value: null, ...message },
});

describe('the partition of a message', () => {
  test("is the one of Java's partitioner, the first time and later, also when a topic has got more partitions", () => {
    const keys = fc.array(fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), (asked, some, more) => {
        const [choose, java] = [rememberingPartitioner(javaPartitioner)(), javaPartitioner()];
        for (const partitions of [some, some, more, some]) {
          for (const key of asked) {
            const args = argsOf({ key }, partitions);
            expect(choose(args)).toBe(java(args));
          }
        }
      }),
    );
  });

  test('is the one that it names', () => {
    const choose = rememberingPartitioner(javaPartitioner)();
    const partitions = [3, 1, 3].map((partition) => choose(argsOf({ key: 'a', partition }, 6)));
    expect(partitions).toEqual([3, 1, 3]);
  });

  test('goes round where it has no key', () => {
    const choose = rememberingPartitioner(javaPartitioner)();
    expect(new Set(Array.from({ length: 6 }, () => choose(argsOf({}, 6)))).size).toBe(6);
  });
});
