import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { domainOf, regionNames } from './genesys/region.ts';

const text = () => z.string().trim().min(1);
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
/** A limit that can be lifted. */
const limit = (min: number, max: number) =>
  z.union([z.literal('none').transform(() => null), z.null(), whole(min, max)]);

const dayMs = 86_400_000;

/** Every setting: its schema holds range and default. */
const schema = z.object({
  source: z.enum(['auto', 'platform', 'simulator']).default('platform'),
  role: z.enum(['all', 'ingest', 'derive', 'archive', 'serve']).default('all'),
  dataDir: text().optional(),
  clientId: text().optional(),
  clientSecret: text().optional(),
  region: text()
    .refine((region) => domainOf(region) !== undefined, 'not a region')
    .default('us-east-1'),
  gatewayHost: text().optional(),
  gatewayPort: whole(1, 65_535).optional(),
  gatewayProtocol: z.enum(['http', 'https']).default('https'),
  clock: z.url({ protocol: /^https?$/ }).optional(),
  trace: text().optional(),
  traceTimeZone: text().refine(isTimeZone, 'not a time zone').default('Asia/Jerusalem'),
  speed: z.coerce.number().min(0.01).max(10_000).default(60),
  loop: z.stringbool().or(z.boolean()).default(false),
  topicPrefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)
    .default('queuecast'),
  timeZone: text().refine(isTimeZone, 'not a time zone').optional(),
  tickMs: whole(100, 60_000).default(1_000),
  windowSizeMs: whole(1_000, dayMs).default(60_000),
  outOfOrdernessMs: whole(0, dayMs).default(0),
  allowedLatenessMs: whole(0, dayMs).default(0),
  holdMs: limit(1, dayMs).default(null),
  gapMaxMs: limit(0, 7 * dayMs).default(900_000),
  commitEveryMs: whole(0, 60_000).default(0),
  checkpointEveryMs: whole(1_000, dayMs).default(300_000),
  batchEventsMax: whole(1, 1_000_000).default(5_000),
  pauseMaxMs: whole(100, 3_600_000).default(10_000),
  journalBytesMax: whole(1_000_000, Number.MAX_SAFE_INTEGER).default(20_000_000_000),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

export type Config = z.output<typeof schema>;
type Name = keyof Config;

interface Origin {
  /** In this order; the first that is set wins. */
  readonly env: readonly string[];
  readonly allowed: string;
  readonly isSecret?: true;
}

const milliseconds = (range: string) => `whole milliseconds, ${range}`;

/** Where each setting comes from, and what a person may write there. */
const origins: Readonly<Record<Name, Origin>> = {
  source: { env: ['QUEUECAST_SOURCE'], allowed: 'platform, simulator, or auto = platform if credentials are set' },
  role: { env: ['QUEUECAST_ROLE'], allowed: 'all, ingest, derive, archive or serve' },
  dataDir: {
    env: ['QUEUECAST_DATA_DIR'],
    allowed: 'a folder; default ./data, and a new one below it on the simulator',
  },
  clientId: {
    env: ['GENESYSCLOUD_OAUTHCLIENT_ID', 'GENESYS_CLOUD_CLIENT_ID', 'GENESYS_CLIENT_ID'],
    allowed: 'id of an OAuth client with the grant Client Credentials',
  },
  clientSecret: {
    env: ['GENESYSCLOUD_OAUTHCLIENT_SECRET', 'GENESYS_CLOUD_CLIENT_SECRET', 'GENESYS_CLIENT_SECRET'],
    allowed: 'its secret',
    isSecret: true,
  },
  region: {
    env: ['GENESYSCLOUD_REGION', 'GENESYS_CLOUD_REGION', 'GENESYS_ENVIRONMENT'],
    allowed: `${regionNames.slice(0, 3).join(', ')}, … (dashed or underscored), or a domain`,
  },
  gatewayHost: {
    env: ['GENESYSCLOUD_GATEWAY_HOST'],
    allowed: 'a host that stands for login and API: a gateway, a simulator',
  },
  gatewayPort: { env: ['GENESYSCLOUD_GATEWAY_PORT'], allowed: '1 to 65535' },
  gatewayProtocol: { env: ['GENESYSCLOUD_GATEWAY_PROTOCOL'], allowed: 'http or https' },
  clock: { env: ['QUEUECAST_CLOCK'], allowed: 'base URL of a simulator whose time is to be followed' },
  trace: { env: ['QUEUECAST_TRACE'], allowed: 'a call trace (.jsonl, .jsonl.gz); default: the sample day' },
  traceTimeZone: { env: ['QUEUECAST_TRACE_TIME_ZONE'], allowed: 'IANA name of the zone of the trace' },
  speed: { env: ['QUEUECAST_SPEED'], allowed: '0.01 to 10000 simulated seconds a second' },
  loop: { env: ['QUEUECAST_LOOP'], allowed: 'true or false' },
  topicPrefix: {
    env: ['QUEUECAST_TOPIC_PREFIX'],
    allowed: 'lower-case letters, digits, dots and hyphens, at most 100; before every topic',
  },
  timeZone: {
    env: ['QUEUECAST_TIME_ZONE'],
    allowed: 'IANA name of the zone in which a day begins; default UTC, on the simulator that of its trace',
  },
  tickMs: { env: ['QUEUECAST_TICK_MS'], allowed: milliseconds('100 to 60000') },
  windowSizeMs: { env: ['QUEUECAST_WINDOW_SIZE_MS'], allowed: milliseconds('1000 to 86400000') },
  outOfOrdernessMs: { env: ['QUEUECAST_OUT_OF_ORDERNESS_MS'], allowed: milliseconds('0 to 86400000') },
  allowedLatenessMs: { env: ['QUEUECAST_ALLOWED_LATENESS_MS'], allowed: milliseconds('0 to 86400000') },
  holdMs: { env: ['QUEUECAST_HOLD_MS'], allowed: milliseconds('1 to 86400000, or none') },
  gapMaxMs: { env: ['QUEUECAST_GAP_MAX_MS'], allowed: milliseconds('0 to 604800000, or none') },
  commitEveryMs: { env: ['QUEUECAST_COMMIT_EVERY_MS'], allowed: milliseconds('0 to 60000') },
  checkpointEveryMs: { env: ['QUEUECAST_CHECKPOINT_EVERY_MS'], allowed: milliseconds('1000 to 86400000') },
  batchEventsMax: { env: ['QUEUECAST_BATCH_EVENTS_MAX'], allowed: '1 to 1000000 events' },
  pauseMaxMs: { env: ['QUEUECAST_PAUSE_MAX_MS'], allowed: milliseconds('100 to 3600000') },
  journalBytesMax: { env: ['QUEUECAST_JOURNAL_BYTES_MAX'], allowed: 'bytes a log may take, at least 1000000' },
  logLevel: { env: ['QUEUECAST_LOG_LEVEL'], allowed: 'trace, debug, info, warn, error, fatal or silent' },
};

const names = schema.keyof().options;

/** Settings that may be given as flags: a secret in a command line is no secret. */
export const flags = names
  .filter((name) => origins[name].isSecret === undefined)
  .map((name) => ({ name, flag: `--${kebab(name)}`, allowed: origins[name].allowed }));

export interface ConfigFault {
  /** As the person wrote it: flag, variable, or field of the file. */
  readonly where: string;
  readonly value: string;
  readonly allowed: string;
}

/** All faults of a configuration at once. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[];

  constructor(faults: readonly ConfigFault[]) {
    const lines = faults.map(({ where, value, allowed }) => `  ${where}=${value}: allowed: ${allowed}`);
    super(`${faults.length} fault${faults.length === 1 ? '' : 's'} in the configuration:\n${lines.join('\n')}`);
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
  /** The variable that sets it. */
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
  const found = new Map<Name, Found>();
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
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults);
  const config = parsed.data;
  const shown = names.map((name) => ({
    name,
    value: origins[name].isSecret && config[name] !== undefined ? '(secret)' : (config[name] ?? null),
    from: found.get(name)?.where ?? 'default',
    env: origins[name].env[0] ?? '',
    allowed: origins[name].allowed,
  }));
  return { config, shown };
}

/** A misspelt variable would be a setting that silently is not set. Those of the tests are none of ours. */
function unknownVariables(env: ConfigSources['env']): readonly ConfigFault[] {
  const known = new Set(names.flatMap((name) => origins[name].env));
  return Object.entries(env)
    .filter(([name]) => name.startsWith('QUEUECAST_') && !name.startsWith('QUEUECAST_TEST_') && !known.has(name))
    .map(([name, value]) => ({ where: name, value: String(value), allowed: `one of ${ours.join(', ')}` }));
}

const ours = names.flatMap((name) => origins[name].env).filter((variable) => variable.startsWith('QUEUECAST_'));

function find(name: Name, sources: ConfigSources, file: Readonly<Record<string, unknown>>, faults: ConfigFault[]) {
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
    if (names.some((each) => each === name)) continue;
    faults.push({
      where: `queuecast.yaml: ${name}`,
      value: String(fields.data[name]),
      allowed: `one of ${names.join(', ')}`,
    });
  }
  return fields.data;
}

const readText = (path: string) => readFileSync(path, 'utf8');

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
