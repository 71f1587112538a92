import { type RecordBatch, Table, tableToIPC } from 'apache-arrow';
import {
  Compression as Codec,
  EnabledStatistics,
  ParquetFile,
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
export async function* encodeParquet(
  batches: readonly RecordBatch[],
  settings: EncodeSettings,
): AsyncGenerator<Uint8Array, void> {
  const properties = new WriterPropertiesBuilder()
    .setCompression(codecs[settings.compression])
    .setMaxRowGroupSize(settings.rowGroupRowsMax)
    .setStatisticsEnabled(EnabledStatistics.Chunk)
    .setKeyValueMetadata(new Map(settings.metadata))
    .setCreatedBy('queuecast')
    .build();
  const remaining = batches.values();
  // Pulled one at a time: what is enqueued at the start would all wait in memory.
  const stream = new ReadableStream(
    {
      pull(controller) {
        const next = remaining.next();
        if (next.done === true) {
          controller.close();
          return;
        }
        const table = WasmTable.fromIPCStream(tableToIPC(new Table([next.value]), 'stream'));
        try {
          for (const batch of table.recordBatches()) controller.enqueue(batch);
        } finally {
          table.free();
        }
      },
    },
    { highWaterMark: 1 },
  );
  const encoded: ReadableStream<unknown> = await transformParquetStream(stream, properties);
  for await (const chunk of encoded) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('The Parquet encoder gave something other than bytes.');
    yield chunk;
  }
}

export interface ParquetFooter {
  readonly rows: number;
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
    return { rows: footer.numRows(), metadata };
  } finally {
    footer.free();
    parquet.free();
    file.free();
  }
}
