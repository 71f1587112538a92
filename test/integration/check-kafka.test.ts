import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type Admin, admin } from '../../sinks/kafka/client.ts';
import { ensureTopics, topicName, topicPlan } from '../../sinks/kafka/topics.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { queueState } from '../../streams/records/queue-state.ts';
import { queueWindow } from '../../streams/records/queue-window.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { quiet } from '../support/kafka.ts';
import { grant, passwordOf, useSecureKafka } from '../support/kafka-secure.ts';
import { startProcess } from '../support/pipeline-process.ts';

// What `check` says of Kafka, on a real broker: topics that are missing or otherwise than planned, and brokers that cannot be asked.

const secure = useSecureKafka({ plain: ['may-see'], scram: ['by-scram'] });
const partitions = 2;
const report = z.object({
  exitCode: z.int(),
  findings: z.array(
    z.object({
      ...{ name: z.string(), status: z.string(), told: z.string() },
      ...{ cost: z.string().optional(), wayOut: z.string().optional() },
    }),
  ),
});

/** Checks with a simulator of its own, so that only Kafka can be amiss. */
async function check(env: Readonly<Record<string, string>>) {
  const running = startProcess(['check', '--json', '--source', 'simulator'], {
    QUEUECAST_KAFKA_PARTITIONS: String(partitions),
    ...env,
  });
  const exit = await running.ended;
  const { exitCode, findings } = report.parse(JSON.parse(running.output()));
  expect(exitCode).toBe(exit);
  const isOfKafka = ({ name }: { readonly name: string }) => name.includes('kafka');
  expect(findings.filter((each) => !isOfKafka(each) && each.status !== 'ok')).toEqual([]);
  return { exit, kafka: findings.filter(isOfKafka), output: running.output() };
}

const planOf = (prefix: string) => topicPlan(recordTypes, { prefix, partitions, replicationFactor: 1 });
const insideEnv = (prefix: string) => ({
  KAFKA_BROKERS: secure.broker().inside,
  QUEUECAST_TOPIC_PREFIX: prefix,
});
const saslEnv = (user: string) => ({
  KAFKA_BROKERS: secure.broker().listeners.sasl,
  KAFKA_SASL_MECHANISM: 'plain',
  KAFKA_SASL_USERNAME: user,
  KAFKA_SASL_PASSWORD: passwordOf(user),
});

secure.describe('check on a real broker', () => {
  let broker: Admin;

  beforeAll(async () => {
    const settings = { brokers: [secure.broker().inside], clientId: 'check-kafka', ssl: false, topicPrefix: 'none' };
    broker = admin(settings, quiet);
    await broker.connect();
  });
  afterAll(() => broker.disconnect());

  test('names each topic that is missing with the command that makes it, and makes none itself', async () => {
    const env = insideEnv('fresh');
    const { exit, kafka } = await check(env);
    expect(exit).toBe(3);
    const planned = planOf('fresh');
    expect(kafka).toHaveLength(1 + planned.length);
    expect(kafka[0]).toMatchObject({ name: 'kafka', status: 'ok', told: '1 broker answers' });
    const wanted = planned.map(({ name }) => `${name}: topic is none, wanted there`);
    expect(kafka.slice(1).map(({ told }) => told)).toEqual(wanted);
    for (const { status, cost } of kafka.slice(1)) {
      expect(status).toBe('missing');
      expect(cost).toMatch(/^run makes it at its start, if it may; .*docs\/acls\.md/);
    }
    expect((await broker.listTopics()).filter((name) => name.startsWith('fresh.'))).toEqual([]);

    await ensureTopics(broker, planned);
    const after = await check(env);
    expect(after.exit).toBe(0);
    expect(after.kafka.at(-1)).toMatchObject({ status: 'ok', told: `all ${planned.length} are as planned` });
  });

  test('names what differs of a topic, and the commands that it gives mend it', async () => {
    const env = insideEnv('drifted');
    const [states, windows, journal] = [queueState, queueWindow, queueEvent].map((type) => topicName('drifted', type));
    const planned = planOf('drifted');
    const wrong = new Map([
      [states, { configs: { 'cleanup.policy': 'delete' } }],
      [windows, { partitions: 1 }],
      [journal, { configs: { 'max.message.bytes': '1000' } }],
    ]);
    const made = planned.map((spec) => {
      const { configs = {}, ...rest } = wrong.get(spec.name) ?? {};
      return { ...spec, ...rest, configs: { ...spec.configs, ...configs } };
    });
    await ensureTopics(broker, made);

    const { exit, kafka } = await check(env);
    expect(exit).toBe(3);
    expect(kafka.slice(1).map(({ told, status }) => [status, told])).toEqual(
      expect.arrayContaining([
        ['missing', `${states}: cleanup.policy is delete, wanted compact`],
        ['missing', `${windows}: partitions is 1, wanted 2`],
        ['missing', `${journal}: max.message.bytes is 1000, wanted 8388608`],
      ]),
    );
    expect(kafka).toHaveLength(1 + 3);
    expect((await check(env)).kafka).toEqual(kafka);

    for (const { wayOut = '' } of kafka.slice(1)) {
      // As a shell takes it, without the word of warning behind it.
      const [command = '', ...args] = wayOut.replace(/ \(.*$/, '').split(' ');
      const brokers = secure.broker().inside;
      await secure.broker().run(
        command,
        args.map((arg) => arg.replace('"$KAFKA_BROKERS"', brokers)),
      );
    }
    expect(await check(env)).toMatchObject({ exit: 0 });
  });

  test('says that a user lacks a right to look, where that is what is amiss', async () => {
    await grant(broker, { user: 'may-see', operation: 'Describe', resource: 'topic', name: 'seen*' });
    await ensureTopics(broker, planOf('seen'));
    const { exit, kafka } = await check({ ...saslEnv('may-see'), QUEUECAST_TOPIC_PREFIX: 'seen' });
    expect(exit).toBe(1);
    expect(kafka).toMatchObject([
      { name: 'kafka', status: 'failed', told: expect.stringMatching(/lacks a right, docs\/acls\.md/) as unknown },
    ]);
  });

  // A broker that does not answer needs no broker: check.test.ts has it.
  describe('cannot ask, and exits 1 with the settings to look at,', () => {
    const toldBy = async (env: Readonly<Record<string, string>>) => {
      const { exit, kafka, output } = await check(env);
      expect(exit).toBe(1);
      expect(kafka).toHaveLength(1);
      expect(kafka[0]).toMatchObject({ name: 'kafka', status: 'failed', cost: 'run does not start' });
      expect(output).not.toContain('not-the-password');
      return kafka[0]?.told ?? '';
    };
    const wrong = { KAFKA_SASL_PASSWORD: 'not-the-password' };
    const aboutSasl = /check KAFKA_SASL_MECHANISM, and KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/;

    test.each([
      ['plain', 'may-see'],
      ['scram-sha-256', 'by-scram'],
    ])('with a wrong password by %s', async (mechanism, user) => {
      const told = await toldBy({ ...saslEnv(user), KAFKA_SASL_MECHANISM: mechanism, ...wrong });
      expect(told).toMatch(/[Aa]uthentication failed/);
      expect(told).toMatch(aboutSasl);
    });

    test('with a password that a broker does not want', async () => {
      expect(await toldBy({ ...saslEnv('may-see'), KAFKA_BROKERS: secure.broker().inside })).toMatch(aboutSasl);
    });

    test('without the password that a broker wants', async () => {
      const told = await toldBy({ KAFKA_BROKERS: secure.broker().listeners.sasl });
      expect(told).toMatch(/KAFKA_BROKERS, .* want KAFKA_SSL and KAFKA_SASL_MECHANISM as set/);
    });
  });
});
