import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { systemClock } from '../../sinks/clock.ts';
import { SinkError } from '../../sinks/errors.ts';
import type { KafkaSettings } from '../../sinks/kafka/client.ts';
import type { topicPlanFor } from '../../sinks/kafka/topics.ts';
import { ConfigError, type ConfigFault, type Config } from '../config.ts';
import { createEmbeddedLogs } from './embedded-logs.ts';
import { createKafkaLogs } from './kafka-logs.ts';
import type { Logs } from './logs.ts';

/** In Kafka when brokers are configured, else in the data folder. Throws a `ConfigError` for settings that do not go together. */
export function chooseLogs(config: Config, dataDir: string, log: Logger): Logs {
  const { batchEventsMax, commitEveryMs } = config;
  const kafka = kafkaSettings(config);
  if (kafka === undefined) return createEmbeddedLogs({ ...config, dataDir });
  return createKafkaLogs({
    ...{ kafka, log, clock: systemClock, batchEventsMax, commitEveryMs, sessionTimeoutMs: config.kafkaSessionMs },
    topics: topicOptions(config),
    archiveStates: config.archiveStates,
  });
}

/** What is configured of the topics. */
export function topicOptions(config: Config): Parameters<typeof topicPlanFor>[2] {
  return {
    prefix: config.topicPrefix,
    partitions: config.kafkaPartitions,
    replicationFactor: config.kafkaReplicationFactor,
    factRetentionMs: config.kafkaRetentionMs ?? -1,
  };
}

/** How to reach Kafka; undefined when no brokers are configured. */
export function kafkaSettings(config: Config): KafkaSettings | undefined {
  const { kafkaBrokers: brokers, kafkaClientId: clientId, topicPrefix } = config;
  if (brokers === undefined) return undefined;
  const { kafkaSslCa: ca, kafkaSslCert: cert, kafkaSslKey: key } = config;
  refuseUnused(config);
  const pem = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  const ssl = config.kafkaSsl && Object.keys(pem).length > 0 ? pem : config.kafkaSsl;
  return { brokers, clientId, topicPrefix, ssl, sasl: saslSettings(config) };
}

/** What is set and would not be used was meant to protect something: better no connection than one without it. */
function refuseUnused(config: Config): void {
  const { kafkaSslCa, kafkaSslCert, kafkaSslKey, kafkaSaslUsername, kafkaSaslPassword, kafkaSaslTokenFile } = config;
  const unless = (isUsed: boolean, wanted: string, given: Readonly<Record<string, string | undefined>>) =>
    Object.entries(given).flatMap(([where, value]): ConfigFault[] =>
      isUsed || value === undefined ? [] : [{ where, value: '(set)', allowed: `not without ${wanted}` }],
    );
  const faults = [
    ...unless(config.kafkaSsl, 'KAFKA_SSL=true', {
      ...{ KAFKA_SSL_CA: kafkaSslCa, KAFKA_SSL_CERT: kafkaSslCert, KAFKA_SSL_KEY: kafkaSslKey },
    }),
    ...unless(config.kafkaSaslMechanism !== undefined, 'KAFKA_SASL_MECHANISM', {
      ...{ KAFKA_SASL_USERNAME: kafkaSaslUsername, KAFKA_SASL_PASSWORD: kafkaSaslPassword },
      KAFKA_SASL_TOKEN_FILE: kafkaSaslTokenFile,
    }),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}

function saslSettings(config: Config): KafkaSettings['sasl'] {
  const { kafkaSaslMechanism: mechanism, kafkaSaslUsername: username, kafkaSaslPassword: password } = config;
  const { kafkaSaslTokenFile: tokenFile } = config;
  if (mechanism === undefined) return undefined;
  if (mechanism === 'oauthbearer') {
    if (tokenFile === undefined) throw missing(['KAFKA_SASL_TOKEN_FILE'], mechanism);
    return { mechanism, token: () => readToken(tokenFile) };
  }
  if (username === undefined || password === undefined) {
    throw missing(['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'], mechanism);
  }
  return { mechanism, username, password };
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `Kafka: the token cannot be read (${reason}): check KAFKA_SASL_TOKEN_FILE.`;
    throw new SinkError('QC_SINK_UNAVAILABLE', message, { cause });
  }
}

function missing(variables: readonly string[], mechanism: string): ConfigError {
  const allowed = `set, since KAFKA_SASL_MECHANISM is ${mechanism}`;
  return new ConfigError(variables.map((where): ConfigFault => ({ where, value: '(one is not set)', allowed })));
}
