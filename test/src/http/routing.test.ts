import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { GenesysError } from '../../../src/genesys/errors.ts';
import { problemSchema } from '../../../src/http/problem.ts';
import { routingRoutes } from '../../../src/http/routing.ts';
import { whatIfAnswer } from '../../../src/http/routing-wire.ts';
import { type HttpServer, startHttpServer } from '../../../src/http/server.ts';
import type { Roster } from '../../../src/routing/roster.ts';
import type { Rosters } from '../../../src/routing/rosters.ts';
import { defaultWeights } from '../../../streams/ranking/weights.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock(Date.parse('2026-03-01T10:00:00Z'));
let server: HttpServer | undefined;

afterEach(() => server?.close());

const nobody: Rosters = () => Promise.reject(new Error('agents were asked for'));

async function ask(body: unknown, rosters: Rosters = nobody, weights = defaultWeights) {
  await server?.close();
  const log = { error: (told: unknown) => expect(told).toBeUndefined() };
  const subjects = [routingRoutes({ rosters, weights, clock })];
  server = await startHttpServer({ host: '127.0.0.1', port: 0, version: '0', clock, log, subjects });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/simulate/routing`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}

async function rank(body: unknown, rosters?: Rosters) {
  const answer = await ask(body, rosters);
  expect(answer.body, JSON.stringify(answer.body)).not.toHaveProperty('detail');
  return whatIfAnswer.parse(answer.body);
}

async function refused(body: unknown, rosters?: Rosters) {
  const told = problemSchema.parse((await ask(body, rosters)).body);
  return { ...told, fields: told.errors?.map(({ field }) => field) };
}

/** As the tutorial asks. */
const asked = {
  queue_id: 'q1',
  required_skill: 'billing',
  required_language: 'de',
  sla_target: '80/20',
  current_performance: 0.8,
  start_date: '2026-02-01',
  end_date: '2026-02-28',
};
const agents = [
  { id: 'a', name: 'Invented Ann', skills: { billing: 5 }, languages: ['de'], csat: 0.5 },
  { id: 'b', name: null, skills: { billing: 3 }, languages: ['de'], csat: 1 },
  { id: 'c', skills: { billing: 5 }, languages: ['en'], csat: 1 },
  { id: 'd', skills: {}, languages: [] },
  { id: 'e', routing_status: 'INTERACTING', skills: { billing: 5 }, languages: ['de'], csat: 1 },
];

describe('the what-if question', () => {
  test('ranks as the tutorial wished to, and says why', async () => {
    const answer = await rank({ ...asked, agents });
    expect(answer.top_agent).toMatchObject({
      id: 'a',
      name: 'Invented Ann',
      score: 0.85,
      proficiency: 1,
      csat_known: true,
    });
    expect(answer.ranked_agents.map(({ id, score }) => [id, score])).toEqual([
      ['a', 0.85],
      ['b', 0.84],
      ['c', 0.7],
    ]);
    expect(answer).toMatchObject({
      weights_used: { proficiency: 0.4, language_match: 0.3, historical_csat: 0.3, min_score_threshold: 0.5 },
      sla_policy: null,
      fairness_metrics: { total_interactions: 1, agents: 4, agent_distribution: { a: 1 }, low_expected_counts: true },
      available: 4,
      eligible: 3,
      basis: { source: 'request', stale: false, age_seconds: 0 },
    });
  });

  test('lets the service level shift the weights, and keeps the threshold that was asked for', async () => {
    const weights = { min_score_threshold: 0.8 };
    const answer = await rank({ ...asked, agents, weights, current_performance: 0.6 });
    expect(answer.sla_policy).toBe('80/20');
    expect(answer.weights_used.language_match).toBeCloseTo(0.45, 12);
    expect(answer.weights_used.min_score_threshold).toBe(0.8);
    const longer = await rank({ ...asked, agents, weights, sla_target: '080/00020', current_performance: 0.6 });
    expect(longer.weights_used).toEqual(answer.weights_used);
    expect(answer.eligible).toBe(2);
  });

  test('goes by the weights that are set where the request says none', async () => {
    const set = { ...defaultWeights, proficiency: 0.1, language: 0.1, csat: 0.8 };
    const answer = whatIfAnswer.parse((await ask({ ...asked, agents }, nobody, set)).body);
    expect(answer.ranked_agents.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
    expect(answer.weights_used).toMatchObject({ proficiency: 0.1, language_match: 0.1, historical_csat: 0.8 });
    const some = { ...asked, agents, weights: { historical_csat: 0, min_score_threshold: 0.1 } };
    const partly = whatIfAnswer.parse((await ask(some, nobody, set)).body);
    expect(partly.weights_used).toMatchObject({ proficiency: 0.5, language_match: 0.5, historical_csat: 0 });
  });

  test('takes fields in camelCase too, but leaves the ids of skills alone', async () => {
    const { queue_id: queueId, required_language: requiredLanguage } = asked;
    const camel = { queueId, requiredLanguage, requiredSkill: 'sk_Ill', slaTarget: '95/30', currentPerformance: 0.95 };
    const spelt = [{ id: 'x', skills: { sk_Ill: 5 }, languages: ['de'], routingStatus: 'IDLE', queueTimeSeconds: 3 }];
    const answer = await rank({ ...camel, weights: { languageMatch: 0.4 }, agents: spelt });
    expect(answer.top_agent).toMatchObject({ id: 'x', proficiency: 1, language_match: 1 });
    expect(answer.sla_policy).toBe('95/30');
  });

  test('is 404 when nobody is available, and 422 when nobody passes the threshold', async () => {
    const busy = await refused({ ...asked, agents: agents.slice(4) });
    expect(busy).toMatchObject({ status: 404, type: 'urn:queuecast:problem:no-agent-available' });
    expect(await refused({ ...asked, agents: [] })).toMatchObject({ status: 404 });
    const poor = await refused({ ...asked, agents: agents.slice(3) });
    expect(poor).toMatchObject({ status: 422, type: 'urn:queuecast:problem:no-agent-eligible' });
  });

  test('is 400 with the fields at fault', async () => {
    expect((await refused({ ...asked, queue_id: 7, sla_target: 'high', current_performance: 80 })).fields).toEqual([
      'queue_id',
      'sla_target',
      'current_performance',
    ]);
    expect((await refused({ required_skill: 'x' })).fields).toEqual(['queue_id']);
    expect((await refused({ ...asked, agents: [{ id: 'a', skills: { x: 9 } }] })).fields).toEqual([
      'agents.0.skills.x',
    ]);
    for (const target of ['0/20', '101/20', '80/0', '80', '80/123456'])
      expect((await refused({ ...asked, sla_target: target })).fields).toEqual(['sla_target']);
    const none = { proficiency: 0, language_match: 0, historical_csat: 0 };
    expect((await refused({ ...asked, agents, weights: none })).fields).toEqual(['weights']);
    expect((await refused({ ...asked, agents, end_date: null })).fields).toEqual(['end_date']);
    expect((await refused({ ...asked, agents, start_date: undefined })).fields).toEqual(['start_date']);
    expect((await refused({ ...asked, agents, queueId: 'another' })).fields).toEqual(['queue_id']);
    expect((await rank({ ...asked, agents, queueId: asked.queue_id })).top_agent.id).toBe('a');
    expect((await refused({ ...asked, agents: [agents[0], agents[0]] })).fields).toEqual(['agents.1.id']);
    expect((await refused({ ...asked, end_date: '2026-01-31' })).fields).toEqual(['start_date', 'end_date']);
    expect((await refused({ ...asked, start_date: '2026-02-30' })).fields).toEqual(['start_date']);
    expect((await refused({ ...asked, colour: 'red' })).fields).toEqual(['colour']);
  });

  test('asks for the agents of the queue when none are sent, and for the surveys of the days named', async () => {
    const roster: Roster = {
      agents: [
        {
          ...{ id: 'live', name: null, routingStatus: 'IDLE', skills: new Map([['billing', 4]]), languages: ['de'] },
          csat: 0.9,
          queueTimeSeconds: null,
          idleSinceMs: clock.nowMs() - 5_000,
        },
      ],
      origin: 'live',
      asOfMs: clock.nowMs() - 90_000,
      isStale: true,
      csat: 'period',
    };
    const periods: unknown[] = [];
    const answer = await rank(asked, (queueId, period) => {
      periods.push(queueId, period);
      return Promise.resolve(roster);
    });
    expect(periods).toEqual(['q1', { startMs: Date.parse('2026-02-01'), endMs: Date.parse('2026-03-01') }]);
    expect(answer.top_agent).toMatchObject({ id: 'live', idle_since: '2026-03-01T09:59:55.000Z' });
    expect(answer.basis).toEqual({
      source: 'live',
      stale: true,
      as_of: '2026-03-01T09:58:30.000Z',
      age_seconds: 90,
      csat: 'period',
    });
  });

  test('is 503 when the platform does not answer and nothing is known, 404 for a queue that nobody knows', async () => {
    const failing = (code: 'QC_GENESYS_UNREACHABLE' | 'QC_GENESYS_NOT_FOUND') => () =>
      Promise.reject(new GenesysError(code, 'a way out'));
    expect(await refused(asked, failing('QC_GENESYS_UNREACHABLE'))).toMatchObject({ status: 503, detail: 'a way out' });
    expect(await refused(asked, failing('QC_GENESYS_NOT_FOUND'))).toMatchObject({ status: 404, detail: 'a way out' });
  });
});

const numbers = z.record(z.string(), z.number().nullable()).nullish();
const goldenCase = z.object({
  id: z.string(),
  input: z.object({
    agents: z.array(
      z.object({
        id: z.string(),
        routingStatus: z.string().nullish(),
        skills: z.record(z.string(), z.number().nullable()).nullish(),
        languages: z.array(z.string()).nullish(),
        idleSince: z.number().nullish(),
      }),
    ),
    csat: numbers,
    queueTimeSeconds: numbers,
    interaction: z.object({ requiredSkills: z.array(z.string()).nullish(), requiredLanguage: z.string().nullish() }),
    weights: z
      .object({ proficiency: z.number(), language: z.number(), csat: z.number(), threshold: z.number().nullish() })
      .nullish(),
    sla: z.object({ target: z.string(), performance: z.number().nullish() }).nullish(),
  }),
  expected: z.object({ ranked: z.array(z.object({ id: z.string(), score: z.number() })) }),
});

test('ranks over HTTP as the golden file says', async () => {
  const { cases } = z
    .object({ cases: z.array(z.looseObject({ type: z.string() })) })
    .parse(JSON.parse(readFileSync('test/golden/ranking.json', 'utf8')));
  let compared = 0;
  for (const each of cases.filter(({ type }) => type === 'rank').slice(0, 60)) {
    const { id, input, expected } = goldenCase.parse(each);
    const { interaction, weights, sla } = input;
    const { status, body } = await ask({
      queue_id: 'q',
      required_skill: interaction.requiredSkills ?? [],
      required_language: interaction.requiredLanguage,
      ...(sla == null
        ? { sla_target: '1/1' }
        : { sla_target: sla.target, current_performance: sla.performance ?? 0.8 }),
      ...(weights == null
        ? {}
        : {
            weights: {
              proficiency: weights.proficiency,
              language_match: weights.language,
              historical_csat: weights.csat,
              min_score_threshold: weights.threshold ?? 0.5,
            },
          }),
      agents: input.agents.map(({ idleSince, routingStatus, ...agent }) => ({
        ...agent,
        // The file has agents of whom nothing is known: here whoever is sent is idle unless told.
        routing_status: routingStatus ?? 'OFF_QUEUE',
        csat: input.csat?.[agent.id],
        queue_time_seconds: input.queueTimeSeconds?.[agent.id],
        idle_since: idleSince == null ? null : new Date(idleSince).toISOString(),
      })),
    });
    // What the file tries beyond any scale is refused here.
    if (status === 400) continue;
    compared += 1;
    const ranked = status === 200 ? whatIfAnswer.parse(body).ranked_agents : [];
    expect(
      ranked.map((agent) => agent.id),
      id,
    ).toEqual(expected.ranked.slice(0, 5).map((agent) => agent.id));
  }
  expect(compared).toBeGreaterThan(20);
});
