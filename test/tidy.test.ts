import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

// The repository checks its own shape: who may import whom, and what nobody does. docs/decisions/0001 says why.

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '');
const sources = tracked.filter((path) => /^(src|streams|sinks|test)\/.*\.ts$/.test(path));
const text = (path: string) => readFileSync(path, 'utf8');
const importsOf = (path: string) =>
  ts.preProcessFile(text(path), true, true).importedFiles.map((file) => file.fileName);

interface Layer {
  readonly folder: string;
  /** Folders of ours it may import from. */
  readonly ours: readonly string[];
  readonly npm: readonly string[];
  readonly node: boolean;
}

// The first that matches a path holds.
const layers: readonly Layer[] = [
  { folder: 'streams/', ours: ['streams/'], npm: ['rxjs', 'zod'], node: false },
  { folder: 'sinks/parquet/', ours: ['streams/', 'sinks/'], npm: ['apache-arrow', 'parquet-wasm', 'zod'], node: true },
  {
    folder: 'sinks/kafka/',
    ours: ['streams/', 'sinks/'],
    npm: ['kafkajs', 'kafkajs-snappy', 'lz4-napi', '@bokuweb/zstd-wasm', 'zod', 'pino'],
    node: true,
  },
  { folder: 'sinks/', ours: ['streams/', 'sinks/'], npm: ['zod', 'pino'], node: true },
  {
    folder: 'src/simulator/',
    ours: ['src/simulator/', 'sinks/clock.ts', 'streams/record.ts'],
    npm: ['ws', 'fastify', 'zod', 'uuid'],
    node: true,
  },
  {
    folder: 'src/',
    ours: ['streams/', 'sinks/', 'src/'],
    npm: [
      'ws',
      'https-proxy-agent',
      'proxy-from-env',
      'undici',
      'fastify',
      '@fastify/swagger',
      'fastify-type-provider-zod',
      'csv-parse',
      'commander',
      'pino',
      'zod',
      'yaml',
      'rxjs',
    ],
    node: true,
  },
  {
    folder: 'test/',
    ours: ['streams/', 'sinks/', 'src/', 'test/'],
    npm: [
      'vitest',
      'fast-check',
      'rxjs',
      'zod',
      'hyparquet',
      'typescript',
      'ws',
      'undici',
      'pino',
      'apache-arrow',
      'yaml',
      'kafkajs',
      'https-proxy-agent',
      'proxy-from-env',
      'purecloud-platform-client-v2',
    ],
    node: true,
  },
];

/** Each vendor has one owner. */
const owners: readonly (readonly [vendor: string, owner: RegExp])[] = [
  ['parquet-wasm', /^sinks\/parquet\/encode\.ts$/],
  [
    'kafkajs',
    /^(sinks\/kafka\/client\.ts|(test\/)?sinks\/kafka\/empty-batches(\.test)?\.ts|test\/faults\/broken-offsets\.ts)$/,
  ],
  ['undici', /^(src\/genesys\/http\.ts$|src\/clock-client\.ts$|test\/)/],
  ['ws', /^(src\/genesys\/socket\.ts$|src\/simulator\/server\.ts$|test\/)/],
  ['https-proxy-agent', /^src\/genesys\/socket\.ts$/],
  ['proxy-from-env', /^src\/genesys\/socket\.ts$/],
  ['fastify', /^(src\/simulator\/server\.ts$|src\/http\/)/],
  ['@fastify/swagger', /^src\/http\/server\.ts$/],
  ['fastify-type-provider-zod', /^src\/http\//],
  ['csv-parse', /^src\/routing\/read-log\.ts$/],
  ['purecloud-platform-client-v2', /^test\/integration\/sdk-js\.test\.ts$/],
  ['commander', /^src\/(main\.ts$|commands\/)/],
];

const packageOf = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

describe('the repository', () => {
  test('has sources to look at', () => {
    expect(sources.length).toBeGreaterThan(20);
  });

  test.each(sources)('%s imports only what its layer may', (path) => {
    const layer = layers.find(({ folder }) => path.startsWith(folder))!;
    for (const specifier of importsOf(path)) {
      if (specifier.startsWith('node:')) {
        expect(layer.node, `${path} imports ${specifier}`).toBe(true);
      } else if (specifier.startsWith('.')) {
        const target = normalize(join(dirname(path), specifier));
        expect(
          layer.ours.some((allowed) => target.startsWith(allowed)),
          `${path} imports ${target}`,
        ).toBe(true);
        if (!path.startsWith('test/')) expect(target, `${path} imports the public barrel`).not.toBe('streams/index.ts');
      } else {
        expect(layer.npm, `${path} imports ${specifier}`).toContain(packageOf(specifier));
        const owner = owners.find(([vendor]) => vendor === packageOf(specifier))?.[1];
        if (owner !== undefined) expect(path, `${path} imports ${specifier}`).toMatch(owner);
      }
    }
  });

  test.each(sources.filter((path) => path.startsWith('streams/')))(
    '%s knows no time, no chance and no wait',
    (path) => {
      const code = text(path).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      expect(code).not.toMatch(
        /\bDate\.now\b|\bnew Date\b|\bMath\.random\b|\bsetTimeout\b|\bsetInterval\b|\basync\b|\bawait\b|\bPromise\b|\bconsole\./,
      );
      expect(code).not.toMatch(
        /\b(delay|bufferTime|debounceTime|auditTime|throttleTime|observeOn|combineLatest|shareReplay|groupBy)\b/,
      );
    },
  );

  test.each(sources.filter((path) => !path.startsWith('test/')))('%s keeps to the rules of taste', (path) => {
    const code = text(path);
    expect(code.split('\n').length, 'lines').toBeLessThanOrEqual(400);
    expect(code, 'the environment is read in one place').not.toMatch(
      path === 'src/commands/settings.ts' ? /^$/ : /\bprocess\.env\b/,
    );
    expect(code, 'default exports').not.toMatch(/^export default\b/m);
    expect(code, 'any').not.toMatch(/[:<]\s*any\b/);
    expect(code, 'unfinished work').not.toMatch(/\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/);
    if (!/^sinks\/clock\.ts$/.test(path)) {
      expect(code, 'time is asked for').not.toMatch(/\bDate\.now\(|\bsetTimeout\(|\bsetInterval\(|performance\.now\(/);
    }
  });

  test('no file is called for what it is not', () => {
    expect(tracked.filter((path) => /(^|\/)(utils?|helpers?|common|types)(\.ts|\/)/.test(path))).toEqual([]);
  });

  test('no test is skipped, focused or empty', () => {
    for (const path of sources.filter((each) => each.endsWith('.test.ts'))) {
      expect(text(path), path).not.toMatch(/\b(it|test|describe)\.(skip|only|todo)\(/);
      expect(text(path), path).toMatch(/\bexpect\b|Contract\(/);
    }
  });

  test('the modules form no cycle', () => {
    const visiting = new Set<string>();
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (done.has(path)) return;
      expect(visiting.has(path), `cycle: ${[...trail, path].join(' → ')}`).toBe(false);
      visiting.add(path);
      for (const specifier of importsOf(path)) {
        if (specifier.startsWith('.')) visit(normalize(join(dirname(path), specifier)), [...trail, path]);
      }
      visiting.delete(path);
      done.add(path);
    };
    for (const path of sources) visit(path, []);
  });
});
