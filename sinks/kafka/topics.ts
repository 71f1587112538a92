import { type RecordKind, type RecordType, topicOf } from '../../streams/record.ts';
import { type Clock, systemClock } from '../clock.ts';
import { SinkError } from '../errors.ts';
import { retry } from '../retry.ts';
import { type Admin, ConfigResourceTypes } from './client.ts';
import { isPassing } from './failure.ts';

/** A topic as it should be. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly configs: Readonly<Record<string, string>>;
}

/** A difference between a topic and its plan. */
export interface TopicDrift {
  readonly topic: string;
  /** A Kafka config, or `topic`, `partitions`, `replication.factor`. */
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
  /** What mends it, for a person to run: nothing is lowered or deleted by queuecast. */
  readonly remedy: string;
}

export interface TopicPlanOptions {
  readonly prefix: string;
  /** Of each topic but the journal and the checkpoints, which have one a shard. */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** 1 unless told. */
  readonly shards?: number;
  /**
   * How long facts and the journal stay; 7 days unless told. Counted from the record's own time: what is replayed from before
   * vanishes within minutes. -1 keeps them for ever.
   */
  readonly factRetentionMs?: number;
}

const journalName = 'queue-event';
const dayMs = 86_400_000;
const longMax = '9223372036854775807';

/** The topic of a record type, for example `queuecast.queue-state.v1`. */
export function topicName(prefix: string, type: RecordType): string {
  return `${prefix}.${topicOf(type)}`;
}

/** The topic of derive's checkpoints. */
export function checkpointTopic(prefix: string): string {
  return `${prefix}.checkpoint.v1`;
}

/** The plan for a cluster; `replicationFactor` undefined = as many replicas as there are brokers, at most three. */
export async function topicPlanFor(
  admin: Admin,
  recordTypes: readonly RecordType[],
  options: Omit<TopicPlanOptions, 'replicationFactor'> & { readonly replicationFactor: number | undefined },
): Promise<readonly TopicSpec[]> {
  const brokers = async () => (await admin.describeCluster()).brokers.length;
  const replicationFactor = options.replicationFactor ?? Math.min(replicasMax, await brokers());
  return topicPlan(recordTypes, { ...options, replicationFactor });
}

const replicasMax = 3;

/** The topics of the record types, in their order, then that of the checkpoints. */
export function topicPlan(recordTypes: readonly RecordType[], options: TopicPlanOptions): readonly TopicSpec[] {
  const { prefix, partitions, replicationFactor, shards = 1, factRetentionMs = 7 * dayMs } = options;
  const spec = (name: string, kind: RecordKind, parts: number): TopicSpec => ({
    name,
    partitions: parts,
    replicationFactor,
    configs: {
      ...(kind === 'fact' ? { 'cleanup.policy': 'delete', 'retention.ms': String(factRetentionMs) } : compacted),
      // A replay's stamps are not the broker's clock.
      'message.timestamp.after.max.ms': longMax,
      'max.message.bytes': String(8 * 2 ** 20),
      'min.insync.replicas': replicationFactor > 2 ? '2' : '1',
    },
  });
  return [
    ...recordTypes.map((type) =>
      spec(topicName(prefix, type), type.kind, type.name === journalName ? shards : partitions),
    ),
    spec(checkpointTopic(prefix), 'state', shards),
  ];
}

const compacted = {
  'cleanup.policy': 'compact',
  'min.compaction.lag.ms': '600000',
  // The active segment is never compacted.
  'segment.ms': '3600000',
};

/**
 * Creates the topics that are missing and verifies the others; what exists is never altered. Resolves with what differs in a
 * tolerable way. Throws `QC_SCHEMA_DRIFT` for a wrong cleanup policy, `QC_SINK_UNAVAILABLE` when a topic cannot be created.
 */
export function ensureTopics(
  admin: Admin,
  plan: readonly TopicSpec[],
  clock: Clock = systemClock,
): Promise<readonly TopicDrift[]> {
  // What was made just now, here or elsewhere, is known to some brokers before others.
  return retry(() => ensureOnce(admin, plan), { isPassing, everyMs: 100, withinMs: knownWithinMs, clock }, never);
}

const knownWithinMs = 10_000;
const never = new AbortController().signal;

async function ensureOnce(admin: Admin, plan: readonly TopicSpec[]): Promise<readonly TopicDrift[]> {
  const before = new Set(await admin.listTopics());
  const missing = plan.filter(({ name }) => !before.has(name));
  // One call a topic: a call with several reports one's error for all.
  const created = await Promise.all(missing.map((spec) => create(admin, spec)));
  const standing = plan.filter((spec) => !created[missing.indexOf(spec)]);
  const drift = await driftOf(admin, standing);
  const wrong = drift.filter(({ setting }) => setting === 'cleanup.policy');
  if (wrong.length > 0) {
    throw new SinkError(
      'QC_SCHEMA_DRIFT',
      wrong
        .map(
          ({ topic, found, wanted, remedy }) =>
            `Topic ${topic} has cleanup.policy ${found}, but needs ${wanted}: its records would be kept or lost wrongly. Mend it with: ${remedy}`,
        )
        .join('\n'),
    );
  }
  return drift;
}

/** All that differs from the plan, missing topics and wrong cleanup policies among it. Changes nothing. */
export async function topicDrift(admin: Admin, plan: readonly TopicSpec[]): Promise<readonly TopicDrift[]> {
  const names = new Set(await admin.listTopics());
  const missing = plan
    .filter(({ name }) => !names.has(name))
    .map(({ name, partitions, replicationFactor, configs }) => ({
      topic: name,
      setting: 'topic',
      found: 'none',
      wanted: 'there',
      remedy: `kafka-topics.sh --bootstrap-server "$KAFKA_BROKERS" --create --topic ${name} --partitions ${partitions} --replication-factor ${replicationFactor} ${Object.entries(
        configs,
      )
        .map(([key, value]) => `--config ${key}=${value}`)
        .join(' ')}`,
    }));
  const standing = plan.filter(({ name }) => names.has(name));
  return [...missing, ...(await driftOf(admin, standing))];
}

/** Resolves with false when somebody else has created it meanwhile. */
async function create(admin: Admin, spec: TopicSpec): Promise<boolean> {
  try {
    return await admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic: spec.name,
          numPartitions: spec.partitions,
          replicationFactor: spec.replicationFactor,
          configEntries: Object.entries(spec.configs).map(([name, value]) => ({ name, value })),
        },
      ],
    });
  } catch (cause) {
    if (isPassing(cause)) throw cause;
    throw new SinkError(
      'QC_SINK_UNAVAILABLE',
      `Topic ${spec.name} (${spec.partitions} partitions, ${spec.replicationFactor} replicas) cannot be created: ${reasonOf(cause)}. Have at least ${spec.replicationFactor} brokers up and the rights to see and to create topics (docs/acls.md), or create it by hand: \`queuecast topics plan\` shows how.`,
      { cause },
    );
  }
}

/** kafkajs gathers the refusals of single topics in an error that only says that there were some. */
function reasonOf(cause: unknown): string {
  const errors = cause instanceof Error && 'errors' in cause && Array.isArray(cause.errors) ? cause.errors : [cause];
  return errors.map((error: unknown) => (error instanceof Error ? error.message : String(error))).join('; ');
}

async function driftOf(admin: Admin, plan: readonly TopicSpec[]): Promise<readonly TopicDrift[]> {
  if (plan.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: plan.map(({ name }) => name) });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: plan.map(({ name, configs }) => ({
      type: ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(configs),
    })),
  });
  return plan.flatMap((spec) => {
    const partitions = topics.find(({ name }) => name === spec.name)?.partitions ?? [];
    const entries = resources.find(({ resourceName }) => resourceName === spec.name)?.configEntries ?? [];
    return compareTopic(spec, {
      partitions: partitions.length,
      replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      configs: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
    });
  });
}

/**
 * Compares a topic with its plan. More than wanted of a number is the owner's choice and no drift, but for the partitions:
 * those of the records of a key must not change.
 */
export function compareTopic(spec: TopicSpec, found: Omit<TopicSpec, 'name'>): readonly TopicDrift[] {
  const drift = (
    setting: string,
    foundValue: string | number,
    wanted: string | number,
    remedy: string,
  ): TopicDrift => ({
    topic: spec.name,
    setting,
    found: String(foundValue),
    wanted: String(wanted),
    remedy,
  });
  return [
    ...(found.partitions === spec.partitions
      ? []
      : [
          drift(
            'partitions',
            found.partitions,
            spec.partitions,
            found.partitions < spec.partitions
              ? `kafka-topics.sh --bootstrap-server "$KAFKA_BROKERS" --alter --topic ${spec.name} --partitions ${spec.partitions} (keys move to other partitions: only while nothing is written)`
              : `set the configured partitions to ${found.partitions} (journal and checkpoints: make the topic anew, or use another QUEUECAST_TOPIC_PREFIX): Kafka cannot take partitions away`,
          ),
        ]),
    ...(found.replicationFactor >= spec.replicationFactor
      ? []
      : [
          drift(
            'replication.factor',
            found.replicationFactor,
            spec.replicationFactor,
            `kafka-reassign-partitions.sh --bootstrap-server "$KAFKA_BROKERS" --execute --reassignment-json-file FILE, which gives each partition of ${spec.name} ${spec.replicationFactor} replicas (on as many brokers)`,
          ),
        ]),
    ...Object.entries(spec.configs).flatMap(([name, wanted]) => {
      const value = found.configs[name] ?? 'unknown';
      if (fits(value, wanted)) return [];
      return [
        drift(
          name,
          value,
          wanted,
          `kafka-configs.sh --bootstrap-server "$KAFKA_BROKERS" --alter --entity-type topics --entity-name ${spec.name} --add-config ${name}=${wanted}`,
        ),
      ];
    }),
  ];
}

function fits(found: string, wanted: string): boolean {
  if (found === wanted) return true;
  // Kafka's -1 is without limit. NaN, for words, is never enough.
  const amount = (value: string) => (value === '-1' ? Infinity : Number(value));
  return amount(found) >= amount(wanted);
}
