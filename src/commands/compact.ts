import type { Command } from 'commander';
import { systemClock } from '../../sinks/clock.ts';
import type { CompactedDate } from '../../sinks/parquet/compact.ts';
import { isoTime, parquetDir } from '../compose.ts';
import { counted } from '../counted.ts';
import { refuse } from './model-options.ts';
import { addSettings, readConfig } from './settings.ts';

export function addCompactCommand(program: Command): void {
  const command = program
    .command('compact')
    .description('merge the Parquet files of past dates: one for each record, partition and date')
    .option('--dataset <folder>', 'the dataset; default: the folder "parquet" of the data folder')
    .option('--before <date>', 'only dates before this one, YYYY-MM-DD; default: today in UTC')
    .option('--json', 'machine-readable');
  addSettings(command, ['dataDir', 'parquetCompression']).action(async (options: Readonly<Record<string, unknown>>) => {
    const { config } = readConfig(options);
    const given = options['before'];
    const before = typeof given === 'string' ? given : isoTime(systemClock.nowMs()).slice(0, 10);
    if (!isDate(before)) refuse(command, `--before=${before}: allowed: a date YYYY-MM-DD`);
    const dir = typeof options['dataset'] === 'string' ? options['dataset'] : parquetDir(config.dataDir ?? 'data');
    // Parquet takes a third of a small process's memory: only who needs it loads it.
    const { compactDataset } = await import('../../sinks/parquet/compact.ts');
    const all = await compactDataset({
      ...{ dir, before, compression: config.parquetCompression },
      onDone: (done) => void process.stderr.write(`${describe(done)}\n`),
    });
    const told = options['json'] === true ? JSON.stringify({ dataset: dir, before, dates: all }) : summaryOf(dir, all);
    process.stdout.write(`${told}\n`);
  });
}

function isDate(text: string): boolean {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return !Number.isNaN(ms) && isoTime(ms).startsWith(text);
}

function describe({ topic, partition, dt, files, rows, bytes, merged }: CompactedDate): string {
  const what = `${topic}+${partition} dt=${dt}: ${counted(files, 'file')}, ${counted(rows, 'row')}`;
  if (merged === null) return `${what}, left as they are: their columns differ`;
  return `${what}, ${bytes} bytes -> 1 file, ${merged.bytes} bytes`;
}

function summaryOf(dir: string, all: readonly CompactedDate[]): string {
  const merged = all.filter((each) => each.merged !== null);
  const left = all.length - merged.length;
  const sum = (of: (each: CompactedDate) => number) => merged.reduce((total, each) => total + of(each), 0);
  const bytes = `${sum((each) => each.bytes)} bytes are now ${sum((each) => each.merged?.bytes ?? 0)}`;
  const what = `${dir}: merged ${counted(
    sum((each) => each.files),
    'file',
  )} into ${merged.length} (${bytes}).`;
  return left === 0 ? what : `${what} The columns of ${counted(left, 'date')} differ: left as they are.`;
}
