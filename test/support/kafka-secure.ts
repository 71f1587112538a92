import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe } from 'vitest';
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  ResourcePatternTypes,
} from '../../sinks/kafka/client.ts';
import {
  fetchKafka,
  formatNode,
  freePorts,
  kafkaClasspath,
  propertiesOf,
  spawnNode,
  untilReady,
  whatLacks,
} from './kafka.ts';

const execute = promisify(execFile);

/** A broker that lets nobody do what no ACL allows. */
interface SecureKafka {
  /** `host:port`, by what it wants of a client. */
  readonly listeners: Readonly<Record<Listener, string>>;
  /** Who may do everything: whoever is inside, and the user `admin`. */
  readonly inside: string;
  /** Files in PEM, among them `ca.pem`, `client.pem` and `client.key`. */
  file(name: string): string;
  /** Runs a command of the distribution's bin folder, by the name it has there. Rejects with what it said when it fails. */
  run(command: string, args: readonly string[]): Promise<void>;
  /** What the authorizer was asked so far, and what it said. */
  verdicts(): Promise<readonly Verdict[]>;
}

/** `sasl` takes a user in clear text, `saslOverTls` an encrypted one, `tls` a certificate. */
type Listener = 'sasl' | 'saslOverTls' | 'tls';

interface Verdict {
  readonly user: string;
  readonly isAllowed: boolean;
  /** The right that let it pass, as `describeRight` writes it; for what was refused, the one that is missing. */
  readonly right: string;
}

interface SecureKafkaForTests {
  /** A suite that runs where such a broker can be had. */
  readonly describe: typeof describe | typeof describe.skip;
  /** To be asked within tests and hooks. */
  broker(): SecureKafka;
}

/** A user by password, whose name the broker knows the password of. */
export const passwordOf = (user: string) => `secret-of-${user}`;

/**
 * A broker with an authorizer for a test file, to be called at its top. Where none can be had the suites are left out with a loud
 * word, or fail when CI is set.
 */
export function useSecureKafka(users: {
  readonly plain: readonly string[];
  readonly scram: readonly string[];
}): SecureKafkaForTests {
  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
  const lacking = whatLacks() ?? (hasOpenssl ? undefined : 'openssl does not run here.');
  let started: Awaited<ReturnType<typeof startSecureKafka>> | undefined;
  if (lacking !== undefined) {
    const word = `NO KAFKA: ${lacking} The tests of security on a real broker did NOT run; install Java 17, Maven and openssl.`;
    if (process.env['CI'] === 'true') throw new Error(word);
    console.warn(`\n${'!'.repeat(80)}\n${word}\n${'!'.repeat(80)}\n`);
  } else {
    beforeAll(async () => void (started = await startSecureKafka(users)));
    afterAll(() => started?.stop());
  }
  return {
    describe: lacking === undefined ? describe : describe.skip,
    broker() {
      if (started === undefined) throw new Error('The broker is started before the tests: ask for it within one.');
      return started.kafka;
    },
  };
}

async function startSecureKafka({ plain, scram }: Parameters<typeof useSecureKafka>[0]) {
  await fetchKafka();
  const dir = await mkdtemp(join(tmpdir(), 'queuecast-kafka-secure-'));
  let stop = () => rm(dir, { recursive: true, force: true });
  try {
    const [inside, controller, sasl, saslOverTls, tls] = await freePorts(5);
    const address = (port: number | undefined) => `127.0.0.1:${port!}`;
    await makeCertificates(dir);
    const properties = [
      propertiesOf(1, 1, { broker: inside!, controller: controller! }, `1@${address(controller)}`, dir),
      // What stands later holds.
      `listeners=PLAINTEXT://${address(inside)},CONTROLLER://${address(controller)},SASL://${address(sasl)},SASLTLS://${address(saslOverTls)},TLS://${address(tls)}`,
      `advertised.listeners=PLAINTEXT://${address(inside)},SASL://${address(sasl)},SASLTLS://${address(saslOverTls)},TLS://${address(tls)}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,TLS:SSL',
      'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'allow.everyone.if.no.acl.found=false',
      'super.users=User:ANONYMOUS;User:admin',
      ...saslProperties(['admin', ...plain]),
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${join(dir, 'broker.store.pem')}`,
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${join(dir, 'ca.pem')}`,
      'listener.name.tls.ssl.client.auth=required',
      'listener.name.tls.ssl.principal.mapping.rules=RULE:^CN=([^,]+)$/$1/',
    ];
    const credentials = scram.flatMap((user) =>
      ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${user},password=${passwordOf(user)}]`,
      ]),
    );
    await formatNode(dir, `${properties.join('\n')}\n`, credentials);
    await writeFile(join(dir, 'log4j2.yaml'), logging);
    const node = await spawnNode(dir);
    stop = async () => {
      const ended = once(node.child, 'exit');
      node.child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    };
    await untilReady(address(inside), () => node, 1);
    const kafka: SecureKafka = {
      listeners: { sasl: address(sasl), saslOverTls: address(saslOverTls), tls: address(tls) },
      inside: address(inside),
      file: (name) => join(dir, name),
      run: (command, args) => runTool(dir, command, args),
      verdicts: async () => verdictsIn(await readFile(node.log, 'utf8')),
    };
    return { kafka, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function saslProperties(users: readonly string[]): readonly string[] {
  const security = 'org.apache.kafka.common.security';
  const known = users.map((user) => `user_${user}="${passwordOf(user)}"`).join(' ');
  return [
    'listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    `listener.name.sasl.plain.sasl.jaas.config=${security}.plain.PlainLoginModule required ${known};`,
    `listener.name.sasl.scram-sha-256.sasl.jaas.config=${security}.scram.ScramLoginModule required;`,
    `listener.name.sasl.scram-sha-512.sasl.jaas.config=${security}.scram.ScramLoginModule required;`,
    `listener.name.sasl.oauthbearer.sasl.jaas.config=${security}.oauthbearer.OAuthBearerLoginModule required;`,
    // It takes whatever a token without a signature says: for tests only.
    `listener.name.sasl.oauthbearer.sasl.server.callback.handler.class=${security}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
    'listener.name.sasltls.sasl.enabled.mechanisms=SCRAM-SHA-512',
    `listener.name.sasltls.scram-sha-512.sasl.jaas.config=${security}.scram.ScramLoginModule required;`,
  ];
}

/** The authorizer says of each question who asked, and which ACL let it pass. */
const logging = `Configuration:
  Appenders:
    Console:
      name: C
      PatternLayout: {pattern: "%d %p %c %m%n"}
  Loggers:
    Root: {level: WARN, AppenderRef: {ref: C}}
    logger: [{name: kafka.authorizer.logger, level: DEBUG}]
`;

/** An authority, and of it a certificate for the broker on this machine and one for the user `by-certificate`. */
async function makeCertificates(dir: string): Promise<void> {
  const openssl = (...args: string[]) => execute('openssl', args, { cwd: dir });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    ...['req', '-x509', ...newKey, '-days', '2', '-subj', '/CN=test-authority'],
    ...['-keyout', 'ca.key', '-out', 'ca.pem'],
  );
  for (const [name, subject] of [
    ['broker', 'test-broker'],
    ['client', 'by-certificate'],
  ] as const) {
    await openssl('req', ...newKey, '-subj', `/CN=${subject}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    await writeFile(join(dir, `${name}.ext`), 'subjectAltName=IP:127.0.0.1');
    await openssl(
      ...['x509', '-req', '-in', `${name}.csr`, '-days', '2', '-extfile', `${name}.ext`],
      ...['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', `${name}.pem`],
    );
  }
  const parts = await Promise.all(['broker.key', 'broker.pem'].map((name) => readFile(join(dir, name), 'utf8')));
  await writeFile(join(dir, 'broker.store.pem'), parts.join(''));
}

const tools: Readonly<Record<string, string>> = {
  'kafka-acls.sh': 'org.apache.kafka.tools.AclCommand',
  'kafka-configs.sh': 'kafka.admin.ConfigCommand',
  'kafka-topics.sh': 'org.apache.kafka.tools.TopicCommand',
};

async function runTool(dir: string, command: string, args: readonly string[]): Promise<void> {
  const tool = tools[command];
  if (tool === undefined) throw new Error(`${command} is none of ${Object.keys(tools).join(', ')}.`);
  const java = [
    '-XX:TieredStopAtLevel=1',
    '-XX:+UseSerialGC',
    `-Dlog4j2.configurationFile=${join(dir, 'log4j2.yaml')}`,
  ];
  await execute('java', [...java, '-cp', kafkaClasspath, tool, ...args]);
}

const resources = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  'transactional id': AclResourceTypes.TRANSACTIONAL_ID,
};
const operations = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
};

/** What a user may do. A name that ends with `*` is prefixed. */
export interface Right {
  readonly user: string;
  readonly operation: keyof typeof operations;
  readonly resource: keyof typeof resources;
  readonly name: string;
}

export const describeRight = ({ user, operation, resource, name }: Right) =>
  `${user}: ${operation} ${resource} ${name}`;

/** All rights there are, as `describeRight` writes them. */
export async function rightsOf(admin: Admin): Promise<readonly string[]> {
  const found = await admin.describeAcls({
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  });
  return found.resources.flatMap(({ resourceType, resourceName, resourcePatternType, acls }) =>
    acls.map(({ principal, operation }) => {
      const star = resourcePatternType === ResourcePatternTypes.PREFIXED ? '*' : '';
      return `${userOf(principal)}: ${nameOf(operations, operation)} ${nameOf(resources, resourceType)} ${resourceName}${star}`;
    }),
  );
}

export async function grant(admin: Admin, right: Right): Promise<void> {
  await admin.createAcls({ acl: [aclOf(right)] });
}

export async function takeAway(admin: Admin, right: Right): Promise<void> {
  await admin.deleteAcls({ filters: [aclOf(right)] });
}

function aclOf({ user, operation, resource, name }: Right) {
  const isPrefixed = name.endsWith('*');
  return {
    principal: `User:${user}`,
    host: '*',
    operation: operations[operation],
    permissionType: AclPermissionTypes.ALLOW,
    resourceType: resources[resource],
    resourceName: isPrefixed ? name.slice(0, -1) : name,
    resourcePatternType: isPrefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
  };
}

const userOf = (principal: string) => principal.replace(/^User:/, '');

function nameOf(numbers: Readonly<Record<string, number>>, wanted: number): string {
  return Object.entries(numbers).find(([, number]) => number === wanted)?.[0] ?? String(wanted);
}

const question =
  /Principal = User:(?<user>\S+) is (?<verdict>Allowed|Denied) operation = (?<operation>\w+) .* on resource = (?<resource>\S+) .* based on rule (?<rule>.*)$/;
const matched =
  /resourceType=(?<type>\w+), resourceName=(?<name>.*), patternType=(?<pattern>\w+), .*operation=(?<operation>\w+),/;

function verdictsIn(log: string): readonly Verdict[] {
  return log.split('\n').flatMap((line) => {
    const asked = question.exec(line)?.groups;
    if (asked === undefined) return [];
    const { user = '', operation = '', resource = '', rule = '' } = asked;
    const [type = '', , name = ''] = resource.split(':');
    const acl = matched.exec(rule)?.groups;
    const star = acl?.['pattern'] === 'PREFIXED' ? '*' : '';
    const right =
      acl === undefined
        ? `${user}: ${operationOf(operation)} ${resourceOf(type)} ${name}`
        : `${user}: ${operationOf(acl['operation'])} ${resourceOf(acl['type'])} ${acl['name'] ?? ''}${star}`;
    return [{ user, isAllowed: asked['verdict'] === 'Allowed', right }];
  });
}

const operationOf = (shouted = '') =>
  shouted
    .split('_')
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join('');

const resourceOf = (type = '') =>
  type
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
