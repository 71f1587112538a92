import { join } from 'node:path';
import { map, type OperatorFunction, pipe } from 'rxjs';
import type { Logger } from 'pino';
import { type Clock, systemClock } from '../sinks/clock.ts';
import { createLogSink } from '../sinks/log/log-sink.ts';
import { type LogSummary, readLogSummary } from '../sinks/log/log-summary.ts';
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
import type { Latest } from './latest.ts';
import { runPipeline } from './pipeline.ts';
import { resume, resumePoint } from './refold.ts';
import { createChannelSource } from './sources/channel-source.ts';
import { createLogSource } from './sources/log-source.ts';
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
  readonly log: Logger;
  readonly health: Health;
  readonly latest: Latest;
}

const shard = 0;
/** How far the platform's clock may be behind the journal's last stamp: more is another clock, not a skew. */
const clockSkewMsMax = 60_000;

/** The pipelines of this process, in the order in which data flows through them. */
export function composeStages(composition: Composition): readonly Stage[] {
  const stages = { ingest, derive: deriveStage, archive, serve };
  const { role } = composition.config;
  const names = ['ingest', 'derive', 'archive', 'serve'] as const;
  return names.filter((name) => role === 'all' || role === name).map((name) => stages[name](composition));
}

function ingest({ config, dataDir, platformClock, log, health }: Composition): Stage {
  const drained = new AbortController();
  return {
    name: 'ingest',
    async run(signal) {
      const journal = await openSegmentLog({
        dir: folders(dataDir).journal,
        bytesMax: config.journalBytesMax,
        hasCheckpoints: false,
      });
      const sink = createLogSink(journal);
      const last = lastOf(journal.found);
      if (last !== null && platformClock.nowMs() < last.untilMs - clockSkewMsMax) {
        await sink.close();
        const message = `The journal in ${dataDir} ends at ${isoTime(last.untilMs)}, the platform's clock shows ${isoTime(platformClock.nowMs())}: use another data folder (--data-dir, QUEUECAST_DATA_DIR)`;
        throw new GenesysError('QC_GENESYS_MISMATCH', message);
      }
      let organizationId = '';
      const source = createChannelSource({
        rest: createRest({ ...platformUrls(config), ...credentials(config), clock: platformClock }),
        clock: platformClock,
        systemClock,
        log,
        journal: last,
        onOrganization: (id) => (organizationId = id),
        random: Math.random,
        tickMs: config.tickMs,
        batchEventsMax: config.batchEventsMax,
        pauseMaxMs: config.pauseMaxMs,
      });
      drained.signal.addEventListener('abort', () => source.drain());
      if (drained.signal.aborted) source.drain();
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
    },
    drain: () => drained.abort(),
  };
}

function deriveStage({ config, dataDir, timeZone, health }: Composition): Stage {
  const drained = new AbortController();
  return {
    name: 'derive',
    async run(signal) {
      const { journal, outputs } = folders(dataDir);
      const organizationId = await firstOrganization(journal, AbortSignal.any([signal, drained.signal]));
      if (organizationId === undefined) return;
      const settings: DeriveSettings = { ...config, organizationId, shard, timeZone };
      const outputLog = await openSegmentLog({ dir: outputs, bytesMax: config.journalBytesMax });
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
      drained.signal.addEventListener('abort', () => source.drain());
      if (drained.signal.aborted) source.drain();
      await runPipeline(
        {
          source,
          operator: pipe(
            map(({ offset, value }) => ({ offset, event: eventSchema.parse(value) })),
            resume(runner, point),
          ),
          sink: createLogSink(outputLog),
          committed: position,
          checkpoints: {
            everyMs: config.checkpointEveryMs,
            timeOf: (record) => record.atMs,
            snapshot: () => runner.snapshot(),
          },
          onDelivered({ outputs: written, conflated }) {
            health.outputs += written;
            health.conflated += conflated;
          },
        },
        signal,
      );
    },
    drain: () => drained.abort(),
  };
}

function archive({ config, dataDir }: Composition): Stage {
  const drained = new AbortController();
  return {
    name: 'archive',
    async run(signal) {
      const { outputs, parquet } = folders(dataDir);
      const sink = await createParquetSink({ dir: parquet, log: outputs, recordTypes });
      const source = createLogSource({
        dir: outputs,
        fromOffset: sink.resumeOffset,
        batchEventsMax: config.batchEventsMax,
        commitEveryMs: 0,
        clock: systemClock,
      });
      drained.signal.addEventListener('abort', () => source.drain());
      if (drained.signal.aborted) source.drain();
      try {
        await source.run(({ events, position }) => sink.archive(events, position), signal);
      } finally {
        await sink.close();
      }
    },
    drain: () => drained.abort(),
  };
}

function serve({ config, dataDir, latest }: Composition): Stage {
  const source = createLogSource({
    dir: folders(dataDir).outputs,
    fromOffset: 0,
    batchEventsMax: config.batchEventsMax,
    commitEveryMs: 0,
    clock: systemClock,
  });
  return {
    name: 'serve',
    run: (signal) =>
      source.run(({ events }) => {
        for (const record of events) latest.take(record);
        return Promise.resolve();
      }, signal),
    drain: () => source.drain(),
  };
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

function lastOf({ lastAtMs, lastKey }: LogSummary): { untilMs: number; organizationId: string } | null {
  return lastAtMs === undefined || lastKey === undefined
    ? null
    : { untilMs: lastAtMs, organizationId: organizationOf(lastKey) };
}

const organizationOf = (key: string) => key.slice(0, key.indexOf('/'));

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
