import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** Makes folders that are removed after the test file. */
export function temporaryFolders(): () => string {
  const root = mkdtempSync(join(tmpdir(), 'queuecast-'));
  let made = 0;
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  return () => join(root, String((made += 1)));
}
