import { join } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../sinks/clock.ts';
import { openSegmentLog } from '../../sinks/log/segment-log.ts';
import { composeStages } from '../../src/compose.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { createHealth } from '../../src/health.ts';
import { createLatest } from '../../src/latest.ts';
import { createEmbeddedLogs } from '../../src/logs/embedded-logs.ts';
import type { Logs } from '../../src/logs/logs.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { inOrganization, output } from '../../streams/record.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';

export interface EmbeddedRun {
  readonly dataDir: string;
  readonly events: readonly QueueEvent[];
  /** Of the journal. Default: all in one. */
  readonly segmentBytesMax?: number;
  /** By setting name, as flags. */
  readonly flags?: Readonly<Record<string, unknown>>;
}

/** What a run that heard these events leaves in its data folder: journal, outputs with checkpoints, Parquet files. */
export async function writeEmbeddedRun({ dataDir, events, segmentBytesMax, flags = {} }: EmbeddedRun): Promise<Config> {
  const journal = await openSegmentLog({
    ...{ dir: join(dataDir, 'journal'), bytesMax: 1e9, hasCheckpoints: false },
    ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
  });
  const batch = 50;
  for (let at = 0; at < events.length; at += batch) {
    const outputs = events
      .slice(at, at + batch)
      .map((event) => inOrganization(output(queueEvent, event, event.receivedAtMs), 'org'));
    await journal.append({ outputs, position: 0 });
  }
  await journal.close();
  const logsOf = (config: Config) => createEmbeddedLogs({ ...config, dataDir });
  await runRole('derive', { dataDir, flags, logsOf });
  return runRole('archive', { dataDir, flags, logsOf });
}

/** Does what there is to do for a role, in batches and with checkpoints that are small. */
export async function runRole(
  role: 'derive' | 'archive',
  {
    dataDir,
    flags = {},
    logsOf,
  }: Pick<EmbeddedRun, 'dataDir' | 'flags'> & { readonly logsOf: (config: Config) => Logs },
): Promise<Config> {
  const { config } = loadConfig({ env: {}, flags: { batchEventsMax: 50, checkpointEveryMs: 10_000, ...flags, role } });
  const stages = composeStages({
    ...{ config, dataDir, logs: logsOf(config), timeZone: config.timeZone ?? 'UTC' },
    ...{ platformClock: systemClock, answerWithinMs: 1_000, log: pino({ level: 'silent' }), health: createHealth() },
    ...{ latest: createLatest([]), onJournalOpen: () => undefined },
  });
  for (const stage of stages) {
    const running = stage.run(new AbortController().signal);
    stage.drain();
    await running;
  }
  return config;
}
