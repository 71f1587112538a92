import { join } from 'node:path';
import { map, type OperatorFunction, pipe } from 'rxjs';
import type { Logger } from 'pino';
import { type Clock, systemClock } from '../sinks/clock.ts';
import { createParquetSink } from '../sinks/parquet/parquet-sink.ts';
import { derive, type DeriveSettings } from '../streams/derive.ts';
import { queueEvent as eventSchema } from '../streams/event.ts';
import { inOrganization, organizationOf, type Output, output } from '../streams/record.ts';
import { queueEvent } from '../streams/records/queue-event.ts';
import type { Config } from './config.ts';
import type { Arrival } from './genesys/arrival.ts';
import { decode } from './genesys/decode.ts';
import { GenesysError } from './genesys/errors.ts';
import { domainOf } from './genesys/region.ts';
import { createRest } from './genesys/rest.ts';
import type { Health } from './health.ts';
import type { Latest } from './latest.ts';
import { type Ending, type Logs, whenAborted } from './logs/logs.ts';
import { runPipeline } from './pipeline.ts';
import { resume, resumePoint } from './refold.ts';
import { createChannelSource } from './sources/channel-source.ts';
import type { LogRecord } from './sources/log-source.ts';
import type { Stage } from './stages.ts';

/** Where a run's Parquet files lie in its data folder. */
export const parquetDir = (dataDir: string) => join(dataDir, 'parquet');

export interface Composition {
  readonly config: Config;
  readonly dataDir: string;
  readonly logs: Logs;
  readonly timeZone: string;
  readonly platformClock: Clock;
  /** How long a ping may go unanswered, in platform time. */
  readonly answerWithinMs: number;
  readonly log: Logger;
  readonly health: Health;
  readonly latest: Latest;
}

/** How far the platform's clock may be behind the journal's last stamp: more is another clock, not a skew. */
const clockSkewMsMax = 60_000;

/** The pipelines of this process, in the order in which data flows through them. */
export function composeStages(composition: Composition): readonly Stage[] {
  const { role } = composition.config;
  const works = { ingest, derive: deriveAll, archive, serve };
  const names = ['ingest', 'derive', 'archive', 'serve'] as const;
  return names.filter((name) => role === 'all' || role === name).map((name) => stage(name, works[name], composition));
}

type Work = (composition: Composition, ending: Ending) => Promise<void>;

function stage(name: string, work: Work, composition: Composition): Stage {
  const drained = new AbortController();
  const run = (signal: AbortSignal) => work(composition, { drained: drained.signal, signal });
  return { name, run, drain: () => drained.abort() };
}

async function ingest(composition: Composition, { drained, signal }: Ending): Promise<void> {
  const { config, logs, platformClock, answerWithinMs, log, health } = composition;
  const rest = createRest({ ...platformUrls(config), ...credentials(config), clock: platformClock });
  const { sink, tail } = await logs.openJournal(signal);
  if (tail !== null && platformClock.nowMs() < tail.untilMs - clockSkewMsMax) {
    await sink.close();
    const { name, wayOut } = logs.journal;
    const message = `${name} ends at ${isoTime(tail.untilMs)}, the platform's clock shows ${isoTime(platformClock.nowMs())}: ${wayOut}`;
    throw new GenesysError('QC_GENESYS_MISMATCH', message);
  }
  let organizationId = tail?.organizationId ?? '';
  const source = createChannelSource({
    rest,
    clock: platformClock,
    systemClock,
    log,
    journal: tail,
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
      return inOrganization(output(queueEvent, event, event.receivedAtMs), organizationId);
    }),
  );
  await runPipeline({ source, operator, sink }, signal);
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

function archive({ config, dataDir, logs }: Composition, ending: Ending): Promise<void> {
  return logs.archiveOutputs(async ({ log, source }, signal) => {
    const sink = await createParquetSink({ dir: parquetDir(dataDir), log, topicPrefix: config.topicPrefix });
    try {
      await source(sink.resumeOffset).run(({ events, position }) => sink.archive(events, position), signal);
    } finally {
      await sink.close();
    }
  }, ending);
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
