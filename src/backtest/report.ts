import type { Backtest } from './backtest.ts';
import type { Measures, Score, Subset } from './score.ts';
import { variantTargets } from './variants.ts';

/** A trace with what came of it, heard in full and worse. */
export interface Report {
  readonly trace: string;
  /** What the regression started with, in words. */
  readonly start: string;
  readonly full: Backtest;
  readonly variants: readonly Backtest[];
}

const seconds = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(1));
const loss = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(2));
const percent = (value: number | undefined) => (value === undefined ? '-' : (100 * value).toFixed(1));
const whole = (value: number) => value.toLocaleString('en-US');

type Column = readonly [title: string, show: (score: Score, subset: Subset) => string];

const of =
  (measure: keyof Measures, show: (value: number | undefined) => string) =>
  (score: Score, subset: Subset): string =>
    show(score.subsets.get(subset)?.[measure]);
const maeOf = (subset: Subset) => (score: Score) => seconds(score.subsets.get(subset)?.mae);

const measured: readonly Column[] = [
  ['pin', of('pin', loss)],
  ['mae', of('mae', seconds)],
  ['medae', of('medae', seconds)],
  ['bias', of('bias', seconds)],
  ['late30 %', of('late30', percent)],
  ['cov50 %', of('cov50', percent)],
  ['cov80 %', of('cov80', percent)],
  ['cov90 %', of('cov90', percent)],
  ['mae_c', of('mae_c', seconds)],
  ['pin_c', of('pin_c', loss)],
  ['cov80_c', of('cov80_c', percent)],
  ['cov90_c', of('cov90_c', percent)],
];
const maes: readonly Column[] = [
  ['rising', maeOf('rising')],
  ['busy', maeOf('busy')],
  ['all', maeOf('all')],
];

/** The report as lines for a terminal. */
export function renderReport(report: Report, { byQueue }: { readonly byQueue: boolean }): readonly string[] {
  const { trace, start, full, variants } = report;
  const waited = full.published.subsets.get('waited');
  const lines = [
    `${trace}: ${whole(full.calls.length)} calls, ${whole(waited?.n ?? 0)} answered after a wait (${seconds(waited?.mean_wait)} s on average), ${whole(full.published.abandoned)} gave up; ${start}`,
    '',
    ...renderScores(full),
  ];
  if (byQueue) lines.push('', ...renderQueues(full));
  if (variants.length > 0) lines.push('', ...renderVariants(report));
  return lines;
}

function renderScores(full: Backtest): readonly string[] {
  const { head, rows } = scoreTable(full);
  const shares = Array.from(full.publishedShares, ([name, share]) => `${name} ${percent(share)} %`);
  return [
    ...align([head, ...rows]),
    `* published for: ${shares.join(', ')}. Seconds; of calls answered after a wait; rising, busy and all are mae of those calls.`,
  ];
}

interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** All estimators side by side, and what callers were told. */
export function scoreTable(full: Backtest): Table {
  const columns = [...measured, ...maes];
  const rowOf = (name: string, score: Score) => [name, ...columns.map(([, show]) => show(score, 'waited'))];
  const rows = Array.from(full.scores, ([name, score]) =>
    rowOf(full.publishedShares.has(name) ? `${name} *` : name, score),
  );
  return {
    head: ['estimator', ...columns.map(([title]) => title)],
    rows: [...rows, rowOf('published', full.published)],
  };
}

/** The queues of a backtest, the one with most calls that waited first. */
export function queuesOf({
  published,
}: Backtest): readonly { readonly queueId: string; readonly measures: Measures }[] {
  const prefix = 'waited:';
  return [...published.subsets]
    .flatMap(([subset, measures]) =>
      subset.startsWith(prefix) ? [{ queueId: subset.slice(prefix.length), measures }] : [],
    )
    .sort((a, b) => b.measures.n - a.measures.n || (a.queueId < b.queueId ? -1 : 1));
}

function renderQueues(full: Backtest): readonly string[] {
  const rows = queuesOf(full).map(({ queueId, measures }) => [
    queueId,
    whole(measures.n),
    seconds(measures.mean_wait),
    ...measured.map(([, show]) => show(full.published, `waited:${queueId}`)),
  ]);
  return align([['queue', 'waited', 'mean', ...measured.map(([title]) => title)], ...rows]);
}

/** Pinball loss of calls that waited, over that of the trace heard in full; null where nobody waited. */
export function lossRatio(full: Backtest, variant: Backtest): number | null {
  const [of, to] = [variant, full].map(({ published }) => published.subsets.get('waited')?.pin);
  return of === undefined || to === undefined || to === 0 ? null : of / to;
}

function renderVariants(report: Report): readonly string[] {
  const { head, rows } = variantTable(report);
  return align([head, ...rows]);
}

/** What worse hearing costs. */
export function variantTable({ full, variants }: Report): Table {
  const columns = [...measured.slice(0, 8), ...maes];
  const rows = variants.map((variant) => {
    const ratio = lossRatio(full, variant);
    const target = variant.heard === 'all' ? 1 : variantTargets[variant.heard];
    return [
      variant.heard,
      ratio === null ? '-' : ratio.toFixed(3),
      target.toFixed(2),
      ...columns.map(([, show]) => show(variant.published, 'waited')),
    ];
  });
  return { head: ['heard', 'pin / full', 'target', ...columns.map(([title]) => title)], rows };
}

/** The first column to the left, numbers to the right. */
function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** The report as a plain value for `--json`: measures by estimator and subset, names as in `Measures`. */
export function reportValue({ trace, start, full, variants }: Report, { byQueue }: { readonly byQueue: boolean }) {
  const scoreValue = ({ subsets, ...checks }: Score) => ({
    ...checks,
    ...Object.fromEntries([...subsets].filter(([subset]) => byQueue || !subset.includes(':'))),
  });
  const valueOf = (each: Backtest) => ({
    heard: each.heard,
    ratioToFull: lossRatio(full, each),
    calls: each.calls.length,
    publishedShares: Object.fromEntries(each.publishedShares),
    published: scoreValue(each.published),
    estimators: Object.fromEntries(Array.from(each.scores, ([name, score]) => [name, scoreValue(score)])),
  });
  return { trace, start, ...valueOf(full), variants: variants.map(valueOf) };
}
