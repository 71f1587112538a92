import { expect, test } from 'vitest';
import { createModel } from '../../../src/simulator/model/model.ts';
import { createPlatform } from '../../../src/simulator/platform.ts';
import { activity, clientOf, conversations, listen, observations } from './virtual-client.ts';

const startMs = Date.parse('2026-03-02T08:00:00.000Z');
const settings = { startMs, durationMs: 1_800_000 } as const;
const interval = '2026-03-02T08:00:00.000Z/2026-03-02T09:00:00.000Z';

/** All that a client hears and is answered in a run, by what it asked for; looked at as often as told. */
function runOf(seed: number, looks: number): Map<string, string> {
  const driver = createModel({ ...settings, seed });
  let secrets = 0;
  const platform = createPlatform({
    driver,
    clients: [{ id: 'client', secret: 'secret' }],
    newSecret: () => `${(secrets += 1)}`,
  });
  const client = clientOf(platform, 'client', 'secret', startMs - 5000);
  const [{ id: queueId } = { id: '' }] = driver.roster.queues;
  const agents = driver.roster.agents.map(({ id }) => activity(id));
  const { frames } = listen(client, [observations(queueId), conversations(queueId), ...agents], startMs - 5000);
  for (let look = 1; look <= looks; look += 1) platform.advanceTo(startMs + (look * settings.durationMs) / looks);
  const told = new Map([['frames', JSON.stringify(frames)]]);
  const ask = (method: string, path: string, query?: object): void => {
    const target = `/api/v2/${path}`;
    told.set(`${method} ${path}`, JSON.stringify(client.askAt(startMs + 3_600_000, method, target, query)));
  };
  ask('GET', 'users?expand=routingStatus,presence,skills,languages&pageSize=100');
  ask('GET', 'routing/queues');
  ask('GET', `routing/queues/${queueId}/members?expand=routingStatus&pageSize=100`);
  ask('GET', `routing/queues/${queueId}/estimatedwaittime`);
  ask('GET', 'nowhere');
  const filter = { type: 'or', predicates: [{ dimension: 'queueId', value: queueId }] };
  const metrics = ['nOffered', 'tAnswered', 'tHandle', 'oServiceLevel'];
  ask('POST', 'analytics/queues/observations/query', { filter, metrics: ['oWaiting', 'oOnQueueUsers'] });
  ask('POST', 'analytics/conversations/aggregates/query', { interval, groupBy: ['queueId', 'mediaType'], metrics });
  ask('POST', 'analytics/conversations/details/query', { interval, paging: { pageSize: 100, pageNumber: 1 } });
  ask('POST', 'analytics/surveys/aggregates/query', { interval, metrics: ['nSurveysSent'], groupBy: ['queueId'] });
  ask('POST', 'analytics/users/aggregates/query', { interval, metrics: ['tAgentRoutingStatus'], groupBy: ['userId'] });
  ask('POST', 'analytics/conversations/details/jobs', { interval });
  return told;
}

test(
  'the same seed gives the same bytes of every frame and answer, however often one looks',
  { timeout: 30_000 },
  () => {
    const run = runOf(7, 1);
    expect(run.get('frames')!.length).toBeGreaterThan(10_000);
    expect([...runOf(7, 1)]).toEqual([...run]);
    expect([...runOf(7, 1800)]).toEqual([...run]);
  },
);

test('another seed gives other people, other events and other numbers', { timeout: 30_000 }, () => {
  const [run, other] = [runOf(7, 1), runOf(8, 1)];
  const same = [...run].filter(([asked, text]) => other.get(asked) === text).map(([asked]) => asked);
  // After the end nobody waits or works; what is not there and the receipt of a job know nothing of the seed.
  expect(same.filter((asked) => !asked.includes('estimatedwait'))).toEqual([
    'GET nowhere',
    'POST analytics/queues/observations/query',
    'POST analytics/conversations/details/jobs',
  ]);
});

test('the events of a model can be read again, and are the same', () => {
  const driver = createModel({ ...settings, seed: 7 });
  expect([...driver.events]).toEqual([...driver.events]);
});
