import type { Command } from 'commander';
import { admin } from '../../sinks/kafka/client.ts';
import { kafkaFailure } from '../../sinks/kafka/failure.ts';
import { ensureTopics, topicDrift, topicPlanFor } from '../../sinks/kafka/topics.ts';
import { recordTypes } from '../../streams/records/all.ts';
import { ConfigError } from '../config.ts';
import { createLog } from '../log.ts';
import { kafkaSettings, topicOptions } from '../logs/choose-logs.ts';
import { addSettings, readConfig } from './settings.ts';

/** What a person may want of the topics; `differences` is called when there are some, for the exit code. */
export function addTopicsCommand(program: Command, differences: () => void): void {
  const topics = program.command('topics').description('the topics in Kafka, as the record types want them');
  const plan = topics.command('plan').description('show what differs, and the command that mends it; changes nothing');
  addSettings(plan.option('--json', 'machine-readable')).action(async (options: Readonly<Record<string, unknown>>) => {
    await withTopics(options, async (client, planned) => {
      const drift = await topicDrift(client, planned);
      if (options['json'] === true) process.stdout.write(`${JSON.stringify(drift, null, 2)}\n`);
      else process.stdout.write(drift.map(describe).join('') || `All ${planned.length} topics are as planned.\n`);
      if (drift.length > 0) differences();
    });
  });
  const create = topics.command('create').description('create what is missing; what exists is never altered');
  addSettings(create).action(async (options: Readonly<Record<string, unknown>>) => {
    await withTopics(options, async (client, planned) => {
      const drift = await ensureTopics(client, planned);
      process.stdout.write(`${planned.length} topics are there.\n${drift.map(describe).join('')}`);
      if (drift.length > 0) differences();
    });
  });
}

interface Drift {
  readonly topic: string;
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
  readonly remedy: string;
}

const describe = ({ topic, setting, found, wanted, remedy }: Drift) =>
  `${topic}: ${setting} is ${found}, wanted ${wanted}\n  ${remedy}\n`;

async function withTopics(
  options: Readonly<Record<string, unknown>>,
  act: (client: ReturnType<typeof admin>, planned: Awaited<ReturnType<typeof topicPlanFor>>) => Promise<void>,
): Promise<void> {
  const { config } = readConfig(options);
  const kafka = kafkaSettings(config);
  if (kafka === undefined) {
    throw new ConfigError([{ where: 'KAFKA_BROKERS', value: '(not set)', allowed: 'host:port of some brokers' }]);
  }
  const log = createLog(config.logLevel, (line) => void process.stderr.write(line));
  const client = admin(kafka, log);
  try {
    await client.connect();
    await act(client, await topicPlanFor(client, recordTypes, topicOptions(config)));
  } catch (error) {
    throw kafkaFailure(error, 'looking at the topics');
  } finally {
    await client.disconnect();
  }
}
