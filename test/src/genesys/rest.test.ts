import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createSend } from '../../../src/genesys/http.ts';
import { createRest, type Rest } from '../../../src/genesys/rest.ts';
import { advanceUntil, type ManualClock, manualClock } from '../../support/manual-clock.ts';

interface Scripted {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface Place {
  readonly rest: Rest;
  readonly clock: ManualClock;
  /** Method, path and token of every call, and how many logins there were. */
  readonly calls: string[];
  logins(): number;
  /** Lets platform time pass until the promise is settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
}

const never = new AbortController().signal;
const servers: Server[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  const closing = servers.splice(0).map((server) => {
    server.closeAllConnections();
    server.close();
    return once(server, 'close');
  });
  await Promise.all(closing);
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A platform of which `answer` decides what a call gets; logins always succeed. */
async function place(
  answer: (call: string, request: IncomingMessage) => Scripted | 'nothing',
  expiresInS = 3_600,
): Promise<Place> {
  const calls: string[] = [];
  let logins = 0;
  const url = await listen(
    createServer((request, response) => {
      request.resume();
      if (request.url === '/oauth/token') {
        logins += 1;
        response.end(JSON.stringify({ access_token: `token-${logins}`, token_type: 'bearer', expires_in: expiresInS }));
        return;
      }
      const call = `${request.method} ${request.url} ${request.headers.authorization?.replace('Bearer ', '')}`;
      calls.push(call);
      const scripted = answer(call, request);
      if (scripted === 'nothing') return;
      const { status, headers = {}, body = {} } = scripted;
      response.writeHead(status, { 'inin-correlation-id': 'c-1', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    }),
  );
  const clock = manualClock(1_767_225_600_000);
  const rest = createRest({
    ...{
      apiUrl: url,
      loginUrl: url,
      clientId: 'id',
      clientSecret: 'secret',
      clock,
      random: () => 0,
      send: createSend(200),
    },
  });
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    promise.then(
      () => (isSettled = true),
      () => (isSettled = true),
    );
    await advanceUntil(clock, () => isSettled);
    return promise;
  };
  return { rest, clock, calls, logins: () => logins, settle };
}

const ok: Scripted = { status: 200, body: { fine: true } };

test('however many calls wait for a token, there is one login; a new one comes before the old one ends', async () => {
  const { rest, clock, calls, logins } = await place(() => ok, 3_600);
  await Promise.all([1, 2, 3].map((each) => rest.get(`/${each}`, never)));
  expect(logins()).toBe(1);
  await clock.advance(3_600_000 - 60_000);
  await rest.get('/4', never);
  expect(logins()).toBe(2);
  expect(calls.at(-1)).toBe('GET /4 token-2');
});

test('a token that lives for less than a minute is used all the same', async () => {
  const { rest, logins } = await place(() => ok, 50);
  await rest.get('/1', never);
  await rest.get('/2', never);
  expect(logins()).toBe(1);
});

test('a refused token is renewed once, and the call made again', async () => {
  const { rest, calls } = await place((call) => (call.endsWith('token-1') ? { status: 401 } : ok));
  expect(await rest.get('/queues', never)).toEqual({ fine: true });
  expect(calls).toEqual(['GET /queues token-1', 'GET /queues token-2']);
});

test('a call that a new token does not open is a refusal, with the id that support asks for', async () => {
  const body = { code: 'bad.credentials', message: 'Invalid login credentials.' };
  const { rest, calls } = await place(() => ({ status: 401, body }));
  await expect(rest.get('/queues', never)).rejects.toMatchObject({
    code: 'QC_GENESYS_CREDENTIALS',
    message: expect.stringMatching(/GET \/queues .*bad\.credentials.*ININ-Correlation-Id c-1/),
  });
  expect(calls).toHaveLength(2);
});

test.each([
  ['the region', {}, /_SECRET and GENESYSCLOUD_REGION$/],
  ['the gateway', { hostSettings: 'THE_GATEWAY' }, /_SECRET and THE_GATEWAY$/],
])('a login that is refused names the setting that led there: %s', async (_, hostSettings, told) => {
  const clock = manualClock(Date.parse('2026-03-02T09:00:00Z'));
  const urls = { apiUrl: 'http://api.test', loginUrl: 'http://login.test', ...hostSettings };
  const send = () => Promise.resolve({ status: 400, headers: {}, text: '{"error":"invalid_client"}' });
  const rest = createRest({ ...urls, clientId: 'id', clientSecret: 'wrong', clock, random: () => 0, send });
  await expect(rest.get('/queues', never)).rejects.toMatchObject({
    code: 'QC_GENESYS_CREDENTIALS',
    message: expect.stringMatching(told),
  });
});

test('a limit that is reached holds up every call until the platform takes them again', async () => {
  const atMs: number[] = [];
  const { rest, clock, settle } = await place(() => {
    atMs.push(clock.nowMs());
    return atMs.length === 1 ? { status: 429, headers: { 'retry-after': '20' } } : ok;
  });
  const beganMs = clock.nowMs();
  const first = rest.get('/first', never);
  await advanceUntil(clock, () => clock.sleepers() > 0);
  await settle(Promise.all([first, rest.get('/second', never)]));
  expect(atMs).toHaveLength(3);
  for (const each of atMs.slice(1)) expect(each - beganMs).toBeGreaterThanOrEqual(20_000);
});

test('faults are answered with ever longer pauses, then with an error that says what, where and why', async () => {
  const atMs: number[] = [];
  const { rest, clock, settle } = await place(() => {
    atMs.push(clock.nowMs());
    return { status: 503, body: '<html>oops</html>' };
  });
  await expect(settle(rest.post('/query', { a: 1 }, never))).rejects.toMatchObject({
    code: 'QC_GENESYS_UNREACHABLE',
    message: expect.stringMatching(
      /POST \/query at http:.* failed 4 times, last with: status 503 .*c-1.*GENESYSCLOUD_REGION/,
    ),
  });
  const pausesMs = atMs.slice(1).map((each, index) => Math.round((each - (atMs[index] ?? 0)) / 1_000));
  expect(pausesMs).toEqual([1, 2, 4]);
});

test('a host that only fails is left alone for a while, and believed again after one call', async () => {
  let isWell = false;
  const { rest, clock, calls, settle } = await place(() => (isWell ? ok : { status: 500 }));
  await expect(settle(rest.get('/1', never))).rejects.toThrow(/failed 4 times/);
  await expect(settle(rest.get('/2', never))).rejects.toThrow(/failed 4 times/);
  expect(calls).toHaveLength(8);
  await expect(rest.get('/3', never)).rejects.toMatchObject({
    code: 'QC_GENESYS_UNREACHABLE',
    message: expect.stringMatching(/GET \/3 was not asked for.*again in 10 s/),
  });
  expect(calls).toHaveLength(8);
  isWell = true;
  await clock.advance(10_000);
  expect(await rest.get('/4', never)).toEqual({ fine: true });
  expect(await rest.get('/5', never)).toEqual({ fine: true });
});

test('a host that does not answer is given up after the time limit', async () => {
  const { rest, settle } = await place(() => 'nothing');
  await expect(settle(rest.get('/1', never))).rejects.toMatchObject({
    code: 'QC_GENESYS_UNREACHABLE',
    message: expect.stringContaining('UND_ERR_HEADERS_TIMEOUT'),
  });
});

test('a missing permission is an error that names it', async () => {
  const message = 'You are missing the following permission(s): routing:queue:view';
  const { rest } = await place(() => ({ status: 403, body: { code: 'missing.permissions', message } }));
  await expect(rest.get('/1', never)).rejects.toMatchObject({
    code: 'QC_GENESYS_PERMISSION',
    message: expect.stringContaining('routing:queue:view'),
  });
});

test('calls go through the proxy that the usual variables name', async () => {
  const tunnels: string[] = [];
  const proxy = createServer();
  proxy.on('connect', (request: IncomingMessage, socket) => {
    tunnels.push(request.url ?? '');
    const [host, port] = (request.url ?? '').split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
  });
  const proxyUrl = await listen(proxy);
  vi.stubEnv('HTTP_PROXY', proxyUrl);
  vi.stubEnv('http_proxy', proxyUrl);
  vi.stubEnv('NO_PROXY', '');
  vi.stubEnv('no_proxy', '');
  const { rest } = await place(() => ok);
  expect(await rest.get('/1', never)).toEqual({ fine: true });
  expect(tunnels.length).toBeGreaterThan(0);
});
