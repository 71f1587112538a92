import { systemClock } from '../sinks/clock.ts';
import { SinkError } from '../sinks/errors.ts';
import { makeFolder } from '../sinks/log/durable-file.ts';
import { ensureLogId } from '../sinks/log/log-id.ts';
import { createParquetSink, type ParquetSink, type ParquetSinkSettings } from '../sinks/parquet/parquet-sink.ts';
import { retry } from '../sinks/retry.ts';
import type { Config } from './config.ts';
import type { Ending, Logs } from './logs/logs.ts';

/** When a file ends, and how it is packed. */
export function parquetOptions(config: Config): Pick<ParquetSinkSettings, FileOption> {
  return {
    compression: config.parquetCompression,
    rowsMax: config.parquetRowsMax,
    bytesMax: config.parquetBytesMax,
    ageMsMax: config.parquetAgeMsMax,
  };
}

type FileOption = 'compression' | 'rowsMax' | 'bytesMax' | 'ageMsMax';

export interface ArchiveSettings {
  readonly logs: Logs;
  /** Where the files are to lie. */
  readonly dir: string;
  readonly config: Config;
}

/** Makes Parquet files of the output log, until it has drained. */
export async function archiveOutputs({ logs, dir, config }: ArchiveSettings, ending: Ending): Promise<void> {
  await makeFolder(dir);
  const datasetId = await ensureLogId(dir);
  await logs.archiveOutputs(
    datasetId,
    async ({ log, source }, signal) => {
      // Whoever had the part before may be about to leave it.
      const { topicPrefix, archiveStates: states } = config;
      const open = () => createParquetSink({ dir, log, topicPrefix, states, ...parquetOptions(config) });
      const sink = await retry(open, handover, signal);
      const stopped = new AbortController();
      const rolling = rollNowAndThen(sink, stopped.signal);
      rolling.catch(() => undefined);
      try {
        await source(sink.resumeOffset).run(({ events, position }) => sink.archive(events, position), signal);
        stopped.abort();
        await rolling;
      } finally {
        stopped.abort();
        // When it is to end at once the part may be another's already.
        await (signal.aborted ? sink.abandon() : sink.close());
      }
    },
    ending,
  );
}

const handover = {
  isPassing: (error: unknown) => error instanceof SinkError && error.code === 'QC_SINK_FENCED',
  everyMs: 200,
  withinMs: 5_000,
  clock: systemClock,
};

const rollEveryMs = 30_000;

async function rollNowAndThen(sink: ParquetSink, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await systemClock.sleep(rollEveryMs, signal);
      await sink.roll();
    }
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
}
