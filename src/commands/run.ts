import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { scaledClock, systemClock } from '../../sinks/clock.ts';
import { fileFailure, makeFolder } from '../../sinks/log/durable-file.ts';
import { fetchClock } from '../clock-client.ts';
import { composeStages, isoTime, parquetDir } from '../compose.ts';
import type { Config } from '../config.ts';
import { createHealth, type Health } from '../health.ts';
import { keepHealthFile } from '../health-file.ts';
import { createLatest } from '../latest.ts';
import { createLog } from '../log.ts';
import { chooseLogs } from '../logs/choose-logs.ts';
import { type Simulator, type SimulatorSummary, startSimulator } from '../simulator/simulator.ts';
import { runStages } from '../stages.ts';
import { tableTopics } from '../table.ts';
import { startScreen } from './screen.ts';
import { addSettings, readConfig, samplePath } from './settings.ts';
import { type Stop, stopOnSignal } from './signals.ts';

export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('subscribe, derive, archive and show: the whole pipeline, or one role of it');
  addSettings(command).action(async (options: Readonly<Record<string, unknown>>) => {
    const { config } = readConfig(options);
    await run(config, stopOnSignal());
  });
}

async function run(config: Config, ending: Stop): Promise<void> {
  const { stop } = ending;
  const onSimulator =
    config.source === 'simulator' ||
    (config.source === 'auto' && config.clientId === undefined && config.clientSecret === undefined);
  const dataDir = config.dataDir ?? (onSimulator ? join('data', fileTime(systemClock.nowMs())) : 'data');
  await makeDataDir(dataDir);
  const own = onSimulator && needsSource(config) ? await startOwnSimulator(config, stop.signal) : undefined;
  try {
    await runOn(config, dataDir, own, ending);
  } finally {
    await own?.simulator.close();
  }
}

async function runOn(
  config: Config,
  dataDir: string,
  own: OwnSimulator | undefined,
  { stop, hurry }: Stop,
): Promise<void> {
  const simulator = own?.simulator;
  const followed = config.clock === undefined ? undefined : await fetchClock(config.clock, stop.signal);
  const platformClock = simulator?.clock ?? (followed === undefined ? systemClock : scaledClock(followed));
  const speed = simulator === undefined ? (followed?.speed ?? 1) : config.speed;
  // However fast a simulator is, an answer needs its real time, on a busy machine too.
  const answerWithinMs = Math.max(10_000, 1_000 * speed);
  const timeZone = config.timeZone ?? (simulator === undefined ? 'UTC' : config.traceTimeZone);
  const health = createHealth();
  const latest = createLatest(tableTopics);
  if (simulator !== undefined) {
    const pace = `${config.speed} times its pace`;
    process.stdout.write(`Simulator: a day of calls at ${pace}. Data: ${dataDir}. Ctrl-C ends in order.\n`);
    const end = () => stop.abort();
    simulator.ended.then(end, end);
  }
  const { stdout: out, stderr: err } = process;
  // Whoever read the output has gone, as `head` does: no reason not to end in order.
  out.on('error', () => stop.abort());
  const isShown = config.role === 'all' || config.role === 'serve';
  const screen = isShown ? startScreen({ latest, platformClock, timeZone, out, err }) : undefined;
  const log = createLog(config.logLevel, (line) => (screen === undefined ? void err.write(line) : screen.log(line)));
  const logs = chooseLogs(config, dataDir, log);
  const composition = { dataDir, logs, timeZone, platformClock, answerWithinMs, log, health, latest };
  const over = new AbortController();
  void keepHealthFile(join(dataDir, `health-${config.role}`), systemClock, log, over.signal);
  try {
    const stages = composeStages({ ...composition, config: { ...config, ...own?.access } });
    await runStages(stages, { drain: stop.signal, hurry });
  } finally {
    over.abort();
    await screen?.stop();
  }
  const lines = [
    ...summaryOf(config, health),
    ...(simulator === undefined ? [] : [describe(await simulator.ended)]),
    ...whereToLook(config, dataDir),
  ];
  out.write(`${lines.join('\n')}\n`);
}

/** A simulator of this process, and what a client needs to know of it. */
interface OwnSimulator {
  readonly simulator: Simulator;
  readonly access: Partial<Config>;
}

async function startOwnSimulator(config: Config, signal: AbortSignal): Promise<OwnSimulator> {
  const clientId = randomUUID();
  const clientSecret = randomUUID();
  const simulator = await startSimulator({
    trace: config.trace ?? samplePath(),
    timeZone: config.traceTimeZone,
    speed: config.speed,
    loop: config.loop,
    port: 0,
    clientId,
    clientSecret,
    signal,
  });
  const { hostname, port } = new URL(simulator.url);
  const gateway = { gatewayHost: hostname, gatewayPort: Number(port), gatewayProtocol: 'http' as const };
  return { simulator, access: { clientId, clientSecret, ...gateway } };
}

/** Only what this process had a part in. */
function summaryOf({ role }: Config, health: Health): readonly string[] {
  const { events, outputs, conflated, rejected, gaps } = health;
  const journaled = `Journaled ${events} events (${rejected} rejected, ${gaps} gaps).`;
  const derived = `Wrote ${outputs} records (${conflated} conflated).`;
  return [
    ...(role === 'all' || role === 'ingest' ? [journaled] : []),
    ...(role === 'all' || role === 'derive' ? [derived] : []),
  ];
}

function describe({ calls, queues, agents }: SimulatorSummary): string {
  const { offered, answered, abandoned, dropped } = calls;
  return `Simulated ${offered} calls to ${queues} queues and ${agents} agents: ${answered} answered, ${abandoned} abandoned; ${dropped} still open at the end.`;
}

const needsSource = ({ role }: Config) => role === 'all' || role === 'ingest';

async function makeDataDir(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir);
  } catch (error) {
    throw fileFailure(error, dataDir);
  }
}

function whereToLook({ role }: Config, dataDir: string): readonly string[] {
  if (role !== 'all' && role !== 'archive') return [];
  const parquet = relative('.', parquetDir(dataDir));
  const query = `select * from '${parquet}/queue-window/*/*.parquet' order by start_ms limit 20`;
  return [`Parquet files: ${parquet}. To look at them: duckdb -c "${query}"`];
}

/** A moment as a folder's name, which must do without colons. */
const fileTime = (ms: number) => isoTime(ms).slice(0, 19).replaceAll(':', '-');
