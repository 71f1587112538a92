import { expect, test } from 'vitest';
import { createReplay } from '../../../src/simulator/replay.ts';
import { parseTrace } from '../../../src/simulator/trace.ts';
import { bodyOf, clientOf } from './virtual-client.ts';
import { createPlatform } from '../../../src/simulator/platform.ts';

const dayMs = 86_400_000;

/** A call at about every half hour of a day, the last of them still talking at its end. */
const trace = parseTrace(
  Array.from({ length: 47 }, (_, index) => {
    const [t, id] = [index * 1_830, `call-${index}`];
    const call = (after: number, ev: string, and: object) =>
      JSON.stringify({ t: t + after, ev, id, q: 'sales', ...and });
    return [
      call(0, 'arrival', {}),
      index % 5 === 0
        ? call(9 + index, 'abandon', { wait: 9 + index })
        : call(index, 'answer', { agent: 'ann', wait: index }),
      ...(index % 5 === 0 ? [] : [call(index + 600, 'end', { agent: 'ann', handle: 600 })]),
    ];
  })
    .flat()
    .filter((line) => Number(/"t":(\d+)/.exec(line)?.[1]) < 86_400)
    .join('\n'),
  'made up',
);

function clientAt(nowMs: number, zone: string, first: string, watchedFromMs?: number) {
  const settings = {
    date: first,
    timeZone: zone,
    loop: true,
    ...(watchedFromMs === undefined ? {} : { watchedFromMs }),
  };
  const driver = createReplay(trace, settings);
  const platform = createPlatform({ driver, clients: [{ id: 'client', secret: 'secret' }] });
  const client = clientOf(platform, 'client', 'secret', nowMs);
  const ask = (fromMs: number, toMs: number, and: object = {}) =>
    client.askAt(nowMs, 'POST', '/api/v2/analytics/conversations/aggregates/query', {
      interval: `${new Date(fromMs).toISOString()}/${new Date(toMs).toISOString()}`,
      granularity: 'PT30M',
      groupBy: ['queueId', 'mediaType'],
      metrics: ['nOffered', 'nOverSla', 'tAnswered', 'tAbandon', 'tHandle', 'tWait', 'oServiceLevel'],
      ...and,
    });
  return { ask, offered: () => platform.center.counts.offered };
}

test.each([
  ['without a change of the clocks', 'Asia/Jerusalem', '2026-02-01'],
  ['over a day of 23 hours', 'Asia/Jerusalem', '2026-03-20'],
  ['whose last day had 23 hours', 'Asia/Jerusalem', '2026-03-14'],
  ['over a day of 25 hours', 'Asia/Jerusalem', '2026-10-15'],
  ['in a zone off the half hour', 'Asia/Kathmandu', '2026-03-20'],
])('days that are not played count what they would have if they were, %s', (_, zone, first) => {
  const firstMs = Date.parse(`${first}T00:00:00Z`);
  const nowMs = firstMs + 14.4 * dayMs;
  const played = clientAt(nowMs, zone, first);
  const unplayed = clientAt(nowMs, zone, first, nowMs);
  const [fromMs, toMs] = [firstMs - dayMs, firstMs + 14 * dayMs];
  const answer = unplayed.ask(fromMs, toMs);
  expect(bodyOf(answer).results[0]!.data.length).toBeGreaterThan(13 * 47);
  expect(answer.body).toEqual(played.ask(fromMs, toMs).body);
  const byDay = { granularity: 'P1D', timeZone: zone };
  const [midnightMs, days] = [firstMs + dayMs - (firstMs % 1_800_000), 12 * dayMs];
  expect(unplayed.ask(midnightMs, midnightMs + days, byDay).body).toEqual(
    played.ask(midnightMs, midnightMs + days, byDay).body,
  );
  if (zone === 'Asia/Jerusalem') expect(unplayed.offered()).toBeLessThan(played.offered() / 2);
});

test('their conversations are forgotten, and what only these could tell is refused', () => {
  const firstMs = Date.parse('2026-02-01T00:00:00Z');
  const nowMs = firstMs + 14.4 * dayMs;
  const { ask } = clientAt(nowMs, 'Asia/Jerusalem', '2026-02-01', nowMs);
  const byAgent = { groupBy: ['userId'] };
  expect(ask(firstMs, firstMs + dayMs, byAgent)).toMatchObject({
    status: 400,
    body: { message: expect.stringContaining('has forgotten some of what was before 2026-02-13T22:00:00.000Z') },
  });
  expect(ask(Date.parse('2026-02-13T22:00:00Z'), nowMs, byAgent).status).toBe(200);
});
