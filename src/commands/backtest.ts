import type { Command } from 'commander';
import { z } from 'zod';
import { startingWeights } from '../../streams/wait/starting-weights.ts';
import { drive } from '../backtest/drive.ts';
import { fitWeights } from '../backtest/fit.ts';
import { replayTrace } from '../backtest/replay.ts';
import { readWeights, writeWeights } from '../backtest/weights-file.ts';
import { readTrace } from '../simulator/trace.ts';
import { refuse } from './model-options.ts';

const backtestOptions = z.object({
  cold: z.boolean().default(false),
  weights: z.string().optional(),
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
    .option('--fit <file>', 'learn starting weights from the traces and write them there')
    .option('--drive', 'take the lines of a trace on stdin and answer each arrival on stdout');
  command.action(async (traces: readonly string[], options: unknown) => {
    const { drive: isDriven, cold, weights, fit } = backtestOptions.parse(options);
    if (cold && weights !== undefined) refuse(command, '--cold and --weights exclude each other');
    const start = cold ? null : weights === undefined ? startingWeights : await readWeights(weights);
    if (isDriven) {
      if (traces.length > 0 || fit !== undefined)
        refuse(command, '--drive reads its trace from stdin: name none, and no --fit');
      await drive(process.stdin, process.stdout, start);
      return;
    }
    if (traces.length === 0) refuse(command, 'name at least one trace');
    if (fit !== undefined) {
      const replayed = [];
      for (const path of traces) replayed.push(replayTrace((await readTrace(path)).lines, null));
      await writeWeights(fit, fitWeights(replayed));
    }
  });
}
