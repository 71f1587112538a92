import { once } from 'node:events';
import { connect } from 'node:net';
import { Client, request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { scaledClock, type ScaledClockSettings } from '../../../sinks/clock.ts';
import { startSimulator, type Simulator, type SimulatorSettings } from '../../../src/simulator/simulator.ts';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '../../support/manual-clock.ts';
import { frameOf, type Body } from './virtual-client.ts';

const running: Simulator[] = [];

async function start(settings: Partial<SimulatorSettings> = {}): Promise<Simulator> {
  const simulator = await startSimulator({
    trace: 'samples/bank-1999-01-05.trace.jsonl.gz',
    speed: 600,
    port: 0,
    loop: false,
    clientId: 'id',
    clientSecret: 'secret',
    ...settings,
  });
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

async function traceOf(lines: readonly object[]): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'queuecast-simulator-')), 'day.jsonl');
  await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'));
  return path;
}

const twoCalls = [
  { t: 36_000, ev: 'agent', agent: 'ann', state: 'on', queues: ['sales'] },
  { t: 36_001, ev: 'arrival', id: 'a', q: 'sales', pri: 0 },
  { t: 36_004, ev: 'answer', id: 'a', q: 'sales', agent: 'ann', wait: 3 },
  { t: 36_005, ev: 'arrival', id: 'b', q: 'sales', pri: 0 },
  { t: 36_009, ev: 'end', id: 'a', q: 'sales', agent: 'ann', handle: 5 },
];

async function ask(
  simulator: Simulator,
  token: string,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<Body> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const text = body === undefined ? '' : JSON.stringify(body);
  const answer = await request(simulator.url + path, { method, headers, body: method === 'GET' ? null : text });
  return (await answer.body.json()) as Body;
}

async function logIn(simulator: Simulator): Promise<string> {
  const answer = await request(`${simulator.url}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from('id:secret').toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  });
  expect(answer.statusCode).toBe(200);
  return ((await answer.body.json()) as Body).access_token;
}

describe('the simulator on a port', () => {
  test('logs in, makes a channel, subscribes, and sends frames, heartbeats and pongs over the socket', async () => {
    const simulator = await start();
    const token = await logIn(simulator);
    const queues = await ask(simulator, token, 'GET', '/api/v2/routing/queues?pageSize=100');
    const channel = await ask(simulator, token, 'POST', '/api/v2/notifications/channels');
    expect(channel.connectUri).toBe(`${simulator.url.replace('http', 'ws')}/channels/${channel.id}`);
    const topics = queues.entities.map(({ id }) => ({ id: `v2.routing.queues.${id}.conversations` }));
    const target = `/api/v2/notifications/channels/${channel.id}/subscriptions`;
    expect((await ask(simulator, token, 'POST', target, topics)).entities).toHaveLength(6);
    const socket = new WebSocket(channel.connectUri);
    const wanted = new Set(['WebSocket Heartbeat', 'pong', 'conversation']);
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('open', () => socket.send('{"message":"ping"}'));
      socket.on('message', (data: Buffer) => {
        const frame = frameOf(data.toString());
        wanted.delete(frame.eventBody.message ?? 'conversation');
        if (wanted.size === 0) resolve();
      });
    });
    expect(socket.extensions).toBe('');
    const newer = new WebSocket(channel.connectUri);
    await new Promise((resolve) => socket.on('close', resolve));
    expect(newer.readyState).toBeLessThan(WebSocket.CLOSING);
    newer.terminate();
  });

  test('refuses a socket to an unknown channel with 404', async () => {
    const simulator = await start();
    const socket = new WebSocket(`${simulator.url.replace('http', 'ws')}/channels/streaming-0-none`);
    const error = await new Promise<Error>((resolve) => socket.on('error', resolve));
    expect(error.message).toContain('404');
  });

  test('answers HEAD and DELETE without a body', async () => {
    const simulator = await start();
    const token = await logIn(simulator);
    const { id } = await ask(simulator, token, 'POST', '/api/v2/notifications/channels');
    const headers = { authorization: `Bearer ${token}` };
    const path = `/api/v2/notifications/channels/${id}`;
    const head = await request(simulator.url + path, { method: 'HEAD', headers });
    expect([head.statusCode, await head.body.text()]).toEqual([200, '']);
    const removal = await request(`${simulator.url}${path}/subscriptions`, { method: 'DELETE', headers });
    expect([removal.statusCode, await removal.body.text()]).toEqual([204, '']);
    expect(removal.headers['inin-correlation-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('tells other processes its clock, and everybody how far it is', async () => {
    const simulator = await start({ date: '2026-03-03' });
    const settings = (await (await request(`${simulator.url}/simulator/clock`)).body.json()) as ScaledClockSettings;
    expect(settings).toMatchObject({ speed: 600, epochMs: Date.parse('2026-03-03T05:07:37Z') });
    expect(Math.abs(scaledClock(settings).nowMs() - simulator.clock.nowMs())).toBeLessThan(600 * 50);
    const status = (await (await request(`${simulator.url}/simulator/status`)).body.json()) as { platformMs: number };
    expect(status).toMatchObject({ ended: false, queues: 6, agents: 20 });
    expect(status.platformMs).toBeGreaterThanOrEqual(settings.epochMs);
  });

  test('takes faults over HTTP, one or many, and says which are none', async () => {
    const simulator = await start();
    const token = await logIn(simulator);
    const inject = async (body: unknown) => {
      const answer = await request(`${simulator.url}/simulator/faults`, { method: 'POST', body: JSON.stringify(body) });
      return [answer.statusCode, (await answer.body.json()) as Body] as const;
    };
    const channel = await ask(simulator, token, 'POST', '/api/v2/notifications/channels');
    const socket = new WebSocket(channel.connectUri);
    await new Promise((resolve) => socket.on('open', resolve));
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    expect(await inject([{ kind: 'hang-socket' }, { kind: 'drop-socket' }])).toEqual([200, { injected: 2 }]);
    expect(await closed).toBe(1006);
    expect(await inject({ kind: 'server-error', status: 502, count: 1 })).toEqual([200, { injected: 1 }]);
    const headers = { authorization: `Bearer ${token}` };
    const answer = await request(`${simulator.url}/api/v2/users`, { headers });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([502, 'text/html']);
    expect(await answer.body.text()).toMatch(/^<html>/);
    expect(await inject({ kind: 'flood' })).toMatchObject([400, { code: 'bad.request' }]);
    const [, unknown] = await inject([{ kind: 'clear' }, { kind: 'flood' }]);
    expect(unknown.message).toMatch(
      /^1\.kind: Value \[flood\] is no fault\. Allowable values are: drop-socket, .*clear$/,
    );
    expect((await inject('flood'))[1].message).toMatch(/^0: .*Allowable values are: drop-socket/);
  });

  test('a socket that hangs answers not even the pings of the protocol', async () => {
    const simulator = await start({ speed: 1 });
    const token = await logIn(simulator);
    const channel = await ask(simulator, token, 'POST', '/api/v2/notifications/channels');
    const socket = new WebSocket(channel.connectUri);
    await new Promise((resolve) => socket.on('open', resolve));
    let pongs = 0;
    socket.on('pong', () => (pongs += 1));
    const ponged = () => new Promise((resolve) => socket.once('pong', resolve));
    socket.ping();
    await ponged();
    simulator.platform.inject({ kind: 'hang-socket' }, simulator.clock.nowMs());
    socket.ping();
    // A whole exchange over another connection lies between: the ping has long arrived.
    await ask(simulator, token, 'GET', '/api/v2/users');
    expect(pongs).toBe(1);
    simulator.platform.inject({ kind: 'clear' }, simulator.clock.nowMs());
    await ponged();
    expect(pongs).toBe(2);
    socket.terminate();
  });

  test('keeps slow answers back for so long of its own time', async () => {
    const simulator = await start({ speed: 1000 });
    const token = await logIn(simulator);
    simulator.platform.inject(
      { kind: 'slow-answers', pathPrefix: '/api/', forMs: 3_600_000, count: 1, delayMs: 20_000 },
      simulator.clock.nowMs(),
    );
    const beforeMs = simulator.clock.nowMs();
    await ask(simulator, token, 'GET', '/api/v2/users');
    expect(simulator.clock.nowMs() - beforeMs).toBeGreaterThanOrEqual(20_000);
  });

  test('takes no faults from where others can reach it, unless told to', async () => {
    const inject = async (simulator: Simulator) => {
      const { port } = new URL(simulator.url);
      const target = `http://127.0.0.1:${port}/simulator/faults`;
      const answer = await request(target, { method: 'POST', body: '{"kind":"clear"}' });
      await answer.body.dump();
      return answer.statusCode;
    };
    expect(await inject(await start({ host: '0.0.0.0' }))).toBe(403);
    expect(await inject(await start({ host: '0.0.0.0', admin: true }))).toBe(200);
  });

  test('says of its own pages how they are asked for, and which there are', async () => {
    const { url } = await start();
    const told = async (method: 'GET' | 'PUT' | 'DELETE', path: string) => {
      const answer = await request(url + path, { method });
      const { message } = (await answer.body.json()) as Body;
      return [answer.statusCode, answer.headers['allow'], message];
    };
    expect(await told('GET', '/simulator/faults')).toEqual([405, 'POST', '/simulator/faults takes POST only.']);
    expect(await told('DELETE', '/simulator/clock?x=1')).toEqual([405, 'GET', '/simulator/clock takes GET only.']);
    expect(await told('PUT', '/simulator/fault')).toEqual([
      404,
      undefined,
      '/simulator/fault is not found; there is GET /simulator/clock, GET /simulator/status, POST /simulator/faults.',
    ]);
  });

  test('lets planned faults happen on their own', async () => {
    const baseClock = manualClock(Date.parse('2026-03-03T12:00:00Z'));
    const faults = [{ afterMs: 60_000, fault: { kind: 'expire-tokens' } as const }];
    const simulator = await start({ speed: 1, baseClock, faults });
    const token = await logIn(simulator);
    const statusAt = async () => {
      const headers = { authorization: `Bearer ${token}` };
      const answer = await request(`${simulator.url}/api/v2/organizations/me`, { headers });
      await answer.body.dump();
      return answer.statusCode;
    };
    expect(await statusAt()).toBe(200);
    await baseClock.advance(60_000);
    expect(await statusAt()).toBe(401);
  });

  test('serves a model that begins at seven in the morning of a recent day, and needs a trace or a model', async () => {
    const model = { seed: 3, queues: 2, agents: 5 };
    const login = { clientId: 'id', clientSecret: 'secret' };
    const common = { speed: 600, port: 0, loop: false, timeZone: 'Asia/Jerusalem', ...login };
    const simulator = await startSimulator({ ...common, model });
    running.push(simulator);
    const queues = await ask(simulator, await logIn(simulator), 'GET', '/api/v2/routing/queues');
    expect(queues.entities.map(({ name }) => name)).toEqual(['Billing 0001', 'Cards 0001']);
    const format = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Jerusalem', timeStyle: 'short' });
    // The clock runs ten minutes in a second, and starts just before the first event.
    expect(format.format(simulator.clock.nowMs() + 5_000)).toMatch(/^0[78]:/);
    await expect(startSimulator(common)).rejects.toThrow(/neither a trace nor a model/);
    await expect(startSimulator({ ...common, model, trace: 'x' })).rejects.toThrow(/a trace and a model/);
  });

  test('ends 90 s after the last event with a summary, and stays up until it is closed', async () => {
    const simulator = await start({ trace: await traceOf(twoCalls), speed: 1000, timeZone: 'UTC', date: '2026-03-03' });
    const summary = await simulator.ended;
    expect(summary).toEqual({
      calls: { offered: 2, answered: 1, abandoned: 0, handled: 1, flowedOut: 0, dropped: 1, ignored: 0 },
      queues: 1,
      agents: 1,
    });
    expect(simulator.clock.nowMs()).toBeGreaterThanOrEqual(Date.parse('2026-03-03T10:01:39Z'));
    await logIn(simulator);
  });

  test('ends early when asked to', async () => {
    const stop = new AbortController();
    const simulator = await start({ signal: stop.signal, loop: true });
    stop.abort();
    expect((await simulator.ended).queues).toBe(6);
  });

  test('a taken port, a bad trace and a senseless speed are one clear error each', async () => {
    const { url } = await start();
    const port = Number(new URL(url).port);
    await expect(start({ port })).rejects.toMatchObject({
      code: 'QC_SIMULATOR_ADDRESS',
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port} is taken .* choose another port`)),
    });
    const trace = await traceOf([...twoCalls, { t: 36_010, ev: 'hold' }]);
    await expect(start({ trace })).rejects.toMatchObject({ code: 'QC_TRACE_MALFORMED', file: trace, line: 6 });
    await expect(start({ speed: 0 })).rejects.toMatchObject({ code: 'QC_SIMULATOR_SETTING' });
    await expect(start({ timeZone: 'Mars/Base' })).rejects.toThrow(/"Mars\/Base"/);
  });
});

describe('requests that no client of the platform sends', () => {
  test('a handshake for a target that is no URL is refused, and the others go on', async () => {
    const simulator = await start();
    const { hostname, port } = new URL(simulator.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET // HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 404 /);
    expect(await logIn(simulator)).not.toBe('');
  });

  test.each([
    ['too long a body', 413, 'request.entity.too.large', 'POST', '/api/v2/users', 'x'.repeat(5_000_000)],
    ['a path that cannot be decoded', 400, 'bad.request', 'GET', '/api/v2/%zz', null],
    ['two slashes', 401, 'authentication.required', 'GET', '//', null],
    ['a method that nothing takes', 401, 'authentication.required', 'OPTIONS', '/api/v2/users', null],
  ] as const)('%s is answered with the platform’s error body', async (_, status, code, method, path, body) => {
    const simulator = await start();
    const client = new Client(simulator.url);
    const answer = await client.request({ method, path, body });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['inin-correlation-id']).toEqual(expect.any(String));
    expect(await answer.body.json()).toMatchObject({ status, code, contextId: expect.any(String), errors: [] });
    await client.close();
  });
});
