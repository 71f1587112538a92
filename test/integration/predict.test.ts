import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { samplePath } from '../../src/commands/settings.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { waitPrediction } from '../../streams/records/wait-prediction.ts';
import { simulatorEnv, startProcess } from '../support/pipeline-process.ts';

// The one-shot prediction as a person meets it: a queue's name in, a table or JSON and an exit code out.

const login = { clientId: 'predict-test', clientSecret: 'predict-secret' };
/** Of the sample day: people wait. */
const startMinute = 13 * 60 + 10;
const at = { trace: samplePath(), speed: 1, port: 0, loop: false, startMinute, ...login };
const answered = z.object({
  queue: z.object({ id: z.string(), name: z.string().nullable() }),
  atMs: z.int(),
  predictions: z.array(
    z.object({
      mediaType: z.string(),
      tutorial: z.looseObject({ in_queue_count: z.int().nullable(), predicted_wait_seconds: z.int().nullable() }),
      calibrated: waitPrediction.schema,
      platform: z.object({
        estimatedWaitTimeSeconds: z.number().nullable(),
        formula: z.string().nullable(),
        reason: z.enum(['none_given', 'not_read']).nullable(),
      }),
    }),
  ),
  notRead: z.array(
    z.looseObject({ name: z.string(), status: z.string(), permissions: z.array(z.string()).optional() }),
  ),
});

let simulator: Simulator;
let poor: Simulator;

beforeAll(async () => {
  simulator = await startSimulator(at);
  poor = await startSimulator({ ...at, permissions: ['analytics:queueObservation:view', 'routing:queue:view'] });
});

afterAll(async () => {
  await Promise.all([simulator.close(), poor.close()]);
});

async function predict(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const running = startProcess(['predict', ...args], env);
  let out = '';
  running.child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
  return { exit: await running.ended, told: running.output(), out };
}

const envOf = ({ url }: Simulator) => simulatorEnv(url, login.clientId, login.clientSecret);

describe('predict', () => {
  test('tells of a queue of a platform elsewhere what tutorial, model and platform say, as JSON alone on stdout', async () => {
    const { exit, out, told } = await predict(envOf(simulator), '--queue', 'PS', '--json');
    expect(exit, told).toBe(0);
    const answer = answered.parse(JSON.parse(out));
    expect(answer).toMatchObject({ queue: { name: 'PS' }, notRead: [] });
    const [only] = answer.predictions;
    expect(only).toMatchObject({ mediaType: 'voice', calibrated: { reason: null, estimator: 'regression' } });
    expect(only?.tutorial.in_queue_count).toBeGreaterThan(0);
    expect(only?.platform.estimatedWaitTimeSeconds).toBeGreaterThan(0);
  });

  test('shows what it may read, names the permission of what it may not, and ends well', async () => {
    const { exit, told } = await predict(envOf(poor), '--queue', 'PS');
    expect(exit, told).toBe(0);
    expect(told).toMatch(/^no estimate because .*no_history +-$/m);
    expect(told).toMatch(/^not read:\nmissing +call aggregates .*grant analytics:conversationAggregate:view/m);
  });

  test('needs no account: a simulator of its own plays the sample day, at the time that is wished', async () => {
    const { exit, told } = await predict({}, '--source', 'simulator', '--queue', 'ps', '--at', '13:10');
    expect(exit, told).toBe(0);
    expect(told).toMatch(/^PS \([-0-9a-f]{36}\), voice, .*T11:10:0/);
    expect(told).toMatch(/^predicted_wait_seconds +\d+ +\d+ +\d+$/m);
    const night = await predict({}, '--source', 'auto', '--queue', 'PS', '--at', '5:00');
    expect(night.told).toMatch(/^no estimate because +- +no_agents +none_given$/m);
    expect(night.exit).toBe(0);
  });

  test('what is wished wrongly is usage, and told with what there is', async () => {
    const env = envOf(simulator);
    const unknown = await predict(env, '--queue', 'P');
    expect(unknown).toMatchObject({ exit: 2, out: '' });
    expect(unknown.told).toMatch(/--queue=P: allowed: the id or name of a queue .*: PE \(.*PS \(/);
    const medium = await predict(env, '--queue', 'PS', '--media', 'fax');
    expect(medium).toMatchObject({ exit: 2, told: expect.stringContaining('voice, callback, chat') as unknown });
    const time = await predict({}, '--source', 'simulator', '--queue', 'PS', '--at', '25:00');
    expect(time).toMatchObject({ exit: 2, told: expect.stringContaining('00:00 to 23:59') as unknown });
    const elsewhere = await predict(env, '--queue', 'PS', '--at', '12:00');
    expect(elsewhere).toMatchObject({ exit: 2, told: expect.stringContaining('--source simulator') as unknown });
    expect(await predict(env)).toMatchObject({ exit: 2, told: expect.stringContaining('--queue') as unknown });
    expect(await predict(env, '--queue', 'PS', '--source', 'day.jsonl')).toMatchObject({ exit: 2 });
  });

  test('a login that is refused is a failure', async () => {
    const env = { ...envOf(simulator), GENESYSCLOUD_OAUTHCLIENT_SECRET: 'wrong' };
    const { exit, told } = await predict(env, '--queue', 'PS');
    expect(exit).toBe(1);
    expect(told).toContain('QC_GENESYS_CREDENTIALS');
  });
});
