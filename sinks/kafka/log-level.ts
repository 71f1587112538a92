/** What kafkajs hands to its log, as far as the level depends on it. */
export interface KafkaLogEntry {
  readonly label: string;
  readonly log: { readonly message: string; readonly [field: string]: unknown };
}

/** Answers that belong to a healthy course: the client asks again by itself. */
const expected = [
  /CONCURRENT_TRANSACTIONS|another concurrent operation on the same transaction/i,
  /COORDINATOR_(NOT_AVAILABLE|LOAD\w*)|group coordinator is not available|coordinator is loading/i,
  /Limiting retries for the idempotent producer/,
  /switched default partitioner/,
  /REBALANCE_IN_PROGRESS|group is rebalancing/i,
  // One request; what the client gives up on is thrown at the caller.
  /^Response \w+\(/,
];

/** Faults of one broker, which the client retries; what it gives up on is thrown at the caller as well. */
const retried = [
  /^Connection (error|timeout)/i,
  /^Failed to connect to (seed )?broker/,
  /^Failed to send messages/,
  /^The coordinator is not aware of this member/,
  /^Restarting the consumer in/,
  /not the leader for that topic-partition|no leader for this topic-partition/,
];

/** The pino level of a line that kafkajs writes: its "error" is often no more than a retry, its "info" a detail. */
export function pinoLevelOf({ label, log }: KafkaLogEntry): 'error' | 'warn' | 'debug' | 'trace' {
  const said = `${log.message} ${typeof log['error'] === 'string' ? log['error'] : ''}`;
  if (label === 'DEBUG') return 'trace';
  if (label === 'INFO' || expected.some((pattern) => pattern.test(said))) return 'debug';
  return label === 'ERROR' && !retried.some((pattern) => pattern.test(said)) ? 'error' : 'warn';
}
