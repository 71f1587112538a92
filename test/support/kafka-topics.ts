import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';
import { fetchKafka, kafkaClasspath } from './kafka.ts';
import { runPython } from './python.ts';

// Whole topics as others see them: the distribution's own tools, and a client that shares no code with ours.

const textOrNull = z.string().nullable();
const rawRecord = z.object({
  topic: z.string(),
  partition: z.int(),
  offset: z.int(),
  key: textOrNull,
  value: textOrNull,
  atMs: z.int(),
  headers: z.array(z.tuple([z.string(), textOrNull])),
});

/** A record as it is in its topic. */
export type RawRecord = z.infer<typeof rawRecord>;

const readWhole = `
import json, sys
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
brokers, isolation, *topics = sys.argv[1:]
consumer = Consumer({
    'bootstrap.servers': brokers, 'group.id': 'not-used', 'enable.auto.commit': False,
    'isolation.level': isolation, 'enable.partition.eof': True,
})
known = consumer.list_topics(timeout=30).topics
left = {(topic, partition) for topic in topics for partition in known[topic].partitions}
consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for topic, partition in left])
text = lambda data: None if data is None else data.decode()
while left:
    message = consumer.poll(30)
    if message is None: raise TimeoutError(f'no word of {left}')
    if message.error() is None:
        print(json.dumps({
            'topic': message.topic(), 'partition': message.partition(), 'offset': message.offset(),
            'key': text(message.key()), 'value': text(message.value()), 'atMs': message.timestamp()[1],
            'headers': [[name, text(data)] for name, data in message.headers() or []],
        }))
    elif message.error().code() == KafkaError._PARTITION_EOF:
        left.discard((message.topic(), message.partition()))
    else: raise KafkaException(message.error())
consumer.close()
`;

/** All records of some topics, read in Python up to their present ends; each partition in its order. */
export async function readTopicsInPython(
  brokers: readonly string[],
  topics: readonly string[],
  isolation: 'read_committed' | 'read_uncommitted' = 'read_committed',
): Promise<readonly RawRecord[]> {
  const printed = await runPython(readWhole, [brokers.join(','), isolation, ...topics]);
  return linesOf(printed).map((line) => rawRecord.parse(JSON.parse(line)));
}

const produceKeys = `
import sys
from confluent_kafka import Producer
brokers, topic, *keys = sys.argv[1:]
producer = Producer({'bootstrap.servers': brokers, 'partitioner': 'murmur2_random'})
def report(error, message):
    if error is not None: raise RuntimeError(error)
    print(message.key().decode(), message.partition(), sep='\\t')
for key in keys: producer.produce(topic, key=key, on_delivery=report)
if producer.flush(30) > 0: raise TimeoutError('not all was taken')
`;

/** Where a Python client that is told to hash keys as Java does puts each of them in a topic. */
export async function partitionsByPython(
  brokers: readonly string[],
  topic: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const printed = await runPython(produceKeys, [brokers.join(','), topic, ...keys]);
  return new Map(
    linesOf(printed)
      .map((line) => line.split('\t'))
      .map(([key, at]) => [key!, Number(at)]),
  );
}

/** Where the Java client puts each key in a topic that is empty before, with its own settings: by `murmur2`. */
export async function partitionsByJava(
  brokers: readonly string[],
  topic: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const lines = keys.map((key) => `${key}\t0\n`).join('');
  const place = ['--bootstrap-server', brokers.join(','), '--topic', topic];
  await runKafkaTool(
    'org.apache.kafka.tools.ConsoleProducer',
    [...place, '--reader-property', 'parse.key=true'],
    lines,
  );
  const written = await readTopicsInPython(brokers, [topic]);
  return new Map(written.map(({ key, partition }) => [key!, partition]));
}

/** The first `count` records of a topic that the console consumer prints when it is asked for all that is committed. */
export async function readTopicOnConsole(
  brokers: readonly string[],
  topic: string,
  count: number,
): Promise<readonly RawRecord[]> {
  const shown = ['timestamp', 'partition', 'offset', 'headers', 'key', 'value'];
  const printed = await runKafkaTool('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning'],
    ...['--isolation-level', 'read_committed', '--max-messages', String(count), '--timeout-ms', '30000'],
    ...shown.flatMap((part) => ['--formatter-property', `print.${part}=true`]),
  ]);
  return linesOf(printed).map((line) => {
    const [stamp, partition, offset, headers, key, ...value] = line.split('\t');
    return rawRecord.parse({
      topic,
      partition: numberAfter('Partition:', partition),
      offset: numberAfter('Offset:', offset),
      key,
      value: value.join('\t'),
      atMs: numberAfter('CreateTime:', stamp),
      headers: headers?.split(',').map((header) => {
        const colon = header.indexOf(':');
        return [header.slice(0, colon), header.slice(colon + 1)];
      }),
    });
  });
}

const numberAfter = (name: string, text = '') => (text.startsWith(name) ? Number(text.slice(name.length)) : NaN);

const linesOf = (printed: string) => printed.split('\n').filter((line) => line !== '');

/** Runs a tool of the distribution. Resolves with what it prints. */
async function runKafkaTool(name: string, args: readonly string[], input = ''): Promise<string> {
  await fetchKafka();
  // It starts often and lives short.
  const java = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', kafkaClasspath];
  const child = spawn('java', [...java, name, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [printed, told] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  child.stdin.end(input);
  const [code]: unknown[] = await once(child, 'close');
  if (code !== 0) throw new Error(`${name} ended with ${String(code)}:\n${told}${printed}`);
  return printed;
}
