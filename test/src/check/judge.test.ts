import { describe, expect, test } from 'vitest';
import { exitCodeOf, type Finding, renderFinding } from '../../../src/check/finding.ts';
import {
  figuresOf,
  judgeClock,
  judgeFailure,
  judgeLimits,
  judgeRate,
  judgeSocket,
  judgeTopics,
  permissionsIn,
} from '../../../src/check/judge.ts';
import { GenesysError } from '../../../src/genesys/errors.ts';

const queueId = '11111111-1111-4111-8111-111111111111';
const answer = (headers: Readonly<Record<string, string>> = {}, text = '') => ({ status: 200, headers, text });
const ids = (count: number) => Array.from({ length: count }, (_, at) => String(at));
const finding = (status: Finding['status']): Finding => ({ name: 'x', status, told: 'y' });

describe('the exit code', () => {
  test.each([
    [0, ['ok', 'ok']],
    [3, ['ok', 'missing']],
    [1, ['missing', 'failed', 'ok']],
    [0, []],
  ] as const)('is %i for %j', (code, statuses) => {
    expect(exitCodeOf(statuses.map(finding))).toBe(code);
  });
});

describe('a finding', () => {
  test('is a line with what is lost, what to grant and the way out', () => {
    const line = renderFinding({
      ...{ name: 'call queues', status: 'missing', told: 'refused', cost: 'no queue is known' },
      permissions: ['routing:queue:view'],
    });
    expect(line).toMatch(
      /^missing {2}call queues +refused; lost: no queue is known; grant routing:queue:view to a role of the OAuth client$/,
    );
    expect(renderFinding(finding('ok'))).toMatch(/^ok {7}x +y$/);
  });
});

describe('the clock', () => {
  const dateMs = Date.UTC(2026, 10, 17, 9, 0, 0);
  const timed = (aheadMs: number, date: string | undefined = new Date(dateMs).toUTCString()) =>
    judgeClock({
      answer: answer(date === '' ? {} : { date }),
      ...{ sentMs: dateMs + 500 + aheadMs - 50, receivedMs: dateMs + 500 + aheadMs + 50 },
    });

  test('may be off by what a Date header cannot tell', () => {
    for (const aheadMs of [0, 1_900, -1_900]) expect(timed(aheadMs).status).toBe('ok');
  });

  test('that is off is said, with the direction and the cost', () => {
    expect(timed(12_000)).toMatchObject({ status: 'missing', cost: 'waits and ages are wrong by 12.0 s' });
    expect(timed(12_000).told).toContain('12.0 s ahead of');
    expect(timed(-3_000).told).toContain('3.0 s behind');
  });

  test('of a platform that does not tell it is nothing to complain of', () => {
    expect(timed(60_000, '')).toMatchObject({ status: 'ok' });
    expect(timed(60_000, 'soon')).toMatchObject({ status: 'ok' });
  });
});

describe('a refusal', () => {
  const call = { name: 'call queues', cost: 'no queue', needed: ['known:of:old'] };
  const refused = new GenesysError('QC_GENESYS_PERMISSION', 'not allowed');

  test('names the permissions that the platform names', () => {
    const text = (body: object) => answer({}, JSON.stringify(body));
    expect(permissionsIn(text({ messageParams: { permissions: 'a:b:view, c:d:view' } }))).toEqual([
      'a:b:view',
      'c:d:view',
    ]);
    const message = 'You are missing the following permission(s): routing:queue:view';
    expect(permissionsIn(text({ message }))).toEqual(['routing:queue:view']);
    expect(permissionsIn(answer({}, '<html>'))).toEqual([]);
    expect(judgeFailure(call, refused, text({ message }))).toEqual({
      ...{ name: 'call queues', status: 'missing', told: 'refused', cost: 'no queue' },
      permissions: ['routing:queue:view'],
    });
  });

  test('of a gateway that names none names those that are known to be needed', () => {
    expect(judgeFailure(call, refused, answer({}, '<html>')).permissions).toEqual(['known:of:old']);
  });

  test('is not what a host that fails means', () => {
    const failed = judgeFailure(call, new GenesysError('QC_GENESYS_UNREACHABLE', 'no answer'), undefined);
    expect(failed).toMatchObject({ status: 'failed', told: 'no answer' });
  });
});

describe('topics', () => {
  const conversations = `v2.routing.queues.${queueId}.conversations`;
  const needed = new Map([['v2.routing.queues.{id}.conversations', ['conversation:communication:view']]]);

  test('that are heard say what they need, if that is told', () => {
    expect(judgeTopics([{ id: conversations, state: 'Permitted' }], needed)).toEqual([
      {
        ...{ name: 'topic conversations', status: 'ok' },
        told: 'v2.routing.queues.{id}.conversations is heard; needs conversation:communication:view',
      },
    ]);
    expect(judgeTopics([{ id: conversations }], new Map())[0]?.told).toContain('what it needs is not told');
  });

  test('that are refused say what is lost and what to grant, whoever names it', () => {
    const refused = { id: conversations, state: 'Rejected' };
    const expected = {
      status: 'missing',
      cost: 'who waits since when is not known there',
      permissions: ['conversation:communication:view'],
    };
    expect(judgeTopics([refused], needed)[0]).toMatchObject(expected);
    const named = { ...refused, missingPermissions: ['conversation:communication:view'] };
    expect(judgeTopics([named], new Map())[0]).toMatchObject(expected);
    expect(judgeTopics([{ ...refused, rejectionReason: 'who knows' }], new Map())[0]).toMatchObject({
      ...{ permissions: [], status: 'missing' },
      told: expect.stringContaining('who knows') as unknown,
    });
  });
});

describe('the limits', () => {
  const judged = (queues: number, agents: number, inUse: number | null = 0) =>
    judgeLimits(figuresOf({ queueIds: ids(queues).map((id) => `q${id}`), userIds: ids(agents) }), inUse);

  test('are reckoned in the open', () => {
    const [topics, channels] = judged(12, 40, 3);
    expect(topics?.told).toBe(
      '12 queues x 2 topics + 40 agents x 1 topic = 64 topics, at most 1000 a channel: 1 of 19 channels',
    );
    expect(topics?.status).toBe('ok');
    expect(channels?.told).toContain('3 of 20 channels');
    expect(judged(12, 40, null)).toHaveLength(1);
    expect(judged(1, 1)[0]?.told).toMatch(/^1 queue x 2 topics \+ 1 agent x 1 topic = 3 topics, /);
  });

  test('that are passed keep a run from starting', () => {
    expect(judged(9_500, 0)[0]).toMatchObject({ status: 'ok' });
    expect(judged(9_501, 0)).toMatchObject([{ status: 'missing', cost: 'run does not start' }]);
  });

  test('say when the platform would end channels of others', () => {
    expect(judged(12, 40, 20)[1]?.told).toContain('will end the oldest');
  });
});

describe('a socket', () => {
  const uri = 'wss://streaming.example.test/channels/secret-1';

  test('that speaks is fine', () => {
    expect(judgeSocket(uri, { isOpen: true, cause: null })).toMatchObject({ name: 'websocket', status: 'ok' });
  });

  test.each([
    [false, 'connect ETIMEDOUT', 'wss://streaming.example.test: not opened: connect ETIMEDOUT'],
    [true, 'no word within 20 s', 'wss://streaming.example.test: opened, then no word within 20 s'],
  ])('that does not is told with host, cause and way out, and without the id of the channel', (isOpen, cause, told) => {
    const finding = judgeSocket(uri, { isOpen, cause });
    expect(finding).toMatchObject({ name: 'websocket', status: 'missing', told });
    expect(finding.wayOut).toMatch(/to streaming\.example\.test through the firewall, .*HTTPS_PROXY/);
    expect(renderFinding(finding)).not.toContain('secret-1');
  });
});

test('the calls of this minute are what the platform says', () => {
  const headers = { 'inin-ratelimit-allowed': '300', 'inin-ratelimit-count': '11', 'inin-ratelimit-reset': '48' };
  expect(judgeRate(answer(headers)).told).toBe('11 of 300 calls of this minute are used, the next begins in 48 s');
  expect(judgeRate(answer()).told).toContain('does not tell');
});
