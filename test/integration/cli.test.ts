import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scaledClock, systemClock } from '../../sinks/clock.ts';
import { createPlatform } from '../../src/simulator/platform.ts';
import { createReplay } from '../../src/simulator/replay.ts';
import { startSimulatorServer } from '../../src/simulator/server.ts';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import { readTrace } from '../../src/simulator/trace.ts';
import { queueEvent } from '../../streams/event.ts';
import { readParquetRows } from '../support/parquet.ts';
import { logBytes, readLog, simulatorEnv, startProcess, until } from '../support/pipeline-process.ts';

// The program as a person meets it: arguments in, lines and exit codes out.

const sample = join(import.meta.dirname, '../../samples/bank-1999-01-05.trace.jsonl.gz');
let folder = '';
let simulator: Simulator;

async function queuecast(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const running = startProcess(args, env);
  return { exit: await running.ended, told: running.output() };
}

const portOf = (url: string) => new URL(url).port;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-cli-'));
  const login = { clientId: 'right', clientSecret: 'right' };
  simulator = await startSimulator({ trace: sample, speed: 60, port: 0, loop: false, ...login });
});

afterAll(async () => {
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

describe('bad input is one clear line with the way out', () => {
  test('wrong credentials', async () => {
    const env = simulatorEnv(simulator.url, 'right', 'wrong');
    const { exit, told } = await queuecast(['run', '--data-dir', join(folder, 'a')], env);
    expect(exit).toBe(1);
    expect(told).toMatch(
      /^queuecast: QC_GENESYS_CREDENTIALS: .*check GENESYSCLOUD_OAUTHCLIENT_ID, .*SECRET and GENESYSCLOUD_GATEWAY_HOST, _PORT and _PROTOCOL\n$/,
    );
  });

  test('no credentials', async () => {
    const { exit, told } = await queuecast(['run', '--data-dir', join(folder, 'b')]);
    expect(exit).toBe(1);
    expect(told).toMatch(/GENESYSCLOUD_OAUTHCLIENT_ID is not set: .*--source simulator\n$/);
  });

  test('a missing permission, by its name', async () => {
    const trace = await readTrace(sample);
    const driver = createReplay(trace, { date: '2026-11-17', timeZone: 'Asia/Jerusalem', loop: false });
    const permissions = ['routing:queue:view'];
    const platform = createPlatform({ driver, clients: [{ id: 'poor', secret: 'poor', permissions }] });
    const clockSettings = { epochMs: driver.startMs, baseMs: systemClock.nowMs(), speed: 1 };
    const clock = scaledClock(clockSettings);
    const server = await startSimulatorServer({ platform, clock, clockSettings, host: '127.0.0.1', port: 0 });
    try {
      const env = simulatorEnv(server.url, 'poor', 'poor');
      const { exit, told } = await queuecast(['run', '--data-dir', join(folder, 'c')], env);
      expect(exit).toBe(1);
      expect(told).toMatch(
        /QC_GENESYS_PERMISSION: .*analytics:queueObservation:view.*Grant it to a role of the OAuth client/,
      );
    } finally {
      await server.close();
    }
  });

  test('a host that does not answer', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const address = closed.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    const { QUEUECAST_CLOCK: _, ...env } = simulatorEnv(`http://127.0.0.1:${port}`, 'x', 'y');
    const { exit, told } = await queuecast(['run', '--data-dir', join(folder, 'd')], env);
    expect(exit).toBe(1);
    expect(told).toMatch(/QC_GENESYS_UNREACHABLE: .*ECONNREFUSED/);
    expect(told.trim().split('\n')).toHaveLength(1);
  });

  test('a port that is taken', async () => {
    const { exit, told } = await queuecast(['simulate', '--port', portOf(simulator.url)]);
    expect(exit).toBe(1);
    expect(told).toMatch(/QC_SIMULATOR_ADDRESS: .*port/i);
    expect(told).toContain(portOf(simulator.url));
  });

  test('options of a model that do not go together, or mean nothing', async () => {
    const alone = await queuecast(['simulate', '--port', '0', '--seed', '3', '--load', '2']);
    expect(alone.exit).toBe(2);
    expect(alone.told).toContain('--seed, --load go with --model');
    const both = await queuecast(['simulate', '--port', '0', '--model', '--trace', sample]);
    expect(both.exit).toBe(2);
    expect(both.told).toContain('--model and --trace exclude each other');
    const none = await queuecast(['simulate', '--port', '0', '--model', '--agents', '0']);
    expect(none.exit).toBe(2);
    expect(none.told).toMatch(/QC_SIMULATOR_SETTING: agents 0 .*from 1 to/);
    const noNumber = await queuecast(['simulate', '--port', '0', '--model', '--load', 'much']);
    expect(noNumber.exit).toBe(2);
    expect(noNumber.told).toContain('--load=much: allowed: a number');
    const noPort = await queuecast(['simulate', '--port', '']);
    expect(noPort.exit).toBe(2);
    expect(noPort.told).toContain('--port=: allowed: 0 to 65535');
    const run = ['run', '--data-dir', join(folder, 'model')];
    const unused = await queuecast([...run, '--source', 'simulator', '--load', '2']);
    expect(unused).toMatchObject({ exit: 2, told: expect.stringContaining('--load goes with --model') as unknown });
    for (const elsewhere of [
      ['--source', 'platform'],
      ['--source', 'day.jsonl'],
      ['--source', 'auto', '--role', 'serve'],
    ]) {
      const refused = await queuecast([...run, ...elsewhere, '--model']);
      expect(refused.exit).toBe(2);
      expect(refused.told).toMatch(/--model is played by a simulator of this process: add --source simulator/);
    }
  });

  test('a permission, a switch or a fault that the simulator does not know, with those there are', async () => {
    for (const [args, named] of [
      [['--deny', 'routing:queue:fly'], /"routing:queue:fly" is no permission .*routing:queue:view/],
      [['--switch', 'zeros=no'], /"zeros=no" is no switch.*zerosSent \(true or false\)/],
      [
        ['--switch', 'zerosSent=false', '--switch', 'deadChannelStatus=200'],
        /"deadChannelStatus=200" .*401, 403 or 404/,
      ],
      [['--fault', 'flood@5s'], /"flood@5s" is no fault.*drop-socket/],
    ] as const) {
      const { exit, told } = await queuecast(['simulate', '--port', '0', ...args]);
      expect(exit).toBe(2);
      expect(told).toMatch(named);
    }
  });

  test('a folder that cannot be written', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, '');
    const { exit, told } = await queuecast(['run', '--source', 'simulator', '--data-dir', join(file, 'data')]);
    expect(exit).toBe(1);
    const nowhere = await queuecast(['run', '--source', 'simulator', '--data-dir', '/proc/queuecast/data']);
    expect(nowhere.exit).toBe(1);
    expect(nowhere.told).toMatch(
      /QC_SINK_UNAVAILABLE: .*\/proc\/queuecast\/data .*nothing can be made there.*--data-dir/,
    );
    expect(told).toMatch(/QC_SINK_UNAVAILABLE: .*a-file\/data.*QUEUECAST_DATA_DIR/);
  });

  test('a malformed line of a trace, by file and number', async () => {
    const path = join(folder, 'bad.trace.jsonl');
    await writeFile(path, '{"t":1,"ev":"arrival","id":"a","q":"PS","pri":0}\n{"t":2,"ev":"arrived"}\n');
    const { exit, told } = await queuecast([
      'run',
      '--source',
      'simulator',
      '--trace',
      path,
      '--data-dir',
      join(folder, 'e'),
    ]);
    expect(exit).toBe(1);
    expect(told).toMatch(/QC_TRACE_MALFORMED: .*bad\.trace\.jsonl, line 2/);
  });

  test('all faults of a configuration at once, as usage', async () => {
    const { exit, told } = await queuecast(['run', '--tick-ms', 'soon'], { QUEUECAST_TIME_ZONE: 'Atlantis' });
    expect(exit).toBe(2);
    expect(told).toMatch(/2 faults[\s\S]*--tick-ms=soon[\s\S]*|QUEUECAST_TIME_ZONE=Atlantis/);
    expect(told).toContain('QUEUECAST_TIME_ZONE=Atlantis');
    const loop = await queuecast(['simulate', '--port', '0', '--loop', 'maybe']);
    expect(loop).toMatchObject({
      exit: 2,
      told: expect.stringContaining('--loop=maybe: allowed: true or false') as unknown,
    });
    expect((await queuecast(['run', '--nonsense'])).exit).toBe(2);
    expect((await queuecast(['sing'])).exit).toBe(2);
  });

  test('a journal limit ends the run and keeps what was journaled', async () => {
    const dataDir = join(folder, 'full');
    const args = ['run', '--source', 'simulator', '--speed', '2000', '--data-dir', dataDir];
    const { exit, told } = await queuecast(args, { QUEUECAST_JOURNAL_BYTES_MAX: '1000000' });
    expect(exit).toBe(1);
    expect(told).toMatch(/QC_SINK_FULL: .*QUEUECAST_JOURNAL_BYTES_MAX/);
  });
});

describe('a run', () => {
  test('of a whole small day ends by itself with a summary, exit 0, and files that hold it', async () => {
    const path = join(folder, 'small.trace.jsonl');
    // The first call comes ten minutes into the day: what a busy machine was late to see is no part of the sum.
    const lines = [
      { t: 28_800, ev: 'agent', agent: 'a1', state: 'on', queues: ['PS'] },
      { t: 29_410, ev: 'arrival', id: 'c1', q: 'PS', pri: 0 },
      { t: 29_410, ev: 'answer', id: 'c1', q: 'PS', agent: 'a1', wait: 0 },
      { t: 29_420, ev: 'arrival', id: 'c2', q: 'PS', pri: 0 },
      { t: 29_500, ev: 'abandon', id: 'c2', q: 'PS', wait: 80 },
      { t: 29_600, ev: 'end', id: 'c1', q: 'PS', agent: 'a1', handle: 190 },
    ];
    await writeFile(path, lines.map((line) => JSON.stringify(line)).join('\n'));
    const dataDir = join(folder, 'small');
    const args = ['run', '--source', 'simulator', '--speed', '60', '--trace', path, '--data-dir', dataDir];
    const { exit, told } = await queuecast(args);
    expect(exit, told).toBe(0);
    expect(told).toContain(
      'Simulated 2 calls to 1 queue and 1 agent: 1 answered, 1 abandoned; 0 still open at the end.',
    );
    const windows = await readParquetRows(join(dataDir, 'parquet', 'queue-window'));
    expect(windows.length).toBeGreaterThanOrEqual(3);
    // c2 waited 80 s in all: that is what the means of the minutes add up to.
    const waitedSeconds = windows.reduce(
      (sum, row) => sum + Number(row['waiting_mean']) * Number(row['coverage']) * 60,
      0,
    );
    expect(waitedSeconds).toBeGreaterThan(70);
    expect(waitedSeconds).toBeLessThan(90);
  });

  test('that ends before a window is over names no file to look at', async () => {
    const dataDir = join(folder, 'short');
    const running = startProcess(['run', '--source', 'simulator', '--speed', '1', '--data-dir', dataDir]);
    await until(async () => (await logBytes(join(dataDir, 'journal'))) > 0, running);
    running.child.kill('SIGINT');
    expect(await running.ended, running.output()).toBe(0);
    expect(running.output()).toMatch(/No queue window is in .*short\/parquet yet\.\n$/);
    expect(running.output()).not.toContain('duckdb');
  });

  test('on the simulator plays a made-up centre, the same for the same seed', async () => {
    const profiles = async (name: string, seed: number) => {
      const dataDir = join(folder, name);
      const shape = ['--model', '--seed', String(seed), '--queues', '2', '--agents', '20', '--load', '2'];
      const running = startProcess(['run', '--source', 'simulator', ...shape, '--speed', '300', '--data-dir', dataDir]);
      await until(async () => (await logBytes(join(dataDir, 'journal'))) > 100_000, running);
      running.child.kill('SIGINT');
      expect(await running.ended, running.output()).toBe(0);
      expect(running.output()).toMatch(/Simulated [1-9]\d* calls to 2 queues and 20 agents: /);
      const events = (await readLog(join(dataDir, 'journal'))).map(({ value }) => queueEvent.parse(value));
      return events
        .filter(({ kind }) => kind === 'agent-profile' || kind === 'queue-profile')
        .map(({ receivedAtMs: _, ...profile }) => JSON.stringify(profile));
    };
    const three = await profiles('model-three', 3);
    expect(three).toHaveLength(2 + 20);
    expect(three.join()).toContain('Billing 0001');
    expect(await profiles('model-again', 3)).toEqual(three);
    expect(await profiles('model-four', 4)).not.toEqual(three);
  });

  test('prints its configuration without secrets', async () => {
    const env = { GENESYSCLOUD_OAUTHCLIENT_SECRET: 'do-not-show', GENESYSCLOUD_REGION: 'EU_WEST_1' };
    const { exit, told } = await queuecast(['config', '--json'], env);
    expect(exit).toBe(0);
    expect(told).not.toContain('do-not-show');
    expect(JSON.parse(told)).toContainEqual(
      expect.objectContaining({ name: 'region', value: 'EU_WEST_1', from: 'GENESYSCLOUD_REGION' }),
    );
  });
});
