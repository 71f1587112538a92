import type { Logger } from 'pino';
import { SinkError } from '../../sinks/errors.ts';
import { admin, type KafkaSettings } from '../../sinks/kafka/client.ts';
import { kafkaFailure } from '../../sinks/kafka/failure.ts';
import { topicDrift, topicPlanFor } from '../../sinks/kafka/topics.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { counted } from '../counted.ts';
import type { Finding } from './finding.ts';

/** Asks the brokers whether the topics are as `topics plan` wants them; changes nothing. */
export async function checkKafka(
  kafka: KafkaSettings,
  options: Parameters<typeof topicPlanFor>[2],
  log: Logger,
): Promise<readonly Finding[]> {
  const client = admin(kafka, log);
  try {
    await client.connect();
    const { brokers } = await client.describeCluster();
    const planned = await topicPlanFor(client, recordTypes, options);
    const drift = await topicDrift(client, planned);
    const reached: Finding = {
      name: 'kafka',
      status: 'ok',
      told: `${counted(brokers.length, 'broker')} ${brokers.length === 1 ? 'answers' : 'answer'}`,
    };
    if (drift.length === 0)
      return [reached, { name: 'topics in kafka', status: 'ok', told: `all ${planned.length} are as planned` }];
    return [
      reached,
      ...drift.map(({ topic, setting, found, wanted, remedy }): Finding => {
        const cost =
          setting === 'topic'
            ? 'run makes it at its start, if it may; what this user may not see (docs/acls.md) looks the same'
            : 'records are kept or spread otherwise';
        const told = `${topic}: ${setting} is ${found}, wanted ${wanted}`;
        return { name: 'topics in kafka', status: 'missing', told, cost, wayOut: remedy };
      }),
    ];
  } catch (error) {
    const failure = kafkaFailure(error, 'looking at the topics');
    if (!(failure instanceof SinkError)) throw failure;
    return [{ name: 'kafka', status: 'failed', told: failure.message, cost: 'run does not start' }];
  } finally {
    await client.disconnect();
  }
}
