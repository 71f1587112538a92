import { describe, expect, test } from 'vitest';
import { compareTopic, topicPlan } from '../../../sinks/kafka/topics.ts';
import { recordTypes } from '../../../streams/records/all.ts';

const options = { prefix: 'qc', partitions: 6, replicationFactor: 3 };
const plan = topicPlan(recordTypes, options);
const topic = (name: string) => plan.find((spec) => spec.name === name)!;

describe('the plan of the topics', () => {
  test('has one topic a record type and one for the checkpoints, each once', () => {
    expect(plan.map(({ name }) => name)).toEqual([
      ...recordTypes.map(({ name, version }) => `qc.${name}.v${version}`),
      'qc.checkpoint.v1',
    ]);
    expect(new Set(plan.map(({ name }) => name)).size).toBe(plan.length);
  });

  test('compacts states and revised facts, and lets facts expire', () => {
    for (const { name, version, kind } of recordTypes) {
      const { configs } = topic(`qc.${name}.v${version}`);
      expect(configs['cleanup.policy']).toBe(kind === 'fact' ? 'delete' : 'compact');
      expect(configs['min.compaction.lag.ms'] === undefined).toBe(kind === 'fact');
      expect(configs['retention.ms']).toBe(kind === 'fact' ? '604800000' : undefined);
    }
    expect(topic('qc.checkpoint.v1').configs['cleanup.policy']).toBe('compact');
  });

  test('gives the journal and the checkpoints one partition a shard, and the others as many as configured', () => {
    const sharded = topicPlan(recordTypes, { ...options, shards: 4 });
    for (const { name, partitions } of sharded) {
      expect(partitions).toBe(/queue-event|checkpoint/.test(name) ? 4 : 6);
    }
    expect(topic('qc.queue-event.v1').partitions).toBe(1);
  });

  test('lets replays through, and asks for two replicas in sync where there are three', () => {
    for (const { configs } of plan) {
      expect(configs['message.timestamp.after.max.ms']).toBe('9223372036854775807');
      expect(configs['min.insync.replicas']).toBe('2');
    }
    expect(topicPlan(recordTypes, { ...options, replicationFactor: 1 })[0]!.configs['min.insync.replicas']).toBe('1');
  });
});

describe('a topic beside its plan', () => {
  const spec = topic('qc.quarantine.v1');

  test('that is as planned, or more generous, does not drift', () => {
    expect(compareTopic(spec, spec)).toEqual([]);
    const configs = { ...spec.configs, 'retention.ms': '-1', 'max.message.bytes': '99999999' };
    expect(compareTopic(spec, { ...spec, replicationFactor: 5, configs })).toEqual([]);
  });

  test.each([
    ['retention.ms', '1000'],
    ['max.message.bytes', 'unknown'],
    ['cleanup.policy', 'compact,delete'],
  ])('drifts when %s is %s, and says what mends it', (setting, found) => {
    expect(compareTopic(spec, { ...spec, configs: { ...spec.configs, [setting]: found } })).toEqual([
      {
        topic: 'qc.quarantine.v1',
        setting,
        found,
        wanted: spec.configs[setting],
        remedy: `kafka-configs.sh --bootstrap-server "$KAFKA_BROKERS" --alter --entity-type topics --entity-name qc.quarantine.v1 --add-config ${setting}=${spec.configs[setting]!}`,
      },
    ]);
  });

  test('drifts with fewer and with more partitions, for either moves keys', () => {
    expect(compareTopic(spec, { ...spec, partitions: 2 })).toMatchObject([{ found: '2', wanted: '6' }]);
    const [more] = compareTopic(spec, { ...spec, partitions: 9 });
    expect(more!.remedy).toContain('set the configured partitions to 9');
  });

  test('drifts with fewer replicas', () => {
    expect(compareTopic(spec, { ...spec, replicationFactor: 1 })).toMatchObject([{ setting: 'replication.factor' }]);
  });
});
