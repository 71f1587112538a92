import Batch from 'kafkajs/src/consumer/batch.js';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import { expect, test } from 'vitest';
// Mends the client.
import '../../../sinks/kafka/client.ts';

/** What a broker's cleaner left of the offsets 0 and 1 of a compacted topic: a header, and no records. */
const emptyBatch = Buffer.from(
  '0000000000000000000000310000000002afb38852001000000001ffffffffffffffff000001a20cab7c5000000000000059e400000000000000000000',
  'hex',
);

const int16 = (value: number) => Buffer.from([value >> 8, value & 255]);
const int32 = (value: number) => Buffer.concat([int16(value >> 16), int16(value & 0xffff)]);
const int64 = (value: number) => Buffer.concat([int32(0), int32(value)]);

/** An answer to a fetch of one partition that holds these bytes, as the versions of the request lay it out. */
function answer(version: number, batches: Buffer): Buffer {
  return Buffer.concat([
    int32(0),
    ...(version >= 7 ? [int16(0), int32(0)] : []),
    ...[int32(1), int16(1), Buffer.from('t')],
    ...[int32(1), int32(0), int16(0), int64(6), int64(6)],
    ...(version >= 5 ? [int64(0)] : []),
    ...[int32(1), int64(23_012), int64(0)],
    ...(version >= 11 ? [int32(-1 >>> 0)] : []),
    ...[int32(batches.length), batches],
  ]);
}

async function fetched(version: number, batches: Buffer) {
  const { response } = protocol.requests.Fetch.protocol({ version })({ topics: [] });
  const [topic] = (await response.decode(answer(version, batches))).responses;
  return new Batch('t', '0', topic!.partitions[0]!);
}

test.each([4, 5, 6, 7, 8, 9, 10, 11])('an empty batch is passed over (version %i of the fetch)', async (version) => {
  const batch = await fetched(version, emptyBatch);
  expect(batch.messages).toEqual([]);
  expect(batch.isEmptyDueToFiltering()).toBe(true);
  expect(batch.lastOffset()).toBe('1');
});

test('several are passed over to the end of the last', async () => {
  const later = Buffer.from(emptyBatch);
  later.writeBigInt64BE(40n, 0);
  expect((await fetched(11, Buffer.concat([emptyBatch, later]))).lastOffset()).toBe('41');
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['the beginning of a batch', emptyBatch.subarray(0, 50)],
])('%s is not taken for one', async (_what, bytes) => {
  expect((await fetched(11, bytes)).isEmptyDueToFiltering()).toBe(false);
});
