import type { Command } from 'commander';
import { z } from 'zod';
import { type Config, ConfigError } from '../config.ts';
import type { SimulatorSettings } from '../simulator/simulator.ts';
import { samplePath } from './settings.ts';

type Model = NonNullable<SimulatorSettings['model']>;

/** An option that is a number; an empty text is none, whatever JavaScript says. */
export const numberOption = z.string().trim().min(1).transform(Number);

/** Ranges are told by the model itself. */
const modelOptions = z.object({
  seed: numberOption.pipe(z.number()).optional(),
  queues: numberOption.pipe(z.number()).optional(),
  agents: numberOption.pipe(z.number()).optional(),
  load: numberOption.pipe(z.number()).optional(),
});

/** The options that were refused, each with its value and what would do; where that is not named, a number. */
export function optionError(
  error: z.ZodError,
  options: Readonly<Record<string, unknown>>,
  allowed: Readonly<Record<string, string>> = {},
): ConfigError {
  const names = new Set(error.issues.map(({ path }) => String(path[0])));
  return new ConfigError(
    Array.from(names, (name) => ({
      where: `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      value: String(options[name]),
      allowed: allowed[name] ?? 'a number',
    })),
  );
}

/** Gives a command that starts a simulator the flags of a made-up centre. */
export function addModelOptions(command: Command): Command {
  return command
    .option('--model', 'a made-up centre instead of a trace: several queues and media, from seven in the morning on')
    .option('--seed <number>', 'same seed, same calls; with --model; default: 1')
    .option('--queues <number>', 'from 1; with --model; default: 8')
    .option('--agents <number>', 'from 1; with --model; default: 60')
    .option('--load <number>', '1 = a usual day, 2 = twice the calls; with --model; default: 1');
}

/** The settings of a model, undefined if none is wanted. Ends the command as wrongly used when they make no sense. */
export function readModel(command: Command, options: Readonly<Record<string, unknown>>): Model | undefined {
  const names = Object.keys(modelOptions.shape).filter((name) => options[name] !== undefined);
  if (options['model'] !== true) {
    const [goes, it] = names.length === 1 ? ['goes', 'it'] : ['go', 'them'];
    if (names.length > 0) refuse(command, `--${names.join(', --')} ${goes} with --model: add it, or leave ${it} out`);
    return undefined;
  }
  if (options['trace'] !== undefined) refuse(command, '--model and --trace exclude each other');
  const parsed = modelOptions.safeParse(options);
  if (!parsed.success) throw optionError(parsed.error, options);
  const { seed = 1, queues, agents, load } = parsed.data;
  return {
    seed,
    ...(queues === undefined ? {} : { queues }),
    ...(agents === undefined ? {} : { agents }),
    ...(load === undefined ? {} : { load }),
  };
}

/** What a simulator plays: the model if there is one, else the trace that is set, else the sample day. */
export function playOf(
  { trace }: Config,
  model: Model | undefined,
): { readonly model: Model } | { readonly trace: string } {
  return model === undefined ? { trace: trace ?? samplePath() } : { model };
}

/** Says how the command was used wrongly, and ends it with exit code 2. */
export function refuse(command: Command, fault: string): never {
  command.error(`error: ${fault}`, { exitCode: 2 });
}
