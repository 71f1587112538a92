import { createReadStream } from 'node:fs';
import { readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Command } from 'commander';
import { z } from 'zod';
import { createProgress } from '../backtest/progress.ts';
import { refuseUnwritable } from '../backtest/writable.ts';
import { type Config, ConfigError } from '../config.ts';
import { GenesysError } from '../genesys/errors.ts';
import { createPseudonyms } from '../genesys/pseudonyms.ts';
import { answerOf } from '../http/routing-batch.ts';
import { agentOf, agentWire, slaTarget } from '../http/routing-wire.ts';
import { findQueue } from '../predict/read.ts';
import { InteractionLogError } from '../routing/log-error.ts';
import { renderPage } from '../routing/page/page.ts';
import { inOrderOfStart, readLog } from '../routing/read-log.ts';
import { readCsat, readRoster } from '../routing/read-roster.ts';
import { renderReport } from '../routing/report.ts';
import { type NamedAgent, repeatedAt } from '../routing/roster.ts';
import { type CapacityRules, createSimulation, type Simulated } from '../routing/simulation.ts';
import { weightsUsed } from '../routing/what-if.ts';
import type { Weights } from '../../streams/ranking/weights.ts';
import { printable } from '../printable.ts';
import { toSnakeCase } from '../snake-case.ts';
import { numberOption, optionError, refuse } from './model-options.ts';
import { openPlatform, refuseRecording } from './platform.ts';
import { createReader } from './predict.ts';
import { addSettings, readConfig } from './settings.ts';
import { stopOnSignal } from './signals.ts';

const settings = [
  ...['source', 'clientId', 'region', 'gatewayHost', 'gatewayPort', 'gatewayProtocol', 'clock', 'trace'],
  'rankingWeights',
];
/** Surveys of so many days count. */
const surveyDays = 30;
const dayMs = 86_400_000;

const seconds = numberOption.pipe(z.number().min(0).max(604_800));
const parsed = z.object({
  log: z.string(),
  agents: z.string().optional(),
  queue: z.string().optional(),
  capacity: z.boolean().default(false),
  handleSeconds: seconds.default(240),
  maxWaitSeconds: seconds.optional(),
  slaTarget: slaTarget.default('80/20'),
  performance: numberOption.pipe(z.number().min(0).max(1)).default(0.8),
  json: z.boolean().default(false),
  out: z.string().optional(),
});

const allowed = {
  handleSeconds: 'seconds, 0 to 604800',
  maxWaitSeconds: 'seconds, 0 to 604800',
  slaTarget: 'percent/seconds, from 1/1 to 100/99999, for example 80/20',
  performance: '0 to 1',
};

/** Calls `onNobody` when no agent is idle, so that there is nothing to simulate. */
export function addSimulateRoutingCommand(program: Command, onNobody: () => void): void {
  const command = program
    .command('simulate-routing')
    .description('give the interactions of a log to the agents who would be chosen, and tell how fair that is')
    .requiredOption('--log <file>', 'interactions: .csv, .json (a list) or .jsonl, each also as .gz')
    .option('--agents <file>', 'agents as JSON; without them those of --queue are asked for')
    .option('--queue <id or name>', 'the queue whose agents the platform is asked for')
    .option('--capacity', 'agents are busy as long as an interaction takes; then each needs started_at')
    .option('--handle-seconds <number>', 'of interactions that do not say; default: 240')
    .option('--max-wait-seconds <number>', 'who has waited longer gives up; default: nobody does')
    .option('--sla-target <percent/seconds>', 'whose policy may shift the weights; default: 80/20')
    .option('--performance <0 to 1>', 'the service level reached; default: 0.8')
    .option('--json', 'machine-readable')
    .option('--out <file>', 'write a page with plots there too');
  addSettings(command, settings).action(async (given: Readonly<Record<string, unknown>>) => {
    const read = parsed.safeParse(given);
    if (!read.success) throw optionError(read.error, given, allowed);
    const { data: options } = read;
    if (options.maxWaitSeconds !== undefined && !options.capacity)
      refuse(command, '--max-wait-seconds goes with --capacity: add it, or leave it out');
    if (options.agents !== undefined && options.queue !== undefined)
      refuse(command, '--agents and --queue exclude each other');
    if (options.out !== undefined) await refuseLostPage(options.out, options);
    const { config } = readConfig(given);
    const agents = await agentsFor(command, options, config);
    if (!agents.some(({ routingStatus }) => routingStatus === 'IDLE')) {
      process.stderr.write(`queuecast: nobody is available: none of ${agents.length} agents is idle\n`);
      onNobody();
      return;
    }
    const { weights, slaPolicy } = weightsUsed({
      weights: config.rankingWeights,
      sla: { target: options.slaTarget, performance: options.performance },
    });
    const rules = { handleSeconds: options.handleSeconds, waitSecondsMax: options.maxWaitSeconds ?? null };
    const work = { agents, weights, capacity: options.capacity ? rules : null };
    const simulated = await simulate(options.log, work).catch((error: unknown) => {
      if (!(error instanceof InteractionLogError)) throw error;
      refuse(command, `--log ${options.log}: ${printable(error.message)}`);
    });
    const report = { log: basename(options.log), rules: rulesText(options.capacity, slaPolicy), simulated };
    const text = options.json ? JSON.stringify(answerOf(simulated), null, 2) : renderReport(report).join('\n');
    process.stdout.write(`${text}\n`);
    // Last: a page that cannot be written takes no figure along.
    if (options.out !== undefined) await writePage(options.out, renderPage(report));
  });
}

const rulesText = (capacity: boolean, slaPolicy: string | null) =>
  `${capacity ? 'Agents are busy while an interaction takes.' : 'Agents never become busy.'} ${slaPolicy === null ? 'No policy shifts the weights.' : `The policy of ${slaPolicy} shifts the weights.`}`;

interface Work {
  readonly agents: readonly NamedAgent[];
  readonly weights: Weights;
  readonly capacity: CapacityRules | null;
}

async function simulate(path: string, work: Work): Promise<Simulated> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw fileFault('--log', path, error);
  });
  const progress = createProgress(process.stderr, basename(path), size);
  const simulation = createSimulation(work);
  try {
    const bytes = counted(createReadStream(path), (count) => progress.at(count));
    const log = readLog(/\.gz$/i.test(path) ? unpacked(bytes) : bytes, /\.csv(\.gz)?$/i.test(path) ? 'csv' : 'json');
    for await (const each of work.capacity === null ? log : await inOrderOfStart(log)) simulation.take(each);
    return simulation.finish();
  } catch (error) {
    // Of the file, or of what unpacks it.
    if (error instanceof Error && 'syscall' in error) throw fileFault('--log', path, error);
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw fileFault('--log', path, error);
    throw error;
  } finally {
    progress.end();
  }
}

async function* counted(bytes: AsyncIterable<unknown>, onBytes: (count: number) => void): AsyncGenerator<Uint8Array> {
  let count = 0;
  for await (const chunk of bytes) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('A file comes in bytes.');
    count += chunk.length;
    onBytes(count);
    yield chunk;
  }
}

function unpacked(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const gunzip = createGunzip();
  // What goes wrong on the way ends the last of them, and is thrown where it is read.
  pipeline(Readable.from(bytes), gunzip, () => undefined);
  return gunzip;
}

async function agentsFor(
  command: Command,
  { agents: path, queue }: z.output<typeof parsed>,
  config: Config,
): Promise<readonly NamedAgent[]> {
  if (path !== undefined) return readAgents(path);
  if (queue === undefined) refuse(command, 'name the agents: --agents FILE, or --queue ID to ask the platform');
  refuseRecording(config);
  const { signal } = stopOnSignal().stop;
  const platform = await openPlatform({ ...config, speed: 1 }, signal, { startMinute: 13 * 60 });
  try {
    const { agentIdKey } = config;
    const pseudonymOf = agentIdKey === undefined ? undefined : createPseudonyms(agentIdKey);
    const reader = { ...createReader(platform, signal), pseudonymOf };
    const { value } = await findQueue(reader, queue);
    const { agents } = await readRoster(reader, value.id, signal);
    const nowMs = platform.clock.nowMs();
    const period = { startMs: nowMs - surveyDays * dayMs, endMs: nowMs };
    const csat = await readCsat(reader, period, signal).catch((error: unknown) => {
      if (!(error instanceof GenesysError)) throw error;
      process.stderr.write(`queuecast: no satisfaction, so it is 0.5 for all: ${error.message}\n`);
      return new Map<string, number>();
    });
    return agents.map((agent) => ({ ...agent, csat: csat.get(agent.id) ?? null }));
  } finally {
    await platform.simulator?.close();
  }
}

/** Throws a `ConfigError` for a page that could not be written, or would be written over what is read. */
async function refuseLostPage(out: string, { log, agents }: z.output<typeof parsed>): Promise<void> {
  if (out === '') throw new ConfigError([{ where: '--out', value: out, allowed: 'the name of a file' }]);
  const real = (path: string) => realpath(path).catch(() => resolve(path));
  for (const [name, input] of Object.entries({ log, agents })) {
    if (input === undefined || (await real(input)) !== (await real(out))) continue;
    const allowed = `another file than that of --${name}, which the page would be written over`;
    throw new ConfigError([{ where: '--out', value: out, allowed }]);
  }
  await refuseUnwritable('--out', out);
}

async function writePage(path: string, page: string): Promise<void> {
  await writeFile(path, page).catch((error: unknown) => {
    const told = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ where: '--out', value: path, allowed: `a file that can be written; ${told}` }]);
  });
}

async function readAgents(path: string): Promise<readonly NamedAgent[]> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileFault('--agents', path, error);
  });
  let value: unknown;
  try {
    value = toSnakeCase(JSON.parse(text.replace(/^\ufeff/, '')));
  } catch (error) {
    throw fileFault('--agents', path, error);
  }
  const read = z.array(agentWire).safeParse(value);
  if (read.success) return eachOnce(path, read.data.map(agentOf));
  const faults = read.error.issues.slice(0, 5).map(({ path: place, message }) => `${place.join('.')}: ${message}`);
  throw new ConfigError([
    { where: '--agents', value: path, allowed: `a list of agents; ${printable(faults.join('; '))}` },
  ]);
}

function eachOnce(path: string, agents: readonly NamedAgent[]): readonly NamedAgent[] {
  const twice = agents[repeatedAt(agents)];
  if (twice === undefined) return agents;
  const allowed = `a list of agents, each with an id of its own; "${printable(twice.id)}" is there again`;
  throw new ConfigError([{ where: '--agents', value: path, allowed }]);
}

function fileFault(where: string, value: string, error: unknown): ConfigError {
  const told = error instanceof Error ? error.message : String(error);
  return new ConfigError([{ where, value, allowed: `a file that can be read; ${told}` }]);
}
