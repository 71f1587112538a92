import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import type { StartingWeights } from '../../streams/wait/regression.ts';
import { startingWeights } from '../../streams/wait/starting-weights.ts';
import { backtest } from '../backtest/backtest.ts';
import { drive } from '../backtest/drive.ts';
import { fitWeights } from '../backtest/fit.ts';
import { renderPage } from '../backtest/page/page.ts';
import { createProgress } from '../backtest/progress.ts';
import { type Replayed, replayTrace } from '../backtest/replay.ts';
import { type Report, renderReport, reportValue } from '../backtest/report.ts';
import { type Variant, variants } from '../backtest/variants.ts';
import { readWeights, writeWeights } from '../backtest/weights-file.ts';
import { refuseUnwritable } from '../backtest/writable.ts';
import { ConfigError } from '../config.ts';
import { readTrace, type Trace } from '../simulator/trace.ts';
import { refuse } from './model-options.ts';

const backtestOptions = z.object({
  cold: z.boolean().default(false),
  weights: z.string().optional(),
  variant: z.array(z.string()).default([]),
  seed: z.string().default('1'),
  byQueue: z.boolean().default(false),
  json: z.boolean().default(false),
  html: z.string().optional(),
  fit: z.string().optional(),
  drive: z.boolean().default(false),
});

export function addBacktestCommand(program: Command): void {
  const command = program
    .command('backtest')
    .description('replay call traces and compare what callers would have been told with how long they waited')
    .argument('[trace...]', 'call traces, .jsonl or .jsonl.gz')
    .option('--cold', 'start without the weights that are shipped')
    .option('--weights <file>', 'start with these weights instead of those that are shipped')
    .option(
      '--variant <name>',
      `replay it under worse conditions too: ${variants.join(', ')} or all; may be repeated`,
      (name: string, names: readonly string[] | undefined) => [...(names ?? []), name],
    )
    .option('--seed <text>', 'which events are lost in the variant lossy; default: 1')
    .option('--by-queue', 'a row for each queue too')
    .option('--json', 'every measure of every estimator as JSON instead of tables')
    .option('--html <file>', 'write a page with plots there too')
    .option('--fit <file>', 'learn starting weights from the traces and write them there')
    .option('--drive', 'take the lines of a trace on stdin and answer each arrival on stdout');
  command.action(async (traces: readonly string[], options: unknown) => {
    const { drive: isDriven, cold, weights, fit, byQueue, json, html, seed, ...rest } = backtestOptions.parse(options);
    if (cold && weights !== undefined) refuse(command, '--cold and --weights exclude each other');
    const start = cold ? null : weights === undefined ? startingWeights : await readWeights(weights);
    if (isDriven) {
      if (traces.length > 0 || fit !== undefined)
        refuse(command, '--drive reads its trace from stdin: name none, and no --fit');
      await drive(process.stdin, process.stdout, start);
      return;
    }
    if (traces.length === 0) refuse(command, 'name at least one trace');
    const wanted = readVariants(rest.variant);
    for (const [where, path] of Object.entries({ '--fit': fit, '--html': html })) {
      if (path !== undefined) await refuseUnwritable(where, path);
    }
    if (fit !== undefined) {
      const replayed: Replayed[] = [];
      for (const path of traces) {
        const trace = await readTrace(path);
        replayed.push(withProgress(trace, path, (onLine) => replayTrace(trace.lines, null, { onLine })));
      }
      await writeWeights(fit, fitWeights(replayed));
      return;
    }
    const said = cold ? 'cold start' : weights === undefined ? 'shipped starting weights' : `weights of ${weights}`;
    const reports: Report[] = [];
    for (const path of traces) {
      const report = await replayAll(path, start, said, { wanted, seed });
      reports.push(report);
      if (json) continue;
      const gap = reports.length > 1 ? '\n' : '';
      process.stdout.write(`${gap}${renderReport(report, { byQueue }).join('\n')}\n`);
    }
    if (html !== undefined) await writeFile(html, renderPage(reports));
    if (json) {
      const values = reports.map((report) => reportValue(report, { byQueue }));
      process.stdout.write(`${JSON.stringify(values, null, 2)}\n`);
    }
  });
}

function readVariants(names: readonly string[]): readonly Variant[] {
  if (names.includes('all')) return variants;
  return names.map((name) => {
    const variant = variants.find((each) => each === name);
    if (variant === undefined)
      throw new ConfigError([{ where: '--variant', value: name, allowed: `${variants.join(', ')} or all` }]);
    return variant;
  });
}

async function replayAll(
  path: string,
  start: StartingWeights | null,
  said: string,
  { wanted, seed }: { readonly wanted: readonly Variant[]; readonly seed: string },
): Promise<Report> {
  const trace = await readTrace(path);
  const replay = (heard: 'all' | Variant) =>
    withProgress(trace, heard === 'all' ? path : `${path} (${heard})`, (onLine) =>
      backtest(trace.lines, { start, heard, seed, onLine }),
    );
  return { trace: basename(path), start: said, full: replay('all'), variants: wanted.map(replay) };
}

function withProgress<T>({ lines }: Trace, label: string, work: (onLine: (done: number) => void) => T): T {
  const progress = createProgress(process.stderr, label, lines.length);
  try {
    return work((done) => progress.at(done));
  } finally {
    progress.end();
  }
}
