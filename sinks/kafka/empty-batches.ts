import protocol from 'kafkajs/src/protocol/requests/index.js';

type FetchResponse = Awaited<ReturnType<ReturnType<ReturnType<typeof Fetch.protocol>>['response']['decode']>>;

const { Fetch } = protocol.requests;

/**
 * Compaction leaves batches without records behind, which keep a producer's last sequence number. kafkajs takes the records out of a fetch and
 * forgets the batches: where nothing but such batches lies ahead, it asks for the same offset again, for ever. With
 * this they become a marker, which it passes over.
 */
export function passOverEmptyBatches(): void {
  const { protocol: choose } = Fetch;
  Fetch.protocol =
    ({ version }) =>
    (settings) => {
      const exchange = choose({ version })(settings);
      const { response } = exchange;
      const decode = async (raw: Buffer) => withMarkers(await response.decode(raw), raw, version);
      return { ...exchange, response: { ...response, decode } };
    };
}

function withMarkers(answer: FetchResponse, raw: Buffer, version: number): FetchResponse {
  const isPlain = answer.responses.every(({ partitions }) => partitions.every(({ messages }) => messages.length > 0));
  // Before version 4 there were no batches.
  if (isPlain || version < 4) return answer;
  const lastOffsets = lastOffsetsOf(raw, version);
  const responses = answer.responses.map((topic, at) => ({
    ...topic,
    partitions: topic.partitions.map((partition, index) => {
      const last = lastOffsets[at]?.[index];
      return partition.messages.length > 0 || last === undefined
        ? partition
        : { ...partition, messages: [marker(last)] };
    }),
  }));
  return { ...answer, responses };
}

const marker = (offset: bigint) => ({
  offset: String(offset),
  isControlRecord: true,
  ...{ key: null, value: null, timestamp: '0', headers: {} },
  batchContext: { producerId: '-1', inTransaction: false, isControlBatch: true },
});

/** The last offset of the batches of each partition, in the order of the answer; undefined = there are none. */
function lastOffsetsOf(raw: Buffer, version: number): readonly (readonly (bigint | undefined)[])[] {
  let at = 0;
  const skip = (bytes: number) => void (at += bytes);
  const int32 = () => raw.readInt32BE((at += 4) - 4);
  const list = <Item>(item: () => Item): Item[] => Array.from({ length: Math.max(0, int32()) }, item);
  // throttle_time, and from version 7 on error_code and session_id
  skip(version >= 7 ? 10 : 4);
  return list(() => {
    skip(2 + Math.max(0, raw.readInt16BE(at)));
    return list(() => {
      // partition, error_code, high_watermark, last_stable_offset; log_start_offset
      skip(4 + 2 + 8 + 8 + (version >= 5 ? 8 : 0));
      list(() => skip(16));
      // preferred_read_replica
      if (version >= 11) skip(4);
      const size = Math.max(0, int32());
      skip(size);
      return lastOffsetOf(raw.subarray(at - size, at));
    });
  });
}

/** Where length, last_offset_delta and the end of the header lie in a record batch. */
const [lengthAt, deltaAt, headerBytes] = [8, 23, 61];

function lastOffsetOf(batches: Buffer): bigint | undefined {
  let last: bigint | undefined;
  for (let at = 0; at + headerBytes <= batches.length;) {
    const end = at + lengthAt + 4 + batches.readInt32BE(at + lengthAt);
    if (end > batches.length) break;
    last = batches.readBigInt64BE(at) + BigInt(batches.readInt32BE(at + deltaAt));
    at = end;
  }
  return last;
}
