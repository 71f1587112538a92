import { SinkError } from '../errors.ts';

/**
 * Error types of the broker that mean another producer has taken over the transactional id. In the middle of a transaction older
 * requests get the last two for it. They may also mean that the broker has ended the transaction by itself; who begins anew then might
 * fence off the one who is right, so nobody does who has no group to ask.
 */
const fencing: readonly string[] = [
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'UNKNOWN',
];

const tooLarge: readonly string[] = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'];

/** What the broker may answer while it comes and goes. */
const passing: readonly string[] = ['COORDINATOR_NOT_AVAILABLE', 'CONCURRENT_TRANSACTIONS'];

/** A failed call of the client as a `SinkError`, whose message says what was wanted; errors of others stay as they are. */
export function kafkaFailure(error: unknown, wanted: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  if (!error.name.startsWith('KafkaJS')) return error;
  const type = typeOf(error);
  if (isFencing(error)) {
    const message = `Another process has taken over (${type}), it goes on from what was committed: stop this one, or give it another topic prefix (QUEUECAST_TOPIC_PREFIX). If there is no other, start this one again.`;
    return new SinkError('QC_SINK_FENCED', message, { cause: error });
  }
  if (tooLarge.includes(type)) {
    const message = `Kafka: ${wanted} failed, for the broker takes no records of such a size (${type}): raise max.message.bytes of the topic (\`queuecast topics plan\` shows what it should be).`;
    return new SinkError('QC_SINK_FULL', message, { cause: error });
  }
  const root = rootOf(error);
  const told = `Kafka: ${wanted} failed (${type === '' ? root.name : type}: ${root.message})`;
  if (isPassing(error)) {
    const message = `${told}: check KAFKA_BROKERS, that the brokers are up, and that they want KAFKA_SSL and KAFKA_SASL_MECHANISM as set.`;
    return new SinkError('QC_SINK_UNREACHABLE', message, { cause: error });
  }
  return new SinkError('QC_SINK_UNAVAILABLE', `${told}: ${wayOut(root)}.`, { cause: error });
}

function wayOut(root: Error): string {
  const type = typeOf(root);
  if (type.endsWith(refused)) return 'this user lacks a right, docs/acls.md lists all that are needed';
  if (isOfTls(root)) return 'check KAFKA_SSL_CA, and KAFKA_SSL_CERT and KAFKA_SSL_KEY if the brokers want them';
  if (/SASL/i.test(`${type} ${root.message}`)) {
    return 'check KAFKA_SASL_MECHANISM, and KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, or KAFKA_SASL_TOKEN_FILE';
  }
  return 'check the KAFKA_* settings and the topics';
}

/** How the broker's error types for a missing right end. */
const refused = '_AUTHORIZATION_FAILED';

/** Whether the broker says that this user may not. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && typeOf(error).endsWith(refused);
}

/** Whether one side does not take the other's certificate: the client would try again for ever. */
function isOfTls(error: Error): boolean {
  const code = 'code' in error ? String(error.code) : '';
  return /CERT|UNABLE_TO_VERIFY|^ERR_(SSL|TLS|OSSL)_/.test(code);
}

/** Whether another producer has taken over. */
export function isFencing(error: unknown): error is Error {
  return error instanceof Error && fencing.includes(typeOf(error));
}

/** Whether a failure may go by itself: the client says so of an error; one it retried in vain holds that one inside. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const root = rootOf(error);
  if (isOfTls(root)) return false;
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
