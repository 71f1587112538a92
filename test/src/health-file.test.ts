import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepHealthFile } from '../../src/health-file.ts';
import { quiet } from '../support/kafka.ts';
import { advanceUntil, manualClock } from '../support/manual-clock.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const newFolder = temporaryFolders();

test('the health file is touched each second, also when it was away, until the run is over', async () => {
  const folder = newFolder();
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'health-all');
  const clock = manualClock(1_700_000_000_000);
  const over = new AbortController();
  const keeping = keepHealthFile(path, clock, quiet, over.signal);
  let touchedMs = 0;
  const look = () => {
    stat(path).then(
      ({ mtimeMs }) => (touchedMs = mtimeMs),
      () => undefined,
    );
    return touchedMs;
  };
  await advanceUntil(clock, () => look() >= 1_700_000_002_000);
  await rm(path);
  touchedMs = 0;
  await advanceUntil(clock, () => look() > 0);
  over.abort();
  await keeping;
  expect(clock.sleepers()).toBe(0);
});
