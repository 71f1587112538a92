import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { problemSchema } from '../../../src/http/problem.ts';
import { routingBatchRoutes } from '../../../src/http/routing-batch.ts';
import { type HttpServer, startHttpServer } from '../../../src/http/server.ts';
import type { Roster } from '../../../src/routing/roster.ts';
import { defaultWeights } from '../../../streams/ranking/weights.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock(Date.parse('2026-03-01T10:00:00Z'));
const agent = (id: string) => ({ id, skills: { s: 5 }, languages: ['de'], csat: 1 });
const live: Roster = {
  agents: ['x', 'y'].map((id) => ({
    id,
    name: null,
    routingStatus: 'IDLE',
    skills: new Map([['s', 5]]),
    languages: ['de'],
    csat: null,
    queueTimeSeconds: null,
    idleSinceMs: null,
  })),
  origin: 'live',
  asOfMs: clock.nowMs(),
  isStale: false,
  csat: 'unknown',
};

const answered = z.object({
  interactions: z.int(),
  assignments: z.array(
    z.object({
      interaction_id: z.string(),
      agent_id: z.string(),
      score: z.number(),
      wait_seconds: z.number().nullable(),
    }),
  ),
  unassigned: z.array(z.object({ interaction_id: z.string(), reason: z.string() })),
  fairness_metrics: z.looseObject({ test: z.string(), agent_distribution: z.record(z.string(), z.int()) }),
});

let server: HttpServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(rosters = () => Promise.resolve(live)): Promise<string> {
  const log = { error: (told: unknown) => expect(told).toBeUndefined() };
  const subjects = [routingBatchRoutes({ rosters, weights: defaultWeights, clock })];
  server ??= await startHttpServer({ host: '127.0.0.1', port: 0, version: '0', clock, log, subjects });
  return `${server.url}/simulate/routing/batch`;
}

async function send(body: string | object, type = 'application/json', query = '') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const url = (await start()) + query;
  const answer = await fetch(url, { method: 'POST', body: text, headers: { 'content-type': type } });
  return { status: answer.status, body: await answer.json() };
}

async function simulate(...sent: Parameters<typeof send>) {
  const { status, body } = await send(...sent);
  expect(status, JSON.stringify(body)).toBe(200);
  const { assignments, ...rest } = answered.parse(body);
  return { ...rest, told: assignments.map((a) => `${a.interaction_id} ${a.agent_id} ${a.wait_seconds}`) };
}

const interactions = [
  { id: '1', requiredSkill: 's', required_language: 'de', started_at: '2026-02-01T09:00:00Z' },
  { id: '2', required_skill: ['s'], startedAt: '2026-02-01T09:00:10Z', handle_seconds: 5 },
  { id: '3', required_skill: 't', required_language: 'fr', started_at: '2026-02-01T09:00:20Z' },
];
const poor = { min_score_threshold: 0.9 };

describe('a batch', () => {
  test('gives each interaction to whom the what-if question would, names those that nobody takes, and counts who never was chosen', async () => {
    const {
      told,
      interactions: count,
      unassigned,
      fairness_metrics: fairness,
    } = await simulate({
      queue_id: 'q',
      agents: [agent('a'), agent('b')],
      weights: poor,
      interactions,
    });
    expect(count).toBe(3);
    expect(told).toEqual(['1 a null', '2 a null']);
    expect(unassigned).toEqual([{ interaction_id: '3', reason: 'none_eligible' }]);
    expect(fairness).toMatchObject({ test: 'uniform', agent_distribution: { a: 2, b: 0 }, gini_coefficient: 0.5 });
  });

  test('with capacity keeps agents busy, whatever the order of the log', async () => {
    const { told, fairness_metrics: fairness } = await simulate({
      queue_id: 'q',
      agents: [agent('a')],
      weights: poor,
      interactions: interactions.toReversed(),
      capacity: true,
      handle_seconds: 30,
    });
    expect(told).toEqual(['1 a 0', '2 a 20']);
    expect(fairness).toMatchObject({ test: 'eligible_sets' });
  });

  test('that takes long lets others have their turn, and ends when nobody waits for it any more', async () => {
    const agents = Array.from({ length: 200 }, (_, at) => agent(`a${at}`));
    const many = Array.from({ length: 400 }, (_, at) => ({
      id: `${at}`,
      required_skill: `s${at}`,
      started_at: '2026-02-01T09:00:00Z',
    }));
    const url = await start();
    const leaving = new AbortController();
    const body = JSON.stringify({ queue_id: 'q', capacity: true, agents, interactions: many });
    const headers = { 'content-type': 'application/json' };
    const long = () => fetch(url, { method: 'POST', body, headers, signal: leaving.signal });
    const two = [long(), long()].map((each) => each.then(() => 'batch').catch(() => 'left'));
    // A third one is refused as long as two are on their way.
    const third = async (): Promise<string> => {
      const { status } = await send({ queue_id: 'q', interactions: [] });
      return status === 429 ? 'refused' : third();
    };
    expect(await Promise.race([third(), ...two])).toBe('refused');
    leaving.abort();
    expect(await Promise.all(two)).toEqual(['left', 'left']);
    const fourth = async (): Promise<number> => {
      const { status } = await send({ queue_id: 'q', interactions: [] });
      return status === 429 ? fourth() : status;
    };
    expect(await fourth()).toBe(200);
  });

  test('with capacity of more combinations of skills than any centre tells apart is refused', async () => {
    const many = Array.from({ length: 1_001 }, (_, at) => ({
      id: `${at}`,
      required_skill: `s${at}`,
      started_at: '2026-02-01T09:00:00Z',
    }));
    const { status, body } = await send({ queue_id: 'q', capacity: true, agents: [agent('a')], interactions: many });
    expect(status).toBe(413);
    expect(problemSchema.parse(body).detail).toMatch(
      /with capacity it may ask for at most 1000 different combinations/,
    );
  });

  test('is read from a table or from lines of JSON as they come, over the agents of the live queue', async () => {
    const table =
      'id,required_skill,required_language,started_at\n1,s,de,2026-02-01T09:00:00Z\n2,s,de,2026-02-01T09:00:10Z\n';
    expect((await simulate(table, 'text/csv', '?queue_id=q')).told).toEqual(['1 x null', '2 x null']);
    expect(
      (await simulate(table, 'text/csv; charset=utf-8', '?queueId=q&capacity=true&handle_seconds=60')).told,
    ).toEqual(['1 x 0', '2 y 0']);
    const lines = interactions.map((each) => JSON.stringify(each)).join('\n');
    expect((await simulate(lines, 'application/x-ndjson', '?queue_id=q')).interactions).toBe(3);
  });

  test('is refused with the field at fault, also when that comes late', async () => {
    const refused = async (...sent: Parameters<typeof send>) => {
      const { status, body } = await send(...sent);
      const told = problemSchema.parse(body);
      return [status, ...(told.errors?.map(({ field }) => field) ?? [])];
    };
    expect(await refused({ queue_id: 'q', interactions: [{ id: '1' }, { id: 2 }] })).toEqual([
      400,
      'interactions.1.id',
    ]);
    expect(await refused({ interactions: [] })).toEqual([400, 'queue_id']);
    expect(await refused('id\n1\n', 'text/csv')).toEqual([400, 'queue_id']);
    expect(await refused('id\n1\n', 'text/csv', '?queue_id=q&capacity=perhaps')).toEqual([400, 'capacity']);
    const many = Array.from({ length: 50_000 }, (_, at) => `${at},2\n`).join('');
    const late = `id,handle_seconds\n${many}last,x\n`;
    expect(await refused(late, 'text/csv', '?queue_id=q')).toEqual([400, 'interactions.50000.handle_seconds']);
    const twice = [{ id: '1' }, { id: '2' }, { id: '1' }];
    expect(await refused({ queue_id: 'q', interactions: twice })).toEqual([400, 'interactions.2.id']);
    expect(await refused('id\n', 'text/csv', '?queue_id=q')).toEqual([400, 'interactions']);
    const patient = { queue_id: 'q', max_wait_seconds: 5, interactions: [{ id: '1' }] };
    expect(await refused(patient)).toEqual([400, 'max_wait_seconds']);
    expect(await refused('id\n1\n', 'text/csv', '?queue_id=q&max_wait_seconds=5')).toEqual([400, 'max_wait_seconds']);
    expect(await refused('id\n1\n', 'text/csv', '?queue_id=q&queueId=r')).toEqual([400, 'queue_id']);
    const untimed = { queue_id: 'q', capacity: true, interactions: [{ id: '1' }] };
    expect(await refused(untimed)).toEqual([400, 'interactions.0.started_at']);
    expect(await refused({ queue_id: 'q', agents: [], interactions: [] })).toEqual([404]);
    expect(await refused('<log/>', 'text/xml', '?queue_id=q')).toEqual([415]);
  });

  test('is refused packed, with the way out', async () => {
    const url = `${await start()}?queue_id=q`;
    for (const type of ['text/csv', 'application/json']) {
      const headers = { 'content-type': type, 'content-encoding': 'gzip' };
      const answer = await fetch(url, { method: 'POST', body: gzipSync('id\n1\n'), headers });
      expect(answer.status).toBe(415);
      expect(problemSchema.parse(await answer.json()).detail).toMatch(/^Content-Encoding is gzip: unpack the body/);
    }
  });

  test('waits its turn: of three at a time one is asked to come again', async () => {
    let go: (roster: Roster) => void = () => undefined;
    const roster = new Promise<Roster>((resolve) => (go = resolve));
    await start(() => roster);
    const asked = [1, 2, 3].map(() => send('id\n1\n', 'text/csv', '?queue_id=q'));
    const first = await Promise.race(asked);
    expect(first.status).toBe(429);
    go(live);
    expect((await Promise.all(asked)).map(({ status }) => status).sort()).toEqual([200, 200, 429]);
  });

  test('says in OpenAPI that a log may come as text', async () => {
    const url = new URL('/openapi.json', await start());
    const content = z.record(z.string(), z.object({ schema: z.looseObject({ type: z.string() }) }));
    const path = z.object({ post: z.object({ requestBody: z.object({ content }) }) });
    const { paths } = z
      .object({ paths: z.object({ '/simulate/routing/batch': path }) })
      .parse(await (await fetch(url)).json());
    const described = paths['/simulate/routing/batch'].post.requestBody.content;
    expect(Object.keys(described).sort()).toEqual(['application/json', 'application/x-ndjson', 'text/csv']);
    expect(described['text/csv']?.schema).toEqual({ type: 'string' });
  });
});
