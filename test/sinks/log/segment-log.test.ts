import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLogSink } from '../../../sinks/log/log-sink.ts';
import { readLogSummary } from '../../../sinks/log/log-summary.ts';
import { openSegmentLog, type SegmentLogSettings } from '../../../sinks/log/segment-log.ts';
import type { Delivery } from '../../../sinks/sink.ts';
import { output } from '../../../streams/record.ts';
import { call } from '../../contract/sink-contract.ts';
import { readAllRecords } from '../../support/log-records.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const newFolder = temporaryFolders();
const never = new AbortController().signal;

const openLog = (settings: Partial<SegmentLogSettings> & { dir: string }) =>
  openSegmentLog({ bytesMax: 1e9, ...settings });

const calls = (names: readonly string[], position: number, atMs = 0): Delivery => ({
  outputs: names.map((name) => output(call, { name, waitSeconds: 1 }, atMs)),
  position,
});

const segmentsOf = (dir: string) =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .sort();
const lastSegment = (dir: string) => join(dir, segmentsOf(dir).at(-1)!);
const keysIn = async (dir: string) => (await readAllRecords(dir)).map(({ key }) => key);

async function writeLog(dir: string, deliveries: readonly Delivery[], settings: Partial<SegmentLogSettings> = {}) {
  const log = await openLog({ dir, ...settings });
  for (const delivery of deliveries) await log.append(delivery);
  await log.close();
}

describe('a segment log', () => {
  test('a line holds its checksum, offset, position and outputs', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a'], 3, 5)]);
    expect(readFileSync(join(dir, '00000000000000000000.log'), 'utf8')).toMatch(
      /^[0-9a-f]{8} \{"offset":0,"position":3,"outputs":\[\{"record":"call.v2","key":"a","atMs":5,"value":\{"name":"a","waitSeconds":1\}\}\]\}\n$/,
    );
  });

  test('a new log is empty, and keeps the id it is given', async () => {
    const dir = join(newFolder(), 'deep/er');
    const log = await openLog({ dir });
    expect(log.found).toEqual({
      id: log.id,
      endOffset: 0,
      position: 0,
      checkpoint: undefined,
    });
    expect(log.id).toMatch(/^[0-9a-f-]{36}$/);
    await log.close();
    expect((await readLogSummary({ dir })).id).toBe(log.id);
    const again = await openLog({ dir });
    expect(again.id).toBe(log.id);
    await again.close();
  });

  test('a folder that is not there reads as an empty log', async () => {
    expect(await readLogSummary({ dir: join(newFolder(), 'none') })).toMatchObject({ id: undefined, endOffset: 0 });
  });

  test('what was written is found at the next open, over all segments', async () => {
    const dir = newFolder();
    const checkpoint = { a: { version: 1, state: '],"checkpoint":{' } };
    await writeLog(
      dir,
      [
        calls(['first'], 1, 10),
        { ...calls(['b'], 2), checkpoint: { a: { version: 1, state: 'old' } } },
        { ...calls(['c', 'd'], 3), checkpoint },
        calls(['e'], 4),
        calls(['last'], 5, 20),
        calls([], 9),
      ],
      { segmentBytesMax: 100 },
    );
    expect(segmentsOf(dir).length).toBeGreaterThan(3);
    expect(await readLogSummary({ dir })).toMatchObject({
      endOffset: 6,
      position: 9,
      checkpoint: { checkpoint, position: 3, offset: 4 },
    });
    expect((await readLogSummary({ dir, hasCheckpoints: false })).checkpoint).toBeUndefined();
  });

  test('a value that looks like a checkpoint is none', async () => {
    const dir = newFolder();
    const value = { list: [], checkpoint: { a: { version: 1, state: 'false' } } };
    await writeLog(dir, [{ outputs: [{ type: call, key: 'a', atMs: 0, value }], position: 1 }]);
    expect((await readLogSummary({ dir })).checkpoint).toBeUndefined();
  });

  test('segments are named by their first offset, and follow each other by size', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a', 'b'], 1), calls(['c'], 2), calls(['d'], 3)], { segmentBytesMax: 150 });
    expect(segmentsOf(dir)).toEqual(['00000000000000000000.log', '00000000000000000002.log']);
    expect(await keysIn(dir)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('lines without records never make a second segment of the same name', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls([], 1), calls([], 2), calls([], 3), calls(['a'], 4), calls(['b'], 5)], {
      segmentBytesMax: 10,
    });
    expect(segmentsOf(dir)).toEqual(['00000000000000000000.log', '00000000000000000001.log']);
    expect(await keysIn(dir)).toEqual(['a', 'b']);
  });

  test('a torn last line is cut, wherever it was torn, and the log goes on before it', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a'], 1), calls(['b'], 2)]);
    const path = lastSegment(dir);
    const whole = statSync(path).size;
    await writeLog(dir, [{ ...calls(['c', 'ü'], 3), checkpoint: { a: { version: 1, state: 1 } } }]);
    const bytes = readFileSync(path);
    for (let size = whole; size < bytes.length; size += 1) {
      writeFileSync(path, bytes.subarray(0, size));
      expect(await readLogSummary({ dir })).toMatchObject({ endOffset: 2, position: 2, checkpoint: undefined });
      const log = await openLog({ dir });
      expect(statSync(path).size).toBe(whole);
      expect(log.found).toMatchObject({ endOffset: 2, position: 2 });
      await log.append(calls(['again'], 3));
      await log.close();
      expect(await keysIn(dir)).toEqual(['a', 'b', 'again']);
    }
  });

  test('a last line of which any byte is wrong is cut', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a'], 1)]);
    const path = lastSegment(dir);
    const whole = statSync(path).size;
    await writeLog(dir, [calls(['b'], 2)]);
    const bytes = readFileSync(path);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: whole, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, flip) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = damaged[at]! ^ flip;
          // A newline in its midst makes two bad lines, which no torn write leaves.
          fc.pre(damaged.indexOf(0x0a, whole) >= bytes.length - 1 || damaged.indexOf(0x0a, whole) === -1);
          writeFileSync(path, damaged);
          const log = await openLog({ dir });
          await log.close();
          expect({ size: statSync(path).size, end: log.found.endOffset }).toEqual({ size: whole, end: 1 });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a damaged line before the end is named by file and byte, and nothing is changed', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a'], 1)]);
    const path = lastSegment(dir);
    const at = statSync(path).size;
    await writeLog(dir, [calls(['b'], 2), calls(['c'], 3)]);
    const bytes = readFileSync(path);
    bytes[at + 30] = bytes[at + 30]! ^ 1;
    writeFileSync(path, bytes);
    const expected = { code: 'QC_LOG_CORRUPT', message: expect.stringContaining(`${path} is damaged at byte ${at}`) };
    await expect(openLog({ dir })).rejects.toMatchObject(expected);
    await expect(readLogSummary({ dir })).rejects.toMatchObject(expected);
    expect(readFileSync(path)).toEqual(bytes);
  });

  test('an empty last segment, as a crash leaves it, goes on at its own offset', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a', 'b'], 4, 7)]);
    writeFileSync(join(dir, '00000000000000000002.log'), '');
    const log = await openLog({ dir });
    expect(log.found).toMatchObject({ endOffset: 2, position: 4 });
    await log.append(calls(['c'], 5));
    await log.close();
    expect(await keysIn(dir)).toEqual(['a', 'b', 'c']);
    expect(segmentsOf(dir)).toHaveLength(2);
  });

  test('a second process that writes is fenced off, and may write when the first has died', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a'], 1)]);
    const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await once(other, 'spawn');
    writeFileSync(join(dir, 'writer.lock'), `${other.pid!}\n`);
    await expect(openLog({ dir })).rejects.toMatchObject({
      code: 'QC_SINK_FENCED',
      message: expect.stringContaining(`Process ${other.pid!} writes in ${dir}`),
    });
    other.kill('SIGKILL');
    await once(other, 'exit');
    await writeLog(dir, [calls(['b'], 2)]);
    expect(await keysIn(dir)).toEqual(['a', 'b']);
  });

  test.each([
    ['our own id', `${process.pid}\n`],
    ['nothing', ''],
    ['no id', 'torn'],
    ['zero', '0\n'],
  ])('a lock that holds %s is stale', async (_, content) => {
    const dir = newFolder();
    await writeLog(dir, []);
    writeFileSync(join(dir, 'writer.lock'), content);
    await writeLog(dir, [calls(['a'], 1)]);
    expect(existsSync(join(dir, 'writer.lock'))).toBe(false);
  });

  test('over its limit of bytes the log takes no more and keeps all it has', async () => {
    const dir = newFolder();
    const log = await openLog({ dir, bytesMax: 600, segmentBytesMax: 150 });
    let taken = 0;
    let failure: unknown;
    while (failure === undefined) {
      await log.append(calls([`call ${taken}`], taken + 1)).then(
        () => (taken += 1),
        (error: unknown) => (failure = error),
      );
    }
    expect(failure).toMatchObject({ code: 'QC_SINK_FULL' });
    expect(failure).toMatchObject({
      message: expect.stringMatching(/limit of 600 \(QUEUECAST_JOURNAL_BYTES_MAX\): raise that limit/),
    });
    expect(failure).toMatchObject({ message: expect.stringContaining(dir) });
    await expect(log.append(calls([], 9))).rejects.toBe(failure);
    await log.close();
    expect(taken).toBeGreaterThan(2);
    expect(await keysIn(dir)).toHaveLength(taken);
    // The limit counts what earlier runs wrote.
    const again = await openLog({ dir, bytesMax: 600 });
    await expect(again.append(calls(['x'], 9))).rejects.toMatchObject({ code: 'QC_SINK_FULL' });
    await again.close();
  });

  test('a full disk ends the log with the way out, and leaves a line that the next open cuts', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a'], 1)]);
    const whole = statSync(lastSegment(dir)).size;
    const log = await openLog({
      dir,
      async write(file, bytes) {
        await file.appendFile(bytes.subarray(0, 25));
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      },
    });
    const failure: unknown = await log.append(calls(['b'], 2)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'QC_SINK_UNAVAILABLE', cause: { code: 'ENOSPC' } });
    expect(failure).toMatchObject({
      message: expect.stringMatching(/00000000000000000000\.log \(ENOSPC\): the disk is full: free space there/),
    });
    await expect(log.append(calls(['c'], 3))).rejects.toBe(failure);
    await log.close();
    expect(statSync(lastSegment(dir)).size).toBe(whole + 25);
    await writeLog(dir, [calls(['b'], 2)]);
    expect(await keysIn(dir)).toEqual(['a', 'b']);
  });

  test('a segment that is deleted while it is written to ends the log: what it takes would be lost', async () => {
    const dir = newFolder();
    const log = await openSegmentLog({ dir, bytesMax: 1e6 });
    await log.append({ outputs: [], position: 1 });
    rmSync(dir, { recursive: true });
    await expect(log.append({ outputs: [], position: 2 })).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringContaining('was deleted while it was written to'),
    });
    await log.close();
  });

  test('a line is forced to disk before its append resolves', async () => {
    const steps: string[] = [];
    const log = await openLog({
      dir: newFolder(),
      async write(file, bytes) {
        const datasync = file.datasync.bind(file);
        file.datasync = async () => {
          await datasync();
          steps.push('synced');
        };
        await file.appendFile(bytes);
        steps.push('written');
      },
    });
    await log.append(calls(['a'], 1)).then(() => steps.push('resolved'));
    await log.close();
    expect(steps).toEqual(['written', 'synced', 'resolved']);
  });

  test('a folder that cannot be made says so', async () => {
    const dir = newFolder();
    writeFileSync(dir, 'a file');
    await expect(openLog({ dir: join(dir, 'log') })).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringContaining('part of this path is a file'),
    });
    await expect(openLog({ dir })).rejects.toMatchObject({ code: 'QC_SINK_UNAVAILABLE' });
  });

  test('appends that come at once are written one after the other', async () => {
    const dir = newFolder();
    const log = await openLog({ dir });
    await Promise.all(['a', 'b', 'c'].map((name, index) => log.append(calls([name], index + 1))));
    await log.close();
    expect(await keysIn(dir)).toEqual(['a', 'b', 'c']);
    await expect(log.append(calls(['d'], 4))).rejects.toMatchObject({ code: 'QC_SINK_UNAVAILABLE' });
  });

  test('a sink over it does not write what says nothing new', async () => {
    const dir = newFolder();
    const sink = createLogSink(await openLog({ dir }));
    await sink.deliver(calls([], 0), never);
    expect(segmentsOf(dir)).toEqual([]);
    await sink.deliver(calls(['a'], 2), never);
    const { size } = statSync(lastSegment(dir));
    await sink.deliver(calls([], 2), never);
    expect(statSync(lastSegment(dir)).size).toBe(size);
    await sink.deliver(calls([], 3), never);
    expect(statSync(lastSegment(dir)).size).toBeGreaterThan(size);
    await sink.close();
  });

  test('bytes that another process has written half are no end of the log for a reader', async () => {
    const dir = newFolder();
    await writeLog(dir, [calls(['a'], 1)]);
    appendFileSync(lastSegment(dir), '00000000 {"offset":1,');
    expect((await readLogSummary({ dir })).endOffset).toBe(1);
    expect(await keysIn(dir)).toEqual(['a']);
    truncateSync(lastSegment(dir), 0);
    expect((await readLogSummary({ dir })).endOffset).toBe(0);
  });
});
