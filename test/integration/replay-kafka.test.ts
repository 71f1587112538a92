import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../sinks/clock.ts';
import { admin, type KafkaSettings, transactionalProducer } from '../../sinks/kafka/client.ts';
import { ensureTopics, topicName, topicPlan } from '../../sinks/kafka/topics.ts';
import { parquetOptions } from '../../src/archive.ts';
import type { Config } from '../../src/config.ts';
import { decodeArrival } from '../../src/genesys/decode.ts';
import { createKafkaLogs } from '../../src/logs/kafka-logs.ts';
import type { Journal } from '../../src/rederive/journal.ts';
import { kafkaJournal } from '../../src/rederive/kafka-journal.ts';
import { rederive } from '../../src/rederive/rederive.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { queueEvent } from '../../streams/records/queue-event.ts';
import { arrivalsAmong } from '../support/border-faults.ts';
import { runRole, writeEmbeddedRun } from '../support/embedded-run.ts';
import { quiet, useKafka } from '../support/kafka.ts';
import { deleteTopics } from '../support/kafka-records.ts';
import { contentOf, readParquetRows } from '../support/parquet.ts';
import { readLog, startProcess } from '../support/pipeline-process.ts';

// A journal in Kafka, derived there and then again for a span of it, beside the archive of a run that had the same journal in its folder.

const kafka = useKafka();
const never = new AbortController().signal;
const timeZone = 'Asia/Kathmandu';
const topics = { partitions: 3, replicationFactor: 1, factRetentionMs: -1 } as const;

let folder = '';
let config: Config;
let [firstMs, lastMs] = [0, 0];
let made = 0;

const at = (share: number) => Math.round(firstMs + (lastMs - firstMs) * share);
const span = () => [at(1 / 3), at(2 / 3)] as const;

/** The journal as ingest writes it, in transactions, of which one was aborted. */
async function writeJournal(settings: KafkaSettings): Promise<void> {
  const client = admin(settings, quiet);
  await client.connect();
  await ensureTopics(client, topicPlan(recordTypes, { prefix: settings.topicPrefix, ...topics }));
  await client.disconnect();
  const writer = transactionalProducer(settings, quiet, { transactionalId: settings.topicPrefix, resends: true });
  await writer.connect();
  const records = await readLog(join(folder, 'journal'));
  const piece = Math.ceil(records.length / 8);
  for (let from = 0; from < records.length; from += piece) {
    const messages = records
      .slice(from, from + piece)
      .map(({ key, value, atMs }) => ({ key, value: JSON.stringify(value), timestamp: String(atMs), partition: 0 }));
    for (const end of from === piece * 3 ? (['abort', 'commit'] as const) : (['commit'] as const)) {
      const transaction = await writer.transaction();
      await transaction.send({ topic: topicName(settings.topicPrefix, queueEvent), messages });
      await transaction[end]();
    }
  }
  await writer.disconnect();
}

kafka.describe('a replay of a journal in Kafka', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'queuecast-replay-kafka-'));
    const events = (await arrivalsAmong(['drop-socket', 'half-frames'], 7)).flatMap(decodeArrival);
    [firstMs, lastMs] = [events[0]!.receivedAtMs, events.at(-1)!.receivedAtMs];
    config = await writeEmbeddedRun({ dataDir: folder, events, flags: { timeZone } });
    await writeJournal(kafka.settings());
    await runRole('derive', {
      ...{ dataDir: join(folder, 'kafka'), flags: { timeZone } },
      logsOf: ({ batchEventsMax }) =>
        createKafkaLogs({
          ...{ kafka: kafka.settings(), log: quiet, clock: systemClock, sessionTimeoutMs: 5_000, batchEventsMax },
          ...{ commitEveryMs: 0, archiveStates: [], topics: { prefix: kafka.settings().topicPrefix, ...topics } },
        }),
    });
  });
  afterAll(async () => {
    await deleteTopics(kafka.settings());
    await rm(folder, { recursive: true, force: true });
  });

  const journalOf = (topicPrefix = kafka.settings().topicPrefix, batchEventsMax = 50) =>
    kafkaJournal({
      ...{ kafka: { ...kafka.settings(), topicPrefix }, log: quiet, clock: systemClock },
      ...{ batchEventsMax, sessionTimeoutMs: 5_000 },
    });

  async function replay(fromMs: number, toMs: number, journal: Journal = journalOf()) {
    const out = join(folder, `out-${(made += 1)}`);
    const derivation = { ...config, timeZone: undefined };
    const parquet = { ...parquetOptions(config), topicPrefix: kafka.settings().topicPrefix };
    const silent = { onNote: () => undefined, onProgress: () => undefined };
    const settings = { journal, out, fromMs, toMs, derivation, parquet, clock: systemClock, ...silent };
    return { out, found: await rederive(settings, never) };
  }

  /** In the order of the log, without the offset, which each log counts by itself. */
  async function rowsOf(dir: string, [fromMs, toMs]: readonly [number, number]) {
    const rows = await readParquetRows(dir);
    return rows
      .toSorted((a, b) => Number(a['record_offset']) - Number(b['record_offset']))
      .map(({ record_offset: _, ...row }) => row)
      .filter((row) => Number(row['record_timestamp']) >= fromMs && Number(row['record_timestamp']) < toMs);
  }

  test('holds the rows that a live archive has of the span, and the same bytes from a checkpoint and from the start', async () => {
    const [from, to] = span();
    const { out, found } = await replay(from, to);
    const rows = await rowsOf(out, [from, to]);
    expect(rows.length).toBeGreaterThan(50);
    expect(rows).toEqual(await rowsOf(join(folder, 'parquet'), [from, to]));
    const range = await journalOf().findRange(from, to);
    expect(found.checkpoint).toBeGreaterThan(range.fromOffset / 2);
    expect(found.checkpoint).toBeLessThanOrEqual(range.fromOffset);
    const content = await contentOf(out);
    expect(content.length).toBeGreaterThan(2);
    expect(await contentOf((await replay(from, to, journalOf(undefined, 7))).out)).toEqual(content);
    // As when compaction has left nothing that is old enough.
    const bare = { ...journalOf(), checkpointBefore: () => Promise.resolve(undefined) };
    const anew = await replay(from, to, bare);
    expect(anew.found.checkpoint).toBeNull();
    expect(await contentOf(anew.out)).toEqual(content);
  });

  test('is the same command, which reads Kafka where brokers are set', async () => {
    const [from, to] = span();
    const { brokers, topicPrefix } = kafka.settings();
    const env = { KAFKA_BROKERS: brokers.join(), QUEUECAST_TOPIC_PREFIX: topicPrefix };
    const out = join(folder, 'command');
    const iso = (ms: number) => new Date(ms).toISOString();
    const running = startProcess(['replay', '--from', iso(from), '--to', iso(to), '--out', out], env);
    expect(await running.ended, running.output()).toBe(0);
    expect(running.output()).toMatch(
      /^Replayed \d+ events .* from the checkpoint at record \d+; rows: .*queue-window/m,
    );
    expect(await contentOf(out)).toEqual(await contentOf((await replay(from, to)).out));
  });

  test('names a topic that is not there', async () => {
    await expect(replay(...span(), journalOf('nobodys'))).rejects.toMatchObject({
      code: 'QC_SINK_UNAVAILABLE',
      message: expect.stringMatching(/There is no topic nobodys\.queue-event\.v1 .*QUEUECAST_TOPIC_PREFIX/),
    });
  });

  // The last one: what it deletes is gone.
  test('goes on from a checkpoint where the start of the journal is deleted, and says what is lost where there is none', async () => {
    const [from, to] = span();
    const whole = await replay(from, to);
    const settings = kafka.settings();
    const client = admin(settings, quiet);
    await client.connect();
    // The checkpoint is of shortly after where it begins now, the one before of long before.
    const offset = String(whole.found.checkpoint! - 5);
    const topic = topicName(settings.topicPrefix, queueEvent);
    // It must know of a topic before it deletes from it.
    await client.fetchTopicOffsets(topic);
    await client.deleteTopicRecords({
      topic,
      partitions: [{ partition: 0, offset }],
    });
    await client.disconnect();
    expect(await contentOf((await replay(from, to)).out)).toEqual(await contentOf(whole.out));
    await expect(replay(firstMs, to)).rejects.toMatchObject({
      code: 'QC_LOG_CORRUPT',
      message: expect.stringMatching(
        /all before \S+Z is deleted .* no checkpoint before the range .* the span from \S+Z to \S+Z is lost/,
      ),
    });
    await expect(replay(firstMs, firstMs + 1)).rejects.toThrow(/Nothing to replay .* begins at/);
  });
});
