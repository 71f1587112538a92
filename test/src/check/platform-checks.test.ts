import { expect, test } from 'vitest';
import { checkLogin } from '../../../src/check/access-checks.ts';
import { callChecks } from '../../../src/check/call-checks.ts';
import { checkSocket, checkTopics, emptyChannel, takeChannel } from '../../../src/check/channel-checks.ts';
import { type Asking, type Known, nothingKnown } from '../../../src/check/platform-checks.ts';
import { GenesysError } from '../../../src/genesys/errors.ts';
import type { Connect } from '../../../src/genesys/socket.ts';
import { manualClock } from '../../support/manual-clock.ts';

const queueId = '11111111-1111-4111-8111-111111111111';
const nobody = '00000000-0000-0000-0000-000000000000';

const unreachable: Connect = (_, { onClose }) => {
  onClose({ cause: 'refused', isGone: false });
  return { send: () => undefined, pause: () => undefined, resume: () => undefined, terminate: () => undefined };
};

/** A platform that answers by path; what was asked lies in `asked`. */
function platform(
  answers: Readonly<Record<string, unknown>>,
  { signal = new AbortController().signal, connect = unreachable }: { signal?: AbortSignal; connect?: Connect } = {},
) {
  const asked: { readonly path: string; readonly body: string }[] = [];
  const answer = (path: string, body: unknown) => {
    asked.push({ path, body: JSON.stringify(body) });
    const found = answers[path.split('?')[0] ?? ''] ?? {};
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  };
  const asking: Asking = {
    rest: {
      get: (path) => answer(path, null),
      post: answer,
      put: answer,
      delete: (path) => answer(`DELETE ${path}`, null),
    },
    lastAnswer: () => undefined,
    ...{ apiUrl: 'https://api.test', loginUrl: 'https://login.test', clock: manualClock(3_600_000), signal },
    systemClock: manualClock(),
    connect,
  };
  return { asking, asked };
}

async function runCalls({ asking }: ReturnType<typeof platform>) {
  const findings = [];
  let known: Known = nothingKnown;
  for (const check of callChecks) {
    const checked = await check(asking, known);
    findings.push(...checked.findings.map(({ name, status }) => `${status} ${name}`));
    known = { ...known, ...checked.learned };
  }
  return { findings, known };
}

test('a call that is refused is missing, and the others are made all the same', async () => {
  const refused = new GenesysError('QC_GENESYS_PERMISSION', 'no');
  const of = platform({ '/api/v2/routing/queues': refused });
  const { findings, known } = await runCalls(of);
  expect(findings).toEqual([
    'missing call queues',
    'ok call routing activity',
    'ok call queue observations',
    'ok call conversation activity',
    'ok call aggregates',
    'ok call users',
    'missing queues',
  ]);
  expect(known.queueIds).toEqual([]);
  // Whether they are allowed can be asked without a queue.
  const posted = of.asked.filter(({ path }) => path.startsWith('/api/v2/analytics'));
  expect(posted).toHaveLength(4);
  for (const { body } of posted) expect(body).toContain(nobody);
});

test('queues and members that are found are what the calls after them ask about', async () => {
  const member = { userId: 'u1', queueId };
  const of = platform({
    '/api/v2/routing/queues': { entities: [{ id: queueId, name: 'Support' }] },
    '/api/v2/analytics/routing/activity/query': { results: [{ entities: [member, member] }] },
  });
  const { findings, known } = await runCalls(of);
  expect(findings.every((finding) => finding.startsWith('ok '))).toBe(true);
  expect(known).toMatchObject({ queueIds: [queueId], userIds: ['u1'] });
  for (const { path, body } of of.asked) if (path.includes('analytics')) expect(body).toContain(queueId);
});

test('what is no refusal of the platform is thrown, and so is the wish to end', async () => {
  const broken = platform({ '/api/v2/routing/queues': new TypeError('a fault of ours') });
  await expect(runCalls(broken)).rejects.toThrow('a fault of ours');
  const ended = AbortSignal.abort(new Error('ended'));
  const refused = new GenesysError('QC_GENESYS_PERMISSION', 'no');
  await expect(runCalls(platform({ '/api/v2/routing/queues': refused }, { signal: ended }))).rejects.toThrow('ended');
});

test('nothing more is asked of a platform that lets nobody in, and it says whether host or login failed', async () => {
  const login = (code: 'QC_GENESYS_CREDENTIALS' | 'QC_GENESYS_UNREACHABLE') =>
    checkLogin(platform({ '/api/v2/organizations/me': new GenesysError(code, 'told') }).asking, nothingKnown);
  const refused = await login('QC_GENESYS_CREDENTIALS');
  expect(refused.isLast).toBe(true);
  expect(refused.findings).toMatchObject([
    { name: 'host', status: 'ok' },
    { name: 'credentials', status: 'failed', told: 'told' },
  ]);
  const silent = await login('QC_GENESYS_UNREACHABLE');
  expect(silent).toMatchObject({ isLast: true, findings: [{ name: 'host', status: 'failed' }] });
});

const root = '/api/v2/notifications/channels';
const channel = { id: 'c1', connectUri: 'wss://streaming.test/channels/c1', expires: '2026-03-02T08:00:00.000Z' };

test('no channel is taken when one more would end another, and nothing is asked of one that is not there', async () => {
  const { asking, asked } = platform({});
  const known = { ...nothingKnown, queueIds: [queueId], channelsInUse: 20 };
  const taken = await takeChannel(asking, known);
  expect(taken.findings).toMatchObject([{ name: 'channel', status: 'failed' }]);
  expect(taken.learned).toBeUndefined();
  for (const check of [checkTopics, checkSocket, emptyChannel]) {
    expect((await check(asking, known)).findings).toEqual([]);
  }
  expect(asked).toEqual([]);
});

test('a channel is taken for the sake of a socket too where there is no topic to try', async () => {
  const { asking } = platform({ [root]: channel });
  expect(await takeChannel(asking, nothingKnown)).toEqual({ findings: [], learned: { channel } });
  expect((await checkTopics(asking, { ...nothingKnown, channel })).findings).toEqual([]);
  expect((await checkSocket(asking, { ...nothingKnown, channel })).findings).toMatchObject([
    { name: 'websocket', status: 'missing', told: 'wss://streaming.test: not opened: refused' },
  ]);
});

test('a channel that was taken is emptied, and it is said how long it counts', async () => {
  const known = { ...nothingKnown, channel };
  const { asking, asked } = platform({});
  const [finding] = (await emptyChannel(asking, known)).findings;
  expect(asked.map(({ path }) => path)).toEqual([`DELETE ${root}/c1/subscriptions`]);
  expect(finding).toMatchObject({ name: 'channel', status: 'ok' });
  expect(finding?.told).toMatch(/topics are taken off it again; it counts among .* 20 until 2026-03-02T08:00:00.000Z$/);
  const refused = new GenesysError('QC_GENESYS_UNREACHABLE', 'no');
  const failed = await emptyChannel(platform({ [`DELETE ${root}/c1/subscriptions`]: refused }).asking, known);
  expect(failed.findings[0]?.told).toContain('could not be taken off it again (QC_GENESYS_UNREACHABLE)');
});
