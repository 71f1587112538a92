import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differenceOf } from './kind.ts';
import { type FolderSummary, runFolder, runGolden } from './run.ts';

const own = import.meta.dirname;
const read = (name: string) => JSON.parse(readFileSync(join(own, name), 'utf8')) as { kind: string; cases: unknown[] };

let base: string;
beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'golden-'));
});
afterAll(() => rmSync(base, { recursive: true }));

const folderOf = (files: Readonly<Record<string, unknown>>) => {
  const dir = mkdtempSync(join(base, 'case-'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return dir;
};
const waitCase = {
  id: 'one',
  input: { inQueue: 1, agentsAvailable: 1, ahtSeconds: 240 },
  expected: { predictedWaitSeconds: 298, confidence: 1, announcement: 'informative', seedAnnouncement: 'anything' },
};
const waitFile = (...cases: unknown[]) => ({
  kind: 'wait',
  tolerance: { confidence: 1e-9, announcement: 'informational', seedAnnouncement: 'informational, not required' },
  cases,
});

describe('the golden files of the project', () => {
  test('come out as expected, every case', () => {
    const { error, files } = runFolder(own);
    expect(error).toBeNull();
    for (const file of files) expect(file, file.name).toMatchObject({ failed: 0, error: null, differences: [] });
    expect(files.map(({ name, passed }) => [name, passed])).toEqual(
      files.map(({ name }) => [name, read(name).cases.length]),
    );
    expect(files.map((file) => file.name)).toEqual(
      expect.arrayContaining([
        'aggregates.json',
        'fairness.json',
        'incremental-ranking.json',
        'ranking.json',
        'summaries.json',
        'token-bucket.json',
        'wait.json',
        'windows.json',
      ]),
    );
  });

  test('are found without being told where they are', () => {
    expect(runGolden(['--json'])).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(runGolden(['--json']).stdout)).toEqual(runFolder(own));
  });

  test.each([
    ['aggregates.json', '"pagesRead":2', '"pagesRead":1'],
    ['summaries.json', '"ahtSeconds":48.56', '"ahtSeconds":48.57'],
    [
      'fairness.json',
      '"pValue":0.6065306597126334,"gini":0.3333333333333333,',
      '"pValue":0.6065,"gini":0.3333333333333333,',
    ],
    ['ranking.json', '"expected":{"a2":0.8}', '"expected":{}'],
    ['token-bucket.json', '"waitMs":88,', '"waitMs":89,'],
    ['wait.json', '"confidence":0.2,', '"confidence":0.21,'],
    ['windows.json', '"revision":1,', '"revision":2,'],
  ])('%s fails once a single expected value is another', (name, from, to) => {
    const text = readFileSync(join(own, name), 'utf8');
    expect(text).toContain(from);
    const { exitCode, stdout } = runGolden(['--dir', folderOf({ [name]: text.replace(from, to) })]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`${name}: passed ${read(name).cases.length - 1} failed 1\n`);
    expect(stdout).toMatch(/ {2}\S+: .*expected .*, got /);
  });

  test.each(['final', 'emissions', 'dropped'])('a missing or an additional entry of %s is a difference', (list) => {
    const { kind, cases } = read('windows.json');
    const [first] = (cases as { input: unknown; expected: Record<string, unknown[]> }[]).filter(
      ({ expected }) => (expected[list]?.length ?? 0) > 0,
    );
    const entries = first!.expected[list]!;
    for (const changed of [entries.slice(1), [...entries, entries.at(-1)]]) {
      const dir = folderOf({
        'w.json': { kind, cases: [{ id: 'x', input: first!.input, expected: { [list]: changed } }] },
      });
      expect(runFolder(dir)).toMatchObject({ passed: 0, failed: 1 });
    }
  });
});

describe('a folder of golden files', () => {
  test('passes when every case does', () => {
    expect(runGolden(['--dir', folderOf({ 'a.json': waitFile(waitCase), 'notes.txt': 'x' })])).toEqual({
      exitCode: 0,
      stdout: 'a.json: passed 1 failed 0\n',
      stderr: '',
    });
  });

  test.each<[name: string, files: Readonly<Record<string, unknown>>, line: RegExp]>([
    ['is empty', {}, /^no \*\.json in .*: nothing was checked\n$/],
    ['has a kind that nobody knows', { 'a.json': { ...waitFile(waitCase), kind: 'tides' } }, /unknown kind 'tides'/],
    ['has a file that is no JSON', { 'a.json': '{' }, /a\.json cannot be read as JSON/],
    ['has a file without cases', { 'a.json': waitFile() }, /a\.json is no golden file: .*cases/],
    ['has a file of another form', { 'a.json': [1] }, /a\.json is no golden file/],
    ['has a case without an id', { 'a.json': waitFile({ ...waitCase, id: undefined }) }, /case 0: is no case: .*id/],
    ['has a case that expects nothing', { 'a.json': waitFile({ ...waitCase, expected: {} }) }, /one: expects nothing/],
    [
      'has a case without input',
      { 'a.json': waitFile({ ...waitCase, input: undefined }) },
      /case 0: is no case: .*at input/,
    ],
    ['has a case twice', { 'a.json': waitFile(waitCase, waitCase) }, /one: this id was there before/],
    [
      'has an input that no one reads',
      { 'a.json': waitFile({ ...waitCase, input: { inQueue: 1, priority: 2 } }) },
      /one: .*priority/,
    ],
    [
      'expects a field that is not computed',
      { 'a.json': waitFile({ ...waitCase, expected: { waitSeconds: 1 } }) },
      /one: waitSeconds: expected 1, got nothing/,
    ],
  ])('fails with a clear line when it %s', (_, files, line) => {
    const { exitCode, stdout, stderr } = runGolden(['--dir', folderOf(files)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: '' });
    expect(stdout).toMatch(line);
  });

  test('fails as a whole when one of its files does, and still runs the others', () => {
    const dir = folderOf({ 'a.json': '{', 'b.json': waitFile(waitCase) });
    expect(runFolder(dir)).toMatchObject({ passed: 1, failed: 1 });
  });

  test('names the first five ids that differ, and all of them in JSON', () => {
    const cases = Array.from({ length: 7 }, (_, index) => ({
      ...waitCase,
      id: `n${index}`,
      expected: { predictedWaitSeconds: 1 },
    }));
    const dir = folderOf({ 'a.json': waitFile(...cases) });
    const { stdout } = runGolden(['--dir', dir]);
    expect(stdout.split('\n')).toEqual([
      'a.json: passed 0 failed 7',
      ...[0, 1, 2, 3, 4].map((index) => `  n${index}: predictedWaitSeconds: expected 1, got 298`),
      '',
    ]);
    const summary = JSON.parse(runGolden(['--dir', dir, '--json']).stdout) as FolderSummary;
    expect(summary.files[0]?.differences).toHaveLength(7);
  });

  test.each([[['--directory', 'x']], [['--dir']], [['x']], [['--dir', '/no/such/folder']]])(
    'asked for by %j is a wrong question',
    (args) => {
      const { exitCode, stdout, stderr } = runGolden(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toMatch(/^golden: .+/);
    },
  );
});

describe('a tolerance', () => {
  test.each([
    [{ x: 1e-3 }, 1, 1.0009, true],
    [{ x: 1e-3 }, 1, 1.0011, false],
    [{ x: 'rel 1e-9 (abs 1e-9 near 0)' }, 1e6, 1e6 + 9e-4, true],
    [{ x: 'rel 1e-9 (abs 1e-9 near 0)' }, 1e6, 1e6 + 2e-3, false],
    [{ x: 'rel 1e-9 (abs 1e-9 near 0)' }, 0, 5e-10, true],
    [{ x: 'rel 1e-9 (abs 1e-9 near 0)' }, 0, 2e-9, false],
    [{ x: 'rel 1e-9' }, 0, null, false],
    [{ x: 1e-3 }, null, 0, false],
    [{ x: 'exact' }, 1, 1 + 1e-12, false],
    [{}, 1, 1 + 1e-12, false],
    [{}, NaN, NaN, false],
    [{ x: 'informational, not required' }, 'a', 'b', true],
    [{ y: 'informational' }, 'a', 'b', false],
  ])('%j lets %j and %j pass: %j', (tolerance, expected, actual, passes) => {
    expect(differenceOf({ x: expected }, { x: actual }, tolerance) === null).toBe(passes);
    expect(differenceOf([{ in: { x: expected } }], [{ in: { x: actual } }], tolerance) === null).toBe(passes);
  });

  test('says where the first difference is', () => {
    expect(differenceOf({ a: [{ b: 1 }] }, { a: [{ b: 2 }] }, {})).toBe('a[0].b: expected 1, got 2');
    expect(differenceOf({ a: [1] }, { a: [1, 2] }, {})).toBe('a: expected 1 entries, got 2');
    expect(differenceOf({ a: [1, 2] }, { a: [1] }, {})).toBe('a: expected 2 entries, got 1');
    expect(differenceOf({ a: { b: 1 } }, { a: null }, {})).toBe('a: expected an object, got null');
    expect(differenceOf({ a: [] }, {}, {})).toBe('a: expected a list, got nothing');
  });
});
