import { z } from 'zod';
import { isArchivable } from '../sinks/parquet/is-archived.ts';
import { announcementLocales, announcementModes } from '../streams/announcement.ts';
import type { QueueRule } from '../streams/queue-settings.ts';
import { recordTypes } from '../streams/records/all.ts';
import { parseWindowSizes, windowSizeWords } from '../streams/window-size.ts';
import { profileOf } from '../streams/ranking/profile.ts';
import { defaultWeights, type Weights } from '../streams/ranking/weights.ts';
import { domainOf, regionNames } from './genesys/region.ts';

const text = () => z.string().trim().min(1);
const pem = () => text().regex(/-----BEGIN [A-Z0-9 ]+-----/);
const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
/** A limit that can be lifted. */
const limit = (min: number, max: number) =>
  z.union([z.literal('none').transform(() => null), z.null(), whole(min, max)]);

const dayMs = 86_400_000;
const archivableStates = recordTypes.filter(isArchivable).map(({ name }) => name);

export const timeZone = () => text().refine(isTimeZone, 'not a time zone');
export const callbackAfterSeconds = () => limit(1, 86_400);

/** Every setting: its schema holds range and default. */
export const schema = z.object({
  source: z
    .enum(['auto', 'platform', 'simulator'])
    .or(text().regex(/[./\\]/))
    .default('platform'),
  role: z.enum(['all', 'ingest', 'derive', 'archive', 'serve']).default('all'),
  dataDir: text().optional(),
  clientId: text().optional(),
  clientSecret: text().optional(),
  agentIdKey: text().min(16).optional(),
  agentNames: z.stringbool().or(z.boolean()).default(false),
  region: text()
    .refine((region) => domainOf(region) !== undefined, 'not a region')
    .default('us-east-1'),
  gatewayHost: text().optional(),
  gatewayPort: whole(1, 65_535).optional(),
  gatewayProtocol: z.enum(['http', 'https']).default('https'),
  clock: z.url({ protocol: /^https?$/ }).optional(),
  trace: text().optional(),
  traceTimeZone: timeZone().default('Asia/Jerusalem'),
  speed: z.coerce.number().min(0.01).max(10_000).default(60),
  loop: z.stringbool().or(z.boolean()).default(false),
  topicPrefix: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{0,99}$/)
    .default('queuecast'),
  kafkaBrokers: text()
    .transform((list) => list.split(',').map((broker) => broker.trim()))
    .pipe(z.array(z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/)).min(1))
    .optional(),
  kafkaClientId: text().default('queuecast'),
  kafkaSsl: z.stringbool().or(z.boolean()).default(false),
  kafkaSslCa: pem().optional(),
  kafkaSslCert: pem().optional(),
  kafkaSslKey: pem().optional(),
  kafkaSaslMechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer']).optional(),
  kafkaSaslUsername: text().optional(),
  kafkaSaslPassword: text().optional(),
  kafkaSaslTokenFile: text().optional(),
  kafkaPartitions: whole(1, 1_000).default(6),
  kafkaReplicationFactor: whole(1, 9).optional(),
  kafkaRetentionMs: limit(3_600_000, 3_650 * dayMs).default(7 * dayMs),
  kafkaSessionMs: whole(1_000, 300_000).default(10_000),
  kafkaPatienceMs: whole(0, dayMs).default(300_000),
  timeZone: timeZone().optional(),
  tickMs: whole(100, 60_000).default(1_000),
  inventoryEveryMs: whole(10_000, dayMs).default(600_000),
  surveysEveryMs: limit(60_000, dayMs).default(3_600_000),
  surveysDays: whole(1, 365).default(30),
  windowSizes: text()
    .transform((list, context) => {
      const sizes = parseWindowSizes(list);
      if (sizes !== null) return sizes;
      context.addIssue({ code: 'custom', message: 'not a list of window sizes' });
      return z.NEVER;
    })
    .prefault('1m,15m,30m,1h,1d,1w'),
  windowLiveEveryMs: whole(1_000, dayMs).default(10_000),
  outOfOrdernessMs: whole(0, dayMs).default(0),
  allowedLatenessMs: whole(0, dayMs).default(0),
  holdMs: limit(1, dayMs).default(null),
  gapMaxMs: limit(0, 7 * dayMs).default(900_000),
  announcementMode: z.enum(announcementModes).default('approximate'),
  announcementLocale: z.enum(announcementLocales).default('en'),
  callbackAfterSeconds: callbackAfterSeconds().default(600),
  rankingTop: whole(1, 100).default(5),
  rankingWeights: text()
    .transform((list) => list.split(',').map((share) => (share.trim() === '' ? NaN : Number(share))))
    .pipe(z.tuple([z.number().min(0).max(1), z.number().min(0).max(1), z.number().min(0).max(1)]))
    .refine((shares) => Math.abs(shares.reduce((sum, share) => sum + share) - 1) <= 1e-9)
    .transform(([proficiency, language, csat]): Weights => ({ ...defaultWeights, proficiency, language, csat }))
    .default(defaultWeights),
  rankingProfiles: text()
    .transform((list) => list.split(',').map((profile) => profile.trim()))
    .pipe(z.array(z.string().regex(/^[^@+,]+(\+[^@+,]+)*(@[^@+,]*)?$|^@[^@+,]+$/)).max(49))
    .transform((profiles) => profiles.map(writtenProfile))
    .default([]),
  httpHost: text().default('127.0.0.1'),
  httpPort: whole(0, 65_535).default(0),
  httpToken: text()
    .regex(/^[\x21-\x7e]{16,}$/)
    .optional(),
  commitEveryMs: whole(0, 60_000).default(0),
  checkpointEveryMs: whole(1_000, dayMs).default(300_000),
  batchEventsMax: whole(1, 1_000_000).default(5_000),
  pauseMaxMs: whole(100, 3_600_000).default(10_000),
  journalBytesMax: whole(1_000_000, Number.MAX_SAFE_INTEGER).default(20_000_000_000),
  archiveStates: text()
    .transform((list) => list.split(',').map((name) => name.trim()))
    .pipe(z.array(z.enum(archivableStates)))
    .default([]),
  parquetCompression: z.enum(['snappy', 'zstd']).default('snappy'),
  parquetRowsMax: whole(1, 10_000_000).default(100_000),
  parquetBytesMax: whole(1_000, 2_147_483_648).default(134_217_728),
  parquetAgeMsMax: whole(1_000, dayMs).default(900_000),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

type Settings = z.output<typeof schema>;

export interface Config extends Settings {
  /** What is set for some queues; only queuecast.yaml can. */
  readonly queues: readonly QueueRule[];
}

/** The recording that takes the place of the platform, if one does. */
export function recordingOf({ source }: Config): string | undefined {
  return ['auto', 'platform', 'simulator'].includes(source) ? undefined : source;
}

export interface ConfigFault {
  /** As the person wrote it: flag, variable, or field of the file. */
  readonly where: string;
  readonly value: string;
  readonly allowed: string;
}

export type SettingName = keyof Settings;

interface Origin {
  /** In this order; the first that is set wins. */
  readonly env: readonly string[];
  readonly allowed: string;
  readonly isSecret?: true;
}

/** What a person may write for it, of all queues or of some. */
export const callbackAllowed = 'whole seconds, 1 to 86400, or none; a longer P80 offers a callback';

const milliseconds = (range: string) => `whole milliseconds, ${range}`;

/** Where each setting comes from, and what a person may write there. */
export const origins: Readonly<Record<SettingName, Origin>> = {
  source: {
    env: ['QUEUECAST_SOURCE'],
    allowed:
      'platform, simulator, auto = platform if credentials are set, or the file of a recording (a name with a dot or slash in it)',
  },
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
  agentIdKey: {
    env: ['AGENT_ID_KEY'],
    allowed: 'at least 16 characters; ids of agents are then pseudonyms, the same as long as the key is',
    isSecret: true,
  },
  agentNames: {
    env: ['QUEUECAST_AGENT_NAMES'],
    allowed:
      'true or false; true = names of agents are read, kept in the journal and told in rankings, not where AGENT_ID_KEY is set',
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
  kafkaBrokers: {
    env: ['KAFKA_BROKERS'],
    allowed: 'host:port of some brokers, with commas between; unset = logs in the data folder',
  },
  kafkaClientId: { env: ['KAFKA_CLIENT_ID'], allowed: 'a name for logs and quotas of the brokers' },
  kafkaSsl: { env: ['KAFKA_SSL'], allowed: 'true or false' },
  kafkaSslCa: {
    env: ['KAFKA_SSL_CA'],
    allowed: "PEM text of the brokers' authority, or its file in KAFKA_SSL_CA_FILE; default: those of the system",
    isSecret: true,
  },
  kafkaSslCert: {
    env: ['KAFKA_SSL_CERT'],
    allowed: 'PEM text of a certificate of our own, or its file in KAFKA_SSL_CERT_FILE',
    isSecret: true,
  },
  kafkaSslKey: {
    env: ['KAFKA_SSL_KEY'],
    allowed: 'PEM text of its key, or its file in KAFKA_SSL_KEY_FILE',
    isSecret: true,
  },
  kafkaSaslMechanism: {
    env: ['KAFKA_SASL_MECHANISM'],
    allowed: 'plain, scram-sha-256, scram-sha-512 or oauthbearer',
  },
  kafkaSaslUsername: { env: ['KAFKA_SASL_USERNAME'], allowed: 'user of plain and scram' },
  kafkaSaslPassword: { env: ['KAFKA_SASL_PASSWORD'], allowed: 'password of plain and scram', isSecret: true },
  kafkaSaslTokenFile: {
    env: ['KAFKA_SASL_TOKEN_FILE'],
    allowed: 'file with the token of oauthbearer, read anew for each connection',
  },
  kafkaPartitions: {
    env: ['QUEUECAST_KAFKA_PARTITIONS'],
    allowed: '1 to 1000, of each topic but journal and checkpoints; not to be changed later',
  },
  kafkaReplicationFactor: {
    env: ['QUEUECAST_KAFKA_REPLICATION_FACTOR'],
    allowed: '1 to 9; default: as many as there are brokers, at most 3',
  },
  kafkaRetentionMs: {
    env: ['QUEUECAST_KAFKA_RETENTION_MS'],
    allowed: milliseconds('3600000 to 315360000000, or none; how long journal and facts are kept'),
  },
  kafkaSessionMs: {
    env: ['QUEUECAST_KAFKA_SESSION_MS'],
    allowed: milliseconds('1000 to 300000; a silent process loses its partitions after it'),
  },
  kafkaPatienceMs: {
    env: ['QUEUECAST_KAFKA_PATIENCE_MS'],
    allowed: milliseconds('0 to 86400000; brokers that stay away for so long end the run'),
  },
  timeZone: {
    env: ['QUEUECAST_TIME_ZONE'],
    allowed: 'IANA name of the zone in which a day begins; default UTC, on the simulator that of its trace',
  },
  tickMs: { env: ['QUEUECAST_TICK_MS'], allowed: milliseconds('100 to 60000') },
  inventoryEveryMs: { env: ['QUEUECAST_INVENTORY_EVERY_MS'], allowed: milliseconds('10000 to 86400000') },
  surveysEveryMs: {
    env: ['QUEUECAST_SURVEYS_EVERY_MS'],
    allowed: milliseconds('60000 to 86400000, or none; how often satisfaction of agents is asked for'),
  },
  surveysDays: {
    env: ['QUEUECAST_SURVEYS_DAYS'],
    allowed: '1 to 365 days of surveys that satisfaction is the mean of',
  },
  windowSizes: { env: ['QUEUECAST_WINDOW_SIZES'], allowed: `a list of ${windowSizeWords}` },
  windowLiveEveryMs: { env: ['QUEUECAST_WINDOW_LIVE_EVERY_MS'], allowed: milliseconds('1000 to 86400000') },
  outOfOrdernessMs: { env: ['QUEUECAST_OUT_OF_ORDERNESS_MS'], allowed: milliseconds('0 to 86400000') },
  allowedLatenessMs: { env: ['QUEUECAST_ALLOWED_LATENESS_MS'], allowed: milliseconds('0 to 86400000') },
  holdMs: { env: ['QUEUECAST_HOLD_MS'], allowed: milliseconds('1 to 86400000, or none') },
  gapMaxMs: { env: ['QUEUECAST_GAP_MAX_MS'], allowed: milliseconds('0 to 604800000, or none') },
  announcementMode: { env: ['QUEUECAST_ANNOUNCEMENT_MODE'], allowed: announcementModes.join(', ') },
  announcementLocale: { env: ['QUEUECAST_ANNOUNCEMENT_LOCALE'], allowed: announcementLocales.join(', ') },
  callbackAfterSeconds: { env: ['QUEUECAST_CALLBACK_AFTER_SECONDS'], allowed: callbackAllowed },
  rankingTop: { env: ['QUEUECAST_RANKING_TOP'], allowed: '1 to 100 agents that a ranking names' },
  rankingWeights: {
    env: ['QUEUECAST_RANKING_WEIGHTS'],
    allowed:
      'what skills, language and satisfaction count for in a score, each 0 to 1, in sum 1, with commas between; default 0.4,0.3,0.3',
  },
  rankingProfiles: {
    env: ['QUEUECAST_RANKING_PROFILES'],
    allowed:
      'at most 49, with commas between, ranked in every queue even if nobody waits: ids of skills with + between, then @ and the id of a language',
  },
  httpHost: {
    env: ['QUEUECAST_HTTP_HOST'],
    allowed: 'an address of this machine; any but a loopback address needs QUEUECAST_HTTP_TOKEN too',
  },
  httpPort: {
    env: ['QUEUECAST_HTTP_PORT'],
    allowed: '0 to 65535, where the roles all and serve answer over HTTP; 0 = not at all',
  },
  httpToken: {
    env: ['QUEUECAST_HTTP_TOKEN'],
    allowed: 'at least 16 characters of ASCII, no spaces; whoever asks must send it as a bearer token',
    isSecret: true,
  },
  commitEveryMs: {
    env: ['QUEUECAST_COMMIT_EVERY_MS'],
    allowed: milliseconds('0 to 60000; on Kafka at most a third of the session'),
  },
  checkpointEveryMs: { env: ['QUEUECAST_CHECKPOINT_EVERY_MS'], allowed: milliseconds('1000 to 86400000') },
  batchEventsMax: { env: ['QUEUECAST_BATCH_EVENTS_MAX'], allowed: '1 to 1000000 events' },
  pauseMaxMs: { env: ['QUEUECAST_PAUSE_MAX_MS'], allowed: milliseconds('100 to 3600000') },
  journalBytesMax: { env: ['QUEUECAST_JOURNAL_BYTES_MAX'], allowed: 'bytes a log may take, at least 1000000' },
  archiveStates: {
    env: ['QUEUECAST_ARCHIVE_STATES'],
    allowed: `states that go into Parquet too, each change a row, with commas between: ${archivableStates.join(', ')}`,
  },
  parquetCompression: {
    env: ['QUEUECAST_PARQUET_COMPRESSION'],
    allowed: 'snappy, or zstd: smaller files, a little slower',
  },
  parquetRowsMax: { env: ['QUEUECAST_PARQUET_ROWS_MAX'], allowed: '1 to 10000000 rows a Parquet file' },
  parquetBytesMax: {
    env: ['QUEUECAST_PARQUET_BYTES_MAX'],
    allowed: '1000 to 2147483648 bytes of rows a Parquet file, before they are packed',
  },
  parquetAgeMsMax: {
    env: ['QUEUECAST_PARQUET_AGE_MS_MAX'],
    allowed: milliseconds('1000 to 86400000; a row waits no longer for its Parquet file'),
  },
  logLevel: { env: ['QUEUECAST_LOG_LEVEL'], allowed: 'trace, debug, info, warn, error, fatal or silent' },
};

/** As a person writes it, `sales+billing` without `@` too, to as records name it. */
function writtenProfile(written: string): string {
  const [skills = '', language = ''] = written.split('@');
  return profileOf(
    skills.split('+').filter((skill) => skill !== ''),
    language === '' ? null : language,
  );
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
