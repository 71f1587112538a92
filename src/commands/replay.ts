import type { Command } from 'commander';
import { systemClock } from '../../sinks/clock.ts';
import { isArchived } from '../../sinks/parquet/is-archived.ts';
import { parseDate } from '../../streams/calendar.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { isoTime } from '../compose.ts';
import type { Config } from '../config.ts';
import { counted } from '../counted.ts';
import { createLog } from '../log.ts';
import { kafkaSettings } from '../logs/choose-logs.ts';
import { folderJournal } from '../rederive/folder-journal.ts';
import type { Journal } from '../rederive/journal.ts';
import { kafkaJournal } from '../rederive/kafka-journal.ts';
import type { Rederived } from '../rederive/rederive.ts';
import { refuse } from './model-options.ts';
import { isOnSimulator } from './platform.ts';
import { addSettings, readConfig } from './settings.ts';

const settings = [
  ...['dataDir', 'source', 'traceTimeZone', 'timeZone', 'batchEventsMax', 'topicPrefix'],
  ...['windowSizes', 'windowLiveEveryMs', 'outOfOrdernessMs', 'allowedLatenessMs', 'holdMs', 'gapMaxMs'],
  ...['announcementMode', 'announcementLocale', 'callbackAfterSeconds'],
  ...['rankingTop', 'rankingWeights', 'rankingProfiles', 'agentNames', 'archiveStates'],
  ...['parquetCompression', 'parquetRowsMax', 'parquetBytesMax', 'parquetAgeMsMax'],
  ...['kafkaBrokers', 'kafkaClientId', 'kafkaSsl', 'kafkaSaslMechanism', 'kafkaSessionMs', 'logLevel'],
];
const names = recordTypes.filter((type) => type !== queueEvent).map(({ name }) => name);
const timeAllowed =
  'a date or RFC 3339 time with its zone: 2026-01-05, 2026-01-05T08:00:00Z, 2026-01-05T10:00:00+02:00';
const progressEveryMs = 5_000;

export function addReplayCommand(program: Command): void {
  const command = program
    .command('replay')
    .description('derive a span of the journal again, into Parquet; the same span gives the same files')
    .requiredOption('--from <time>', timeAllowed)
    .requiredOption('--to <time>', 'the same; what happened at this moment is not in it any more')
    .requiredOption('--out <folder>', 'the dataset to make; one that was interrupted is gone on with')
    .option('--record <name...>', 'only these records, states too; default: what run archives')
    .option('--json', 'machine-readable');
  addSettings(command, settings).action(async (options: Readonly<Record<string, unknown>>) => {
    const { config } = readConfig(options);
    const [fromMs, toMs] = [readTime(command, 'from', options), readTime(command, 'to', options)];
    if (fromMs >= toMs) refuse(command, `--to=${String(options['to'])}: allowed: later than --from`);
    const only = readNames(command, options['record']) ?? archivedNames(config);
    // Parquet takes a third of a small process's memory: only who needs it loads it.
    const [{ rederive }, { parquetOptions }] = await Promise.all([
      import('../rederive/rederive.ts'),
      import('../archive.ts'),
    ]);
    const out = String(options['out']);
    const found = await rederive(
      {
        journal: journalOf(config),
        ...{ out, fromMs, toMs, only },
        derivation: {
          ...config,
          timeZone: config.timeZone ?? (isOnSimulator(config) ? config.traceTimeZone : undefined),
        },
        parquet: { ...parquetOptions(config), topicPrefix: config.topicPrefix },
        clock: systemClock,
        onNote: say,
        onProgress: progress(),
      },
      // Ctrl-C just ends it: what is written stays, and the same command goes on.
      new AbortController().signal,
    );
    for (const gap of describeGaps(found)) say(gap);
    const told = { out, from: isoTime(fromMs), to: isoTime(toMs), ...found, untilMs: isoTime(found.untilMs) };
    process.stdout.write(`${options['json'] === true ? JSON.stringify(told) : describe(out, found)}\n`);
  });
}

const say = (text: string) => void process.stderr.write(`queuecast: ${text}\n`);

function readTime(command: Command, name: string, options: Readonly<Record<string, unknown>>): number {
  const text = String(options[name]);
  const isWhole = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const ms = isWhole && parseDate(text.slice(0, 10)) !== null ? Date.parse(text) : NaN;
  if (Number.isNaN(ms)) refuse(command, `--${name}=${text}: allowed: ${timeAllowed}`);
  return ms;
}

function readNames(command: Command, given: unknown): readonly string[] | undefined {
  if (!Array.isArray(given)) return undefined;
  for (const name of given.map(String)) {
    if (!names.includes(name)) refuse(command, `--record=${name}: allowed: ${names.join(', ')}`);
  }
  return given.map(String);
}

const archivedNames = ({ archiveStates }: Config) =>
  recordTypes.filter((type) => isArchived(type, archiveStates)).map(({ name }) => name);

/** In Kafka when brokers are configured, else in the data folder. */
function journalOf(config: Config): Journal {
  const { batchEventsMax, kafkaSessionMs: sessionTimeoutMs, dataDir = 'data' } = config;
  const kafka = kafkaSettings(config);
  if (kafka === undefined) return folderJournal(dataDir, { batchEventsMax, clock: systemClock });
  const log = createLog(config.logLevel, (line) => void process.stderr.write(line));
  return kafkaJournal({ kafka, log, clock: systemClock, batchEventsMax, sessionTimeoutMs });
}

function progress(): (atMs: number, isInRange: boolean) => void {
  let toldMs = systemClock.nowMs();
  return (atMs, isInRange) => {
    if (systemClock.nowMs() - toldMs < progressEveryMs) return;
    toldMs = systemClock.nowMs();
    say(`${isInRange ? 'derived' : 'read'} up to ${isoTime(atMs)}${isInRange ? '' : ', to build the state'}`);
  };
}

function describeGaps({ gaps }: Rederived): readonly string[] {
  return gaps.map(({ channel, startMs, endMs, cause }) => {
    const end = endMs === null ? 'its end is not known' : `to ${isoTime(endMs)}`;
    return `gap: channel ${channel} was deaf from ${isoTime(startMs)}, ${end} (${cause})`;
  });
}

function describe(out: string, { events, rows, checkpoint, gaps, untilMs }: Rederived): string {
  const written = Object.entries(rows).map(([topic, count]) => `${topic} ${count}`);
  const from = checkpoint === null ? 'the start of the journal' : `the checkpoint at record ${checkpoint}`;
  const what = written.length === 0 ? 'no rows' : `rows: ${written.join(', ')}`;
  return `Replayed ${counted(events, 'event')} up to ${isoTime(untilMs)} (${counted(gaps.length, 'gap')}), from ${from}; ${what}. Dataset: ${out}`;
}
