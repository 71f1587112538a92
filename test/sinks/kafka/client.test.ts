import { once } from 'node:events';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createKafka, type KafkaSettings, producer, transactionalProducer } from '../../../sinks/kafka/client.ts';
import { lz4, snappy, zstd } from '../../../sinks/kafka/codecs.ts';
import { pinoLevelOf } from '../../../sinks/kafka/log-level.ts';
import { heardLog } from '../../support/heard-log.ts';
import { givenBrokers } from '../../support/kafka.ts';

const settings: KafkaSettings = { brokers: ['127.0.0.1:1'], clientId: 'test', ssl: false, topicPrefix: 'qc' };

describe('the log of the Kafka client', () => {
  test.each([
    ['ERROR', 'Response EndTxn(key: 26, version: 1)', 'CONCURRENT_TRANSACTIONS', 'debug'],
    ['ERROR', 'Response FindCoordinator(key: 10, version: 2)', 'The group coordinator is not available', 'debug'],
    ['ERROR', 'Response JoinGroup(key: 11, version: 5)', "The coordinator is loading and hence can't process", 'debug'],
    ['WARN', 'Limiting retries for the idempotent producer may invalidate EoS guarantees', undefined, 'debug'],
    ['WARN', 'KafkaJS v2.0.0 switched default partitioner. To retain', undefined, 'debug'],
    ['ERROR', 'Failed to connect to seed broker, trying another broker from the list', undefined, 'warn'],
    ['ERROR', 'Connection error: connect ECONNREFUSED 127.0.0.1:9092', undefined, 'warn'],
    [
      'ERROR',
      'Response Produce(key: 0, version: 7)',
      'This server is not the leader for that topic-partition',
      'debug',
    ],
    ['ERROR', 'Crash: KafkaJSNonRetriableError: boom', undefined, 'error'],
    ['ERROR', 'SASL PLAIN authentication failed: Authentication failed', undefined, 'error'],
    ['WARN', 'something new', undefined, 'warn'],
    ['INFO', 'Consumer has joined the group', undefined, 'debug'],
    ['DEBUG', 'Request Metadata', undefined, 'trace'],
  ])('%s "%s" (%s) is %s', (label, message, error, level) => {
    expect(pinoLevelOf({ label, log: { message, ...(error === undefined ? {} : { error }) } })).toBe(level);
  });

  test('tells of the safe settings without a word at warn', () => {
    const { log, lines } = heardLog('warn');
    producer(settings, log);
    transactionalProducer(settings, log, { transactionalId: 't', resends: false });
    expect(lines()).toEqual([]);
  });

  test('keeps the namespace and the fields of a line, not its stack', () => {
    const { log, lines } = heardLog('debug');
    createKafka(settings, log).logger().namespace('Connection').error('Connection error: refused', {
      broker: '127.0.0.1:1',
      stack: 'Error: refused',
    });
    expect(lines()).toMatchObject([{ level: 40, msg: 'Connection error: refused', broker: '127.0.0.1:1' }]);
    expect(lines()[0]).not.toHaveProperty('stack');
  });
});

describe('the codecs', () => {
  const bytes = Buffer.from('a wait of 42 seconds, '.repeat(200_000));

  test.each([
    ['lz4', lz4],
    ['snappy', snappy],
    ['zstd', zstd],
  ])('%s unpacks what it packed, which is smaller', async (_name, codec) => {
    const packed = await codec.compress({ buffer: bytes });
    expect(packed.byteLength).toBeLessThan(bytes.byteLength / 4);
    expect((await codec.decompress(packed)).equals(bytes)).toBe(true);
  });

  test('zstd refuses damaged bytes in words', async () => {
    await expect(zstd.decompress(Buffer.from('nonsense'))).rejects.toThrow(/zstd batch of 8 bytes cannot be unpacked/);
  });
});

describe('the process that runs a client', () => {
  test('still hears every warning but the negative timers of kafkajs', async () => {
    createKafka(settings, pino({ level: 'silent' }));
    const heard = once(process, 'warning');
    process.emitWarning('look here', 'TimeoutNegativeWarning');
    expect((await heard)[0]).toMatchObject({ message: 'look here', name: 'TimeoutNegativeWarning' });
  });
});

describe('brokers for tests', () => {
  test('are taken from this machine only', () => {
    expect(givenBrokers('127.0.0.1:9092, localhost:9093')).toEqual(['127.0.0.1:9092', 'localhost:9093']);
    expect(givenBrokers('')).toBeUndefined();
    expect(() => givenBrokers('127.0.0.1:9092,kafka.example.com:9092')).toThrow('names kafka.example.com:9092');
  });
});
