import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { ConfigError } from '../config.ts';
import { SimulatorError } from '../simulator/errors.ts';
import { parseFaultPlan, type LaterFault } from '../simulator/fault-plan.ts';
import { startSimulator } from '../simulator/simulator.ts';
import { addSettings, readConfig, samplePath } from './settings.ts';
import { stopOnSignal } from './signals.ts';

/** An empty text is no number, whatever JavaScript says. */
const number = z.string().trim().min(1).transform(Number);
const allowed: Readonly<Record<string, string>> = {
  port: '0 to 65535, 0 = any that is free',
  host: 'an address or name of this machine',
};

const address = z.object({
  port: number.pipe(z.int().min(0).max(65_535)),
  host: z.string().min(1),
});

/** Ranges are told by the model itself. */
const modelOptions = z.object({
  seed: number.pipe(z.number()).optional(),
  queues: number.pipe(z.number()).optional(),
  agents: number.pipe(z.number()).optional(),
  load: number.pipe(z.number()).optional(),
});

/** The options that were refused, each with its value and what would do. */
function optionError(error: z.ZodError, options: Readonly<Record<string, unknown>>): ConfigError {
  const names = new Set(error.issues.map(({ path }) => String(path[0])));
  return new ConfigError(
    Array.from(names, (name) => ({
      where: `--${name}`,
      value: String(options[name]),
      allowed: allowed[name] ?? 'a number',
    })),
  );
}

/** The settings of a model, undefined if none is wanted, or why they make no sense. */
function readModel(options: Readonly<Record<string, unknown>>) {
  const names = Object.keys(modelOptions.shape).filter((name) => options[name] !== undefined);
  const isModel = options['model'] === true;
  if (!isModel && names.length > 0)
    return {
      fault: `--${names.join(', --')} ${names.length === 1 ? 'goes' : 'go'} with --model: add it, or leave ${names.length === 1 ? 'it' : 'them'} out`,
    };
  if (isModel && options['trace'] !== undefined) return { fault: '--model and --trace exclude each other' };
  if (!isModel) return { model: undefined };
  const parsed = modelOptions.safeParse(options);
  if (!parsed.success) throw optionError(parsed.error, options);
  const { seed = 1, queues, agents, load } = parsed.data;
  return {
    model: {
      seed,
      ...(queues === undefined ? {} : { queues }),
      ...(agents === undefined ? {} : { agents }),
      ...(load === undefined ? {} : { load }),
    },
  };
}

export function addSimulateCommand(program: Command): void {
  let faults: readonly LaterFault[] = [];
  const command = program
    .command('simulate')
    .description('serve the platform itself: login, REST, notification channels, from a call trace or a made-up centre')
    .option('--port <number>', 'port to listen on, 0 = any that is free', '8765')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--date <YYYY-MM-DD>', 'the day on which it begins; default: a recent one that is past')
    .option('--model', 'a made-up centre instead of a trace: several queues and media, from seven in the morning on')
    .option('--seed <number>', 'same seed, same calls; with --model; default: 1')
    .option('--queues <number>', 'from 1; with --model; default: 8')
    .option('--agents <number>', 'from 1; with --model; default: 60')
    .option('--load <number>', '1 = a usual day, 2 = twice the calls; with --model; default: 1')
    .option('--fault <list>', 'what is to go wrong, as in drop-socket@60s,hang-socket@5m:90s', (text: string) => {
      faults = readFaults(text);
    })
    .option('--admin', 'take faults over HTTP (POST /simulator/faults) where others can reach it too');
  addSettings(command, ['trace', 'traceTimeZone', 'speed', 'loop']).action(
    async (options: Readonly<Record<string, unknown>>) => {
      const { config } = readConfig(options);
      const listen = address.safeParse(options);
      const { model, fault } = readModel(options);
      if (!listen.success) throw optionError(listen.error, options);
      if (fault !== undefined) command.error(`error: ${fault}`, { exitCode: 2 });
      else {
        const simulator = await startSimulator({
          ...listen.data,
          ...(model === undefined ? { trace: config.trace ?? samplePath() } : { model }),
          timeZone: config.traceTimeZone,
          speed: config.speed,
          loop: config.loop,
          faults,
          ...(options['admin'] === true ? { admin: true } : {}),
          ...(typeof options['date'] === 'string' ? { date: options['date'] } : {}),
          clientId: config.clientId ?? 'simulator',
          clientSecret: config.clientSecret ?? 'simulator',
          signal: stopOnSignal().stop.signal,
        });
        process.stdout.write(`${simulator.url}\n`);
        const summary = await simulator.ended;
        await simulator.close();
        process.stdout.write(`${JSON.stringify(summary)}\n`);
      }
    },
  );
}

function readFaults(text: string): readonly LaterFault[] {
  try {
    return parseFaultPlan(text);
  } catch (error) {
    throw error instanceof SimulatorError ? new InvalidArgumentError(error.message) : error;
  }
}
