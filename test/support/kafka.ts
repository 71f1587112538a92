import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterAll, beforeAll, describe } from 'vitest';
import { systemClock } from '../../sinks/clock.ts';
import { admin, type KafkaSettings } from '../../sinks/kafka/client.ts';
import { packageFolder } from '../../src/commands/settings.ts';

const execute = promisify(execFile);

const version = '4.3.1';
const pom = join(packageFolder(), 'test/support/kafka/pom.xml');
const composeFile = join(packageFolder(), 'docker-compose.yml');
const cache = join(packageFolder(), '.cache/kafka');
/** Another version is another folder. */
const home = join(cache, version);

/** The jars of the distribution, its own tools among them. */
export const kafkaClasspath = join(home, '*');
const readyMsMax = 60_000;
const never = new AbortController().signal;

/** A log that says nothing: brokers that come and go are the point of these tests. */
export const quiet = pino({ level: 'silent' });

export interface KafkaCluster {
  /** `host:port`, by node. */
  readonly brokers: readonly string[];
  /** Sends a signal to a node (0 is the first); resolves once it has ended, at once for SIGSTOP and SIGCONT. */
  kill(node: number, signal: NodeJS.Signals): Promise<void>;
  /** Starts a node that has ended, with the data it had; resolves when it answers. */
  start(node: number): Promise<void>;
  stop(): Promise<void>;
}

/** A real Kafka on free loopback ports with data of its own, ready. Needs Java 17 and, once, Maven and a repository it can reach. */
export async function startKafka({ nodes }: { readonly nodes: 1 | 3 }): Promise<KafkaCluster> {
  await fetchKafka();
  const root = await mkdtemp(join(tmpdir(), 'queuecast-kafka-'));
  const ports = await freePorts(nodes * 2);
  const indexes = Array.from({ length: nodes }, (_, node) => node);
  const brokers = indexes.map((node) => `127.0.0.1:${ports[node]!}`);
  const voters = indexes.map((node) => `${node + 1}@127.0.0.1:${ports[nodes + node]!}`).join(',');
  const running = new Map<number, Node>();

  const start = async (node: number) => {
    const before = running.get(node);
    if (before !== undefined && isAlive(before.child)) throw new Error(`Kafka node ${node} runs already.`);
    running.set(node, await spawnNode(join(root, `n${node}`)));
  };
  const ready = (node: number) => untilReady(brokers[node]!, () => running.get(node)!, liveNodes());
  const liveNodes = () => [...running.values()].filter(({ child }) => isAlive(child)).length;
  const kill = async (node: number, signal: NodeJS.Signals) => {
    const { child } = running.get(node)!;
    if (!isAlive(child)) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await ended;
  };
  const stop = async () => {
    await Promise.all([...running.keys()].map((node) => kill(node, 'SIGKILL')));
    await rm(root, { recursive: true, force: true });
  };

  try {
    await Promise.all(
      indexes.map(async (node) => {
        const address = { broker: ports[node]!, controller: ports[nodes + node]! };
        await formatNode(
          join(root, `n${node}`),
          propertiesOf(node + 1, nodes, address, voters, join(root, `n${node}`)),
        );
        await start(node);
      }),
    );
    await Promise.all(indexes.map(ready));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    brokers,
    kill,
    start: async (node) => {
      await start(node);
      await ready(node);
    },
    stop,
  };
}

interface KafkaForTests {
  /** A suite that runs where there is a broker. */
  readonly describe: typeof describe | typeof describe.skip;
  /** To be asked within tests and hooks. */
  brokers(): readonly string[];
  /** A client's settings with a topic prefix that nobody else has. */
  settings(): KafkaSettings;
}

/**
 * A broker for a test file, to be called at its top: that of QUEUECAST_TEST_KAFKA_BROKERS, which must be on this machine, or one
 * that is started, in Docker where an engine answers. Where none can be had the suites are left out with a loud word, or fail when
 * CI is set.
 */
export function useKafka(): KafkaForTests {
  const given = givenBrokers(process.env['QUEUECAST_TEST_KAFKA_BROKERS']);
  const inDocker = given === undefined && hasDocker();
  const lacking = given === undefined && !inDocker ? whatLacks() : undefined;
  let brokers = given;
  let cluster: Pick<KafkaCluster, 'brokers' | 'stop'> | undefined;
  if (lacking !== undefined)
    sayLoudly(
      `${lacking} The tests on a real broker did NOT run; set QUEUECAST_TEST_KAFKA_BROKERS, or install Docker, or Java 17 and Maven.`,
    );
  else if (given === undefined) {
    beforeAll(async () => {
      cluster = await (inDocker ? startKafkaInDocker() : startKafka({ nodes: 1 }));
      brokers = cluster.brokers;
    });
    afterAll(() => cluster?.stop());
  }
  const prefix = `queuecast-test-${randomUUID()}`;
  const known = () => {
    if (brokers === undefined) throw new Error('The broker is started before the tests: ask for it within one.');
    return brokers;
  };
  return {
    describe: lacking === undefined ? describe : describe.skip,
    brokers: known,
    settings: () => ({ brokers: known(), clientId: 'queuecast-test', ssl: false, topicPrefix: prefix }),
  };
}

/** For a suite that starts brokers of its own, since it kills them: it runs where that can be done. */
export function describeWithOwnKafka(): KafkaForTests['describe'] {
  const lacking = whatLacks();
  if (lacking === undefined) return describe;
  sayLoudly(`${lacking} The tests that kill brokers did NOT run; install Java 17 and Maven.`);
  return describe.skip;
}

function sayLoudly(lacking: string): void {
  const word = `NO KAFKA: ${lacking}`;
  if (process.env['CI'] === 'true') throw new Error(word);
  console.warn(`\n${'!'.repeat(80)}\n${word}\n${'!'.repeat(80)}\n`);
}

/** The brokers named for tests, if any. Throws when one is not on this machine: tests create topics and break things. */
export function givenBrokers(value: string | undefined): readonly string[] | undefined {
  if (value === undefined || value.trim() === '') return undefined;
  const brokers = value.split(',').map((broker) => broker.trim());
  for (const broker of brokers) {
    if (!/^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):\d+$/.test(broker)) {
      throw new Error(
        `QUEUECAST_TEST_KAFKA_BROKERS names ${broker}: tests only use brokers on this machine, such as 127.0.0.1:9092.`,
      );
    }
  }
  return brokers;
}

export interface Node {
  readonly child: ChildProcess;
  readonly log: string;
}

const isAlive = (child: ChildProcess) => child.exitCode === null && child.signalCode === null;

export function whatLacks(): string | undefined {
  if (spawnSync('java', ['-version']).status !== 0) return 'java does not run here.';
  const fetched = spawnSync('test', ['-d', home]).status === 0;
  if (!fetched && spawnSync('mvn', ['-v']).status !== 0) return `mvn does not run here, and ${home} is not there.`;
  return undefined;
}

/** Whether an engine answers, with the client's compose. */
function hasDocker(): boolean {
  const answers = (...args: string[]) => spawnSync('docker', args, { timeout: 5_000 }).status === 0;
  return answers('info') && answers('compose', 'version');
}

/** The broker of docker-compose.yml, on a port and with data of its own, ready. */
async function startKafkaInDocker(): Promise<Pick<KafkaCluster, 'brokers' | 'stop'>> {
  const [port] = await freePorts(1);
  const project = `queuecast-test-${randomUUID()}`;
  const compose = ['compose', '-f', composeFile, '-p', project];
  // It is taken down when this process ends, however: a group of its own lets a Ctrl-C pass by.
  const guard = spawn('sh', ['-c', 'read line; exec docker "$@" down -v', 'sh', ...compose], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const stop = async () => {
    const down = once(guard, 'exit');
    guard.stdin.end();
    const [code]: unknown[] = await down;
    if (code !== 0) throw new Error(`Docker did not take down the project ${project}: it still runs.`);
  };
  try {
    const env = { ...process.env, KAFKA_HOST_PORT: String(port) };
    await execute('docker', [...compose, 'up', '-d', '--wait', 'kafka'], { env });
  } catch (cause) {
    await stop().catch(() => undefined);
    throw new Error(
      `Docker does not bring up Kafka ${version}: see why below, or set QUEUECAST_TEST_KAFKA_BROKERS to another.`,
      { cause },
    );
  }
  return { brokers: [`127.0.0.1:${port!}`], stop };
}

export async function fetchKafka(): Promise<void> {
  const isThere = await access(home).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  await mkdir(cache, { recursive: true });
  const part = await mkdtemp(join(cache, 'part-'));
  try {
    await execute('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${part}`]);
    // Whoever comes second finds it done.
    await rename(part, home).catch(() => access(home));
  } catch (cause) {
    throw new Error(
      `Kafka ${version} cannot be had from a Maven repository: install Java 17 and Maven, and let it reach one.`,
      {
        cause,
      },
    );
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

export function propertiesOf(
  id: number,
  nodes: 1 | 3,
  ports: { readonly broker: number; readonly controller: number },
  voters: string,
  dir: string,
): string {
  const inSync = nodes === 3 ? 2 : 1;
  return [
    'process.roles=broker,controller',
    `node.id=${id}`,
    `controller.quorum.voters=${voters}`,
    'controller.listener.names=CONTROLLER',
    `listeners=PLAINTEXT://127.0.0.1:${ports.broker},CONTROLLER://127.0.0.1:${ports.controller}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${ports.broker}`,
    'inter.broker.listener.name=PLAINTEXT',
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    `log.dirs=${join(dir, 'log')}`,
    `offsets.topic.replication.factor=${nodes}`,
    'offsets.topic.num.partitions=4',
    `transaction.state.log.replication.factor=${nodes}`,
    `transaction.state.log.min.isr=${inSync}`,
    'transaction.state.log.num.partitions=4',
    `share.coordinator.state.topic.replication.factor=${nodes}`,
    `share.coordinator.state.topic.min.isr=${inSync}`,
    `min.insync.replicas=${inSync}`,
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=1000',
    'auto.create.topics.enable=false',
    // What was written is to be there when it is compared: with the stamps of a simulated day a topic is compacted within seconds.
    'log.cleaner.enable=false',
    // A killed node may come back once its session is over.
    'broker.session.timeout.ms=3000',
    'broker.heartbeat.interval.ms=500',
    'controller.quorum.election.timeout.ms=500',
    'controller.quorum.fetch.timeout.ms=1000',
    '',
  ].join('\n');
}

const logging = `Configuration:
  Appenders:
    Console:
      name: C
      PatternLayout: {pattern: "%d %p %c %m%n"}
  Loggers:
    Root: {level: WARN, AppenderRef: {ref: C}}
`;

export async function formatNode(dir: string, properties: string, options: readonly string[] = []): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'server.properties'), properties);
  await writeFile(join(dir, 'log4j2.yaml'), logging);
  await execute('java', [
    ...['-XX:TieredStopAtLevel=1', `-Dlog4j2.configurationFile=${join(dir, 'log4j2.yaml')}`],
    ...['-cp', kafkaClasspath, 'kafka.tools.StorageTool', 'format'],
    ...['-t', 'MkU3OEVBNTcwNTJENDM2Qk', '-c', join(dir, 'server.properties')],
    ...options,
  ]);
}

export async function spawnNode(dir: string): Promise<Node> {
  const path = join(dir, 'kafka.log');
  const log = await open(path, 'a');
  const child = spawn(
    'java',
    [
      ...['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', `-Dlog4j2.configurationFile=${join(dir, 'log4j2.yaml')}`],
      ...['-cp', kafkaClasspath, 'kafka.Kafka', join(dir, 'server.properties')],
    ],
    { cwd: dir, stdio: ['ignore', log.fd, log.fd], detached: false },
  );
  await once(child, 'spawn');
  await log.close();
  watch(child);
  return { child, log: path };
}

/** Ends the node when this process ends, however: its end of the pipe closes then, even after a kill -9. */
function watch(child: ChildProcess): void {
  const guard = spawn('sh', ['-c', 'read line; kill -9 "$0" 2>/dev/null', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => {
    process.off('exit', end);
    // Its number may soon be another's.
    guard.kill('SIGKILL');
  });
}

export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      return typeof address === 'object' ? address!.port : 0;
    }),
  );
}

/** Waits until a node takes connections and knows of all live nodes. */
export async function untilReady(broker: string, node: () => Node, nodes: number): Promise<void> {
  const sinceMs = systemClock.nowMs();
  const wait = async (what: string) => {
    const ended = !isAlive(node().child);
    if (ended || systemClock.nowMs() - sinceMs > readyMsMax) {
      const log = await readFile(node().log, 'utf8');
      throw new Error(`Kafka at ${broker} ${ended ? 'has ended' : what}:\n${log.slice(-4000)}`);
    }
    await systemClock.sleep(50, never);
  };
  while (!(await accepts(broker))) await wait('takes no connections');
  const settings = { brokers: [broker], clientId: 'queuecast-test', ssl: false, topicPrefix: 'none' };
  const client = admin(settings, quiet);
  await client.connect();
  try {
    while ((await client.describeCluster()).brokers.length < nodes) await wait(`does not see ${nodes} nodes`);
  } finally {
    await client.disconnect();
  }
}

async function accepts(broker: string): Promise<boolean> {
  const [host, port] = broker.split(':');
  const socket = connect(Number(port), host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
