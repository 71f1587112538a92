import { once } from 'node:events';
import { join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { systemClock } from '../../sinks/clock.ts';
import { inOrganization } from '../../streams/record.ts';
import { localDate } from '../../streams/time-zone.ts';
import { credentials, isoTime, platformUrls } from '../compose.ts';
import { type Config, ConfigError, type ConfigFault } from '../config.ts';
import { counted } from '../counted.ts';
import { settledAfterMs } from '../genesys/half-hours.ts';
import { createRest } from '../genesys/rest.ts';
import { readOrganizationId, readQueueNames } from '../genesys/snapshot.ts';
import { openHistory } from '../history/history.ts';
import { createLogOutput, createParquetOutput, holdsOthers, openOutputs, questionId } from '../history/outputs.ts';
import { planPieces } from '../history/plan.ts';
import { printCsv, type Printed, printJson, printTable } from '../history/printed.ts';
import { createHistoryProgress } from '../history/progress.ts';
import { bucketAround, datesOf, type Question, readQuestion, untilNow } from '../history/question.ts';
import { chooseQueues } from '../history/queues.ts';
import { recordTypeOf, toRecord } from '../history/row-record.ts';
import { openWorkFolder } from '../history/work-folder.ts';
import { addModelOptions, readModel, refuse } from './model-options.ts';
import { isOnSimulator, openPlatform, type Platform, refuseRecording } from './platform.ts';
import { addSettings, readConfig } from './settings.ts';
import { stopOnSignal } from './signals.ts';

const historyOptions = z.object({
  from: z.string(),
  to: z.string(),
  granularity: z.string(),
  timezone: z.string().optional(),
  queue: z.array(z.string()).default([]),
  media: z.array(z.string()).default([]),
  fill: z.string(),
  json: z.boolean().default(false),
  csv: z.boolean().default(false),
  out: z.string().optional(),
  toLog: z.boolean().default(false),
  fresh: z.boolean().default(false),
});

type Options = z.output<typeof historyOptions>;

const settings = [
  ...['source', 'dataDir', 'region', 'gatewayHost', 'gatewayPort', 'gatewayProtocol', 'clock'],
  ...['trace', 'traceTimeZone', 'speed', 'timeZone', 'journalBytesMax'],
  ...['parquetCompression', 'parquetRowsMax', 'parquetBytesMax', 'parquetAgeMsMax'],
];

/** `fail` is called when the answer ends before its end. */
export function addHistoryCommand(program: Command, fail: () => void): void {
  const whole = (value: string, values: readonly string[] | undefined) => [...(values ?? []), value];
  const list = (value: string, values: readonly string[] | undefined) => [...(values ?? []), ...value.split(',')];
  const command = program
    .command('history')
    .description("sums and ratios of queues over days and weeks, from the platform's aggregates")
    .requiredOption('--from <date>', 'first date YYYY-MM-DD in the zone, or an instant')
    .requiredOption('--to <date>', 'last date, which is included, or an instant, which is not')
    .option('--granularity <duration>', 'PT30M, PT1H, P1D or P1W (from Monday)', 'P1D')
    .option('--timezone <name>', 'IANA name of the zone of days and weeks; default: the setting --time-zone')
    .option('--queue <name>', 'id or name of a queue, * for anything; may be repeated; default: all', whole)
    .option('--media <type>', 'voice, callback, chat, email, message, …; may be repeated; default: all', list)
    .option('--fill <how>', 'none, or linear: days and weeks of which nothing was told are drawn and flagged', 'none')
    .option('--json', 'one record a line instead of the table')
    .option('--csv', 'comma-separated values instead of the table')
    .option('--out <folder>', 'write Parquet files there too')
    .option('--to-log', 'add days and weeks to the output log in the data folder too')
    .option('--fresh', 'ask for everything anew, whatever was kept of earlier runs');
  addModelOptions(command);
  addSettings(command, settings).action(async (given: Readonly<Record<string, unknown>>) => {
    const options = historyOptions.parse(given);
    if (options.json && options.csv) refuse(command, '--json and --csv exclude each other');
    const { config } = readConfig(given);
    refuseRecording(config);
    const model = readModel(command, given);
    const onSimulator = isOnSimulator(config);
    if (model !== undefined && !onSimulator)
      refuse(command, '--model is played by a simulator of this process: add --source simulator');
    const timeZone = options.timezone ?? config.timeZone ?? (onSimulator ? config.traceTimeZone : 'UTC');
    const question = readQuestion({ ...options, timeZone });
    refuseLog(options, config, question);
    const { stop } = stopOnSignal();
    process.stdout.on('error', () => stop.abort());
    const past = {
      date: localDate(question.startMs, config.traceTimeZone),
      untilMs: question.endMs + 2 * settledAfterMs,
    };
    const platform = await openPlatform(config, stop.signal, { model, past });
    try {
      const played = ['simulator', config.trace, config.traceTimeZone, model, past.date];
      const place = onSimulator ? JSON.stringify(played) : platformUrls(platform.config).apiUrl;
      const keeps = !onSimulator || config.dataDir !== undefined;
      await answer({ options, question, platform, place, keeps }, stop.signal);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      process.stderr.write('Stopped before the end; the same command goes on from what is kept.\n');
      fail();
    } finally {
      await platform.simulator?.close();
    }
  });
}

function refuseLog({ toLog }: Options, config: Config, { granularity }: Question): void {
  if (!toLog) return;
  const faults: ConfigFault[] = [];
  if (granularity === 'PT30M' || granularity === 'PT1H') {
    const allowed = 'P1D or P1W: only these have a topic; take --out for the others';
    faults.push({ where: '--to-log with --granularity', value: granularity, allowed });
  }
  if (config.kafkaBrokers !== undefined) {
    const allowed = 'unset: history adds to the output log of a data folder only; take --out for files';
    faults.push({ where: '--to-log with KAFKA_BROKERS', value: config.kafkaBrokers.join(), allowed });
  }
  if (faults.length > 0) throw new ConfigError(faults);
}

interface Answering {
  readonly options: Options;
  readonly question: Question;
  readonly platform: Platform;
  /** What was asked: another place, or another simulated centre, gives other answers. */
  readonly place: string;
  /** Whether what is read is kept for the next time. */
  readonly keeps: boolean;
}

async function answer({ options, platform, place, keeps, ...asked }: Answering, signal: AbortSignal): Promise<void> {
  const { config, clock } = platform;
  const rest = createRest({ ...platformUrls(config), ...credentials(config), clock, random: Math.random });
  const organizationId = await readOrganizationId(rest, signal);
  const queueNames = await readQueueNames(rest, signal);
  const queueIds = chooseQueues(options.queue, queueNames);
  const nowMs = clock.nowMs();
  refuseFuture(options, asked.question, nowMs);
  const question = untilNow(asked.question, nowMs);
  const pieces = planPieces(question, queueIds, nowMs);
  const { timeZone, media } = question;
  const workDir = join(config.dataDir ?? 'data', 'history');
  const asker = { organizationId, place, timeZone, media };
  const work = keeps ? await openWorkFolder(workDir, asker) : undefined;

  const names = new Map(queueIds.map((each) => [each, queueNames.get(each) ?? each]));
  const printed = await printedOf(options, question, names);
  const progress = createHistoryProgress(process.stderr, systemClock, pieces.length);
  let kept = 0;
  let rows = 0;
  const onPiece = (done: number, wasFetched: boolean) => {
    if (!wasFetched) kept += 1;
    progress.at(done, wasFetched);
  };
  const reading = { rest, clock, timeZone, media, question, pieces, onPiece, work, isFresh: options.fresh };
  const history = await openHistory(reading, signal);
  const type = recordTypeOf(question);
  const id = questionId([organizationId, place, question, queueIds, type.version, history.beganAtMs]);
  const { out, toLog } = options;
  const outputs = await openOutputs([
    ...(out === undefined ? [] : [() => createParquetOutput(out, id, type, config)]),
    ...(toLog ? [() => createLogOutput({ ...logOf(config), workDir, id })] : []),
  ]);
  try {
    await print(printed.head());
    for await (const some of history.rows) {
      const known = some.map((row) => {
        const record = toRecord(row, question, queueNames);
        return { row, record: record === null ? null : inOrganization(record, organizationId) };
      });
      await outputs.write(known.flatMap(({ record }) => (record === null ? [] : [record])));
      if (process.stdout.isTTY) progress.end();
      await print(known.flatMap(({ row, record }) => printed.lines(row, record)));
      rows += known.length;
    }
    await print(printed.foot());
    await outputs.close();
  } catch (error) {
    await outputs.abandon();
    throw error;
  } finally {
    progress.end();
  }
  const from = kept === 0 ? '' : `, ${kept} of ${counted(pieces.length, 'piece')} from ${workDir}`;
  const what = `${counted(rows, 'row')} of ${counted(queueIds.length, 'queue')}, ${datesOf(question)}, ${timeZone}`;
  const isShared = out !== undefined && (await holdsOthers(out, id, type));
  const rule = isShared ? ', with other answers: of each record_key the highest revision counts' : '';
  process.stderr.write(`${what}${from}.${out === undefined ? '' : ` Parquet: ${out}${rule}.`}\n`);
}

const logOf = ({ dataDir = 'data', journalBytesMax: bytesMax }: Config) => ({
  dir: join(dataDir, 'outputs'),
  bytesMax,
});

function printedOf({ json, csv }: Options, question: Question, names: ReadonlyMap<string, string>): Promise<Printed> {
  if (csv) return printCsv(recordTypeOf(question));
  return Promise.resolve(json ? printJson() : printTable(question, names));
}

/** Files and log are to hold what is right for good: their rows are known by their place in the answer. */
function refuseFuture({ from, to, out, toLog }: Options, question: Question, nowMs: number): void {
  const { startMs, endMs, granularity, timeZone } = question;
  if (startMs >= nowMs) {
    throw new ConfigError([{ where: '--from', value: from, allowed: `before now, which is ${isoTime(nowMs)}` }]);
  }
  const settledMs = nowMs - settledAfterMs;
  if ((out === undefined && !toLog) || endMs <= settledMs) return;
  const last = bucketAround(settledMs, granularity, timeZone).startMs;
  const until = last <= startMs ? 'a later day' : `at most ${isoTime(last)}`;
  const allowed = `${until} with --out and --to-log: what ended less than ${settledAfterMs / 60_000} minutes ago still grows`;
  throw new ConfigError([{ where: '--to', value: to, allowed }]);
}

/** Waits for whoever reads slowly: the answer to a long question does not fit into memory. */
async function print(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return;
  if (process.stdout.write(`${lines.join('\n')}\n`) || process.stdout.destroyed) return;
  await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]);
}
