import type { Logger } from 'pino';
import { type Admin, admin, type KafkaSettings } from './client.ts';
import { kafkaFailure } from './failure.ts';

/** Asks the cluster something over a connection of its own. Rejects with a `SinkError` that says what was `wanted`. */
export async function askKafka<Result>(
  kafka: KafkaSettings,
  log: Logger,
  wanted: string,
  question: (client: Admin) => Promise<Result>,
): Promise<Result> {
  const client = admin(kafka, log);
  try {
    await client.connect();
    return await question(client);
  } catch (error) {
    throw kafkaFailure(error, wanted);
  } finally {
    await client.disconnect();
  }
}
