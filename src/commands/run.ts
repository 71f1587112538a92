import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import { errorCode, fileFailure, makeFolder } from '../../sinks/log/durable-file.ts';
import { composeStages, isoTime, parquetDir } from '../compose.ts';
import type { Config } from '../config.ts';
import { counted } from '../counted.ts';
import { createHealth, type Health } from '../health.ts';
import { keepHealthFile } from '../health-file.ts';
import { refuseOpenAddress } from '../http/access.ts';
import type { HttpServer } from '../http/server.ts';
import { createLatest } from '../latest.ts';
import { createLog } from '../log.ts';
import { chooseLogs } from '../logs/choose-logs.ts';
import { openReplay, type Replay } from '../recording/replay.ts';
import { createRecordingWriter, type RecordingWriter } from '../recording/writer.ts';
import { recordingOf } from '../settings.ts';
import type { SimulatorSummary } from '../simulator/simulator.ts';
import { type Stage, runStages } from '../stages.ts';
import { tableTopics } from '../table.ts';
import { addModelOptions, readModel, refuse } from './model-options.ts';
import { isOnSimulator, openPlatform, type Platform, refuseRecordingPseudonyms, timeZoneOf } from './platform.ts';
import { describeRecording } from './record.ts';
import { createScreen } from './screen.ts';
import { serveHttp, servedTopics } from './serve-http.ts';
import { addSettings, readConfig } from './settings.ts';
import { type Stop, stopOnSignal } from './signals.ts';

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('subscribe, derive, archive and show: the whole pipeline, or one role of it')
    .option('--record <file>', 'also write all that arrives into a recording (.jsonl, .jsonl.gz), for run --source');
  addModelOptions(command);
  addSettings(command).action(async (options: Readonly<Record<string, unknown>>) => {
    const { config } = readConfig(options);
    const record = options['record'];
    if (record !== undefined) refuseRecordingPseudonyms(config);
    if (servesHttp(config)) refuseOpenAddress({ host: config.httpHost, token: config.httpToken });
    const model = readModel(command, options);
    if (model !== undefined && !(needsSource(config) && isOnSimulator(config))) {
      refuse(
        command,
        '--model is played by a simulator of this process: add --source simulator, and a role that ingests',
      );
    }
    await run({ config, model, recordTo: typeof record === 'string' ? record : undefined }, stopOnSignal());
  });
}

interface Wanted {
  readonly config: Config;
  /** For a simulator of this process. */
  readonly model: ReturnType<typeof readModel>;
  readonly recordTo: string | undefined;
}

async function run({ config, model, recordTo }: Wanted, ending: Stop): Promise<void> {
  const hears = needsSource(config);
  const recordedAt = hears ? recordingOf(config) : undefined;
  const replay = recordedAt === undefined ? undefined : await openReplay({ ...config, path: recordedAt });
  const recorder = recordTo === undefined || !hears ? undefined : await createRecordingWriter(recordTo);
  const isNew = isOnSimulator(config) || replay !== undefined;
  const dataDir = config.dataDir ?? (isNew ? join('data', fileTime(systemClock.nowMs())) : 'data');
  await makeDataDir(dataDir);
  const platform = await openPlatform(hears ? config : { ...config, source: 'platform' }, ending.stop.signal, {
    model,
  });
  try {
    await runOn({ platform, dataDir, replay, recorder }, ending);
  } finally {
    await Promise.all([platform.simulator?.close(), recorder?.close()]);
  }
  const fault = replay?.fault();
  if (fault !== undefined && !fault.isTorn) throw fault.error;
}

interface Parts {
  readonly platform: Platform;
  readonly dataDir: string;
  readonly replay: Replay | undefined;
  readonly recorder: RecordingWriter | undefined;
}

async function runOn({ platform, dataDir, replay, recorder }: Parts, { stop, hurry }: Stop): Promise<void> {
  const { simulator, config, answerWithinMs } = platform;
  const platformClock = replay?.clock ?? platform.clock;
  const timeZone = timeZoneOf(platform);
  const health = createHealth();
  const latest = createLatest([...new Set([...tableTopics, ...(servesHttp(config) ? servedTopics : [])])]);
  const end = () => stop.abort();
  simulator?.ended.then(end, end);
  const { stdout: out, stderr: err } = process;
  // Whoever read the output has gone, as `head` does: no reason not to end in order.
  out.on('error', end);
  const isShown = shows(config);
  const screen = isShown ? createScreen({ latest, platformClock, timeZone, out, err }) : undefined;
  const log = createLog(config.logLevel, (line) => (screen === undefined ? void err.write(line) : screen.log(line)));
  const logs = chooseLogs(config, dataDir, log);
  let isBegun = false;
  const begin = () => {
    if (isBegun) return;
    isBegun = true;
    if (simulator !== undefined) {
      const pace = `${config.speed} times its pace`;
      out.write(`Simulator: a day of calls at ${pace}. Data: ${dataDir}. Ctrl-C ends in order.\n`);
    }
    screen?.show();
  };
  if (!needsSource(config)) begin();
  const always = { config, dataDir, logs, timeZone, platformClock, answerWithinMs, log, health, latest };
  const composition = { ...always, replay, recorder, onJournalOpen: begin };
  const over = new AbortController();
  void keepHealthFile(join(dataDir, `health-${config.role}`), systemClock, log, over.signal);
  let http: HttpServer | undefined;
  try {
    if (servesHttp(config)) http = await serveHttp(composition);
    const stages = composeStages(composition);
    await runStages(replay === undefined ? stages : stages.map((stage) => endingAll(stage, end)), {
      drain: stop.signal,
      hurry,
    });
  } finally {
    over.abort();
    await http?.close();
    await screen?.stop();
  }
  const torn = replay?.fault();
  if (torn?.isTorn === true)
    log.warn(`the recording was cut off in its last line, which is left out: ${torn.error.message}`);
  await recorder?.close();
  const lines = [
    ...summaryOf(config, health),
    ...(recorder === undefined ? [] : [describeRecording(recorder)]),
    ...(simulator === undefined ? [] : [describe(await simulator.ended)]),
    ...whereToLook(config, dataDir),
  ];
  out.write(`${lines.join('\n')}\n`);
}

/** The end of a recording is that of the run. */
function endingAll(stage: Stage, end: () => void): Stage {
  if (stage.name !== 'ingest') return stage;
  return {
    ...stage,
    async run(signal) {
      await stage.run(signal);
      end();
    },
  };
}

/** Only what this process had a part in. */
function summaryOf({ role }: Config, health: Health): readonly string[] {
  const { events, outputs, conflated, rejected, gaps, failedLooks } = health;
  const failed = failedLooks === 0 ? '' : `, ${counted(failedLooks, 'failed look')}`;
  const journaled = `Journaled ${counted(events, 'event')} (${rejected} rejected, ${counted(gaps, 'gap')}${failed}).`;
  const derived = `Wrote ${counted(outputs, 'record')} (${conflated} conflated).`;
  return [
    ...(role === 'all' || role === 'ingest' ? [journaled] : []),
    ...(role === 'all' || role === 'derive' ? [derived] : []),
  ];
}

function describe({ calls, queues, agents }: SimulatorSummary): string {
  const { offered, answered, abandoned, dropped } = calls;
  const centre = `${counted(queues, 'queue')} and ${counted(agents, 'agent')}`;
  return `Simulated ${counted(offered, 'call')} to ${centre}: ${answered} answered, ${abandoned} abandoned; ${dropped} still open at the end.`;
}

const shows = ({ role }: Config) => role === 'all' || role === 'serve';

const servesHttp = (config: Config) => shows(config) && config.httpPort > 0;

const needsSource = ({ role }: Config) => role === 'all' || role === 'ingest';

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileFailure(error, dataDir);
    const message = `Cannot make ${dataDir} (ENOENT): nothing can be made there: set QUEUECAST_DATA_DIR (--data-dir) to a folder on a disk.`;
    throw new SinkError('QC_SINK_UNAVAILABLE', message, { cause: error });
  }
}

function whereToLook({ role }: Config, dataDir: string): readonly string[] {
  if (role !== 'all' && role !== 'archive') return [];
  const parquet = relative('.', parquetDir(dataDir));
  if (!existsSync(join(parquet, 'queue-window'))) return [`No queue window is in ${parquet} yet.`];
  const query = `select * from '${parquet}/queue-window/*/*.parquet' order by start_ms limit 20`;
  return [`Parquet files: ${parquet}. To look at them: duckdb -c "${query}"`];
}

/** A moment as a folder's name, which must do without colons. */
const fileTime = (ms: number) => isoTime(ms).slice(0, 19).replaceAll(':', '-');
