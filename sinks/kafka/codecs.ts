import { compress as zstdCompress, decompress as zstdDecompress, init as initZstd } from '@bokuweb/zstd-wasm';
import createSnappy from 'kafkajs-snappy';
import { compressFrame, decompressFrame } from 'lz4-napi';

/** How a batch is packed, in the form that kafkajs asks for. */
export interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(buffer: Buffer): Promise<Buffer>;
}

export const snappy: Codec = createSnappy();

export const lz4: Codec = {
  compress: ({ buffer }) => compressFrame(buffer),
  decompress: (buffer) => decompressFrame(buffer),
};

/** A frame may declare its size; those of the Java client, which streams, do not, and get room by trial. */
const zstdRoomBytes = [2 ** 20, 2 ** 23, 2 ** 26];

let zstdLoading: Promise<void> | undefined;
const zstdLoaded = () => (zstdLoading ??= initZstd());

export const zstd: Codec = {
  async compress({ buffer }) {
    await zstdLoaded();
    return Buffer.from(zstdCompress(buffer));
  },
  async decompress(buffer) {
    await zstdLoaded();
    let failure: unknown;
    for (const defaultHeapSize of zstdRoomBytes) {
      try {
        return Buffer.from(zstdDecompress(buffer, { defaultHeapSize }));
      } catch (error) {
        failure = error;
      }
    }
    throw new Error(
      `A zstd batch of ${buffer.byteLength} bytes cannot be unpacked: it is damaged, or larger than ${zstdRoomBytes.at(-1) ?? 0} bytes unpacked.`,
      { cause: failure },
    );
  },
};
