/** More keys than that are forgotten: agents and queues are fewer. */
const keysMax = 100_000;

/** What a partitioner is asked. */
interface Asked {
  readonly partitionMetadata: readonly unknown[];
  readonly message: { readonly key?: Buffer | string | null; readonly partition?: number };
}

/**
 * Java's partitioner, which remembers what it has chosen: its hash takes 64-bit numbers that JavaScript does not have, and the same
 * keys come again and again. Messages without a key, or with a partition, are left to it each time.
 */
export function rememberingPartitioner<A extends Asked>(java: () => (args: A) => number): () => (args: A) => number {
  return () => {
    const choose = java();
    /** By the number of partitions, then by key. */
    const chosen = new Map<number, Map<string, number>>();
    return (args) => {
      const { message, partitionMetadata } = args;
      if (typeof message.key !== 'string' || message.partition !== undefined) return choose(args);
      const partitions = partitionMetadata.length;
      let byKey = chosen.get(partitions);
      if (byKey === undefined) chosen.set(partitions, (byKey = new Map<string, number>()));
      let partition = byKey.get(message.key);
      if (partition === undefined) {
        if (byKey.size >= keysMax) byKey.clear();
        byKey.set(message.key, (partition = choose(args)));
      }
      return partition;
    };
  };
}
