import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { samplePath } from '../../src/commands/settings.ts';
import type { LaterFault } from '../../src/simulator/fault-plan.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { simulatorEnv, startProcess, until } from '../support/pipeline-process.ts';
import { startSmallPlatform } from '../support/small-platform.ts';

// The check as an administrator meets it: what is granted in, lines and exit code out.

const login = { clientId: 'check-test', clientSecret: 'check-secret' };
const all = [
  'analytics:queueObservation:view',
  'analytics:conversationAggregate:view',
  'routing:queue:view',
  'conversation:communication:view',
  'analytics:surveyAggregate:view',
];
const without = (permission: string) => all.filter((each) => each !== permission);
const report = z.object({
  exitCode: z.int(),
  figures: z.record(z.string(), z.number()).nullable(),
  findings: z.array(
    z.object({ name: z.string(), status: z.string(), told: z.string(), permissions: z.array(z.string()).optional() }),
  ),
});
let simulator: Simulator | undefined;

afterEach(async () => {
  await simulator?.close();
  simulator = undefined;
});

async function start(
  permissions: readonly string[],
  faults: readonly LaterFault[] = [],
): Promise<Readonly<Record<string, string>>> {
  const trace = samplePath();
  simulator = await startSimulator({ ...login, trace, speed: 60, port: 0, loop: false, permissions, faults });
  return simulatorEnv(simulator.url, login.clientId, login.clientSecret);
}

async function logIn(url: string, clientId: string, clientSecret: string): Promise<string> {
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const { body } = await request(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });
  return z.object({ access_token: z.string() }).parse(await body.json()).access_token;
}

async function check(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const running = startProcess(['check', ...args], env);
  return { exit: await running.ended, told: running.output() };
}

async function checked(env: Readonly<Record<string, string>>) {
  const { exit, told } = await check(env, '--json');
  const { exitCode, figures, findings } = report.parse(JSON.parse(told));
  expect(exitCode).toBe(exit);
  const missing = findings.filter(({ status }) => status === 'missing');
  return { exit, figures, findings, missing: missing.map(({ name, permissions }) => [name, permissions]) };
}

describe('check', () => {
  test('exits 0 when all is there, with a line for each question and the sum of the topics', async () => {
    const env = await start(all);
    const { exit, told } = await check(env);
    expect(exit, told).toBe(0);
    const lines = told.trim().split('\n');
    expect(lines.slice(0, -1).filter((line) => !line.startsWith('ok '))).toEqual([]);
    for (const question of [
      'host',
      'credentials',
      'organisation .*Invented Bank',
      'clock',
      'websocket',
      'channel',
      'rate limit',
      'kafka',
    ]) {
      expect(told).toMatch(new RegExp(`^ok +${question}`, 'm'));
    }
    expect(told).toMatch(
      /6 queues x 2 topics \+ 20 agents x 1 topic = 32 topics, at most 1000 a channel: 1 of 19 channels/,
    );
    expect(lines.at(-1)).toBe(`${lines.length - 1} ok, 0 missing, 0 failed`);
    expect((await checked(env)).figures).toMatchObject({ queues: 6, agents: 20, topics: 32, channels: 1 });
  });

  test('exits 3 without the permission for conversations, and says that no wait has a beginning then', async () => {
    const env = await start(without('conversation:communication:view'));
    const { exit, told } = await check(env);
    expect(exit, told).toBe(3);
    expect(told).toMatch(
      /^missing +topic conversations .*lost: who waits since when .*; grant conversation:communication:view to a role/m,
    );
    expect((await checked(env)).missing).toEqual([['topic conversations', ['conversation:communication:view']]]);
  });

  test('names the permission for surveys and what is lost without it, unless they are not to be read', async () => {
    const env = await start(without('analytics:surveyAggregate:view'));
    const { exit, told } = await check(env);
    expect(exit, told).toBe(3);
    expect(told).toMatch(
      /^missing +call surveys +refused; lost: optional: satisfaction counts as 0\.5 .*; grant analytics:surveyAggregate:view/m,
    );
    const off = await check({ ...env, QUEUECAST_SURVEYS_EVERY_MS: 'none' });
    expect(off.exit, off.told).toBe(0);
    expect(off.told).not.toContain('call surveys');
  });

  test.each([
    ['routing:queue:view', ['call queues', 'queues']],
    ['analytics:conversationAggregate:view', ['call aggregates', 'topic observations']],
    [
      'analytics:queueObservation:view',
      ['call routing activity', 'call queue observations', 'call conversation activity'],
    ],
  ])('exits 3 without %s, and names what needs it', async (permission, names) => {
    const { exit, missing } = await checked(await start(without(permission)));
    expect(exit).toBe(3);
    const found = new Map(missing.map(([name, permissions]) => [name, permissions]));
    for (const name of names) expect(found.has(name), `${name} is missing`).toBe(true);
    for (const name of names.filter((each) => each.startsWith('call '))) expect(found.get(name)).toEqual([permission]);
  });

  test('exits 3 on a simulator that was told to deny a permission', async () => {
    const args = ['--deny', 'conversation:communication:view', '--switch', 'deleteSubscriptionsStatus=202'];
    const running = startProcess(['simulate', '--port', '0', ...args]);
    await until(() => Promise.resolve(running.output().includes('\n')), running);
    const url = running.output().trim();
    const { exit, missing } = await checked(simulatorEnv(url, 'simulator', 'simulator'));
    running.child.kill('SIGTERM');
    expect(exit).toBe(3);
    expect(missing).toEqual([['topic conversations', ['conversation:communication:view']]]);
    expect(await running.ended).toBe(0);
  });

  test('exits 1 when it cannot ask: wrong credentials, none, or brokers that do not answer', async () => {
    const env = await start(all);
    const wrong = await check({ ...env, GENESYSCLOUD_OAUTHCLIENT_SECRET: 'wrong' });
    expect(wrong.exit).toBe(1);
    expect(wrong.told).toMatch(
      /^ok +host[\s\S]*^failed +credentials .*refused the login.*lost: nothing more can be asked/m,
    );
    const none = await check({});
    expect(none.exit).toBe(1);
    expect(none.told).toMatch(/^failed +credentials .*GENESYSCLOUD_OAUTHCLIENT_ID is not set/m);
    const silent = await check(env, '--kafka-brokers', '127.0.0.1:9');
    expect(silent.exit).toBe(1);
    expect(silent.told).toMatch(/^failed +kafka .*KAFKA_BROKERS/m);
    expect(silent.told).toMatch(/^ok +topic conversations/m);
  });

  test('exits 3 when no WebSocket opens though every call is answered, and names the host and the way out', async () => {
    const env = await start(all, [{ afterMs: 0, fault: { kind: 'refuse-sockets', status: 503 } }]);
    const { host } = new URL(simulator!.url);
    const { exit, told } = await check(env);
    expect(exit, told).toBe(3);
    expect(told).toMatch(
      new RegExp(
        `^missing +websocket +ws://${host}: not opened: handshake refused with 503; lost: .*run does not start; let WebSocket connections to ${host} through the firewall`,
        'm',
      ),
    );
    expect((await checked(env)).missing).toEqual([['websocket', undefined]]);
  });

  test('leaves no topic on the channel that it takes', async () => {
    const platform = await startSmallPlatform();
    try {
      const url = `http://127.0.0.1:${platform.port}`;
      const { QUEUECAST_CLOCK: _, ...env } = simulatorEnv(url, 'id', 'secret');
      const { told } = await check(env);
      expect(told).toMatch(/^ok +topic conversations/m);
      expect(told).toMatch(/^ok +websocket/m);
      const subscriptions = platform.requests.filter((each) => each.endsWith('/subscriptions'));
      expect(subscriptions.map((each) => each.split(' ')[0])).toEqual(['POST', 'DELETE']);
      const path = subscriptions[0]?.split(' ')[1] ?? '';
      const headers = { authorization: `Bearer ${await logIn(url, 'id', 'secret')}` };
      const { statusCode, body } = await request(url + path, { headers });
      expect(statusCode).toBe(200);
      expect(await body.json()).toEqual({ entities: [] });
    } finally {
      await platform.close();
    }
  });

  test('takes nobody a channel away: when all are taken, topics and socket are not tried, and that is said', async () => {
    const env = await start(all);
    const { url } = simulator!;
    const bearer = await logIn(url, login.clientId, login.clientSecret);
    const headers = { authorization: `Bearer ${bearer}` };
    for (let made = 0; made < 20; made++) {
      const { body } = await request(`${url}/api/v2/notifications/channels`, { method: 'POST', headers });
      await body.dump();
    }
    const { exit, findings } = await checked(env);
    expect(exit).toBe(1);
    expect(findings.find(({ status }) => status === 'failed')).toMatchObject({
      name: 'channel',
      told: expect.stringContaining('all 20 channels') as unknown,
    });
  });

  test('asks no recording, as usage', async () => {
    expect((await check({}, '--source', 'day.jsonl')).exit).toBe(2);
  });
});
