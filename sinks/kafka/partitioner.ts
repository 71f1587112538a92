import kafkajs, { type ICustomPartitioner } from 'kafkajs';

/** More keys than that are forgotten: agents and queues are fewer. */
const keysMax = 100_000;

/**
 * Java's partitioner, which remembers what it has chosen: the hash is computed in 64-bit numbers that JavaScript does not have, and the same keys come
 * again and again. Messages without a key, or with a partition, are left to it each time.
 */
export const rememberingPartitioner: ICustomPartitioner = () => {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
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
