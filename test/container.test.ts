import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { systemClock } from '../sinks/clock.ts';
import { loadConfig } from '../src/config.ts';
import { temporaryFolders } from './support/temporary-folder.ts';

// What can be known of image and compose file without an engine that builds and runs them.

const root = join(import.meta.dirname, '..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const scalar = z.union([z.string(), z.number()]).transform(String);
const serviceSchema = z.object({
  build: z.string().optional(),
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), scalar),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  tmpfs: z.array(z.string()).default([]),
  read_only: z.boolean().default(false),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  restart: z.string(),
  stop_grace_period: z.string(),
  healthcheck: z.object({ test: z.tuple([z.literal('CMD')], z.string()) }).optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
});
const compose = z
  .object({ services: z.record(z.string(), serviceSchema), volumes: z.record(z.string(), z.unknown()) })
  .parse(parse(text('docker-compose.yml'), { merge: true }));
const services = Object.entries(compose.services);
const ours = services.filter(([, { build }]) => build !== undefined);
const { kafka, simulator, queuecast } = compose.services;

/** Instructions of the Dockerfile, one a line. */
const instructions = text('Dockerfile')
  .replace(/^#.*\n/gm, '')
  .replaceAll('\\\n', '')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => ({ name: line.split(' ', 1)[0]!, rest: line.slice(line.indexOf(' ') + 1) }));
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
const only = (name: string) => {
  const found = lastStage.filter((instruction) => instruction.name === name);
  expect(found.length, name).toBe(1);
  return found[0]!.rest;
};
const imageEnv = Object.fromEntries(
  only('ENV')
    .split(' ')
    .map((pair) => pair.split('=') as [string, string]),
);

/** The exit code of a command in exec form, run as an engine does. */
async function exitCode([file, ...args]: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const options = { env: { PATH: process.env['PATH'] ?? '', ...env }, timeout: 10_000 };
  return promisify(execFile)(file!, args, options).then(
    () => 0,
    (error: unknown) => z.object({ code: z.number() }).parse(error).code,
  );
}

describe('the image', () => {
  test('copies only what is there and what .dockerignore lets through', () => {
    const [all, ...allowed] = text('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(all).toBe('*');
    const sources = instructions
      .filter(({ name, rest }) => name === 'COPY' && !rest.startsWith('--from='))
      .flatMap(({ rest }) => rest.split(' ').slice(0, -1));
    expect(sources).toContain('package-lock.json');
    for (const source of sources) expect(existsSync(join(root, source)), source).toBe(true);
    expect(new Set(sources.map((source) => `!${source}`))).toEqual(new Set(allowed));
  });

  test('holds the built program, its samples and what it needs to run, and nothing that only builds or tests', () => {
    const targets = lastStage.filter(({ name }) => name === 'COPY').map(({ rest }) => rest.split(' ').at(-1));
    expect(targets).toEqual(['node_modules', './', 'samples', 'dist/src', 'dist/streams', 'dist/sinks']);
    const packaged = z.object({ files: z.array(z.string()) }).parse(JSON.parse(text('package.json')));
    expect(targets).toEqual(expect.arrayContaining(packaged.files));
    const from = lastStage.find(({ rest }) => rest.endsWith(' node_modules'))!.rest.split(/[= ]/)[1]!;
    const stage = instructions.findIndex(({ rest }) => rest.endsWith(` AS ${from}`));
    expect(instructions[stage + 1]).toMatchObject({ name: 'RUN', rest: expect.stringContaining('npm ci --omit=dev') });
  });

  test('runs the program as a user without rights, who may write in the data folder alone', () => {
    expect(only('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(only('VOLUME')).toBe(imageEnv['QUEUECAST_DATA_DIR']);
    expect(only('RUN')).toBe('install -d -o node -g node /data');
    expect(lastStage.some(({ rest }) => rest.includes('--chown'))).toBe(false);
    expect(JSON.parse(only('ENTRYPOINT'))).toEqual(['node', 'dist/src/main.js']);
    expect(JSON.parse(only('CMD'))).toEqual(['run']);
    expect(only('STOPSIGNAL')).toBe('SIGTERM');
  });

  test('is built on a Node that package.json allows, named once and by its version', () => {
    const bases = instructions.filter(({ name, rest }) => name === 'FROM' && rest.includes(':'));
    expect(bases.map(({ rest }) => rest)).toEqual([expect.stringMatching(/^node:20\.(19|[2-9]\d)-\w+-slim AS \w+$/)]);
  });
});

describe('the health check of the image', () => {
  const command = z.array(z.string()).parse(JSON.parse(only('HEALTHCHECK').replace(/^.*? CMD /, '')));
  const newFolder = temporaryFolders();

  async function checked(file: string | undefined, ageSeconds: number, env: Readonly<Record<string, string>> = {}) {
    const dataDir = newFolder();
    await mkdir(dataDir);
    if (file !== undefined) {
      const touched = systemClock.nowMs() / 1000 - ageSeconds;
      await writeFile(join(dataDir, file), '');
      await utimes(join(dataDir, file), touched, touched);
    }
    return exitCode(command, { QUEUECAST_DATA_DIR: dataDir, ...env });
  }

  test('is well while the loop turns, and not when it stands or never turned', async () => {
    const [fresh, old, missing] = await Promise.all([
      checked('health-all', 7),
      checked('health-all', 11),
      checked(undefined, 0),
    ]);
    expect({ fresh, old, missing }).toEqual({ fresh: 0, old: 1, missing: 1 });
  });

  test('looks at the role of its own process', async () => {
    const env = { QUEUECAST_ROLE: 'derive' };
    const [own, another, unset] = await Promise.all([
      checked('health-derive', 0, env),
      checked('health-ingest', 0, env),
      checked('health-all', 0, { QUEUECAST_ROLE: '' }),
    ]);
    expect({ own, another, unset }).toEqual({ own: 0, another: 1, unset: 0 });
  });
});

describe('docker-compose.yml', () => {
  test('has Kafka, the simulator and the pipeline, the latter two of one image', () => {
    expect(Object.keys(compose.services)).toEqual(['kafka', 'simulator', 'queuecast']);
    expect(ours.map(([name, { build, image }]) => [name, build, image])).toEqual([
      ['simulator', '.', 'queuecast'],
      ['queuecast', '.', 'queuecast'],
    ]);
  });

  test.each(services)('%s has no rights it does not need, ends in order and is started again', (_, service) => {
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toEqual(['no-new-privileges:true']);
    expect(service).toMatchObject({ restart: 'unless-stopped', stop_grace_period: '15s' });
  });

  test.each(ours)('%s writes only in memory and in the data folder', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.tmpfs).toContain('/tmp');
    const written = [...service.tmpfs, ...service.volumes.map((volume) => volume.split(':')[1])];
    expect(new Set(written)).toEqual(new Set(['/tmp', imageEnv['QUEUECAST_DATA_DIR']]));
  });

  test('every service that others wait for says when it is healthy', () => {
    const waits = services.flatMap(([, { depends_on: needed }]) => Object.entries(needed));
    expect(waits.map(([name]) => name)).toEqual(['kafka', 'simulator']);
    for (const [name, { condition }] of waits) {
      expect(condition, name).toBe('service_healthy');
      expect(compose.services[name]?.healthcheck, name).toBeDefined();
    }
  });

  test('nobody beyond this machine reaches a port', () => {
    const ports = services.flatMap(([, service]) => service.ports);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+|\$\{\w+:-\d+\}):\d+$/);
  });

  test('every volume is declared, and used', () => {
    const mounted = services.flatMap(([, { volumes }]) => volumes.map((volume) => volume.split(':')[0]));
    expect(new Set(mounted)).toEqual(new Set(Object.keys(compose.volumes)));
  });

  test.each(ours)('%s is only told what the configuration takes up', (_, { environment }) => {
    const env = { ...imageEnv, ...environment };
    const { shown } = loadConfig({ env });
    const taken = shown.map(({ from }) => from);
    const named = Object.keys(env).filter((name) => /^(QUEUECAST|KAFKA|GENESYS)/.test(name));
    expect(taken).toEqual(expect.arrayContaining(named));
    expect(named).toContain('GENESYSCLOUD_OAUTHCLIENT_ID');
  });

  test('the pipeline finds Kafka, the simulator and its clock where they listen, and may log in', () => {
    const { config } = loadConfig({ env: { ...imageEnv, ...queuecast!.environment } });
    const login = loadConfig({ env: simulator!.environment }).config;
    const [, host, , port] = simulator!.command!.slice(1);
    expect(simulator!.command![0]).toBe('simulate');
    expect(host).toBe('0.0.0.0');
    expect(config).toMatchObject({ gatewayHost: 'simulator', gatewayPort: Number(port), gatewayProtocol: 'http' });
    expect(config.clock).toBe(`http://simulator:${port!}`);
    expect(simulator!.ports).toEqual([`127.0.0.1:${port!}:${port!}`]);
    expect([config.clientId, config.clientSecret]).toEqual([login.clientId, login.clientSecret]);
    expect(config.kafkaBrokers).toEqual(['kafka:9092']);
    expect(kafka!.environment['KAFKA_ADVERTISED_LISTENERS']).toMatch(/^INTERNAL:\/\/kafka:9092,/);
  });

  test('a reader on this machine is sent on to the port that is published for it', () => {
    const [, published, inside] = /^127\.0\.0\.1:(.+):(\d+)$/.exec(kafka!.ports[0]!)!;
    expect(kafka!.environment['KAFKA_ADVERTISED_LISTENERS']).toMatch(/,EXTERNAL:\/\/127\.0\.0\.1:/);
    expect(kafka!.environment['KAFKA_ADVERTISED_LISTENERS']!.endsWith(`:${published!}`)).toBe(true);
    expect(kafka!.environment['KAFKA_LISTENERS']).toContain(`EXTERNAL://:${inside!}`);
  });

  test('tests without Docker and with it have the same Kafka', () => {
    expect(kafka!.image).toBe(`apache/kafka:${/^const version = '(.*)';$/m.exec(text('test/support/kafka.ts'))![1]!}`);
  });

  test('the simulator is healthy when it tells its time', async () => {
    let status = 200;
    const asked: unknown[] = [];
    const server = createServer(({ url }, response) => {
      asked.push(url);
      response.writeHead(status).end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const [, ...command] = simulator!.healthcheck!.test.map((part) => part.replace(':8765', `:${port}`));
    const healthy = await exitCode(command);
    status = 503;
    const failing = await exitCode(command);
    server.close();
    await once(server, 'close');
    const gone = await exitCode(command);
    expect({ healthy, failing, gone }).toEqual({ healthy: 0, failing: 1, gone: 1 });
    expect(asked).toEqual(['/simulator/clock', '/simulator/clock']);
  });
});
