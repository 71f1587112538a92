import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PieceAnswer } from '../../../src/history/cells.ts';
import type { Piece } from '../../../src/history/plan.ts';
import { openWorkFolder } from '../../../src/history/work-folder.ts';
import { noTotals } from '../../../streams/kpis.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const newFolder = temporaryFolders();
const asker = { organizationId: 'org', place: 'https://api.test', timeZone: 'Europe/Berlin', media: [] };
const piece: Piece = { startMs: 0, endMs: 3_600_000, granularity: 'PT30M', queueIds: ['a', 'b'], isLarge: false };
const answer: PieceAnswer = {
  cells: [
    { startMs: 0, queueId: 'a', mediaType: 'voice', totals: { ...noTotals, offered: 3, waitMsMax: 9 } },
    { startMs: 1_800_000, queueId: 'b', mediaType: 'chat', totals: noTotals },
  ],
  observedAtMs: 5_000_000,
};

test('a piece that was kept comes back as it was, also when it is empty', async () => {
  const work = await openWorkFolder(newFolder(), asker);
  expect(await work.load(piece)).toBeUndefined();
  await work.save(piece, answer);
  expect(await work.load(piece)).toEqual(answer);
  const empty = { ...piece, startMs: 1_800_000 };
  await work.save(empty, { cells: [], observedAtMs: 7 });
  expect(await work.load(empty)).toEqual({ cells: [], observedAtMs: 7 });
  expect((await readdir(work.dir)).filter((name) => !name.endsWith('.jsonl'))).toEqual([]);
});

test('what a process that is dead left unfinished is removed, what another is writing is not', async () => {
  const dir = newFolder();
  await openWorkFolder(dir, asker);
  const living = `a.jsonl.${process.ppid}.tmp`;
  for (const name of [`b.jsonl.${2 ** 22 + 1}.tmp`, `c.jsonl.${process.pid}.tmp`, living])
    await writeFile(join(dir, name), 'half');
  await openWorkFolder(dir, asker);
  expect(await readdir(dir)).toEqual([living]);
});

test('a piece answers no other question', async () => {
  const dir = newFolder();
  const work = await openWorkFolder(dir, asker);
  await work.save(piece, answer);
  const others = [{ endMs: 7_200_000 }, { queueIds: ['a'] }, { granularity: 'P1D' as const }];
  for (const other of others) expect(await work.load({ ...piece, ...other })).toBeUndefined();
  for (const other of [{ organizationId: 'x' }, { place: 'x' }, { media: ['voice'] }]) {
    const elsewhere = await openWorkFolder(dir, { ...asker, ...other });
    expect(await elsewhere.load(piece)).toBeUndefined();
  }
  const inAnotherZone = await openWorkFolder(dir, { ...asker, timeZone: 'UTC' });
  expect(await inAnotherZone.load(piece)).toEqual(answer);
});

test('a file that is cut, changed, or stands under the name of another is not taken', async () => {
  const work = await openWorkFolder(newFolder(), asker);
  await work.save(piece, answer);
  const [name = ''] = await readdir(work.dir);
  const path = join(work.dir, name);
  const text = await readFile(path, 'utf8');
  for (const wrong of [text.slice(0, -40), text.replace('"a"', '"c"'), '', text.slice(text.indexOf('\n') + 1)]) {
    await writeFile(path, wrong);
    expect(await work.load(piece)).toBeUndefined();
  }
  const other = { ...piece, queueIds: ['c'] };
  await work.save(other, answer);
  const names = await readdir(work.dir);
  await rename(
    join(
      work.dir,
      names.find((each) => each !== name)!,
    ),
    path,
  );
  expect(await work.load(piece)).toBeUndefined();
});
