import { type RecordBatch, Table, tableFromIPC, tableToIPC } from 'apache-arrow';
import {
  Compression as Codec,
  EnabledStatistics,
  ParquetFile,
  RecordBatch as WasmBatch,
  Table as WasmTable,
  transformParquetStream,
  WriterPropertiesBuilder,
} from 'parquet-wasm';

/** Snappy is read everywhere and quickly; zstd takes less room. */
export type Compression = 'snappy' | 'zstd';

export interface EncodeSettings {
  readonly compression: Compression;
  /** A row group is held in memory until it is full. */
  readonly rowGroupRowsMax: number;
  /** Goes into the footer. */
  readonly metadata: ReadonlyMap<string, string>;
}

const codecs = { snappy: Codec.SNAPPY, zstd: Codec.ZSTD } as const;

/** Arrow batches as the bytes of one Parquet file; they come out row group by row group. */
export function encodeParquet(batches: readonly RecordBatch[], settings: EncodeSettings): AsyncGenerator<Uint8Array> {
  return encode(
    (function* () {
      for (const batch of batches) {
        const table = WasmTable.fromIPCStream(tableToIPC(new Table([batch]), 'stream'));
        try {
          yield* table.recordBatches();
        } finally {
          table.free();
        }
      }
    })(),
    settings,
  );
}

/** A Parquet file, of which it is known how many rows it has to have. */
export interface FileToMerge {
  readonly rows: number;
  readonly read: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** The rows of some Parquet files with the same columns, one file after the other, as the bytes of one; each is read when its turn comes. */
export function mergeParquet(files: readonly FileToMerge[], settings: EncodeSettings): AsyncGenerator<Uint8Array> {
  return encode(
    (async function* () {
      for (const { rows, read } of files) {
        let found = 0;
        const file = await ParquetFile.fromFile(new Blob([await read()]));
        try {
          const batches: ReadableStream<unknown> = await file.stream({ batchSize: settings.rowGroupRowsMax });
          for await (const batch of batches) {
            if (batch instanceof WasmBatch) found += batch.numRows;
            yield batch;
          }
          if (found !== rows) throw new Error(`a file gave ${found} rows instead of ${rows}: nothing was replaced`);
        } finally {
          file.free();
        }
      }
    })(),
    settings,
  );
}

async function* encode(
  batches: AsyncGenerator | Generator,
  settings: EncodeSettings,
): AsyncGenerator<Uint8Array, void> {
  const properties = new WriterPropertiesBuilder()
    .setCompression(codecs[settings.compression])
    .setMaxRowGroupSize(settings.rowGroupRowsMax)
    .setStatisticsEnabled(EnabledStatistics.Chunk)
    .setKeyValueMetadata(new Map(settings.metadata))
    .setCreatedBy('queuecast')
    .build();
  let failure: unknown;
  // Pulled one at a time: what is enqueued at the start would all wait in memory.
  const stream = new ReadableStream(
    {
      async pull(controller) {
        try {
          const next = await batches.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          failure = error;
          controller.error(error);
        }
      },
    },
    { highWaterMark: 1 },
  );
  try {
    const encoded: ReadableStream<unknown> = await transformParquetStream(stream, properties);
    for await (const chunk of encoded) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('The Parquet encoder gave something other than bytes.');
      yield chunk;
    }
  } catch (error) {
    // The encoder would tell it in words of its own.
    throw failure ?? error;
  }
}

export interface ParquetFooter {
  readonly rows: number;
  /** Names and types of the columns: files with the same text can be merged. */
  readonly columns: string;
  readonly metadata: ReadonlyMap<string, string>;
}

/** Rejects when the bytes are no whole Parquet file. */
export async function readFooter(bytes: Uint8Array<ArrayBuffer>): Promise<ParquetFooter> {
  const file = await ParquetFile.fromFile(new Blob([bytes]));
  const parquet = file.metadata();
  const footer = parquet.fileMetadata();
  try {
    const metadata = new Map<string, string>();
    for (const [name, value] of footer.keyValueMetadata()) metadata.set(String(name), String(value));
    const { fields } = tableFromIPC(file.schema().intoIPCStream()).schema;
    const columns = fields.map(({ name, type, nullable }) => `${name}: ${String(type)}${nullable ? ', null' : ''}`);
    return { rows: footer.numRows(), columns: columns.join('; '), metadata };
  } finally {
    footer.free();
    parquet.free();
    file.free();
  }
}
