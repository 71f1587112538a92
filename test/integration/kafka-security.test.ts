import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../sinks/clock.ts';
import {
  type Admin,
  admin as createAdmin,
  consumer,
  type KafkaSettings,
  producer,
  runBatches,
} from '../../sinks/kafka/client.ts';
import { openKafkaSink } from '../../sinks/kafka/kafka-sink.ts';
import { loadConfig } from '../../src/config.ts';
import { chooseLogs, kafkaSettings } from '../../src/logs/choose-logs.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { output } from '../../streams/record.ts';
import { queueProfile } from '../../streams/records/queue-profile.ts';
import { quiet } from '../support/kafka.ts';
import {
  describeRight,
  grant,
  passwordOf,
  type Right,
  rightsOf,
  takeAway,
  useSecureKafka,
} from '../support/kafka-secure.ts';
import { readParquetRows } from '../support/parquet.ts';
import { type PipelineProcess, simulatorEnv, startProcess, until } from '../support/pipeline-process.ts';

// What README and docs/acls.md say of users, certificates and rights, on a broker that lets nobody do what it was not told to.

type Env = Readonly<Record<string, string>>;

const roles = ['ingest', 'derive', 'archive', 'serve'] as const;
type Role = (typeof roles)[number];
const userOf = (role: Role | 'topics') => `queuecast-${role}`;

const secure = useSecureKafka({ plain: ['by-plain', 'queuecast-topics', ...roles.map(userOf)], scram: ['by-scram'] });
const page = await readFile(join(import.meta.dirname, '../../docs/acls.md'), 'utf8');

let folder = '';
let inside: Admin;
const never = new AbortController().signal;

/** The settings as a person sets them. */
function settingsOf(env: Env): KafkaSettings {
  return kafkaSettings(loadConfig({ env }).config)!;
}

function plainEnv(user: string): Env {
  return {
    KAFKA_BROKERS: secure.broker().listeners.sasl,
    KAFKA_SASL_MECHANISM: 'plain',
    KAFKA_SASL_USERNAME: user,
    KAFKA_SASL_PASSWORD: passwordOf(user),
  };
}

function scramEnv(mechanism: string): Env {
  return { ...plainEnv('by-scram'), KAFKA_SASL_MECHANISM: mechanism };
}

async function tokenEnv(name: string, lifeSeconds: number): Promise<Env> {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const nowSeconds = Math.floor(systemClock.nowMs() / 1000);
  const claims = { sub: 'by-token', iat: nowSeconds - 7200, exp: nowSeconds + lifeSeconds };
  const path = join(folder, name);
  await writeFile(path, `${part({ alg: 'none' })}.${part(claims)}.\n`);
  return {
    KAFKA_BROKERS: secure.broker().listeners.sasl,
    KAFKA_SASL_MECHANISM: 'oauthbearer',
    KAFKA_SASL_TOKEN_FILE: path,
  };
}

const trusting = () => ({ KAFKA_SSL: 'true', KAFKA_SSL_CA_FILE: secure.broker().file('ca.pem') });

const certified = () => ({
  KAFKA_SSL_CERT_FILE: secure.broker().file('client.pem'),
  KAFKA_SSL_KEY_FILE: secure.broker().file('client.key'),
});

/** What a role is started with as a process. */
const pipelineEnv = (user: string): Env => ({ ...plainEnv(user), QUEUECAST_KAFKA_PARTITIONS: '1' });

const started: PipelineProcess[] = [];

function start(args: readonly string[], env: Env): PipelineProcess {
  const running = startProcess(args, env);
  started.push(running);
  return running;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-security-'));
});

afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

/** Resolves when the broker has the rights of docs/acls.md. */
let granted: Promise<void>;

secure.describe('on a broker that asks who it is', () => {
  beforeAll(async () => {
    inside = createAdmin(settingsOf({ KAFKA_BROKERS: secure.broker().inside }), quiet);
    await inside.connect();
    // It takes a while, and nobody waits for it before the roles do.
    granted = grantRights();
    granted.catch(() => undefined);
  });
  afterAll(async () => {
    await granted.catch(() => undefined);
    await inside.disconnect();
  });

  describe('a client', clients);
  describe('users with the rights of docs/acls.md', fourUsers);
});

function clients() {
  /** Writes and reads as a user whose rights are those on a topic and a group of its own name, so that it is nobody else. */
  async function goesThrough(env: Env, user: string): Promise<void> {
    const topic = `of.${user}.${randomUUID()}`;
    await inside.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    for (const operation of ['Read', 'Write'] as const) {
      await grant(inside, { user, operation, resource: 'topic', name: topic });
    }
    const group: Right = { user, operation: 'Read', resource: 'group', name: topic };
    await grant(inside, group);
    await until(async () => (await rightsOf(inside)).includes(describeRight(group)));
    const settings = settingsOf(env);
    const writer = producer(settings, quiet);
    await writer.connect();
    await writer.send({ topic, messages: [{ value: `written by ${user}` }] });
    await writer.disconnect();
    const reader = consumer(settings, quiet, { groupId: topic });
    const arrived = new EventTarget();
    const first = once(arrived, 'first');
    let read = '';
    await reader.connect();
    await reader.subscribe({ topic, fromBeginning: true });
    await runBatches(reader, ({ batch }) => {
      read = String(batch.messages[0]?.value);
      arrived.dispatchEvent(new Event('first'));
      return Promise.resolve();
    });
    await first;
    await reader.disconnect();
    expect(read).toBe(`written by ${user}`);
  }

  test('writes and reads with a password in clear text', () => goesThrough(plainEnv('by-plain'), 'by-plain'));

  test.each(['scram-sha-256', 'scram-sha-512'])('writes and reads with a password by %s', (mechanism) =>
    goesThrough(scramEnv(mechanism), 'by-scram'),
  );

  test('writes and reads with a token from a file', async () => goesThrough(await tokenEnv('token', 3600), 'by-token'));

  test('writes and reads with a password over TLS, of an authority it is told', () => {
    const { saslOverTls } = secure.broker().listeners;
    return goesThrough({ ...scramEnv('scram-sha-512'), ...trusting(), KAFKA_BROKERS: saslOverTls }, 'by-scram');
  });

  test('writes and reads with a certificate of its own', () => {
    const { tls } = secure.broker().listeners;
    return goesThrough({ KAFKA_BROKERS: tls, ...trusting(), ...certified() }, 'by-certificate');
  });

  /** How a role that wants its logs ends. */
  const opening = (env: Env) =>
    chooseLogs(loadConfig({ env }).config, folder, quiet).openJournal(() => Promise.resolve());

  const aboutThePassword =
    /[Aa]uthentication failed.*: check KAFKA_SASL_MECHANISM, and KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/;

  test.concurrent.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'with a wrong password by %s ends with the settings to check',
    async (mechanism) => {
      const user = mechanism === 'plain' ? 'by-plain' : 'by-scram';
      const env = { ...plainEnv(user), KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_PASSWORD: 'wrong' };
      await expect(opening(env)).rejects.toMatchObject({
        code: 'QC_SINK_UNAVAILABLE',
        message: expect.stringMatching(aboutThePassword),
      });
    },
  );

  test.concurrent('with a token that has run out ends with the settings to check', async () => {
    await expect(opening(await tokenEnv('stale', -3600))).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(
        /OAUTHBEARER authentication failed: .*invalid_token.* check .*KAFKA_SASL_TOKEN_FILE/,
      ),
    });
  });

  test.concurrent('without the file of its token ends with the setting to check', async () => {
    const env = { ...(await tokenEnv('token', 3600)), KAFKA_SASL_TOKEN_FILE: join(folder, 'no-such-file') };
    await expect(opening(env)).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(/no-such-file.*: check KAFKA_SASL_TOKEN_FILE/),
    });
  });

  test.concurrent('with a mechanism the broker does not know ends with the settings to check', async () => {
    const env = { ...plainEnv('by-plain'), ...trusting(), KAFKA_BROKERS: secure.broker().listeners.saslOverTls };
    await expect(opening(env)).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(/UNSUPPORTED_SASL_MECHANISM.*check KAFKA_SASL_MECHANISM/),
    });
  });

  const aboutCertificates = /certificate.*check KAFKA_SSL_CA, and KAFKA_SSL_CERT and KAFKA_SSL_KEY/s;

  test.concurrent('that does not know the authority of the broker is not fooled, and names the settings', async () => {
    const env = {
      ...scramEnv('scram-sha-512'),
      KAFKA_SSL: 'true',
      KAFKA_BROKERS: secure.broker().listeners.saslOverTls,
    };
    await expect(opening(env)).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(aboutCertificates),
    });
  });

  test.concurrent('without the certificate that the broker wants ends with the settings to check', async () => {
    const env = { KAFKA_BROKERS: secure.broker().listeners.tls, ...trusting() };
    await expect(opening(env)).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(aboutCertificates),
    });
  });

  test.concurrent('that speaks to a broker in the clear that wants TLS is told of the settings', async () => {
    const env = { ...scramEnv('scram-sha-512'), KAFKA_BROKERS: secure.broker().listeners.saslOverTls };
    await expect(opening(env)).rejects.toMatchObject({
      code: 'QC_SINK_UNREACHABLE',
      message: expect.stringMatching(/check KAFKA_BROKERS, .* want KAFKA_SSL and KAFKA_SASL_MECHANISM as set/),
    });
  });
}

/** The commands of the page, as its reader's shell takes them apart. */
function commandsOf(text: string): readonly (readonly string[])[] {
  const block = /```sh\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  return block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.trim().split(/\s+/));
}

/** The table of the page; a row without a user goes on with the one before. */
function tableOf(text: string): readonly string[] {
  let user = '';
  return text.split('\n').flatMap((line) => {
    const [, first = '', resource = '', operations = ''] = line.split('|').map((cell) => cell.trim());
    const [, kind, name] = /^(topic|group|transactional id) `(\S+)`$/.exec(resource) ?? [];
    if (kind === undefined) return [];
    user = first === '' ? user : first.replaceAll('`', '');
    return operations.split(', ').map((operation) => `${user}: ${operation} ${kind} ${name!}`);
  });
}

const sorted = (texts: Iterable<string>) => [...new Set(texts)].sort();

/** Calls to one queue, one a minute, for as long as no test runs. */
async function writeTrace(path: string): Promise<void> {
  const calls = Array.from({ length: 600 }, (_, index) => {
    const t = 28_810 + index * 60;
    const call = { id: `c${index}`, q: 'PS' };
    return [
      { t, ev: 'arrival', ...call, pri: 0 },
      { t: t + 5, ev: 'answer', ...call, agent: 'a1', wait: 5 },
      { t: t + 35, ev: 'end', ...call, agent: 'a1', handle: 30 },
    ];
  });
  const lines = [{ t: 28_800, ev: 'agent', agent: 'a1', state: 'on', queues: ['PS'] }, ...calls.flat()];
  await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'));
}

/** Runs the commands of the page. */
async function grantRights(): Promise<void> {
  const { listeners, run, file } = secure.broker();
  await writeFile(
    file('admin.properties'),
    [
      'security.protocol=SASL_PLAINTEXT',
      'sasl.mechanism=PLAIN',
      `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="${passwordOf('admin')}";`,
    ].join('\n'),
  );
  const known: Env = { 'broker:9092': listeners.sasl, 'admin.properties': file('admin.properties') };
  const commands = commandsOf(page).map((words) => words.map((word) => known[word] ?? word));
  // Each is a Java of its own: one for each of two cores.
  const left = commands.values();
  const work = async () => {
    for (const [command = '', ...args] of left) await run(command, args);
  };
  await Promise.all([work(), work()]);
  await until(async () => ours(await rightsOf(inside)).length >= sorted(tableOf(page)).length);
}

const ours = (rights: readonly string[]) => sorted(rights.filter((right) => right.startsWith('queuecast-')));

function fourUsers() {
  let simulator: Simulator;

  const startRole = (role: Role) =>
    start(['run', '--role', role, '--data-dir', join(folder, role)], {
      ...pipelineEnv(userOf(role)),
      ...simulatorEnv(simulator.url, 'simulator', 'simulator'),
    });

  const endInOrder = async (running: PipelineProcess) => {
    running.child.kill('SIGTERM');
    expect(await running.ended, running.output()).toBe(0);
  };

  /** Rejects when one of them has ended. */
  const untilAll = (running: readonly PipelineProcess[], condition: () => Promise<boolean>) =>
    until(() => {
      for (const { child, output: told } of running) expect(child.exitCode, told()).toBe(null);
      return condition();
    });

  const endOf = async (topic: string) => Number((await inside.fetchTopicOffsets(topic))[0]?.high);

  beforeAll(async () => {
    await granted;
    const trace = join(folder, 'calls.trace.jsonl');
    await writeTrace(trace);
    const login = { clientId: 'simulator', clientSecret: 'simulator' };
    simulator = await startSimulator({ trace, speed: 240, port: 0, loop: false, ...login });
  });

  afterAll(() => simulator.close());

  test('have what its table says: the commands of the page grant it', async () => {
    expect(tableOf(page).length).toBeGreaterThan(20);
    expect(ours(await rightsOf(inside))).toEqual(sorted(tableOf(page)));
  });

  test('find the topics that a fifth has made', async () => {
    const made = start(['topics', 'create'], pipelineEnv(userOf('topics')));
    expect(await made.ended, made.output()).toBe(0);
    expect(made.output()).toMatch(/^\d+ topics are there\.\n$/);
  });

  test('run the four roles as four processes, and begin anew, until the windows are in Parquet files', async () => {
    const windows = 'queuecast.queue-window.v1';
    const [archive, serve] = [startRole('archive'), startRole('serve')];
    const [ingest, derive] = [startRole('ingest'), startRole('derive')];
    await untilAll([ingest, derive, archive, serve], async () => (await endOf(windows)) > 2);
    await endInOrder(ingest);
    await endInOrder(derive);
    const before = await endOf(windows);
    const [nextIngest, nextDerive] = [startRole('ingest'), startRole('derive')];
    const all = [nextIngest, nextDerive, archive, serve];
    await untilAll(all, async () => (await endOf(windows)) > before + 2);
    await untilAll(all, () => Promise.resolve(serve.output().includes('PS voice')));
    for (const running of all) await endInOrder(running);

    const rows = await readParquetRows(join(folder, 'archive', 'parquet', 'queue-window'));
    expect(rows.length).toBeGreaterThan(4);
    // Every minute a call waits for 5 s.
    expect(rows.some((row) => row['media_type'] === 'voice' && Number(row['waiting_mean']) > 0)).toBe(true);
  });

  test('were refused nothing, and used every right there is', async () => {
    const verdicts = (await secure.broker().verdicts()).filter(({ user }) => user.startsWith('queuecast-'));
    expect(verdicts.filter(({ isAllowed }) => !isAllowed)).toEqual([]);
    const used = verdicts.map(({ right }) => right);
    // One takes an event that cannot be understood, and the simulator sends none; the other the end of an hour.
    const unusual = ['quarantine', 'routing-fairness'].map(
      (record) => `queuecast-derive: Write topic queuecast.${record}.v1`,
    );
    expect(sorted([...new Set([...used, ...unusual])])).toEqual(sorted(tableOf(page)));
  });

  const lacks: readonly (readonly [Role, Omit<Right, 'user'>, RegExp])[] = [
    [
      'ingest',
      { operation: 'Write', resource: 'transactional id', name: 'queuecast.ingest.*' },
      /taking over queuecast\.ingest\.0 failed \(TRANSACTIONAL_ID_AUTHORIZATION_FAILED/,
    ],
    [
      'ingest',
      { operation: 'Read', resource: 'group', name: 'queuecast.read.*' },
      /reading queuecast\.queue-event\.v1 as group queuecast\.read\.\S+ failed \(GROUP_AUTHORIZATION_FAILED/,
    ],
    [
      'derive',
      { operation: 'Read', resource: 'topic', name: 'queuecast.checkpoint.v1' },
      /reading .*queuecast\.checkpoint\.v1 as group queuecast\.derive failed \(TOPIC_AUTHORIZATION_FAILED/,
    ],
    [
      'archive',
      { operation: 'Read', resource: 'group', name: 'queuecast.archive.*' },
      /as group queuecast\.archive\.\S+ failed \(GROUP_AUTHORIZATION_FAILED/,
    ],
    [
      'serve',
      { operation: 'DescribeConfigs', resource: 'topic', name: 'queuecast.*' },
      /the topics queuecast\.\* failed \(TOPIC_AUTHORIZATION_FAILED/,
    ],
  ];

  test.each(
    lacks.map(([role, right, told]) => {
      const missing: Right = { user: userOf(role), ...right };
      return [describeRight(missing), role, missing, told] as const;
    }),
  )('do not work without "%s": the role ends at once and says so', async (_, role, missing, told) => {
    await takeAway(inside, missing);
    await until(async () => !(await rightsOf(inside)).includes(describeRight(missing)));
    const running = startRole(role);
    expect(await running.ended, running.output()).toBe(1);
    expect(running.output()).toMatch(/^queuecast: QC_SINK_UNAVAILABLE: /m);
    expect(running.output()).toMatch(told);
    expect(running.output()).toMatch(/this user lacks a right, docs\/acls\.md lists all that are needed/);
    await grant(inside, missing);
  });

  test('that see no topics are told so, and not that these have to be made', async () => {
    const missing: Right = { user: userOf('serve'), operation: 'Describe', resource: 'topic', name: 'queuecast.*' };
    await takeAway(inside, missing);
    await until(async () => !(await rightsOf(inside)).includes(describeRight(missing)));
    const running = startRole('serve');
    expect(await running.ended, running.output()).toBe(1);
    expect(running.output()).toMatch(/QC_SINK_UNAVAILABLE: Topic queuecast\.\S+ .*the rights to see .*docs\/acls\.md/);
    await grant(inside, missing);
  });

  test('may not write what another role writes: a delivery names the topics it was for', async () => {
    const kafka = settingsOf(pipelineEnv(userOf('ingest')));
    const transactionalId = 'queuecast.ingest.0';
    const sink = await openKafkaSink({
      kafka,
      log: quiet,
      clock: systemClock,
      transactionalId,
      shard: 0,
      source: 'test',
    });
    const value = { queueId: 'q', revision: 0, validFromMs: 0, name: 'PS' };
    const targets = { voiceServiceLevelTarget: null, voiceServiceLevelMs: null };
    const outputs = [output(queueProfile, { ...value, ...targets }, 0)];
    await expect(sink.deliver({ outputs, position: 1 }, never)).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(
        /a delivery of queuecast\.ingest\.0 to queuecast\.queue-profile\.v1 failed \(TOPIC_AUTHORIZATION_FAILED/,
      ),
    });
    await sink.close();
  });
}
