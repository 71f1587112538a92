import { from, map, pipe } from 'rxjs';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { decode, decodeArrival } from '../../../src/genesys/decode.ts';
import { createPseudonyms, pseudonymize } from '../../../src/genesys/pseudonyms.ts';
import type { CallCenterEvent } from '../../../src/simulator/call-center-event.ts';
import type { Platform } from '../../../src/simulator/platform.ts';
import { permissionsWithout } from '../../../src/simulator/access.ts';
import { createModel } from '../../../src/simulator/model/model.ts';
import { rankAgents } from '../../../streams/agent-ranking.ts';
import { derive } from '../../../streams/derive.ts';
import { queueEvent } from '../../../streams/event.ts';
import { run as runLogic } from '../../../streams/logic.ts';
import type { Output } from '../../../streams/record.ts';
import { agentRanking } from '../../../streams/records/agent-ranking.ts';
import { deriveSettings } from '../../support/derive-settings.ts';
import { startVirtualRun, type VirtualRun } from '../../support/virtual-subscriber.ts';
import { ann, bob, sales, scripted, smallRoster, startMs } from '../simulator/virtual-client.ts';

const hourMs = 3_600_000;
const minuteMs = 60_000;
const often = { surveys: { everyMs: minuteMs, days: 30 }, random: () => 0.5 };
const atWork: readonly CallCenterEvent[] = [ann, bob].map((userId) => ({ kind: 'agent-on', atMs: startMs, userId }));
const answered = (afterMs: number, userId: string, score: number): CallCenterEvent => ({
  ...{ kind: 'survey-answered', atMs: startMs + afterMs, queueId: sales, userId, score },
});

const toldBy = ({ arrivals }: VirtualRun) =>
  arrivals.flatMap((each) => (each.kind === 'agent-satisfaction' ? [[each.userId, each.value] as const] : []));
const surveysAskedBy = ({ asked }: VirtualRun) => asked.filter(({ what }) => what.includes('/surveys/'));

/** What becomes of the arrivals, by way of the journal. */
function outputsOf({ arrivals }: VirtualRun, key?: string): Output[] {
  const pseudonymOf = key === undefined ? undefined : createPseudonyms(key);
  const outputs: Output[] = [];
  const operator = pipe(
    decode(),
    map((event) => (pseudonymOf === undefined ? event : pseudonymize(event, pseudonymOf))),
    map((event) => queueEvent.parse(JSON.parse(JSON.stringify(event)))),
    derive(deriveSettings).operator,
  );
  from(arrivals)
    .pipe(operator)
    .subscribe((output) => outputs.push(output));
  return outputs;
}

const rankingsOf = (outputs: readonly Output[]) =>
  outputs.flatMap(({ type, value }) =>
    type === agentRanking && value !== null ? [agentRanking.schema.parse(value)] : [],
  );

describe('satisfaction', () => {
  test('is told of those who were surveyed, and again only when it has changed', async () => {
    const events = [...atWork, answered(1_000, ann, 80), answered(2 * minuteMs + 1_000, ann, 100)];
    const run = startVirtualRun({ driver: scripted(events), ...often });
    await run.runUntil(startMs + 5.5 * minuteMs);
    expect(toldBy(run)).toEqual([
      [ann, 0.8],
      [ann, 0.9],
    ]);
    expect(surveysAskedBy(run)).toHaveLength(6);
    await run.stop();
  });

  test('is that of so many days, and nobody has said anything when they are over', async () => {
    const run = startVirtualRun({
      ...{
        driver: scripted([...atWork, answered(1_000, ann, 80)]),
        ...often,
        surveys: { everyMs: 30 * minuteMs, days: 1 / 24 },
      },
      tickMs: 5_000,
    });
    await run.runUntil(startMs + 100 * minuteMs);
    expect(toldBy(run)).toEqual([
      [ann, 0.8],
      [ann, null],
    ]);
    await run.stop();
  });

  test('that a journal may tell of is told anew, of everybody, by the process that goes on with it', async () => {
    const journal = { untilMs: startMs - 1_000, heardUntilMs: startMs - 1_000 };
    const events = [...atWork, answered(minuteMs, ann, 80)];
    const run = startVirtualRun({ driver: scripted(events), ...often, journal });
    await run.runUntil(startMs + 2.5 * minuteMs);
    expect(toldBy(run).slice(0, 2).toSorted()).toEqual(
      [
        [ann, null],
        [bob, null],
      ].toSorted(),
    );
    expect(toldBy(run).slice(2)).toEqual([[ann, 0.8]]);
    await run.stop();
  });

  test('is taken back where it is not to be asked for any more', async () => {
    const journal = { untilMs: startMs - 1_000, heardUntilMs: startMs - 1_000 };
    const surveys = { everyMs: null, days: 30 };
    const run = startVirtualRun({ driver: scripted(atWork), random: () => 0.5, journal, surveys });
    await run.runUntil(startMs + 2 * minuteMs);
    expect(toldBy(run).toSorted()).toEqual(
      [
        [ann, null],
        [bob, null],
      ].toSorted(),
    );
    expect(surveysAskedBy(run)).toEqual([]);
    await run.stop();
  });

  test('of who leaves and comes back is told again', async () => {
    let isListed = true;
    const withoutAnn =
      (platform: Platform): Platform['handle'] =>
      (request, nowMs) => {
        const answer = platform.handle(request, nowMs);
        if (isListed || !request.path.endsWith('/routing/activity/query')) return answer;
        const { results } = answer.body as { results: { entities: { userId: string }[] }[] };
        const others = results.map(({ entities, ...rest }) => ({
          ...{ ...rest, entities: entities.filter(({ userId }) => userId !== ann) },
        }));
        return { ...answer, body: { results: others } };
      };
    const run = startVirtualRun({
      ...{
        driver: scripted([...atWork, answered(1, ann, 80)]),
        ...often,
        handle: withoutAnn,
        surveys: { everyMs: hourMs, days: 30 },
        inventoryEveryMs: 60_000,
      },
    });
    await run.runUntil(startMs + 90_000);
    isListed = false;
    await run.runUntil(startMs + 210_000);
    isListed = true;
    await run.runUntil(startMs + 330_000);
    const told = run.arrivals.flatMap((each): unknown[] =>
      each.kind === 'agent-satisfaction' ? [each.value] : each.kind === 'agent-removed' ? ['gone'] : [],
    );
    expect(told).toEqual([0.8, 'gone', 0.8]);
    await run.stop();
  });

  test('that may not be read is said once, with the permission; the agents are ranked without it', async () => {
    const lines: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    const clients = [
      {
        ...{ id: 'client', secret: 'secret' },
        permissions: permissionsWithout('analytics:surveyAggregate:view'),
      },
    ];
    const run = startVirtualRun({
      ...{ driver: scripted([...atWork, answered(1, ann, 80)]), ...often, log, options: { clients } },
    });
    await run.runUntil(startMs + 3.5 * minuteMs);
    expect(surveysAskedBy(run).map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(lines.filter((line) => line.includes('analytics:surveyAggregate:view'))).toHaveLength(1);
    expect(toldBy(run)).toEqual([]);
    const ranked = rankingsOf(outputsOf(run)).findLast(({ queueId }) => queueId === sales);
    expect(ranked?.top).toMatchObject([
      { csat: 0.5, csatKnown: false },
      { csat: 0.5, csatKnown: false },
    ]);
    await run.stop();
  });

  test('stays what it was while the platform does not answer', async () => {
    let isDown = false;
    const handle =
      (platform: Platform): Platform['handle'] =>
      (request, nowMs) =>
        isDown && request.path.includes('/surveys/')
          ? { ...platform.handle(request, nowMs), status: 503, body: {} }
          : platform.handle(request, nowMs);
    const run = startVirtualRun({ driver: scripted([...atWork, answered(1, ann, 80)]), ...often, handle });
    await run.runUntil(startMs + 1.5 * minuteMs);
    isDown = true;
    await run.runUntil(startMs + 3.5 * minuteMs);
    expect(surveysAskedBy(run).some(({ status }) => status === 503)).toBe(true);
    expect(toldBy(run)).toEqual([[ann, 0.8]]);
    await run.stop();
  });

  test('leads in the ranking: of two who are alike, the one whom customers liked comes first', async () => {
    const events = [...atWork, answered(1_000, ann, 40), answered(1_000, bob, 90)];
    const run = startVirtualRun({ driver: scripted(events, smallRoster), ...often });
    await run.runUntil(startMs + 1.5 * minuteMs);
    const first = rankingsOf(outputsOf(run)).findLast(({ queueId }) => queueId === sales);
    expect(first?.top.map(({ agentId, csat, csatKnown }) => [agentId, csat, csatKnown])).toEqual([
      [bob, 0.9, true],
      [ann, 0.4, true],
    ]);
    const key = 'a key of sixteen letters';
    const pseudonymOf = createPseudonyms(key);
    const hidden = outputsOf(run, key);
    expect(rankingsOf(hidden).findLast(({ queueId }) => queueId === sales)?.top[0]).toMatchObject({
      ...{ agentId: pseudonymOf(bob), csat: 0.9, csatKnown: true },
    });
    expect(JSON.stringify(hidden.map(({ value }) => value))).not.toContain(bob);
    await run.stop();
  });

  test('differs between the agents of a seeded model', async () => {
    const driver = createModel({ seed: 7, agents: 20, queues: 2, surveyAnsweredShare: 1, startMs, durationMs: hourMs });
    const run = startVirtualRun({ driver, ...often, surveys: { everyMs: 10 * minuteMs, days: 30 }, tickMs: 5_000 });
    await run.runUntil(startMs + hourMs - minuteMs);
    await run.stop();
    const latest = new Map(toldBy(run));
    expect(new Set(latest.values()).size).toBeGreaterThan(5);
    const ranked = rankingsOf(runLogic(rankAgents(deriveSettings), run.arrivals.flatMap(decodeArrival)));
    const known = ranked.flatMap(({ top }) => top.filter(({ csatKnown }) => csatKnown));
    expect(known.length).toBeGreaterThan(0);
    for (const { agentId, csat } of known) expect(latest.has(agentId) && csat !== 0.5).toBe(true);
  });
});
