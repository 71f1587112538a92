import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { refuseUnwritable } from '../../../src/backtest/writable.ts';
import { temporaryFolders } from '../../support/temporary-folder.ts';

const temporaryFolder = temporaryFolders();

test('a file that cannot be written is refused by its option before any work, and nothing is written yet', async () => {
  const folder = temporaryFolder();
  mkdirSync(folder);
  const nowhere = join(folder, 'nowhere', 'page.html');
  await expect(refuseUnwritable('--html', nowhere)).rejects.toThrow(
    `--html=${nowhere}: allowed: a file in a folder that is there and may be written (ENOENT`,
  );
  await expect(refuseUnwritable('--fit', folder)).rejects.toThrow(`--fit=${folder}: allowed: a file`);
  await refuseUnwritable('--html', join(folder, 'page.html'));
  await refuseUnwritable('--html', 'page-that-is-new.html');
  expect(existsSync(join(folder, 'page.html'))).toBe(false);
});
