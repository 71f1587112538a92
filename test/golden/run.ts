import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { fairness } from './fairness.ts';
import { goldenCase, goldenFile, type GoldenKind } from './kind.ts';
import { aggregates } from './aggregates.ts';
import { summaries } from './summaries.ts';
import { ranking } from './ranking.ts';
import { incrementalRanking } from './incremental-ranking.ts';
import { tokenBucket } from './token-bucket.ts';
import { wait } from './wait.ts';
import { windows } from './windows.ts';

const kinds: readonly GoldenKind[] = [
  aggregates,
  fairness,
  incrementalRanking,
  ranking,
  summaries,
  tokenBucket,
  wait,
  windows,
];

const idsShownMax = 5;

interface FileSummary {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Why the file could not be run; what it holds then counts as failed, and nothing as one failure. */
  readonly error: string | null;
  readonly differences: readonly { readonly id: string; readonly difference: string }[];
}

export interface FolderSummary {
  readonly dir: string;
  readonly passed: number;
  readonly failed: number;
  /** Why nothing could be run at all; it then counts as one failure. */
  readonly error: string | null;
  readonly files: readonly FileSummary[];
}

export interface Finished {
  /** 0 = everything as expected, 2 = asked in a wrong way, 3 = differences. */
  readonly exitCode: 0 | 2 | 3;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command without its process: `[--dir DIR] [--json]`. */
export function runGolden(args: readonly string[]): Finished {
  let dir: string;
  let json: boolean;
  try {
    const options = { dir: { type: 'string' }, json: { type: 'boolean', default: false } } as const;
    const { values } = parseArgs({ args: [...args], options });
    dir = values.dir ?? join(packageRoot(), 'test/golden');
    json = values.json;
  } catch (error) {
    return { exitCode: 2, stdout: '', stderr: `golden: ${messageOf(error)}\nusage: golden [--dir DIR] [--json]\n` };
  }
  if (!existsSync(dir))
    return { exitCode: 2, stdout: '', stderr: `golden: there is no folder ${dir}: give another --dir\n` };
  const summary = runFolder(dir);
  const stdout = json ? `${JSON.stringify(summary, null, 2)}\n` : inLines(summary);
  return { exitCode: summary.failed === 0 ? 0 : 3, stdout, stderr: '' };
}

/** Runs every JSON file of a folder. */
export function runFolder(dir: string): FolderSummary {
  let paths: string[];
  try {
    paths = readdirSync(dir)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => join(dir, name));
  } catch (error) {
    return { dir, passed: 0, failed: 1, error: `cannot list ${dir}: ${messageOf(error)}`, files: [] };
  }
  if (paths.length === 0)
    return { dir, passed: 0, failed: 1, error: `no *.json in ${dir}: nothing was checked`, files: [] };
  const files = paths.map(runFile);
  const total = (of: (file: FileSummary) => number) => files.reduce((sum, file) => sum + of(file), 0);
  return { dir, passed: total((file) => file.passed), failed: total((file) => file.failed), error: null, files };
}

function runFile(path: string): FileSummary {
  const name = basename(path);
  const unusable = (error: string) => ({ name, passed: 0, failed: 1, error, differences: [] });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return unusable(`cannot be read as JSON: ${messageOf(error)}`);
  }
  const file = goldenFile.safeParse(content);
  if (!file.success) return unusable(`is no golden file: ${messageOf(file.error)}`);
  const kind = kinds.find((each) => each.kind === file.data.kind);
  if (kind === undefined) {
    const known = kinds.map((each) => each.kind).join(', ');
    return { ...unusable(`has the unknown kind '${file.data.kind}'; known: ${known}`), failed: file.data.cases.length };
  }
  const seen = new Set<string>();
  const differences = file.data.cases.flatMap((each, index) => {
    const parsed = goldenCase.safeParse(each);
    if (!parsed.success) return [{ id: `case ${index}`, difference: `is no case: ${messageOf(parsed.error)}` }];
    const { id, ...golden } = parsed.data;
    if (seen.has(id)) return [{ id, difference: 'this id was there before' }];
    seen.add(id);
    const difference = runCase(kind, golden, file.data.tolerance);
    return difference === null ? [] : [{ id, difference }];
  });
  return {
    name,
    passed: file.data.cases.length - differences.length,
    failed: differences.length,
    error: null,
    differences,
  };
}

function runCase(kind: GoldenKind, ...[golden, tolerance]: Parameters<GoldenKind['runCase']>) {
  const { expected, type } = golden;
  const isEmpty =
    typeof expected === 'object' && expected !== null && !Array.isArray(expected) && Object.keys(expected).length === 0;
  if (expected === undefined || expected === null || (isEmpty && kind.mayExpectNothing?.(type) !== true))
    return 'expects nothing';
  try {
    return kind.runCase(golden, tolerance);
  } catch (error) {
    return messageOf(error);
  }
}

function inLines(summary: FolderSummary): string {
  const lines = summary.error === null ? [] : [summary.error];
  for (const { name, passed, failed, error, differences } of summary.files) {
    lines.push(`${name}: passed ${passed} failed ${failed}`);
    if (error !== null) lines.push(`  ${name} ${error}`);
    for (const { id, difference } of differences.slice(0, idsShownMax)) lines.push(`  ${id}: ${difference}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The nearest folder with a package.json, whether this runs as written or from dist. */
function packageRoot(): string {
  for (let dir = import.meta.dirname; ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json'))) return dir;
    if (dir === dirname(dir)) throw new Error('no package.json above this program: give --dir');
  }
}

/** One line, whatever was thrown. */
function messageOf(error: unknown): string {
  const message =
    error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error);
  return message.replaceAll(/\s+/g, ' ').slice(0, 300);
}
