import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { openSegmentLog } from '../../../sinks/log/segment-log.ts';
import { createLogSource, type LogRecord, type LogSourceSettings } from '../../../src/sources/log-source.ts';
import { output } from '../../../streams/record.ts';
import { call } from '../../contract/sink-contract.ts';
import { advanceUntil, manualClock } from '../../support/manual-clock.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const newFolder = temporaryFolders();
const never = new AbortController().signal;

const calls = (names: readonly string[]) => ({
  outputs: names.map((name) => output(call, { name, waitSeconds: 1 }, 0)),
  position: 0,
});

const openLog = (dir: string, segmentBytesMax = 200) => openSegmentLog({ dir, bytesMax: 1e9, segmentBytesMax });

async function writeLog(dir: string, deliveries: readonly (readonly string[])[], segmentBytesMax?: number) {
  const log = await openLog(dir, segmentBytesMax);
  for (const names of deliveries) await log.append(calls(names));
  await log.close();
}

/** A source that runs, and what has come of it. */
function start(dir: string, settings: Partial<LogSourceSettings> = {}, signal = never) {
  const clock = manualClock();
  const source = createLogSource({ dir, fromOffset: 0, batchEventsMax: 100, commitEveryMs: 0, clock, ...settings });
  const batches: (readonly LogRecord[])[] = [];
  const end: { isDone: boolean; failure?: unknown } = { isDone: false };
  source
    .run(({ events }) => Promise.resolve(void batches.push(events)), signal)
    .then(
      () => (end.isDone = true),
      (failure: unknown) => (end.failure = failure),
    );
  return {
    source,
    clock,
    batches,
    keys: () => batches.flat().map(({ key }) => key),
    end,
    until: (holds: () => boolean) => advanceUntil(clock, holds),
    /** Lets time pass, then lets the source do what it does now, files included, until it waits for time again. */
    async pass(ms: number) {
      await clock.advance(ms);
      await advanceUntil(clock, () => clock.sleepers() === 1, 0);
    },
  };
}

const segmentPaths = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .sort()
    .map((name) => join(dir, name));

describe('a log source', () => {
  test('a record comes with topic, key, time, value and offset', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a'], ['b']]);
    const { source, batches, end, until } = start(dir, { fromOffset: 1 });
    source.drain();
    await until(() => end.isDone);
    expect(batches).toEqual([
      [{ record: 'call.v2', key: 'b', atMs: 0, value: { name: 'b', waitSeconds: 1 }, offset: 1 }],
    ]);
  });

  test('a folder and a first segment that are not there yet are waited for', async () => {
    const dir = join(newFolder(), 'later');
    const { clock, keys, until, end } = start(dir);
    await clock.advance(50);
    const log = await openLog(dir);
    await clock.advance(50);
    await log.append(calls(['a']));
    await until(() => keys().length === 1);
    await log.close();
    expect(end).toEqual({ isDone: false });
  });

  test('a drain of a log that is not there ends at once', async () => {
    const { source, end, until } = start(join(newFolder(), 'none'));
    source.drain();
    await until(() => end.isDone);
  });

  test('it looks at the end of the log by the clock', async () => {
    const dir = newFolder();
    const log = await openLog(dir);
    const { clock, keys, until } = start(dir, { pollMs: 1000 });
    await until(() => clock.sleepers() === 1);
    await log.append(calls(['a']));
    await clock.advance(999 - (clock.nowMs() % 1000));
    expect(keys()).toEqual([]);
    await until(() => keys().length === 1);
    await log.close();
  });

  test('records are gathered for commitEveryMs, but not past batchEventsMax', async () => {
    const dir = newFolder();
    const log = await openLog(dir);
    const { batches, pass } = start(dir, { commitEveryMs: 1000, batchEventsMax: 3, pollMs: 10 });
    await pass(0);
    await log.append(calls(['a']));
    await pass(10);
    await log.append(calls(['b']));
    for (let waitedMs = 10; waitedMs < 1000; waitedMs += 10) await pass(10);
    expect(batches).toEqual([]);
    await pass(10);
    expect(batches.map((batch) => batch.map(({ key }) => key))).toEqual([['a', 'b']]);
    await log.append(calls(['c', 'd', 'e', 'f']));
    await pass(10);
    expect(batches.slice(1).map((batch) => batch.map(({ key }) => key))).toEqual([['c', 'd', 'e']]);
    await log.close();
  });

  test('a line that its writer has not forced to disk yet is forced there before it is handed over', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a']]);
    const probe = await open(segmentPaths(dir)[0]!);
    const datasync = vi.spyOn(Reflect.getPrototypeOf(probe) as FileHandle, 'datasync');
    await probe.close();
    const { batches, until } = start(dir);
    await until(() => batches.length === 1);
    expect(datasync).toHaveBeenCalledOnce();
    datasync.mockRestore();
  });

  test('a line whose offset does not follow the one before it is damage', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a'], ['b'], ['c']], 1e6);
    const [path] = segmentPaths(dir);
    const lines = readFileSync(path!, 'utf8').split('\n');
    writeFileSync(path!, [lines[0], lines[2], ''].join('\n'));
    const { end, until } = start(dir);
    await until(() => end.failure !== undefined);
    expect(end.failure).toMatchObject({
      code: 'QC_LOG_CORRUPT',
      message: expect.stringContaining('offset 2 follows 1'),
    });
  });

  test('a drain to an offset hands over just the records before it', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a', 'b', 'c'], ['d'], ['e']]);
    for (const endOffset of [0, 1, 2, 3, 4, 5]) {
      const { source, keys, end, until } = start(dir, { batchEventsMax: 2 });
      source.drain(endOffset);
      await until(() => end.isDone);
      expect(keys()).toEqual(['a', 'b', 'c', 'd', 'e'].slice(0, endOffset));
    }
  });

  test('a drain to an offset that is not written yet waits for it', async () => {
    const dir = newFolder();
    const log = await openLog(dir);
    await log.append(calls(['a']));
    const { source, clock, keys, end, until } = start(dir);
    source.drain(2);
    await until(() => keys().length === 1);
    for (let turn = 0; turn < 20; turn += 1) await clock.advance(10);
    expect(end.isDone).toBe(false);
    await log.append(calls(['b', 'c']));
    await until(() => end.isDone);
    expect(keys()).toEqual(['a', 'b']);
    await log.close();
  });

  test('a log that is written byte by byte gives whole lines only', async () => {
    const written = newFolder();
    await writeLog(written, [['a', 'b'], ['ü'], []], 1e6);
    const bytes = readFileSync(segmentPaths(written)[0]!);
    const dir = newFolder();
    await writeLog(dir, [], 1e6);
    const path = join(dir, '00000000000000000000.log');
    writeFileSync(path, '');
    const lineEnd = bytes.indexOf('\n') + 1;
    const { clock, keys, until } = start(dir);
    for (let at = 0; at < bytes.length; at += 1) {
      appendFileSync(path, bytes.subarray(at, at + 1));
      if (at % 40 === 0) await clock.advance(10);
      if (at < lineEnd - 1) expect(keys()).toEqual([]);
    }
    await until(() => keys().length === 3);
    expect(keys()).toEqual(['a', 'b', 'ü']);
  });

  test('a torn line that the writer cuts and writes anew is read in its new form', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a']], 1e6);
    const [path] = segmentPaths(dir);
    appendFileSync(
      path!,
      '12345678 {"offset":1,"position":0,"outputs":[{"record":"call.v2","key":"torn and longer than what follows"',
    );
    const { clock, keys, until } = start(dir);
    await until(() => keys().length === 1);
    for (let turn = 0; turn < 5; turn += 1) await clock.advance(10);
    await writeLog(dir, [['b']], 1e6);
    await until(() => keys().length === 2);
    expect(keys()).toEqual(['a', 'b']);
  });

  test('a line longer than one read comes whole', async () => {
    const dir = newFolder();
    const long = 'x'.repeat(3_000_000);
    await writeLog(dir, [['a'], [long], ['b']], 1e9);
    const { source, keys, end, until } = start(dir);
    source.drain();
    await until(() => end.isDone);
    expect(keys().map((key) => key.length)).toEqual([1, long.length, 1]);
  });

  test('damage before the end fails the run with file and byte', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a'], ['b'], ['c']], 1e6);
    const [path] = segmentPaths(dir);
    const bytes = readFileSync(path!);
    const at = bytes.indexOf('\n') + 1;
    bytes[at + 20] = bytes[at + 20]! ^ 1;
    writeFileSync(path!, bytes);
    const { end, keys, until } = start(dir, { batchEventsMax: 1 });
    await until(() => end.failure !== undefined);
    expect(keys()).toEqual(['a']);
    expect(end.failure).toMatchObject({
      code: 'QC_LOG_CORRUPT',
      message: expect.stringContaining(`${path!} is damaged at byte ${at}`),
    });
  });

  test('a torn line at the end of a segment that has a successor is damage', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a', 'b'], ['c'], ['d']], 100);
    const [path] = segmentPaths(dir);
    truncateSync(path!, readFileSync(path!).length - 3);
    const { end, until } = start(dir);
    await until(() => end.failure !== undefined);
    expect(end.failure).toMatchObject({ code: 'QC_LOG_CORRUPT', message: expect.stringContaining(path!) });
  });

  test('a missing segment is damage', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a'], ['b'], ['c'], ['d']], 10);
    rmSync(segmentPaths(dir)[1]!);
    const { end, keys, until } = start(dir, { batchEventsMax: 1 });
    await until(() => end.failure !== undefined);
    expect(keys()).toEqual(['a']);
    expect(end.failure).toMatchObject({
      code: 'QC_LOG_CORRUPT',
      message: expect.stringContaining('begins at offset 2'),
    });
  });

  test('a log that ends before the offset to begin at is not the log that was read', async () => {
    const dir = newFolder();
    await writeLog(dir, [['a']]);
    const { end, until } = start(dir, { fromOffset: 2 });
    await until(() => end.failure !== undefined);
    expect(end.failure).toMatchObject({
      code: 'QC_LOG_CORRUPT',
      message: expect.stringContaining('ends at offset 1, but was read up to 2'),
    });
  });

  test('the same records come whatever the deliveries, the segments, and when it was started', async () => {
    const plan = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        plan,
        fc.nat(12),
        fc.integer({ min: 1, max: 600 }),
        async (sizes, startAfter, segmentBytesMax) => {
          const dir = newFolder();
          const log = await openLog(dir, segmentBytesMax);
          let written = 0;
          const append = async (size: number) => {
            await log.append(calls(Array.from({ length: size }, () => String((written += 1)))));
          };
          for (const size of sizes.slice(0, startAfter)) await append(size);
          const { source, batches, keys, end, until } = start(dir, { batchEventsMax: 5 });
          for (const size of sizes.slice(startAfter)) await append(size);
          await log.close();
          source.drain();
          await until(() => end.isDone || end.failure !== undefined);
          expect(end).toEqual({ isDone: true });
          expect(keys()).toEqual(Array.from({ length: written }, (_, index) => String(index + 1)));
          expect(batches.flat().map(({ offset }) => offset)).toEqual(
            Array.from({ length: written }, (_, index) => index),
          );
        },
      ),
      { numRuns: 30 },
    );
  });
});
