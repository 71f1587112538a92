import type { EpochMs } from '../streams/record.ts';

/** A record as a reader of the output log sees it. */
interface ReadRecord {
  /** Topic without prefix, for example `queue-state.v1`. */
  readonly record: string;
  readonly key: string;
  readonly atMs: EpochMs;
  readonly value: unknown;
}

/** The newest record of each key, kept as the log is read; a record whose value is null ends its key. */
export interface Latest {
  /** Those it keeps. */
  readonly topics: readonly string[];
  take(record: ReadRecord): void;
  /** The newest records of one topic, by key. */
  of(topic: string): ReadonlyMap<string, ReadRecord>;
}

export function createLatest(topics: readonly string[]): Latest {
  const newest = new Map<string, Map<string, ReadRecord>>(topics.map((topic) => [topic, new Map()]));
  const none = new Map<string, ReadRecord>();
  return {
    topics,
    take(record) {
      const ofTopic = newest.get(record.record);
      if (record.value === null) ofTopic?.delete(record.key);
      else ofTopic?.set(record.key, record);
    },
    of: (topic) => newest.get(topic) ?? none,
  };
}
