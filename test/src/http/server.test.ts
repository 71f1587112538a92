import { get } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../../../src/config.ts';
import { healthRoutes, type Readiness } from '../../../src/http/health.ts';
import { problemAnswers, problemSchema } from '../../../src/http/problem.ts';
import { type App, type HttpServer, type HttpServerOptions, startHttpServer } from '../../../src/http/server.ts';
import { manualClock } from '../../support/manual-clock.ts';

const token = 'a-token-for-tests-only';
const clock = manualClock();
const errors: unknown[] = [];
const ready: Readiness = { isReady: true, heartbeatAgeSeconds: 1, heardAgeSeconds: 2 };

/** A subject that takes a body, and one that fails. */
function counting(app: App): void {
  const body = z.strictObject({
    count: z.int().min(1),
    parts: z.array(z.strictObject({ size: z.number() })).optional(),
  });
  const response = { 200: z.object({ doubled: z.int() }), ...problemAnswers(400, 404) };
  app.post('/double', { schema: { body, response } }, (request) =>
    Promise.resolve({ doubled: 2 * request.body.count }),
  );
  app.get('/fails', () => Promise.reject(new Error('a secret of the server')));
}

let server: HttpServer | undefined;

async function start(options: Partial<HttpServerOptions> = {}): Promise<string> {
  const log = { error: (told: unknown) => void errors.push(told) };
  const subjects = [counting, healthRoutes(() => ready)];
  server = await startHttpServer({ host: '127.0.0.1', port: 0, version: '0', clock, log, subjects, ...options });
  return server.url;
}

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function ask(url: string, init: RequestInit = {}) {
  const response = await fetch(url, init);
  const text = await response.text();
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  return { status: response.status, headers: response.headers, body };
}

const post = (url: string, body: string, type = 'application/json') =>
  ask(url, { method: 'POST', body, headers: { 'content-type': type } });

describe('the HTTP server', () => {
  test('answers what its routes answer', async () => {
    expect(await post(`${await start()}/double`, '{"count":4}')).toMatchObject({ status: 200, body: { doubled: 8 } });
  });

  test('names each field at fault in a problem of RFC 9457', async () => {
    const url = await start();
    const refused = await post(`${url}/double`, '{"count":0,"parts":[{"size":"x","colour":1}],"cuont":1}');
    expect(refused.status).toBe(400);
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const told = problemSchema.parse(refused.body);
    expect(told).toMatchObject({ type: 'urn:queuecast:problem:invalid-request', status: 400 });
    expect(told.errors?.map(({ field }) => field).sort()).toEqual(['count', 'cuont', 'parts.0.colour', 'parts.0.size']);
  });

  test('tells all other refusals as problems too', async () => {
    const url = await start({ rate: { ratePerSecond: 1, capacity: 100 } });
    const told = async (asked: Promise<Awaited<ReturnType<typeof ask>>>) => {
      const { status, headers, body } = await asked;
      expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(problemSchema.parse(body).status).toBe(status);
      return [status, headers.get('allow')];
    };
    expect(await told(post(`${url}/double`, '{"count"'))).toEqual([400, null]);
    expect(await told(post(`${url}/double`, ''))).toEqual([400, null]);
    expect(await told(post(`${url}/double`, '{"__proto__":{"count":1}}'))).toEqual([400, null]);
    expect(await told(post(`${url}/double`, 'count: 1', 'text/yaml'))).toEqual([415, null]);
    expect(await told(post(`${url}/double`, `"${'x'.repeat(5 * 2 ** 20)}"`))).toEqual([413, null]);
    expect(await told(ask(`${url}/nowhere`))).toEqual([404, null]);
    expect(await told(ask(`${url}/double`, { method: 'DELETE' }))).toEqual([405, 'POST']);
    expect(await told(ask(`${url}/healthz`, { method: 'QUERY' }))).toEqual([405, 'GET']);
    expect(await told(ask(`${url}/double?x=1`))).toEqual([405, 'POST']);
  });

  test('keeps what went wrong inside to its log', async () => {
    errors.length = 0;
    const { status, body } = await ask(`${await start()}/fails`);
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(errors).toHaveLength(1);
  });

  test('does not start where others reach it while no token is set', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'localhost.example']) {
      const starting = start({ host });
      await expect(starting, host).rejects.toThrow(ConfigError);
      await expect(starting, host).rejects.toThrow(/QUEUECAST_HTTP_HOST=.*QUEUECAST_HTTP_TOKEN/);
    }
    await start({ host: '0.0.0.0', token });
  });

  test('asks for the token wherever one is set, but for the two questions after its health', async () => {
    const url = await start({ token });
    const asked = (authorization?: string) =>
      ask(`${url}/openapi.json`, { headers: authorization === undefined ? {} : { authorization } });
    for (const wrong of [undefined, `Basic ${token}`, 'Bearer', `Bearer ${token}x`, `Bearer ${token.slice(1)}`]) {
      const refused = await asked(wrong);
      expect(refused.status, wrong).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    }
    expect((await asked(`Bearer ${token}`)).status).toBe(200);
    expect(await ask(`${url}/healthz`)).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await ask(`${url}/readyz`)).toMatchObject({ status: 200, body: { status: 'ready' } });
  });

  test('is not to be had by a foreign name while no token is asked for', async () => {
    const { hostname, port } = new URL(await start());
    const status = await new Promise((resolve) => {
      get({ hostname, port, path: '/openapi.json', headers: { host: 'evil.example' } }, ({ statusCode }) =>
        resolve(statusCode),
      );
    });
    expect(status).toBe(421);
  });

  test('lets an address wait that asks too often, and takes it again later', async () => {
    const url = await start({ rate: { ratePerSecond: 0.5, capacity: 2 } });
    await ask(`${url}/healthz`);
    await ask(`${url}/healthz`);
    const refused = await ask(`${url}/healthz`);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('2');
    await clock.advance(2_000);
    expect((await ask(`${url}/healthz`)).status).toBe(200);
  });

  test('says that it is not ready while nothing was heard', async () => {
    const never: Readiness = { isReady: false, heartbeatAgeSeconds: null, heardAgeSeconds: null };
    const { status, body } = await ask(`${await start({ subjects: [healthRoutes(() => never)] })}/readyz`);
    expect(status).toBe(503);
    expect(body).toEqual({ status: 'not_ready', heartbeat_age_seconds: null, heard_age_seconds: null });
  });

  test('describes itself as OpenAPI 3.1, made of the schemas that it checks by', async () => {
    const { body } = await ask(`${await start()}/openapi.json`);
    expect(body).toMatchObject({
      openapi: '3.1.0',
      paths: {
        '/double': {
          post: {
            requestBody: { content: { 'application/json': { schema: { required: ['count'] } } } },
            responses: { '200': {}, '400': { content: { 'application/problem+json': {} } } },
          },
        },
        '/readyz': { get: {} },
      },
    });
  });

  test('says which setting is at fault when the port is taken', async () => {
    const port = Number(new URL(await start()).port);
    const first = server;
    await expect(start({ port })).rejects.toThrow(/QUEUECAST_HTTP_PORT=\d+: allowed: a port that no other program/);
    server = first;
  });
});
