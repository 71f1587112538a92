import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../sinks/clock.ts';
import { readCheckpointBefore } from '../../../sinks/log/checkpoint-before.ts';
import { parquetOptions } from '../../../src/archive.ts';
import type { Config } from '../../../src/config.ts';
import { decodeArrival } from '../../../src/genesys/decode.ts';
import { folderJournal } from '../../../src/rederive/folder-journal.ts';
import { rederive, type RederiveSettings } from '../../../src/rederive/rederive.ts';
import type { QueueEvent } from '../../../streams/event.ts';
import { arrivalsAmong } from '../../support/border-faults.ts';
import { writeEmbeddedRun } from '../../support/embedded-run.ts';
import { readParquetRows } from '../../support/parquet.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const newFolder = temporaryFolders();
const never = new AbortController().signal;
const timeZone = 'Asia/Kathmandu';

let dataDir = '';
let config: Config;
let events: readonly QueueEvent[] = [];
let [firstMs, lastMs] = [0, 0];

beforeAll(async () => {
  // A lost socket makes a gap, a spoilt frame a quarantine.
  events = (await arrivalsAmong(['drop-socket', 'half-frames'], 7)).flatMap(decodeArrival);
  firstMs = events[0]!.receivedAtMs;
  lastMs = events.at(-1)!.receivedAtMs;
  dataDir = newFolder();
  config = await writeEmbeddedRun({ dataDir, events, segmentBytesMax: 40_000, flags: { timeZone } });
}, 60_000);

interface Replayed {
  readonly out: string;
  readonly notes: readonly string[];
  readonly found: Awaited<ReturnType<typeof rederive>>;
}

interface ReplayOptions extends Partial<RederiveSettings> {
  readonly dataDir?: string;
  readonly batchEventsMax?: number;
}

const journalIn = (dir: string, batchEventsMax = 50) => folderJournal(dir, { batchEventsMax, clock: systemClock });

async function replay(fromMs: number, toMs: number, and: ReplayOptions = {}): Promise<Replayed> {
  const notes: string[] = [];
  const out = and.out ?? newFolder();
  const found = await rederive(
    {
      journal: journalIn(and.dataDir ?? dataDir, and.batchEventsMax),
      ...{ out, fromMs, toMs, clock: systemClock },
      derivation: { ...config, timeZone: undefined },
      parquet: { ...parquetOptions(config), topicPrefix: 'queuecast' },
      onNote: (note) => notes.push(note),
      onProgress: () => undefined,
      ...and,
    },
    never,
  );
  return { out, notes, found };
}

const contentOf = (dir: string) =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(parquet|jsonl)$/.test(name))
    .sort()
    .map((name) => [name, readFileSync(join(dir, name), 'base64')]);

/** Rows of a dataset in the order of the log, without the offset, which each log counts by itself. */
async function rowsOf(dir: string, fromMs = -Infinity, toMs = Infinity) {
  const rows = await readParquetRows(dir);
  return rows
    .toSorted((a, b) => Number(a['record_offset']) - Number(b['record_offset']))
    .map(({ record_offset: _, ...row }) => row)
    .filter((row) => Number(row['record_timestamp']) >= fromMs && Number(row['record_timestamp']) < toMs);
}

const at = (share: number) => Math.round(firstMs + (lastMs - firstMs) * share);
/** From a third to two thirds. */
const range = () => [at(1 / 3), at(2 / 3)] as const;

describe('a replay of a span of the journal', () => {
  test('holds the rows that the live archive has of it, of any span', async () => {
    const live = join(dataDir, 'parquet');
    for (const [from, to] of [range(), [firstMs, lastMs + 1], [at(0.5), at(0.51)], [at(0.9), lastMs + 1e9]] as const) {
      const { out, found } = await replay(from, to);
      const rows = await rowsOf(out);
      expect(rows).toEqual(await rowsOf(live, from, to));
      expect(rows.length).toBe(Object.values(found.rows).reduce((sum, count) => sum + count, 0));
    }
    expect((await rowsOf(live)).length).toBeGreaterThan(100);
  }, 60_000);

  test('gives the same files to the byte each time, from a checkpoint and from the start', async () => {
    const [from, to] = range();
    const one = await replay(from, to);
    const other = await replay(from, to, { batchEventsMax: 7 });
    expect(contentOf(one.out).length).toBeGreaterThan(2);
    expect(contentOf(other.out)).toEqual(contentOf(one.out));
    expect(one.found.checkpoint).toBeGreaterThan(0);
    // Without outputs there are no checkpoints, and no zone to be known.
    const bare = newFolder();
    cpSync(join(dataDir, 'journal'), join(bare, 'journal'), { recursive: true });
    const anew = await replay(from, to, { dataDir: bare, derivation: { ...config, timeZone } });
    expect(anew.found.checkpoint).toBeNull();
    expect(contentOf(anew.out)).toEqual(contentOf(one.out));
  }, 60_000);

  test('begins with the newest checkpoint that knows nothing of the span', async () => {
    const [from, to] = range();
    const { fromOffset } = await journalIn(dataDir).findRange(from, to);
    const { found } = await replay(from, to);
    const newest = await readCheckpointBefore(join(dataDir, 'outputs'), fromOffset);
    expect(found.checkpoint).toBe(newest?.position);
    expect(fromOffset - (found.checkpoint ?? 0)).toBeLessThan(events.length / 4);
  });

  test('goes on in its folder after it was interrupted, to the same bytes', async () => {
    const [from, to] = range();
    const parquet = { ...parquetOptions(config), topicPrefix: 'queuecast', rowsMax: 5 };
    const whole = await replay(from, to, { parquet });
    for (const batches of [1, 3, 9]) {
      const out = newFolder();
      let left = batches;
      const onProgress = (_: number, isInRange: boolean) => {
        if (isInRange && (left -= 1) < 0) throw new Error('interrupted');
      };
      await expect(replay(from, to, { out, parquet, onProgress })).rejects.toThrow('interrupted');
      expect(contentOf(out).length).toBeLessThan(contentOf(whole.out).length);
      await replay(from, to, { out, parquet });
      expect(contentOf(out)).toEqual(contentOf(whole.out));
      await replay(from, to, { out, parquet });
      expect(contentOf(out)).toEqual(contentOf(whole.out));
    }
  }, 60_000);

  test('holds only the records that are asked for, states too, with the offsets that they have among all', async () => {
    const [from, to] = range();
    const all = await replay(from, to);
    const some = await replay(from, to, { only: ['queue-window', 'queue-state'] });
    expect(
      readdirSync(some.out)
        .filter((name) => /^[a-z]/.test(name))
        .sort(),
    ).toEqual(['queue-state', 'queue-window']);
    const windows = (dir: string) => contentOf(join(dir, 'queue-window'));
    expect(windows(some.out).map(([name]) => name)).toEqual(windows(all.out).map(([name]) => name));
    expect(await readParquetRows(join(some.out, 'queue-window'))).toEqual(
      await readParquetRows(join(all.out, 'queue-window')),
    );
    expect(some.found.rows['queue-state.v1']).toBeGreaterThan(100);
  });

  test('does not go into the folder of another span or of other settings', async () => {
    const [from, to] = range();
    const { out } = await replay(from, to);
    const content = contentOf(out);
    for (const [until, derivation] of [
      [to + 60_000, { ...config, timeZone: undefined }],
      [to, { ...config, timeZone: 'UTC' }],
    ] as const) {
      await expect(replay(from, until, { out, derivation })).rejects.toMatchObject({ code: 'QC_SCHEMA_DRIFT' });
    }
    expect(contentOf(out)).toEqual(content);
  });

  test('says which settings differ from those of the checkpoint, and derives from the start', async () => {
    const [from, to] = range();
    const { notes, found } = await replay(from, to, { derivation: { ...config, timeZone: 'UTC', gapMaxMs: 1 } });
    expect(found.checkpoint).toBeNull();
    expect(notes.join('\n')).toContain(
      `from the start of the journal, for the checkpoint before the range has other timeZone ("${timeZone}", now "UTC"), gapMaxMs (900000, now 1)`,
    );
  });

  test('tells where the journal begins and ends, and the gaps that reach into the span', async () => {
    const { notes, found } = await replay(firstMs - 5_000, lastMs + 60_000);
    expect(notes.join('\n')).toMatch(/the journal begins at .*\n.*the journal ends at /);
    const told = new Set(events.flatMap((event) => (event.kind === 'channel-gap' ? event.startMs : [])));
    expect(new Set(found.gaps.map(({ startMs }) => startMs))).toEqual(told);
    expect(told.size).toBeGreaterThan(0);
    const [gap] = found.gaps;
    expect((await replay(gap!.endMs! + 1, lastMs)).found.gaps).not.toContainEqual(gap);
    expect((await replay(gap!.startMs + 1, lastMs)).found.gaps).toContainEqual(gap);
    expect((await replay(...range())).notes).toEqual([]);
  }, 60_000);

  test.each([
    ['after its end', () => [lastMs + 1, lastMs + 1_000] as const, /Nothing to replay .* ends before it/],
    ['before its start', () => [firstMs - 1_000, firstMs] as const, /Nothing to replay .* begins at /],
  ])('refuses a span %s, and leaves no folder', async (_, span, message) => {
    const out = join(newFolder(), 'out');
    await expect(replay(...span(), { out })).rejects.toThrow(message);
    expect(() => readdirSync(out)).toThrow('ENOENT');
  });

  test('names a folder that holds no journal', async () => {
    await expect(replay(firstMs, lastMs, { dataDir: newFolder() })).rejects.toThrow(
      /There is no journal in .*--data-dir/,
    );
  });

  test('goes on with a checkpoint where the start of the journal is gone, and refuses where there is none', async () => {
    const shortened = newFolder();
    await writeEmbeddedRun({ dataDir: shortened, events, segmentBytesMax: 40_000, flags: { timeZone } });
    const journal = join(shortened, 'journal');
    const segments = readdirSync(journal)
      .filter((name) => name.endsWith('.log'))
      .sort();
    expect(segments.length).toBeGreaterThan(4);
    rmSync(join(journal, segments[0]!));
    const [from, to] = range();
    const whole = await replay(from, to);
    const found = await replay(from, to, { dataDir: shortened });
    expect(await rowsOf(found.out)).toEqual(await rowsOf(whole.out));
    const early = await journalIn(shortened).findRange(firstMs, lastMs);
    const earlyMs = early.first.atMs;
    await expect(
      replay(earlyMs, to, { dataDir: shortened, derivation: { ...config, timeZone: 'UTC' } }),
    ).rejects.toMatchObject({
      code: 'QC_LOG_CORRUPT',
      message: expect.stringMatching(/all before .* is deleted .* cannot be built any more/),
    });
  }, 60_000);
});
