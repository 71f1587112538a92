import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { decodeArrival } from '../../src/genesys/decode.ts';
import { arrivalsAmong } from '../support/border-faults.ts';
import { writeEmbeddedRun } from '../support/embedded-run.ts';
import { contentOf } from '../support/parquet.ts';
import { startProcess } from '../support/pipeline-process.ts';

// The command as a person uses it, on the data folder of a run that lost its socket.

let folder = '';
let dataDir = '';
let range: readonly string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'queuecast-replay-'));
  dataDir = join(folder, 'data');
  const events = (await arrivalsAmong(['drop-socket'], 7)).flatMap(decodeArrival);
  await writeEmbeddedRun({ dataDir, events, flags: { timeZone: 'Asia/Kathmandu' } });
  const at = (share: number) => new Date(events[Math.floor((events.length - 1) * share)]!.receivedAtMs).toISOString();
  range = ['--from', at(0.02), '--to', at(0.9)];
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function replay(args: readonly string[]) {
  const running = startProcess(['replay', '--data-dir', dataDir, ...args]);
  return { exit: await running.ended, told: running.output() };
}

describe('queuecast replay', () => {
  test('writes the same bytes twice, and tells gaps, rows and where it began', async () => {
    const one = await replay([...range, '--out', join(folder, 'one')]);
    expect(one.exit, one.told).toBe(0);
    expect(one.told).toMatch(/gap: channel \d+ was deaf from \S+Z, to \S+Z \(/);
    expect(one.told).toMatch(
      /^Replayed \d+ events up to \S+ \(\d+ gaps?\), from the (checkpoint at record \d+|start of the journal); rows: .*queue-window\.v1 \d+.*\. Dataset: /m,
    );
    const other = await replay([...range, '--out', join(folder, 'other'), '--json']);
    const json = z
      .object({ events: z.int().min(100), rows: z.record(z.string(), z.int()), gaps: z.array(z.unknown()).min(1) })
      .parse(JSON.parse(other.told.trim().split('\n').at(-1) ?? ''));
    expect(json.rows['queue-window.v1']).toBeGreaterThan(10);
    expect(await contentOf(join(folder, 'other'))).toEqual(await contentOf(join(folder, 'one')));
  });

  test.each([
    [['--from', 'noon', '--to', '2026-03-03'], /--from=noon: allowed: a date or RFC 3339 time/],
    [['--from', '2026-02-30', '--to', '2026-03-03'], /--from=2026-02-30: allowed: a date or RFC 3339 time/],
    [['--from', '2026-03-02T09:00:00', '--to', '2026-03-03'], /with its zone/],
    [['--from', '2026-03-03', '--to', '2026-03-02'], /--to=2026-03-02: allowed: later than --from/],
    [
      ['--from', '2026-03-02', '--to', '2026-03-03', '--record', 'queue-windows'],
      /--record=queue-windows: allowed: .*queue-window,/,
    ],
    [['--from', '2026-03-02'], /--to <time>' not specified/],
  ])('refuses %j as usage', async (args, message) => {
    const { exit, told } = await replay([...args, '--out', join(folder, 'refused')]);
    expect([exit, told]).toEqual([2, expect.stringMatching(message)]);
  });

  test('fails where the journal has nothing of the span', async () => {
    const { exit, told } = await replay(['--from', '2020-01-01', '--to', '2020-01-02', '--out', join(folder, 'none')]);
    expect([exit, told]).toEqual([1, expect.stringContaining('Nothing to replay')]);
  });
});
