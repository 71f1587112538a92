import { describe, expect, test } from 'vitest';
import { fetchPiece } from '../../../src/history/fetch-piece.ts';
import type { Piece } from '../../../src/history/plan.ts';
import type { Rest } from '../../../src/genesys/rest.ts';

const startMs = Date.parse('2026-03-01T00:00:00Z');
const piece = (given: Partial<Piece> = {}): Piece => ({
  startMs,
  endMs: startMs + 7_200_000,
  granularity: 'PT30M',
  queueIds: ['a', 'b'],
  isLarge: false,
  ...given,
});
const page = (queueId: string | undefined, halfHour: number, offered: number, minutes = 30) => {
  const iso = (ms: number) => new Date(ms).toISOString();
  const from = startMs + halfHour * 1_800_000;
  return {
    results: [
      {
        group: { ...(queueId === undefined ? {} : { queueId }), mediaType: 'voice' },
        data: [
          {
            interval: `${iso(from)}/${iso(from + minutes * 60_000)}`,
            metrics: [{ metric: 'nOffered', stats: { count: offered } }],
          },
        ],
      },
    ],
  };
};

/** A platform that gives these answers, one after the other. */
function scripted(...answers: readonly unknown[]) {
  const asked: { readonly what: string; readonly body?: unknown }[] = [];
  let next = 0;
  const answer = (what: string, body?: unknown) => {
    asked.push(body === undefined ? { what } : { what, body });
    if (next >= answers.length) throw new Error(`asked once more: ${what}`);
    return Promise.resolve(answers[next++]);
  };
  const rest: Rest = {
    get: (path) => answer(`GET ${path}`),
    post: (path, body) => answer(`POST ${path}`, body),
    put: (path) => answer(`PUT ${path}`),
    delete: (path) => answer(`DELETE ${path}`),
  };
  let nowMs = startMs;
  const clock = { nowMs: () => nowMs, sleep: (ms: number) => Promise.resolve(void (nowMs += ms)) };
  const fetch = (of: Piece, media: readonly string[] = []) =>
    fetchPiece({ rest, clock, timeZone: 'UTC', media }, of, new AbortController().signal);
  return { asked, fetch };
}

const jobs = '/api/v2/analytics/conversations/aggregates/jobs';

describe('a small piece', () => {
  test('is one query for many queues, by media if that is asked', async () => {
    const { asked, fetch } = scripted(page('a', 1, 5), page('a', 1, 5));
    const { cells } = await fetch(piece());
    expect(cells).toMatchObject([
      { startMs: startMs + 1_800_000, queueId: 'a', mediaType: 'voice', totals: { offered: 5 } },
    ]);
    expect(asked).toMatchObject([
      {
        what: 'POST /api/v2/analytics/conversations/aggregates/query',
        body: {
          interval: '2026-03-01T00:00:00.000Z/2026-03-01T02:00:00.000Z',
          granularity: 'PT30M',
          groupBy: ['queueId', 'mediaType'],
          filter: { type: 'or', predicates: [{ dimension: 'queueId', value: 'a' }, { value: 'b' }] },
        },
      },
    ]);
    await fetch(piece(), ['voice', 'chat']);
    expect(asked[1]?.body).toMatchObject({
      filter: {
        type: 'and',
        clauses: [
          { type: 'or' },
          { type: 'or', predicates: [{ dimension: 'mediaType', value: 'voice' }, { value: 'chat' }] },
        ],
      },
    });
  });

  test.each([{}, { results: [] }, undefined])('of which nothing is told (%j) is empty', async (empty) => {
    expect((await scripted(empty).fetch(piece())).cells).toEqual([]);
  });

  test.each([
    ['another queue', page('c', 1, 5), /tells of the queue c, which it was not asked about/],
    ['no queue', page(undefined, 1, 5), /names no queue for/],
    ['a time outside', page('a', 4, 5), /2026-03-01T02:00:00.000Z\/.*no bucket of PT30M/],
    ['other buckets', page('a', 1, 5, 15), /no bucket of PT30M/],
    ['no interval', { results: [{ group: {}, data: [{ interval: 'x' }] }] }, /The interval "x"/],
    ['something else', { results: 5 }, /not what its contract says/],
  ])('that tells of %s is refused', async (_, answer, message) => {
    await expect(scripted(answer).fetch(piece())).rejects.toMatchObject({
      code: 'QC_GENESYS_REFUSED',
      message: expect.stringMatching(message) as unknown,
    });
  });
});

describe('a large piece', () => {
  const large = piece({ isLarge: true });
  const submitted = [{ jobId: 'j/1' }, { state: 'QUEUED' }, { state: 'FULFILLED' }];

  test('is a job, waited for and read to the last page, an empty one in between', async () => {
    const pages = [{ ...page('a', 1, 5), cursor: 'x' }, { cursor: 'y' }, page('b', 0, 3)];
    const { asked, fetch } = scripted(...submitted, ...pages);
    const { cells } = await fetch(large);
    expect(cells.map(({ queueId, totals }) => [queueId, totals.offered])).toEqual([
      ['b', 3],
      ['a', 5],
    ]);
    expect(asked.map(({ what }) => what)).toEqual([
      `POST ${jobs}`,
      `GET ${jobs}/j%2F1`,
      `GET ${jobs}/j%2F1`,
      `GET ${jobs}/j%2F1/results?pageSize=25`,
      `GET ${jobs}/j%2F1/results?pageSize=25&cursor=x`,
      `GET ${jobs}/j%2F1/results?pageSize=25&cursor=y`,
    ]);
  });

  test('whose cursors run in a circle is an error that names the cursor', async () => {
    const pages = [{ ...page('a', 1, 5), cursor: 'x' }, { cursor: 'y' }, { cursor: 'x' }];
    await expect(scripted(...submitted, ...pages).fetch(large)).rejects.toMatchObject({
      code: 'QC_GENESYS_REFUSED',
      message: expect.stringMatching(/names the cursor x twice.*Start again/) as unknown,
    });
  });

  test('that fails says how', async () => {
    const failed = [{ jobId: 'j' }, { state: 'FAILED', errorMessage: 'too much' }];
    await expect(scripted(...failed).fetch(large)).rejects.toMatchObject({
      message: expect.stringMatching(/ended as FAILED \(too much\): start again/) as unknown,
    });
  });

  test('that is never done is given up', async () => {
    const never = [{ jobId: 'j' }, ...Array.from({ length: 200 }, () => ({ state: 'PENDING' }))];
    await expect(scripted(...never).fetch(large)).rejects.toMatchObject({ code: 'QC_GENESYS_UNREACHABLE' });
  });
});
