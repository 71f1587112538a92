import { SinkError } from '../errors.ts';

/** Error types of the broker that mean another producer has taken over the transactional id. */
const fencing: readonly string[] = ['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_PRODUCER_ID_MAPPING'];

/** What the broker may answer while it comes and goes, and what a transaction that it has ended in the meantime answers. */
const passing: readonly string[] = ['INVALID_TXN_STATE', 'COORDINATOR_NOT_AVAILABLE', 'CONCURRENT_TRANSACTIONS'];

/** A failed call of the client as a `SinkError`, whose message says what was wanted; errors of others stay as they are. */
export function kafkaFailure(error: unknown, wanted: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (!error.name.startsWith('KafkaJS')) return error;
  const type = typeOf(error);
  if (fencing.includes(type)) {
    const message = `Another process has taken over (${type}), it goes on from what was committed: stop this one, or give it another topic prefix (QUEUECAST_TOPIC_PREFIX).`;
    return new SinkError('QC_SINK_FENCED', message, { cause: error });
  }
  const root = rootOf(error);
  const told = `Kafka: ${wanted} failed (${type === '' ? root.name : type}: ${root.message})`;
  if (isPassing(error)) {
    return new SinkError('QC_SINK_UNREACHABLE', `${told}: check KAFKA_BROKERS and that the brokers are up.`, {
      cause: error,
    });
  }
  const message = `${told}: check the KAFKA_* settings, the topics, and the rights of this user (docs/guarantees.md lists them).`;
  return new SinkError('QC_SINK_UNAVAILABLE', message, { cause: error });
}

/** Whether a failure may go by itself: the client says so of an error; one it retried in vain holds that one inside. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const root = rootOf(error);
  return (
    ('retriable' in root && root.retriable === true) ||
    passing.includes(typeOf(root)) ||
    ['KafkaJSTimeout', 'KafkaJSLockTimeout', 'KafkaJSGroupCoordinatorNotFound'].includes(root.name)
  );
}

function rootOf(error: Error): Error {
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

function typeOf(error: Error): string {
  if ('type' in error && typeof error.type === 'string') return error.type;
  return error.cause instanceof Error ? typeOf(error.cause) : '';
}
