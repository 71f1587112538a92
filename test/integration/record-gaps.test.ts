import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts';
import type { LogRecord } from '../../src/sources/log-source.ts';
import { type QueueEvent, queueEvent } from '../../streams/event.ts';
import { topicOf } from '../../streams/record.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { writeBusyTrace } from '../support/busy-trace.ts';
import { logBytes, readLog, simulatorEnv, startProcess, until } from '../support/pipeline-process.ts';

// A run that loses its socket, its channel and some frames, and one that only reads what that run recorded.

const timeZone = 'Asia/Jerusalem';
const login = { clientId: 'gaps-test', clientSecret: 'gaps-secret' };
const states = new Set(recordTypes.filter(({ kind }) => kind === 'state').map(topicOf));
let folder = '';
let simulator: Simulator;
let told = '';

const recording = () => join(folder, 'live.jsonl');
const logOf = (name: string, log: 'journal' | 'outputs') => join(folder, name, log);
const eventsOf = (records: readonly LogRecord[]) => records.map(({ value }) => queueEvent.parse(value));
const isRepaired = (event: QueueEvent) => event.kind === 'channel-gap' && event.endMs !== null;
const bytesOf = (records: readonly LogRecord[]) => records.map((record) => JSON.stringify(record));

/** What a reader is promised of each key: every fact in order, of a state the last. */
function promised(outputs: readonly LogRecord[]): ReadonlyMap<string, readonly string[]> {
  const byKey = new Map<string, string[]>();
  for (const { record, key, atMs, value } of outputs) {
    const name = `${record} ${key}`;
    const before = states.has(record) ? [] : (byKey.get(name) ?? []);
    before.push(JSON.stringify([atMs, value]));
    byKey.set(name, before);
  }
  return byKey;
}

async function inject(fault: object): Promise<void> {
  const { statusCode, body } = await request(`${simulator.url}/simulator/faults`, {
    method: 'POST',
    body: JSON.stringify(fault),
  });
  expect(statusCode, await body.text()).toBe(200);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-record-gaps-'));
  const trace = join(folder, 'busy.trace.jsonl');
  await writeBusyTrace(trace);
  simulator = await startSimulator({ ...login, trace, speed: 300, port: 0, timeZone, loop: false });
  const env = simulatorEnv(simulator.url, login.clientId, login.clientSecret);
  const args = ['--data-dir', join(folder, 'live'), '--record', recording(), '--time-zone', timeZone];
  const running = startProcess(['run', ...args], env);
  const journal = logOf('live', 'journal');
  const untilThere = (count: number, isWanted: (event: QueueEvent) => boolean) => {
    const isThere = async () => eventsOf(await readLog(journal)).filter(isWanted).length >= count;
    return until(isThere, running, 100);
  };
  await until(async () => (await logBytes(journal)) > 50_000, running);
  // One after the other: a spoilt frame costs the socket, and what is on its way there.
  for (const [number, kind] of ['drop-socket', 'not-json', 'half-frames', 'vanish-channel'].entries()) {
    await inject({ kind });
    await untilThere(number + 1, isRepaired);
  }
  await inject({ kind: 'unknown-topic' });
  await untilThere(3, ({ kind }) => kind === 'input-rejected');
  // What the gaps have touched is read again once its half hour has settled.
  const isReadAgain = async () => (await readFile(recording(), 'utf8')).includes('"interval":{"startMs"');
  await until(isReadAgain, running, 100);
  running.child.kill('SIGINT');
  expect(await running.ended, running.output()).toBe(0);
  told = running.output();
});

afterAll(async () => {
  await simulator.close();
  await rm(folder, { recursive: true, force: true });
});

test('a recording with gaps, spoilt frames and a new channel is replayed to the bytes of the live run', async () => {
  const args = ['--source', recording(), '--data-dir', join(folder, 'again'), '--time-zone', timeZone];
  const running = startProcess(['run', ...args]);
  expect(await running.ended, running.output()).toBe(0);

  const [live, again] = [await readLog(logOf('live', 'journal')), await readLog(logOf('again', 'journal'))];
  expect(bytesOf(again)).toEqual(bytesOf(live));
  const gaps = eventsOf(again).filter(({ kind }) => kind === 'channel-gap');
  // The beginning of each, and its end.
  expect(gaps.length).toBeGreaterThanOrEqual(8);
  const openings = gaps.filter((gap) => !isRepaired(gap)).length;
  expect(told).toContain(` and ${openings} gaps from `);
  for (const output of [told, running.output()]) expect(output).toMatch(new RegExp(` rejected, ${openings} gaps\\)`));

  const outputs = promised(await readLog(logOf('again', 'outputs')));
  expect(outputs).toEqual(promised(await readLog(logOf('live', 'outputs'))));
  const written = new Set(Array.from(outputs.keys(), (name) => name.split(' ')[0]));
  for (const record of ['channel-gap.v1', 'quarantine.v1', 'queue-window.v1', 'queue-state.v1', 'wait-prediction.v1']) {
    expect(written).toContain(record);
  }
});
