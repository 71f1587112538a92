import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { map, type OperatorFunction, pipe } from 'rxjs';
import type { Logger } from 'pino';
import { type Clock, systemClock } from '../sinks/clock.ts';
import { createLogSink } from '../sinks/log/log-sink.ts';
import { SinkError } from '../sinks/errors.ts';
import { readLogId, readLogSummary } from '../sinks/log/log-summary.ts';
import { openSegmentLog } from '../sinks/log/segment-log.ts';
import { createParquetSink } from '../sinks/parquet/parquet-sink.ts';
import { derive, type DeriveSettings } from '../streams/derive.ts';
import { queueEvent as eventSchema } from '../streams/event.ts';
import { type Output, output } from '../streams/record.ts';
import { recordTypes } from '../streams/records/all.ts';
import { queueEvent } from '../streams/records/queue-event.ts';
import type { Config } from './config.ts';
import type { Arrival } from './genesys/arrival.ts';
import { decode } from './genesys/decode.ts';
import { GenesysError } from './genesys/errors.ts';
import { domainOf } from './genesys/region.ts';
import { createRest } from './genesys/rest.ts';
import type { Health } from './health.ts';
import { organizationOf, readJournalTail } from './journal-tail.ts';
import type { Latest } from './latest.ts';
import { runPipeline } from './pipeline.ts';
import { resume, resumePoint } from './refold.ts';
import { createChannelSource } from './sources/channel-source.ts';
import { createLogSource, type LogRecord } from './sources/log-source.ts';
import type { Stage } from './stages.ts';

/** Where the parts of a run lie in its data folder. */
export const folders = (dataDir: string) => ({
  journal: join(dataDir, 'journal'),
  outputs: join(dataDir, 'outputs'),
  parquet: join(dataDir, 'parquet'),
});

export interface Composition {
  readonly config: Config;
  readonly dataDir: string;
  readonly timeZone: string;
  readonly platformClock: Clock;
  /** How long a ping may go unanswered, in platform time. */
  readonly answerWithinMs: number;
  readonly log: Logger;
  readonly health: Health;
  readonly latest: Latest;
}

const shard = 0;
/** How far the platform's clock may be behind the journal's last stamp: more is another clock, not a skew. */
const clockSkewMsMax = 60_000;

/** The pipelines of this process, in the order in which data flows through them. */
export function composeStages(composition: Composition): readonly Stage[] {
  const { role } = composition.config;
  const works = { ingest, derive: deriveAll, archive, serve };
  const names = ['ingest', 'derive', 'archive', 'serve'] as const;
  return names.filter((name) => role === 'all' || role === name).map((name) => stage(name, works[name], composition));
}

/** Does a stage's work; `drained` is aborted when it shall end once all that was written before is done. */
type Work = (composition: Composition, drained: AbortSignal, signal: AbortSignal) => Promise<void>;

function stage(name: string, work: Work, composition: Composition): Stage {
  const drained = new AbortController();
  return { name, run: (signal) => work(composition, drained.signal, signal), drain: () => drained.abort() };
}

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}

async function ingest(composition: Composition, drained: AbortSignal, signal: AbortSignal): Promise<void> {
  const { config, dataDir, platformClock, answerWithinMs, log, health } = composition;
  const dir = folders(dataDir).journal;
  const rest = createRest({ ...platformUrls(config), ...credentials(config), clock: platformClock });
  const segments = await openSegmentLog({ dir, bytesMax: config.journalBytesMax, hasCheckpoints: false });
  const sink = createLogSink(segments);
  const journal = await readJournalTail(dir, segments.found);
  if (journal !== null && platformClock.nowMs() < journal.untilMs - clockSkewMsMax) {
    await sink.close();
    const message = `The journal in ${dataDir} ends at ${isoTime(journal.untilMs)}, the platform's clock shows ${isoTime(platformClock.nowMs())}: use another data folder (--data-dir, QUEUECAST_DATA_DIR)`;
    throw new GenesysError('QC_GENESYS_MISMATCH', message);
  }
  let organizationId = journal?.organizationId ?? '';
  const source = createChannelSource({
    rest,
    clock: platformClock,
    systemClock,
    log,
    journal,
    answerWithinMs,
    onOrganization: (id) => (organizationId = id),
    random: Math.random,
    tickMs: config.tickMs,
    batchEventsMax: config.batchEventsMax,
    pauseMaxMs: config.pauseMaxMs,
  });
  whenAborted(drained, () => source.drain());
  const operator: OperatorFunction<Arrival, Output> = pipe(
    decode(),
    map((event) => {
      if (event.kind === 'input-rejected') health.rejected += 1;
      if (event.kind === 'channel-gap' && event.endMs === null) health.gaps += 1;
      health.events += 1;
      const journaled = output(queueEvent, event, event.receivedAtMs);
      return { ...journaled, key: `${organizationId}/${journaled.key}` };
    }),
  );
  await runPipeline({ source, operator, sink }, signal);
}

async function deriveAll(composition: Composition, drained: AbortSignal, signal: AbortSignal): Promise<void> {
  const { config, dataDir, timeZone, health } = composition;
  const { journal, outputs } = folders(dataDir);
  const organizationId = await firstOrganization(journal, AbortSignal.any([signal, drained]));
  if (organizationId === undefined) return;
  const settings: DeriveSettings = { ...config, organizationId, shard, timeZone };
  const outputLog = await openSegmentLog({ dir: outputs, bytesMax: config.journalBytesMax });
  await tieToJournal(outputs, journal);
  const { checkpoint, position } = outputLog.found;
  const point = resumePoint(derive(settings).snapshot(), checkpoint, position);
  const runner = derive(settings, point.from);
  const source = createLogSource({
    dir: journal,
    fromOffset: point.readFrom,
    batchEventsMax: config.batchEventsMax,
    commitEveryMs: config.commitEveryMs,
    clock: systemClock,
  });
  whenAborted(drained, () => source.drain());
  const operator: OperatorFunction<LogRecord, Output> = pipe(
    map(({ offset, value }) => ({ offset, event: eventSchema.parse(value) })),
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
  const sink = createLogSink(outputLog);
  await runPipeline({ source, operator, sink, committed: position, checkpoints, onDelivered }, signal);
}

async function archive({ config, dataDir }: Composition, drained: AbortSignal, signal: AbortSignal): Promise<void> {
  const { outputs, parquet } = folders(dataDir);
  const sink = await createParquetSink({ dir: parquet, log: outputs, recordTypes });
  const source = createLogSource({
    dir: outputs,
    fromOffset: sink.resumeOffset,
    batchEventsMax: config.batchEventsMax,
    commitEveryMs: 0,
    clock: systemClock,
  });
  whenAborted(drained, () => source.drain());
  try {
    await source.run(({ events, position }) => sink.archive(events, position), signal);
  } finally {
    await sink.close();
  }
}

/** Only shows: it stops where it is, whatever is left to read. */
async function serve(
  { config, dataDir, latest }: Composition,
  drained: AbortSignal,
  signal: AbortSignal,
): Promise<void> {
  const source = createLogSource({
    dir: folders(dataDir).outputs,
    fromOffset: 0,
    batchEventsMax: config.batchEventsMax,
    commitEveryMs: 0,
    clock: systemClock,
  });
  const show = (batch: { readonly events: readonly LogRecord[] }) => {
    for (const record of batch.events) latest.take(record);
    return Promise.resolve();
  };
  await source.run(show, AbortSignal.any([signal, drained])).catch((error: unknown) => {
    if (!drained.aborted) throw error;
  });
}

/** Outputs go on with the journal they began with: another one's positions mean other events. */
async function tieToJournal(outputs: string, journal: string): Promise<void> {
  const id = (await readLogId(journal)) ?? '';
  const path = join(outputs, 'journal-id');
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known === id) return;
  if (known === '') return writeFile(path, id);
  const message = `${outputs} was derived from the journal ${known}, but ${journal} is ${id}: move ${outputs} (and the Parquet files made of it) away, or bring the journal back`;
  throw new SinkError('QC_SCHEMA_DRIFT', message);
}

/** Waits for the first record of the journal; undefined when asked to stop before there is one. */
async function firstOrganization(dir: string, signal: AbortSignal): Promise<string | undefined> {
  for (;;) {
    const { firstKey } = await readLogSummary({ dir, hasCheckpoints: false });
    if (firstKey !== undefined) return organizationOf(firstKey);
    if (signal.aborted) return undefined;
    await systemClock.sleep(20, signal).catch(() => undefined);
  }
}

function platformUrls(config: Config): { readonly apiUrl: string; readonly loginUrl: string } {
  if (config.gatewayHost !== undefined) {
    const port = config.gatewayPort === undefined ? '' : `:${config.gatewayPort}`;
    const url = `${config.gatewayProtocol}://${config.gatewayHost}${port}`;
    return { apiUrl: url, loginUrl: url };
  }
  const domain = domainOf(config.region) ?? config.region;
  return { apiUrl: `https://api.${domain}`, loginUrl: `https://login.${domain}` };
}

function credentials(config: Config): { readonly clientId: string; readonly clientSecret: string } {
  const { clientId, clientSecret } = config;
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  const missing = clientId === undefined ? 'GENESYSCLOUD_OAUTHCLIENT_ID' : 'GENESYSCLOUD_OAUTHCLIENT_SECRET';
  const message = `${missing} is not set: set it, or run on the simulator with --source simulator`;
  throw new GenesysError('QC_GENESYS_CREDENTIALS', message);
}

export const isoTime = (ms: number) => new Date(ms).toISOString();
