import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

// The program as a person meets it, on the sample day.

const root = join(import.meta.dirname, '../..');
const sample = join(root, 'samples/bank-1999-01-05.trace.jsonl.gz');
const folder = mkdtempSync(join(tmpdir(), 'queuecast-backtest-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function backtest(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'dist/src/main.js'), 'backtest', ...args],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    },
  );
  return { exit: status, stdout, stderr };
}

test('prints a table, draws no bar where nobody looks, and writes the page', () => {
  const page = join(folder, 'page.html');
  const { exit, stdout, stderr } = backtest('--cold', '--by-queue', '--variant', 'blind', '--html', page, sample);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  expect(stdout).toMatch(/^bank-1999-01-05\.trace\.jsonl\.gz: 1,554 calls, .*; cold start\n/);
  for (const row of ['seed', 'regression', 'published', 'PS', 'blind'])
    expect(stdout).toMatch(new RegExp(`^${row} `, 'm'));
  expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>\n<html lang="en">/);
});

test('gives each trace as JSON, twice the same', () => {
  const { exit, stdout } = backtest('--json', sample, sample);
  expect(exit).toBe(0);
  const [first, second] = JSON.parse(stdout) as readonly object[];
  expect(first).toEqual(second);
  expect(first).toHaveProperty('estimators.seed.waited.mae');
});

test('learns weights from a trace and starts with them', () => {
  const weights = join(folder, 'weights.json');
  expect(backtest('--fit', weights, sample).exit).toBe(0);
  const { exit, stdout } = backtest('--weights', weights, sample);
  expect(exit).toBe(0);
  expect(stdout).toContain(`weights of ${weights}`);
});

test.each([
  [['--variant', 'deaf', sample], '--variant=deaf: allowed: coalesced, no-ids, lossy, blind or all'],
  [['--cold', '--weights', 'none.json', sample], '--cold and --weights exclude each other'],
  [[], 'name at least one trace'],
])('%j is usage', (args, told) => {
  const { exit, stderr } = backtest(...args);
  expect(exit).toBe(2);
  expect(stderr).toContain(told);
});
