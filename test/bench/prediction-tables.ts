import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Backtest, backtest } from '../../src/backtest/backtest.ts';
import { fitWeights } from '../../src/backtest/fit.ts';
import { createProgress } from '../../src/backtest/progress.ts';
import type { Score, Subset } from '../../src/backtest/score.ts';
import { lossRatio, queuesOf } from '../../src/backtest/report.ts';
import { variants, variantTargets } from '../../src/backtest/variants.ts';
import { readTrace, type Trace } from '../../src/simulator/trace.ts';
import { between, markdownTable } from './markdown.ts';

// npm run tables -- TRACE...: replays the traces cold, with starting weights fitted on all but the one at hand, and under worse conditions, and
// writes the tables of docs/prediction.md.

const page = 'docs/prediction.md';

interface Replays {
  readonly name: string;
  readonly cold: Backtest;
  readonly learned: Backtest | null;
  readonly worse: readonly Backtest[];
}

async function replayAll(files: readonly string[]): Promise<readonly Replays[]> {
  const traces: { readonly name: string; readonly trace: Trace; readonly cold: Backtest }[] = [];
  for (const path of files) {
    const trace = await readTrace(path);
    const name = basename(path).replace(/\.trace\.jsonl(\.gz)?$/, '');
    traces.push({ name, trace, cold: replay(trace, `${name}, cold`, { start: null }) });
  }
  return traces.map(({ name, trace, cold }) => {
    const others = traces.filter((each) => each.trace !== trace).map((each) => each.cold);
    const learned =
      others.length === 0 ? null : replay(trace, `${name}, learned from the others`, { start: fitWeights(others) });
    const worse = variants.map((heard) => replay(trace, `${name}, ${heard}`, { start: null, heard }));
    return { name, cold, learned, worse };
  });
}

function replay({ lines }: Trace, label: string, settings: Parameters<typeof backtest>[1]): Backtest {
  const progress = createProgress(process.stderr, label, lines.length);
  const done = backtest(lines, { ...settings, onLine: (line) => progress.at(line) });
  progress.end();
  return done;
}

function tables(all: readonly Replays[]): readonly string[] {
  const learned = all.flatMap(({ name, learned: each }) => (each === null ? [] : [{ name, of: each }]));
  const cold = all.map(({ name, cold: of }) => ({ name, of }));
  return [
    '### Cold start',
    estimatorTable(cold),
    publishedTable(cold),
    ...(learned.length === 0
      ? []
      : ['### With weights learned from the other files', estimatorTable(learned), publishedTable(learned)]),
    '### By queue, cold',
    queueTable(cold),
    '### Heard worse, cold',
    variantTable(all),
  ];
}

interface Named {
  readonly name: string;
  readonly of: Backtest;
}

const fixed = (digits: number) => (value: number | undefined) => (value === undefined ? '-' : value.toFixed(digits));
const percent = (value: number | undefined) => fixed(1)(value === undefined ? undefined : 100 * value);

/** Estimators down, traces across: mean pinball loss and mean absolute error of calls that were answered after a wait. */
function estimatorTable(all: readonly Named[]): string {
  const cell = (score: Score | undefined) => {
    const waited = score?.subsets.get('waited');
    return `${fixed(2)(waited?.pin)} / ${fixed(1)(waited?.mae)}`;
  };
  const names = [...(all[0]?.of.scores.keys() ?? [])];
  return markdownTable(
    ['pin / mae', ...all.map(({ name }) => name)],
    [
      ...names.map((estimator) => [estimator, ...all.map(({ of }) => cell(of.scores.get(estimator)))]),
      ['**published**', ...all.map(({ of }) => cell(of.published))],
    ],
  );
}

/** What was published beside pooled QL-A, which it has to beat everywhere. */
function publishedTable(all: readonly Named[]): string {
  const row = (name: string, score: Score | undefined) => {
    const waited = score?.subsets.get('waited');
    const maeOf = (subset: Subset) => fixed(1)(score?.subsets.get(subset)?.mae);
    const { bias, late30, cov50, cov80, cov90, mae_c, pin_c, cov80_c, cov90_c } = waited ?? {};
    return [
      name,
      fixed(1)(bias),
      ...[late30, cov50, cov80, cov90].map(percent),
      fixed(1)(mae_c),
      fixed(2)(pin_c),
      ...[cov80_c, cov90_c].map(percent),
      ...(['rising', 'busy', 'all'] as const).map(maeOf),
    ];
  };
  return markdownTable(
    [
      ...['file', 'bias', 'late30 %', 'cov50 %', 'cov80 %', 'cov90 %', 'mae_c', 'pin_c', 'cov80_c %', 'cov90_c %'],
      ...['rising', 'busy', 'all'],
    ],
    all.flatMap(({ name, of }) => [row(name, of.published), row(`${name}, ql-a`, of.scores.get('ql-a'))]),
  );
}

const queueCallsMin = 500;

function queueTable(all: readonly Named[]): string {
  return markdownTable(
    ['file and queue', 'waited', 'mean wait', 'pin', 'mae', 'cov80 %', 'cov90 %'],
    all.flatMap(({ name, of }) =>
      queuesOf(of)
        .filter(({ measures }) => measures.n >= queueCallsMin)
        .map(({ queueId, measures: { n, mean_wait, pin, mae, cov80, cov90 } }) => [
          `${name} ${queueId}`,
          String(n),
          fixed(1)(mean_wait),
          fixed(2)(pin),
          fixed(1)(mae),
          percent(cov80),
          percent(cov90),
        ]),
    ),
  );
}

function variantTable(all: readonly Replays[]): string {
  return markdownTable(
    ['pin / pin of the full trace', 'at most', ...all.map(({ name }) => name)],
    variants.map((variant, index) => [
      variant,
      fixed(2)(variantTargets[variant]),
      ...all.map(({ cold, worse }) => {
        const of = worse[index];
        return fixed(3)(of === undefined ? undefined : (lossRatio(cold, of) ?? undefined));
      }),
    ]),
  );
}

const paths = process.argv.slice(2);
if (paths.length === 0) {
  process.stderr.write('Name the traces: npm run tables -- TRACE...\n');
  process.exit(2);
}
const replays = await replayAll(paths);
await writeFile(page, between(await readFile(page, 'utf8'), 'tables', tables(replays).join('\n\n')));
