import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { LogRecord } from '../../src/sources/log-source.ts';
import { writeBusyTrace } from '../support/busy-trace.ts';
import { deriveSettings } from '../support/derive-settings.ts';
import { compareOutputs, deriveWritten } from '../support/oracle.ts';
import { logBytes, readLog, simulatorEnv, startProcess, until } from '../support/pipeline-process.ts';

// What one process heard, another hears again from a file: the same journal, and so the same outputs.

const timeZone = 'Asia/Jerusalem';
const login = { clientId: 'record-test', clientSecret: 'record-secret' };
const sent: string[] = [];
let folder = '';
let simulator: Simulator;
let env: Readonly<Record<string, string>> = {};
let live: readonly LogRecord[] = [];
let told = '';

const packed = () => join(folder, 'live.jsonl.gz');
const alone = () => join(folder, 'alone.jsonl');
const dataDir = (name: string) => join(folder, name);
const sizeOf = (path: string) =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
const zone = ['--time-zone', timeZone];

async function queuecast(...args: readonly string[]) {
  const running = startProcess(args);
  return { exit: await running.ended, told: running.output() };
}

/** Runs until something has grown, then ends in order. */
async function runUntil(args: readonly string[], isEnough: () => Promise<boolean>, signal: 'SIGINT' | 'SIGTERM') {
  const running = startProcess(args, env);
  await until(isEnough, running);
  running.child.kill(signal);
  expect(await running.ended, running.output()).toBe(0);
  return running.output();
}

const journalOf = (name: string) => readLog(join(dataDir(name), 'journal'));
const outputsOf = (name: string) => readLog(join(dataDir(name), 'outputs'));
const expected = (journal: readonly LogRecord[]) => deriveWritten(journal, { ...deriveSettings, timeZone });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-record-'));
  const trace = join(folder, 'busy.trace.jsonl');
  await writeBusyTrace(trace);
  const onFrameSent = (_: string, text: string) => void sent.push(text);
  simulator = await startSimulator({ ...login, trace, speed: 300, port: 0, timeZone, loop: false, onFrameSent });
  env = simulatorEnv(simulator.url, login.clientId, login.clientSecret);
  const journal = join(dataDir('live'), 'journal');
  const args = ['run', '--data-dir', dataDir('live'), '--record', packed(), ...zone];
  told = await runUntil(args, async () => (await logBytes(journal)) > 600_000, 'SIGINT');
  live = await journalOf('live');
});

afterAll(async () => {
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a run that is recorded', () => {
  test('says what it recorded, and journals as ever', () => {
    expect(told).toMatch(/Recorded \d+ frames, \d+ answers, \d+ ticks and 0 gaps from .*live\.jsonl\.gz \(\d+ bytes\)/);
    expect(live.length).toBeGreaterThan(1_000);
  });

  test('is replayed without credentials to the same journal, facts and last states, and ends by itself', async () => {
    const { exit, told: replayed } = await queuecast(
      'run',
      '--source',
      packed(),
      '--data-dir',
      dataDir('again'),
      ...zone,
    );
    expect(exit, replayed).toBe(0);
    expect(replayed).toMatch(new RegExp(`Journaled ${live.length} events`));
    const again = await journalOf('again');
    expect(again.map((record) => JSON.stringify(record))).toEqual(live.map((record) => JSON.stringify(record)));
    const outputs = await outputsOf('again');
    expect(compareOutputs(outputs, expected(live))).toEqual([]);
    expect(outputs.filter(({ record }) => record === 'queue-window.v1').length).toBeGreaterThan(50);
    expect(compareOutputs(await outputsOf('live'), expected(live))).toEqual([]);
    expect(await readdir(join(dataDir('again'), 'parquet'))).toContain('queue-window');
  });

  test('is not replayed into a journal that holds something', async () => {
    const { exit, told: refused } = await queuecast('run', '--source', packed(), '--data-dir', dataDir('live'));
    expect(exit).toBe(1);
    expect(refused).toMatch(/^queuecast: QC_RECORDING_MISMATCH: .*holds events already.*--data-dir.*\n$/);
    expect(await journalOf('live')).toEqual(live);
  });

  test('is no more shown by a run that is refused: one line says why', async () => {
    const refused = startProcess(['run', '--data-dir', dataDir('live'), ...zone], {
      ...env,
      GENESYSCLOUD_OAUTHCLIENT_SECRET: 'wrong',
    });
    expect(await refused.ended).toBe(1);
    expect(refused.output()).toMatch(/^queuecast: QC_GENESYS_CREDENTIALS: .*\n$/);
    const earlier = [
      '--source',
      'simulator',
      '--trace',
      join(folder, 'busy.trace.jsonl'),
      '--data-dir',
      dataDir('live'),
    ];
    const { exit, told: mismatch } = await queuecast('run', ...earlier);
    expect(exit).toBe(1);
    expect(mismatch).toMatch(/^queuecast: QC_GENESYS_MISMATCH: .*\n$/);
  });

  test('with a malformed line ends with its number; what came before it is derived', async () => {
    const lines = gunzipSync(await readFile(packed()))
      .toString()
      .split('\n');
    const path = join(folder, 'bad.jsonl');
    const badAt = Math.floor(lines.length / 2);
    await writeFile(path, lines.with(badAt, '{"receivedAtMs":1,"kind":"frame"}').join('\n'));
    const { exit, told: refused } = await queuecast('run', '--source', path, '--data-dir', dataDir('bad'), ...zone);
    expect(exit).toBe(1);
    expect(refused).toMatch(new RegExp(`QC_RECORDING_MALFORMED: .*bad\\.jsonl, line ${badAt + 1}: `));
    const before = await journalOf('bad');
    expect(before.length).toBeGreaterThan(live.length / 4);
    expect(before).toEqual(live.slice(0, before.length));
    expect(compareOutputs(await outputsOf('bad'), expected(before))).toEqual([]);
  });
});

describe('record', () => {
  test('writes what arrives until SIGTERM, and does not write over it', async () => {
    const args = ['record', '--out', alone()];
    const said = await runUntil(args, async () => (await sizeOf(alone())) > 300_000, 'SIGTERM');
    expect(said).toMatch(/^Recording to .*alone\.jsonl\. Ctrl-C ends in order\.\n/);
    expect(said).toMatch(/Recorded \d+ frames, .* in .*alone\.jsonl \(\d+ bytes\)\.\n$/);
    const again = startProcess(args, env);
    expect(await again.ended).toBe(1);
    expect(again.output()).toMatch(/QC_RECORDING_UNWRITABLE: .*alone\.jsonl is there already.*name another file/);
    const { exit, told: replayed } = await queuecast(
      'run',
      '--source',
      alone(),
      '--data-dir',
      dataDir('alone'),
      ...zone,
    );
    expect(exit, replayed).toBe(0);
    const journal = await journalOf('alone');
    expect(journal.length).toBeGreaterThan(500);
    expect(compareOutputs(await outputsOf('alone'), expected(journal))).toEqual([]);
  });

  test('makes no file when it cannot log in, and is refused a recording as its source', async () => {
    const path = join(folder, 'never.jsonl');
    const wrong = startProcess(['record', '--out', path], { ...env, GENESYSCLOUD_OAUTHCLIENT_SECRET: 'wrong' });
    expect(await wrong.ended).toBe(1);
    expect(wrong.output()).toMatch(/^queuecast: QC_GENESYS_CREDENTIALS: .*\n$/);
    const nowhere = startProcess(['record', '--out', join(folder, 'absent', 'x.jsonl')], env);
    expect(await nowhere.ended).toBe(1);
    expect(nowhere.output()).toMatch(/^queuecast: QC_RECORDING_UNWRITABLE: .*ENOENT.*\n$/);
    expect(await sizeOf(path)).toBe(0);
    expect((await queuecast('record', '--out', path, '--source', packed())).exit).toBe(2);
    expect((await queuecast('record')).exit).toBe(2);
  });
});

test('no byte of a recording, or of what is made of it, is a personal value', async () => {
  const fields = /"(?:name|ani|dnis|address|accountNumber|participantName)":"([^"]+)"/g;
  const personal = new Set(sent.flatMap((text) => Array.from(text.matchAll(fields), ([, value]) => value!)));
  expect(personal.size).toBeGreaterThan(20);
  // Whatever the simulator invents for a person holds one of these.
  const marks = [...personal, 'Invented Caller', 'Invented Agent', '+1212555', 'invented-'];
  const names = (await readdir(folder, { recursive: true })).filter((name) => !name.endsWith('.trace.jsonl'));
  let looked = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!(await stat(path)).isFile()) continue;
    const bytes = await readFile(path);
    const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
    expect(
      marks.filter((mark) => text.includes(mark)),
      name,
    ).toEqual([]);
    looked += 1;
  }
  expect(looked).toBeGreaterThan(20);
});
