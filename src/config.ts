import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { counted } from './counted.ts';
import { queuesAllowed, readQueueRules } from './queue-rules.ts';
import { type Config, type ConfigFault, origins, schema, type SettingName } from './settings.ts';

export type { Config, ConfigFault } from './settings.ts';

const names = schema.keyof().options;

/** Settings that may be given as flags: a secret in a command line is no secret. */
export const flags = names
  .filter((name) => origins[name].isSecret === undefined)
  .map((name) => ({ name, flag: `--${kebab(name)}`, allowed: origins[name].allowed }));

/** All faults of a configuration at once. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ where, value, allowed }) => `  ${where}=${value}: allowed: ${allowed}`);
    super(`${counted(faults.length, 'fault')} in the configuration:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}

export interface ConfigSources {
  /** By setting name. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of queuecast.yaml, when there is one. */
  readonly yaml?: string | undefined;
  readonly readFile?: (path: string) => string;
}

export interface LoadedConfig {
  readonly config: Config;
  /** For people: each setting with its value as far as it may be shown, and where it came from. */
  readonly shown: readonly Shown[];
}

interface Shown {
  readonly name: string;
  readonly value: unknown;
  readonly from: string;
  /** The variable that sets it; empty = none does. */
  readonly env: string;
  readonly allowed: string;
}

interface Found {
  readonly value: unknown;
  readonly where: string;
}

/** Flag, else environment, else queuecast.yaml, else default. Throws a `ConfigError` that names every fault. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const faults: ConfigFault[] = [];
  const file = readYaml(sources.yaml, faults);
  faults.push(...unknownVariables(sources.env));
  const found = new Map<SettingName, Found>();
  for (const name of names) {
    const one = find(name, sources, file, faults);
    if (one !== undefined) found.set(name, one);
  }
  const parsed = schema.safeParse(Object.fromEntries(Array.from(found, ([name, { value }]) => [name, value])));
  if (!parsed.success) {
    for (const name of new Set(parsed.error.issues.map((issue) => String(issue.path[0])))) {
      const setting = names.find((each) => each === name);
      if (setting === undefined) continue;
      const { isSecret, allowed } = origins[setting];
      const { where, value } = found.get(setting) ?? { where: setting, value: undefined };
      faults.push({ where, value: isSecret ? '(secret)' : String(value), allowed });
    }
  }
  if (parsed.success) faults.push(...namesBesidePseudonyms(parsed.data, found.get('agentNames')?.where ?? ''));
  const queues = readQueueRules(file['queues'], faults);
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const config = { ...parsed.data, queues };
  const shown: Shown[] = names.map((name) => ({
    name,
    value: origins[name].isSecret && config[name] !== undefined ? '(secret)' : (config[name] ?? null),
    from: found.get(name)?.where ?? 'default',
    env: origins[name].env[0] ?? '',
    allowed: origins[name].allowed,
  }));
  shown.push({
    name: 'queues',
    value: file['queues'] ?? {},
    from: queues.length === 0 ? 'default' : 'queuecast.yaml: queues',
    env: '',
    allowed: queuesAllowed,
  });
  return { config, shown };
}

/** A name would tell whose the pseudonym is. */
function namesBesidePseudonyms(
  { agentNames, agentIdKey }: Pick<Config, 'agentNames' | 'agentIdKey'>,
  where: string,
): readonly ConfigFault[] {
  if (!agentNames || agentIdKey === undefined) return [];
  return [{ where, value: 'true', allowed: 'false while AGENT_ID_KEY is set: a name tells whose the pseudonym is' }];
}

/** A misspelt variable would be a setting that silently is not set. Those of the tests are none of ours. */
function unknownVariables(env: ConfigSources['env']): readonly ConfigFault[] {
  const known = new Set(
    names.flatMap((name) =>
      origins[name].env.flatMap((one) => (origins[name].isSecret ? [one, `${one}_FILE`] : [one])),
    ),
  );
  return Object.entries(env)
    .filter(([name]) => name.startsWith('QUEUECAST_') && !name.startsWith('QUEUECAST_TEST_') && !known.has(name))
    .map(([name, value]) => ({ where: name, value: String(value), allowed: `one of ${ours.join(', ')}` }));
}

const ours = names.flatMap((name) => origins[name].env).filter((variable) => variable.startsWith('QUEUECAST_'));

function find(
  name: SettingName,
  sources: ConfigSources,
  file: Readonly<Record<string, unknown>>,
  faults: ConfigFault[],
) {
  const flag = sources.flags?.[name];
  if (flag !== undefined) return { value: flag, where: `--${kebab(name)}` };
  for (const variable of origins[name].env) {
    const value = sources.env[variable];
    // An empty variable is how compose files say "not set".
    if (value !== undefined && value !== '') return { value, where: variable };
    const path = origins[name].isSecret ? sources.env[`${variable}_FILE`] : undefined;
    if (path === undefined || path === '') continue;
    try {
      return { value: (sources.readFile ?? readText)(path).trim(), where: `${variable}_FILE` };
    } catch {
      faults.push({ where: `${variable}_FILE`, value: path, allowed: 'a file that can be read' });
      return undefined;
    }
  }
  return file[name] === undefined ? undefined : { value: file[name], where: `queuecast.yaml: ${name}` };
}

function readYaml(text: string | undefined, faults: ConfigFault[]): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  let read: unknown;
  try {
    read = parseYaml(text) ?? {};
  } catch (error) {
    const value = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
    faults.push({ where: 'queuecast.yaml', value, allowed: 'valid YAML' });
    return {};
  }
  const fields = z.record(z.string(), z.unknown()).safeParse(read);
  if (!fields.success) {
    faults.push({ where: 'queuecast.yaml', value: typeof read, allowed: 'a mapping of settings' });
    return {};
  }
  for (const name of Object.keys(fields.data)) {
    if (name === 'queues' || names.some((each) => each === name)) continue;
    faults.push({
      where: `queuecast.yaml: ${name}`,
      value: String(fields.data[name]),
      allowed: `one of ${names.join(', ')}, queues`,
    });
  }
  return fields.data;
}

const readText = (path: string) => readFileSync(path, 'utf8');

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
