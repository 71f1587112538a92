import type { ConnectionOptions } from 'node:tls';
import kafkajs, {
  type Admin,
  type Consumer,
  type EachBatchHandler,
  type Kafka,
  type Mechanism,
  type PartitionAssigner,
  type Producer,
  type ProducerBatch,
  type ProducerRecord,
  type RetryOptions,
  type SASLOptions,
} from 'kafkajs';
import brokerPool from 'kafkajs/src/cluster/brokerPool.js';
import type { Logger } from 'pino';
import { z } from 'zod';
import { assignNumbers, type Claim } from './assignment.ts';
import { lz4, snappy, zstd } from './codecs.ts';
import { passOverEmptyBatches } from './empty-batches.ts';
import { isRefusal } from './failure.ts';
import { pinoLevelOf } from './log-level.ts';
import { rememberingPartitioner } from './partitioner.ts';

export type { Admin, Batch, Consumer, Kafka, Producer, Transaction } from 'kafkajs';

// A CommonJS module whose names Node does not see.
export const { CompressionTypes, ConfigResourceTypes } = kafkajs;
export const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const { AssignerProtocol, CompressionCodecs, KafkaJSError, KafkaJSNonRetriableError, logLevel } = kafkajs;
export const { DefaultPartitioner: javaPartitioner } = kafkajs.Partitioners;
const createPartitioner = rememberingPartitioner(javaPartitioner);

type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: string;
    }
  /** `token` is asked for a fresh token at every connection and before a session ends. */
  | { readonly mechanism: 'oauthbearer'; readonly token: () => Promise<string> };

/** How to reach a cluster, and how our topics in it are called. */
export interface KafkaSettings {
  /** `host:port` of some brokers; the others are learnt from them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** `true` trusts the system's authorities; otherwise `ca`, `cert` and `key` in PEM. */
  readonly ssl: boolean | ConnectionOptions;
  readonly sasl?: KafkaSasl | undefined;
  readonly topicPrefix: string;
}

/** Outlives the election of a new leader. Given to each client again, for kafkajs would put 5 retries in its place. */
const patientRetry: RetryOptions = { initialRetryTime: 100, maxRetryTime: 2000, retries: 12 };

/** The coordinator is still ending the transaction before for some ms: the first wait has to be about as short. */
const quickRetry: RetryOptions = { initialRetryTime: 20, maxRetryTime: 2000, retries: 10 };

/**
 * No retry at all, for which an idempotent producer takes no 0. When one leader fails a send, kafkajs does not wait for the others: it sends
 * them their part again, under new sequence numbers, so that no broker finds out; and it leaves out what has moved to a leader
 * that had answered already. On three brokers both are part of every day.
 */
const noRetry: RetryOptions = { retries: Number.NaN };

// A batch in a codec that is not registered ends the consumer, whoever wrote it.
CompressionCodecs[CompressionTypes.Snappy] = () => snappy;
CompressionCodecs[CompressionTypes.LZ4] = () => lz4;
CompressionCodecs[CompressionTypes.ZSTD] = () => zstd;

passOverEmptyBatches();

// It asks one broker after the other for a coordinator, whatever they answer: a missing right would be a broker that is away.
const { withBroker } = brokerPool.prototype;
brokerPool.prototype.withBroker = async function (question) {
  let refusal: Error | undefined;
  const answer = await withBroker.call(this, async (asked) => {
    try {
      return await question(asked);
    } catch (error) {
      if (isRefusal(error)) refusal = error;
      throw error;
    }
  });
  if (answer === null && refusal !== undefined) throw refusal;
  return answer;
};

/** A client with the safe settings. Prefer the functions below, which know the options of each part. */
export function createKafka(settings: KafkaSettings, log: Logger): Kafka {
  return kafkaWith(settings, log, patientRetry);
}

/**
 * An idempotent producer: sends wait for each other, since kafkajs swaps what is in flight at once, and are acknowledged by
 * all replicas in sync. A failed send rejects and does not hold up the next. Batches are LZ4 unless they say otherwise.
 */
export function producer(settings: KafkaSettings, log: Logger): Producer {
  return inOrder(
    createKafka(settings, log).producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner,
      retry: patientRetry,
    }),
  );
}

export interface TransactionalProducerOptions {
  /** Whoever connects with it fences the producer that had it before. */
  readonly transactionalId: string;
  /** Whether a send that fails is made again: safe only when no send goes to more than one partition. */
  readonly resends: boolean;
  /** After this long without an end the broker aborts the transaction; 60 s unless told. */
  readonly transactionTimeoutMs?: number;
}

/** A producer for transactions; within one, sends wait for each other and are LZ4 as those of `producer`. */
export function transactionalProducer(
  settings: KafkaSettings,
  log: Logger,
  { transactionalId, resends, transactionTimeoutMs = 60_000 }: TransactionalProducerOptions,
): Producer {
  // Sends retry by the producer's settings, begin and end of a transaction by the client's, whatever the producer is given.
  const inner = kafkaWith(settings, log, quickRetry).producer({
    transactionalId,
    transactionTimeout: transactionTimeoutMs,
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner,
    retry: resends ? quickRetry : noRetry,
  });
  return { ...inOrder(inner), transaction: async () => inOrder(await inner.transaction()) };
}

export interface ConsumerOptions {
  readonly groupId: string;
  /** After this long without a heartbeat its partitions go to another member. Default 10 s. */
  readonly sessionTimeoutMs?: number;
  /** How long the broker gathers records before it answers, at most a third of the session; 0 = whatever is there. Default 0. */
  readonly gatherMs?: number;
  /** Partition numbers this process works on, for it keeps them when the group is formed anew. */
  readonly owned?: () => readonly number[];
  /** Whether a consumer that has lost its group or all brokers is to begin anew. Default: always. */
  readonly restarts?: () => boolean;
}

/** A consumer of committed records only. It joins and leaves a group within a fraction of a second. */
export function consumer(settings: KafkaSettings, log: Logger, options: ConsumerOptions): Consumer {
  const { groupId, sessionTimeoutMs = 10_000, gatherMs = 0, owned = () => [], restarts = () => true } = options;
  return createKafka(settings, log).consumer({
    groupId,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.floor(Math.min(1000, sessionTimeoutMs / 3)),
    rebalanceTimeout: sessionTimeoutMs,
    partitionAssigners: [keepingAssigner(owned)],
    // Joining, leaving and heartbeats wait for a running fetch.
    maxWaitTimeInMs: gatherMs === 0 ? 200 : Math.min(gatherMs, Math.floor(sessionTimeoutMs / 3)),
    minBytes: gatherMs === 0 ? 1 : gatheredBytesMax,
    // Compressed: what comes of it lives until its output is acknowledged.
    maxBytesPerPartition: 262_144,
    readUncommitted: false,
    allowAutoTopicCreation: false,
    retry: { ...patientRetry, restartOnFailure: () => Promise.resolve(restarts()) },
  });
}

const gatheredBytesMax = 1_000_000;

const ownedNumbers = z.array(z.int().nonnegative());

/** Tells the group what each member has, and shares the partitions out by `assignNumbers`. */
function keepingAssigner(owned: () => readonly number[]): PartitionAssigner {
  const { MemberMetadata, MemberAssignment } = AssignerProtocol;
  const [name, version] = ['queuecast', 1];
  const claimOf = (memberId: string, metadata: Buffer): Claim => {
    const userData = MemberMetadata.decode(metadata)?.userData.toString() ?? '';
    return { memberId, owned: ownedNumbers.parse(JSON.parse(userData === '' ? '[]' : userData)) };
  };
  return ({ cluster }) => ({
    name,
    version,
    assign({ members, topics }) {
      const counts = new Map(topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).length]));
      const claims = members.map(({ memberId, memberMetadata }) => claimOf(memberId, memberMetadata));
      const assigned = assignNumbers(claims, Math.max(...counts.values()));
      const assignment = (numbers: readonly number[]) =>
        Object.fromEntries(Array.from(counts, ([topic, count]) => [topic, numbers.filter((number) => number < count)]));
      return Promise.resolve(
        Array.from(assigned, ([memberId, numbers]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version,
            assignment: assignment(numbers),
            userData: Buffer.alloc(0),
          }),
        })),
      );
    },
    protocol: ({ topics }) => ({
      name,
      metadata: MemberMetadata.encode({ version, topics, userData: Buffer.from(JSON.stringify(owned())) }),
    }),
  });
}

/**
 * Starts a consumer batch by batch, without commits of its own. The handler calls `heartbeat()` every chunk while it works,
 * and `resolveOffset()` only once the output is acknowledged.
 */
export function runBatches(reader: Consumer, eachBatch: EachBatchHandler): Promise<void> {
  return reader.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch });
}

export function admin(settings: KafkaSettings, log: Logger): Admin {
  const client = createKafka(settings, log).admin({ retry: patientRetry });
  const after = oneAfterTheOther();
  return {
    ...client,
    // Calls at once share one look at the cluster, which knows nothing of the topics of the later ones.
    fetchTopicOffsets: (topic) =>
      after(async () => {
        try {
          return await client.fetchTopicOffsets(topic);
        } catch (cause) {
          // It takes for granted that some partition has a leader.
          if (!(cause instanceof TypeError)) throw cause;
          throw new KafkaJSError(`no partition of ${topic} has a leader`, { retriable: true });
        }
      }),
  };
}

function kafkaWith(settings: KafkaSettings, log: Logger, retry: RetryOptions): Kafka {
  silenceNegativeTimeouts();
  return new kafkajs.Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    ssl: settings.ssl,
    ...(settings.sasl === undefined ? {} : { sasl: saslOptions(settings.sasl) }),
    connectionTimeout: 2000,
    requestTimeout: 10_000,
    retry,
    logLevel: log.isLevelEnabled('trace')
      ? logLevel.DEBUG
      : log.isLevelEnabled('debug')
        ? logLevel.INFO
        : logLevel.WARN,
    logCreator: () => (entry) => {
      const { timestamp: _timestamp, logger: _logger, stack: _stack, message, ...fields } = entry.log;
      log[pinoLevelOf(entry)]({ kafka: entry.namespace, ...fields }, message);
    },
  });
}

function saslOptions(sasl: KafkaSasl): SASLOptions | Mechanism {
  switch (sasl.mechanism) {
    case 'plain':
      return { mechanism: 'plain', username: sasl.username, password: sasl.password };
    case 'scram-sha-256':
      return { mechanism: 'scram-sha-256', username: sasl.username, password: sasl.password };
    case 'scram-sha-512':
      return { mechanism: 'scram-sha-512', username: sasl.username, password: sasl.password };
    case 'oauthbearer':
      return { mechanism: 'oauthbearer', authenticationProvider: bearer(sasl.token) };
  }
}

/** A token that is not taken is answered with the reason and no error, which kafkajs takes for a welcome. */
function bearer(token: () => Promise<string>): Mechanism['authenticationProvider'] {
  return ({ saslAuthenticate }) => ({
    async authenticate() {
      const message = Buffer.from(`n,,\u0001auth=Bearer ${await token()}\u0001\u0001`);
      const size = Buffer.alloc(4);
      size.writeInt32BE(message.length);
      const refusal = await saslAuthenticate({
        request: { encode: () => Buffer.concat([size, message]) },
        response: { decode: (answer) => answer.subarray(size.length), parse: (reason) => reason.toString() },
      });
      if (refusal !== undefined && refusal !== '') {
        throw new KafkaJSNonRetriableError(`SASL OAUTHBEARER authentication failed: ${refusal}`);
      }
    },
  });
}

/** Lets one send after the other through, acknowledged by all replicas. */
function inOrder<Sender extends Pick<Producer, 'send' | 'sendBatch'>>(sender: Sender): Sender {
  const after = oneAfterTheOther();
  return {
    ...sender,
    send: (record: ProducerRecord) =>
      after(() => sender.send({ compression: CompressionTypes.LZ4, ...record, acks: -1 })),
    sendBatch: (batch: ProducerBatch) =>
      after(() => sender.sendBatch({ compression: CompressionTypes.LZ4, ...batch, acks: -1 })),
  };
}

/** Makes each call wait for the one before, however that ends. */
function oneAfterTheOther(): <Result>(call: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (call) => {
    const called = last.then(call);
    last = called.catch(() => undefined);
    return called;
  };
}

let negativeTimeoutsSilenced = false;

/** From Node 24 on every connection of kafkajs sets a negative timer, which is harmless; other warnings stay. */
function silenceNegativeTimeouts(): void {
  if (negativeTimeoutsSilenced) return;
  negativeTimeoutsSilenced = true;
  process.emitWarning = new Proxy(process.emitWarning.bind(process), {
    apply(emit, self, args: readonly unknown[]) {
      const fromKafkajs = args[1] === 'TimeoutNegativeWarning' && new Error().stack?.includes('kafkajs');
      if (fromKafkajs !== true) Reflect.apply(emit, self, args);
    },
  });
}
