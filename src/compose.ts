import { join } from 'node:path';
import { map, type OperatorFunction, pipe } from 'rxjs';
import type { Logger } from 'pino';
import { type Clock, systemClock } from '../sinks/clock.ts';
import { SinkError, type SinkErrorCode } from '../sinks/errors.ts';
import { derive, type DeriveSettings } from '../streams/derive.ts';
import { queueEvent as eventSchema } from '../streams/event.ts';
import { inOrganization, organizationOf, type Output, output } from '../streams/record.ts';
import { queueEvent } from '../streams/records/queue-event.ts';
import type { Config } from './config.ts';
import type { Arrival } from './genesys/arrival.ts';
import { decode } from './genesys/decode.ts';
import { GenesysError } from './genesys/errors.ts';
import { createPseudonyms, pseudonymize } from './genesys/pseudonyms.ts';
import { domainOf } from './genesys/region.ts';
import { createRest } from './genesys/rest.ts';
import { readOrganizationId } from './genesys/snapshot.ts';
import { connectWebSocket } from './genesys/socket.ts';
import { createGapCount } from './gap-count.ts';
import type { Health } from './health.ts';
import type { JournalTail } from './journal-tail.ts';
import type { Latest } from './latest.ts';
import { type Ending, type Logs, whenAborted } from './logs/logs.ts';
import { runPipeline } from './pipeline.ts';
import { RecordingError } from './recording/errors.ts';
import type { Replay } from './recording/replay.ts';
import type { RecordingWriter } from './recording/writer.ts';
import { resume, resumePoint } from './refold.ts';
import { restarting } from './restarts.ts';
import { createChannelSource, type DrainableSource } from './sources/channel-source.ts';
import type { LogRecord } from './sources/log-source.ts';
import type { Stage } from './stages.ts';

/** Where a run's Parquet files lie in its data folder. */
export const parquetDir = (dataDir: string) => join(dataDir, 'parquet');

/** What is needed to hear the platform. */
export interface Hearing {
  readonly config: Config;
  readonly platformClock: Clock;
  /** How long a ping may go unanswered, in platform time. */
  readonly answerWithinMs: number;
  /** IANA name of the zone in which the day of queues begins that have none of their own. */
  readonly timeZone: string;
  readonly log: Logger;
}

export interface Composition extends Hearing {
  readonly dataDir: string;
  readonly logs: Logs;
  readonly health: Health;
  readonly latest: Latest;
  /** The journal is ours to go on with: called each time that is found. */
  readonly onJournalOpen: () => void;
  /** Takes the place of the platform. */
  readonly replay?: Replay | undefined;
  /** Gets all that arrives before the journal does. */
  readonly recorder?: RecordingWriter | undefined;
}

/** How far the platform's clock may be behind the journal's last stamp: more is another clock, not a skew. */
const clockSkewMsMax = 60_000;

const works = { ingest, derive: deriveAll, archive, serve };
type Role = keyof typeof works;
const roles: readonly Role[] = ['ingest', 'derive', 'archive', 'serve'];

/** The pipelines of this process, in the order in which data flows through them. */
export function composeStages(composition: Composition): readonly Stage[] {
  const { config, log } = composition;
  return roles
    .filter((role) => config.role === 'all' || config.role === role)
    .map((role) =>
      restarting(stage(role, composition), {
        isPassing: (error) => error instanceof SinkError && passingCodes(role, config).includes(error.code),
        patienceMs: config.kafkaPatienceMs,
        clock: systemClock,
        log,
      }),
    );
}

/** A group gives what was taken from one process to another, so that it may wait for its turn; there is only one who ingests. */
function passingCodes(role: Role, { kafkaBrokers }: Config): readonly SinkErrorCode[] {
  const isShared = kafkaBrokers !== undefined && role !== 'ingest';
  return isShared ? ['QC_SINK_UNREACHABLE', 'QC_SINK_FENCED'] : ['QC_SINK_UNREACHABLE'];
}

/** Does a stage's work; `drained` is aborted when it shall end once all that was written before is done. */
type Work = (composition: Composition, ending: Ending) => Promise<void>;

function stage(role: Role, composition: Composition): Stage {
  const drained = new AbortController();
  const work: Work = works[role];
  const run = (signal: AbortSignal) => work(composition, { drained: drained.signal, signal });
  return { name: role, run, drain: () => drained.abort() };
}

async function ingest(composition: Composition, { drained, signal }: Ending): Promise<void> {
  const { config, logs, health, replay, recorder } = composition;
  const border =
    replay === undefined ? platformBorder(composition, () => (health.failedLooks += 1)) : recordingBorder(replay);
  let organizationId = '';
  const { sink, tail } = await logs.openJournal(async (found) => {
    organizationId = await border.organizationId(signal);
    if (found !== null) mayGoOn(found, organizationId, composition);
  });
  composition.onJournalOpen();
  const heard = border.open(tail);
  const source = recorder === undefined ? heard : recorded(heard, recorder, organizationId);
  whenAborted(drained, () => source.drain());
  const pseudonymOf = config.agentIdKey === undefined ? undefined : createPseudonyms(config.agentIdKey);
  const isNewGap = createGapCount();
  const operator: OperatorFunction<Arrival, Output> = pipe(
    decode(),
    map((event) => (pseudonymOf === undefined ? event : pseudonymize(event, pseudonymOf))),
    map((event) => {
      if (event.kind === 'input-rejected') health.rejected += 1;
      if (event.kind === 'channel-gap' && isNewGap(event)) health.gaps += 1;
      health.events += 1;
      return inOrganization(output(queueEvent, event, event.receivedAtMs), organizationId);
    }),
  );
  await runPipeline({ source, operator, sink }, signal);
}

/** Only records what arrives, until drained. */
export function composeRecording(hearing: Hearing, recorder: RecordingWriter): Stage {
  const drained = new AbortController();
  return {
    name: 'record',
    drain: () => drained.abort(),
    async run(signal) {
      const border = platformBorder(hearing);
      const organizationId = await border.organizationId(signal);
      const source = recorded(border.open(null), recorder, organizationId);
      whenAborted(drained.signal, () => source.drain());
      await source.run(() => Promise.resolve(), signal);
    },
  };
}

/** Where arrivals come from. */
interface Border {
  organizationId(signal: AbortSignal): Promise<string>;
  /** Goes on where a journal ends. */
  open(tail: JournalTail | null): DrainableSource<Arrival>;
}

function platformBorder(
  { config, platformClock, answerWithinMs, timeZone, log }: Hearing,
  onLookFailed: () => void = () => undefined,
): Border {
  const always = { clock: platformClock, random: Math.random };
  const rest = createRest({ ...platformUrls(config), ...credentials(config), ...always });
  return {
    organizationId: (signal) => readOrganizationId(rest, signal),
    open: (journal) =>
      createChannelSource({
        ...always,
        rest,
        onLookFailed,
        connect: connectWebSocket,
        inventoryEveryMs: config.inventoryEveryMs,
        agentNames: config.agentNames,
        surveys: { everyMs: config.surveysEveryMs, days: config.surveysDays },
        timeZones: [timeZone, ...config.queues.flatMap((rule) => rule.timeZone ?? [])],
        systemClock,
        log,
        journal,
        answerWithinMs,
        tickMs: config.tickMs,
        batchEventsMax: config.batchEventsMax,
        pauseMaxMs: config.pauseMaxMs,
      }),
  };
}

const recordingBorder = (replay: Replay): Border => ({
  organizationId: () => Promise.resolve(replay.organizationId),
  open: () => replay,
});

/** A source of which everything is in the recording before it goes anywhere else. */
function recorded(
  source: DrainableSource<Arrival>,
  recorder: RecordingWriter,
  organizationId: string,
): DrainableSource<Arrival> {
  return {
    drain: () => source.drain(),
    run: (onBatch, signal) =>
      source.run(async (batch) => {
        await recorder.append(batch.events, organizationId);
        await onBatch(batch);
      }, signal),
  };
}

/** Throws when a journal is not this platform's to go on with, and for any that a recording would be mixed into. */
function mayGoOn(tail: JournalTail, organizationId: string, { logs, platformClock, replay }: Composition): void {
  const { name, wayOut } = logs.journal;
  if (replay !== undefined) {
    const message = `${name} holds events already, and a recording is not mixed into others: ${wayOut}`;
    throw new RecordingError('QC_RECORDING_MISMATCH', message);
  }
  if (platformClock.nowMs() < tail.untilMs - clockSkewMsMax) {
    const message = `${name} ends at ${isoTime(tail.untilMs)}, the platform's clock shows ${isoTime(platformClock.nowMs())}: ${wayOut}`;
    throw new GenesysError('QC_GENESYS_MISMATCH', message);
  }
  if (tail.organizationId !== organizationId) {
    const message = `${name} belongs to organisation ${tail.organizationId}, the credentials to ${organizationId}: ${wayOut}, or other credentials`;
    throw new GenesysError('QC_GENESYS_MISMATCH', message);
  }
}

function deriveAll({ config, logs, timeZone, health }: Composition, ending: Ending): Promise<void> {
  return logs.deriveShards(async ({ shard, sink, committed, saved, source }, signal) => {
    const settings: DeriveSettings = { ...config, shard, timeZone };
    const point = resumePoint(derive(settings).snapshot(), saved, committed);
    const runner = derive(settings, point.from);
    const operator: OperatorFunction<LogRecord, Output> = pipe(
      map(({ offset, key, value }) => ({
        offset,
        organizationId: organizationOf(key),
        event: eventSchema.parse(value),
      })),
      resume(runner, point),
    );
    const checkpoints = {
      everyMs: config.checkpointEveryMs,
      timeOf: (record: LogRecord) => record.atMs,
      snapshot: () => runner.snapshot(),
    };
    const onDelivered = (delivered: { readonly outputs: number; readonly conflated: number }) => {
      health.outputs += delivered.outputs;
      health.conflated += delivered.conflated;
    };
    const pipeline = { source: source(point.readFrom), operator, sink, committed, checkpoints, onDelivered };
    await runPipeline(pipeline, signal);
  }, ending);
}

/** Arrow and Parquet take a third of a small process's memory: only who archives loads them. */
async function archive({ config, dataDir, logs }: Composition, ending: Ending): Promise<void> {
  const { archiveOutputs } = await import('./archive.ts');
  await archiveOutputs({ logs, dir: parquetDir(dataDir), config }, ending);
}

/** Only shows: it stops where it is, whatever is left to read. */
async function serve({ logs, latest }: Composition, { drained, signal }: Ending): Promise<void> {
  const show = (batch: { readonly events: readonly LogRecord[] }) => {
    for (const record of batch.events) latest.take(record);
    return Promise.resolve();
  };
  const either = AbortSignal.any([signal, drained]);
  await logs.readOutputs(latest.topics, show, { drained, signal: either }).catch((error: unknown) => {
    if (!drained.aborted) throw error;
  });
}

interface PlatformUrls {
  readonly apiUrl: string;
  readonly loginUrl: string;
  /** The settings they come from, where that is not the region. */
  readonly hostSettings?: string;
}

export function platformUrls(config: Config): PlatformUrls {
  if (config.gatewayHost !== undefined) {
    const port = config.gatewayPort === undefined ? '' : `:${config.gatewayPort}`;
    const url = `${config.gatewayProtocol}://${config.gatewayHost}${port}`;
    return { apiUrl: url, loginUrl: url, hostSettings: 'GENESYSCLOUD_GATEWAY_HOST, _PORT and _PROTOCOL' };
  }
  const domain = domainOf(config.region) ?? config.region;
  return { apiUrl: `https://api.${domain}`, loginUrl: `https://login.${domain}` };
}

export function credentials(config: Config): { readonly clientId: string; readonly clientSecret: string } {
  const { clientId, clientSecret } = config;
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  const missing = clientId === undefined ? 'GENESYSCLOUD_OAUTHCLIENT_ID' : 'GENESYSCLOUD_OAUTHCLIENT_SECRET';
  const message = `${missing} is not set: set it, or run on the simulator with --source simulator`;
  throw new GenesysError('QC_GENESYS_CREDENTIALS', message);
}

export const isoTime = (ms: number) => new Date(ms).toISOString();
