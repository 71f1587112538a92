import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { scaledClock, systemClock } from '../../sinks/clock.ts';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { createParquetSink } from '../../sinks/parquet/parquet-sink.ts';
import { decodeArrival } from '../../src/genesys/decode.ts';
import { createModel } from '../../src/simulator/model/model.ts';
import { createPlatform } from '../../src/simulator/platform.ts';
import { startSimulatorServer, type SimulatorServer } from '../../src/simulator/server.ts';
import { archivedLog, logRecord, small } from '../support/archive.ts';
import { arrivalsAmong } from '../support/border-faults.ts';
import { writeEmbeddedRun } from '../support/embedded-run.ts';
import { randomNumbers } from '../support/oracle.ts';
import { readParquetRows } from '../support/parquet.ts';
import { type PipelineProcess, readLog, simulatorEnv, startProcess } from '../support/pipeline-process.ts';
import { faultOptions } from './options.ts';

// Commands that make files, killed at moments that a seed decides: no half file is ever seen, and no row is lost or there twice.

const given = process.env['QUEUECAST_TEST_FAULTS'];
const options = faultOptions.parse(given === undefined ? {} : JSON.parse(given));
const seeds = Array.from({ length: options.runs }, (_, index) => options.seed * 1_000 + index);
const livesARun = 3;
const never = new AbortController().signal;
let folder = '';

const entry = z.object({ file: z.string(), bytes: z.int(), sha256: z.string(), rows: z.int() });

/** What the manifest of a dataset lists; history names it by the question. */
async function manifestOf(dir: string) {
  const names = await readdir(dir).catch(() => []);
  const name = names.find((each) => each.startsWith('_manifest-')) ?? '_manifest-0.jsonl';
  const text = await readFile(join(dir, name), 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => entry.parse(JSON.parse(line)));
}

/** The offsets of the rows that a manifest lists, in order; throws for a file that is not what it says. */
async function offsetsListed(dir: string): Promise<readonly number[]> {
  const copy = await mkdtemp(join(folder, 'listed-'));
  for (const { file, sha256 } of await manifestOf(dir)) {
    const content = await readFile(join(dir, file));
    if (createHash('sha256').update(content).digest('hex') !== sha256) throw new Error(`${file} is half done`);
    await cp(join(dir, file), join(copy, file));
  }
  const offsets = await offsetsIn(copy);
  await rm(copy, { recursive: true });
  return offsets;
}

async function offsetsIn(dir: string): Promise<readonly number[]> {
  return (await readParquetRows(dir)).map((row) => Number(row['record_offset'])).sort((a, b) => a - b);
}

async function contentOf(dir: string) {
  const names = (await readdir(dir, { recursive: true })).filter((name) => /\.(parquet|jsonl|tmp)$/.test(name)).sort();
  return Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'base64')]));
}

/** Kills a process a little after it has come so far; it may be done before that. */
async function killAt(running: PipelineProcess, hasComeSoFar: () => Promise<boolean>, laterMs: number) {
  while (running.child.exitCode === null && !(await hasComeSoFar())) await systemClock.sleep(1, never);
  await systemClock.sleep(laterMs, never);
  running.child.kill('SIGKILL');
  const how = await running.ended;
  expect([0, 'SIGKILL'], running.output()).toContain(how);
  return how;
}

async function finish(running: PipelineProcess): Promise<void> {
  expect(await running.ended, running.output()).toBe(0);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-faults-files-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const compacts = options.kill === 'compact' || options.kill === 'all';
const replays = options.kill === 'replay' || options.kill === 'all';
const asksHistory = options.kill === 'history' || options.kill === 'all';

describe.runIf(compacts)('queuecast compact, killed beside an archiver', () => {
  const dates = 12;
  const rowsADate = 40;
  const dayMs = 86_400_000;
  const startMs = Date.UTC(2026, 0, 5);
  const rowsAFile = 4;
  const recordAt = (n: number) =>
    logRecord(small, n, startMs + Math.floor(n / rowsADate) * dayMs + (n % rowsADate) * 1_000, { n });
  const recordsOf = (from: number, until: number) =>
    Array.from({ length: until - from }, (_, index) => recordAt(from + index));
  const first = recordsOf(0, dates * rowsADate);
  let template = '';
  let log = '';

  const openSink = (dir: string) => createParquetSink({ dir, log: archivedLog(log), rowsMax: rowsAFile });
  const compact = (dir: string) => startProcess(['compact', '--dataset', dir, '--before', '2100-01-01', '--json']);

  beforeAll(async () => {
    log = join(folder, 'log');
    await (await openSegmentLog({ dir: log, bytesMax: 1e6 })).close();
    template = join(folder, 'template');
    const sink = await openSink(template);
    await sink.archive(first, first.length);
    await sink.close();
  });

  test.each(seeds)('leaves each row once in the manifest, and tidies up (seed %i)', async (seed) => {
    const random = randomNumbers(seed);
    const dir = join(folder, `compact-${seed}`);
    await cp(template, dir, { recursive: true });
    const sink = await openSink(dir);
    let archived = first.length;
    const ends: (number | string)[] = [];
    try {
      for (let life = 0; life < livesARun; life += 1) {
        const running = compact(dir);
        const datesDone = () => running.output().split('\n').length - 1;
        const datesWanted = 1 + Math.floor((random() * dates) / livesARun);
        const over = new AbortController();
        const killed = killAt(running, () => Promise.resolve(datesDone() >= datesWanted), random() * 60).finally(() =>
          over.abort(),
        );
        // Once it is at work, so that both change the manifest at the same time.
        while (!over.signal.aborted) {
          if (datesDone() > 0) {
            await sink.archive(recordsOf(archived, archived + rowsAFile), archived + rowsAFile);
            archived += rowsAFile;
          } else await systemClock.sleep(1, never);
        }
        ends.push(await killed);
        const listed = await offsetsListed(dir);
        expect(listed).toEqual(recordsOf(0, archived).map(({ offset }) => offset));
      }
    } finally {
      await sink.close();
    }
    expect(ends).toContain('SIGKILL');
    expect(archived).toBeGreaterThan(first.length);
    await finish(compact(dir));
    const all = recordsOf(0, archived).map(({ offset }) => offset);
    expect(await offsetsListed(dir)).toEqual(all);
    expect(await offsetsIn(dir)).toEqual(all);
    expect((await contentOf(dir)).length).toBe(Math.ceil(archived / rowsADate) + 1);
  });
});

describe.runIf(replays)('queuecast replay, killed', () => {
  let dataDir = '';
  let args: readonly string[] = [];
  let whole: Awaited<ReturnType<typeof contentOf>> = [];
  let files = 0;

  const replay = (out: string) => startProcess(['replay', ...args, '--out', out]);

  beforeAll(async () => {
    dataDir = join(folder, 'data');
    const events = (await arrivalsAmong(['drop-socket'], 7)).flatMap(decodeArrival);
    await writeEmbeddedRun({ dataDir, events });
    const at = (share: number) => new Date(events[Math.floor((events.length - 1) * share)]!.receivedAtMs).toISOString();
    const small = ['--parquet-rows-max', '2', '--batch-events-max', '10'];
    args = ['--data-dir', dataDir, '--from', at(0.1), '--to', at(0.9), ...small];
    await finish(replay(join(folder, 'whole')));
    whole = await contentOf(join(folder, 'whole'));
    files = whole.length - 1;
    expect(files).toBeGreaterThan(30);
  });

  test.each(seeds)('shows no half file, and ends with the same bytes (seed %i)', async (seed) => {
    const random = randomNumbers(seed);
    const out = join(folder, `replay-${seed}`);
    const ends: (number | string)[] = [];
    for (let life = 0; life < livesARun; life += 1) {
      const enough = (await manifestOf(out)).length + Math.floor((random() * files) / livesARun);
      const hasComeSoFar = async () => (await manifestOf(out)).length > enough;
      ends.push(await killAt(replay(out), hasComeSoFar, random() * 10));
      const listed = await offsetsListed(out);
      expect(new Set(listed).size).toBe(listed.length);
    }
    expect(ends).toContain('SIGKILL');
    await finish(replay(out));
    expect(await contentOf(out)).toEqual(whole);
  });
});

describe.runIf(asksHistory)('queuecast history, killed', () => {
  const dayMs = 86_400_000;
  const weeks = 6;
  const startMs = Date.UTC(2026, 0, 5);
  const endMs = startMs + weeks * 7 * dayMs;
  const nowMs = endMs + 30 * dayMs;
  const dateOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
  const range = ['--from', dateOf(startMs), '--to', dateOf(endMs - dayMs), '--timezone', 'UTC', '--fill', 'linear'];
  let server: SimulatorServer;
  let env: Readonly<Record<string, string>> = {};
  /** Bodies of aggregates queries since a process was started. */
  let asked: string[] = [];
  let pieces: readonly string[] = [];
  let whole: Awaited<ReturnType<typeof answerIn>>;
  let files = 0;

  const start = (dir: string) => {
    asked = [];
    const outputs = ['--to-log', '--out', join(dir, 'parquet'), '--parquet-rows-max', '20'];
    return startProcess(['history', '--data-dir', dir, ...range, ...outputs, '--csv'], env);
  };
  const listed = (dir: string) => manifestOf(join(dir, 'parquet'));
  const namesKept = (dir: string) => readdir(join(dir, 'history')).catch(() => []);
  const piecesKept = async (dir: string) => (await namesKept(dir)).filter((name) => name.endsWith('.jsonl')).length;

  async function logIn(dir: string) {
    return (await readLog(join(dir, 'outputs'))).map(({ record, key, value }) => ({ record, key, value }));
  }

  async function answerIn(dir: string) {
    return {
      files: await contentOf(join(dir, 'parquet')),
      log: await logIn(dir),
      kept: await contentOf(join(dir, 'history')),
    };
  }

  beforeAll(async () => {
    const model = { seed: 5, queues: 3, agents: 6, load: 0.3, startMs, durationMs: endMs - startMs, timeZone: 'UTC' };
    const platform = createPlatform({ driver: createModel(model), clients: [{ id: 'id', secret: 'secret' }] });
    platform.advanceTo(nowMs);
    const clock = { epochMs: nowMs, baseMs: systemClock.nowMs(), speed: 120 };
    server = await startSimulatorServer({
      platform: {
        ...platform,
        handle(request, atMs) {
          if (request.method === 'POST' && request.path.includes('/conversations/aggregates/'))
            asked.push(request.body);
          return platform.handle(request, atMs);
        },
      },
      clock: scaledClock(clock),
      // For who asks time stands still: whenever an answer came, it has the same stamp, and what differs is a fault.
      clockSettings: { ...clock, speed: 1e-9 },
      port: 0,
    });
    env = simulatorEnv(server.url, 'id', 'secret');
    const dir = join(folder, 'history');
    const undisturbed = start(dir);
    await finish(undisturbed);
    pieces = asked;
    whole = await answerIn(dir);
    files = (await listed(dir)).length;
    expect(new Set(pieces).size).toBe(weeks);
    expect(whole.kept.length).toBe(weeks);
    expect(files).toBeGreaterThan(15);
    expect(whole.log.length).toBeGreaterThan(300);
  });

  afterAll(() => server.close());

  test.each(seeds)('asks for nothing twice, and ends with the same bytes (seed %i)', async (seed) => {
    const random = randomNumbers(seed);
    const dir = join(folder, `history-${seed}`);
    const ends: (number | string)[] = [];
    for (let life = 0; life < livesARun; life += 1) {
      const kept = await piecesKept(dir);
      const written = (await listed(dir)).length;
      const running = start(dir);
      const isOfFiles = random() < 0.5;
      const more = Math.floor((random() * (isOfFiles ? files : weeks)) / livesARun);
      const hasComeSoFar = async () =>
        isOfFiles ? (await listed(dir)).length > written + more : asked.length > Math.min(more, weeks - 1 - kept);
      ends.push(await killAt(running, hasComeSoFar, random() * 10));
      expect(asked).toEqual(pieces.slice(kept, kept + asked.length));
      const offsets = await offsetsListed(join(dir, 'parquet'));
      expect(offsets).toEqual(offsets.map((_, index) => index));
      const log = await logIn(dir);
      expect(log).toEqual(whole.log.slice(0, log.length));
    }
    expect(ends).toContain('SIGKILL');
    const kept = await piecesKept(dir);
    await finish(start(dir));
    expect(asked).toEqual(pieces.slice(kept));
    expect(await answerIn(dir)).toEqual(whole);
    expect((await namesKept(dir)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});
