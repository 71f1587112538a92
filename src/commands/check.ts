import type { Command } from 'commander';
import { exitCodeOf, type Finding, renderFinding } from '../check/finding.ts';
import type { Figures } from '../check/judge.ts';
import { checkKafka } from '../check/kafka-check.ts';
import { checkPlatform } from '../check/platform-check.ts';
import { credentials, platformUrls } from '../compose.ts';
import type { Config } from '../config.ts';
import { GenesysError } from '../genesys/errors.ts';
import { createLog } from '../log.ts';
import { kafkaSettings, topicOptions } from '../logs/choose-logs.ts';
import { openPlatform, type Platform, refuseRecording } from './platform.ts';
import { addSettings, readConfig } from './settings.ts';
import { stopOnSignal } from './signals.ts';

/** `exit` is called with the exit code: 0 all is there, 3 something is missing, 1 something could not be asked. */
export function addCheckCommand(program: Command, exit: (code: number) => void): void {
  const command = program
    .command('check')
    .description('ask platform and Kafka whether all that run needs is there, and what is lost without it')
    .option('--json', 'machine-readable');
  addSettings(command).action(async (options: Readonly<Record<string, unknown>>) => {
    const { config } = readConfig(options);
    refuseRecording(config);
    const isJson = options['json'] === true;
    const findings: Finding[] = [];
    let figures: Figures | null = null;
    const { stop } = stopOnSignal();
    for await (const finding of check(config, (found) => (figures = found), stop.signal)) {
      findings.push(finding);
      if (!isJson) process.stdout.write(`${renderFinding(finding)}\n`);
    }
    const exitCode = exitCodeOf(findings);
    if (isJson) process.stdout.write(`${JSON.stringify({ exitCode, figures, findings }, null, 2)}\n`);
    else process.stdout.write(`${summary(findings)}\n`);
    exit(exitCode);
  });
}

async function* check(
  config: Config,
  onFigures: (figures: Figures) => void,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  const kafka = kafkaSettings(config);
  const platform = await openPlatform(config, signal);
  try {
    yield* askPlatform(platform, onFigures, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    yield { name: 'check', status: 'failed', told: 'ended before all was asked' };
    return;
  } finally {
    await platform.simulator?.close();
  }
  if (kafka === undefined) {
    const told = 'KAFKA_BROKERS is not set: journal and outputs are kept in the data folder';
    yield { name: 'kafka', status: 'ok', told };
    return;
  }
  yield* await checkKafka(
    kafka,
    topicOptions(config),
    createLog('silent', () => undefined),
  );
}

async function* askPlatform(
  { config, clock }: Platform,
  onFigures: (figures: Figures) => void,
  signal: AbortSignal,
): AsyncGenerator<Finding> {
  let login: ReturnType<typeof credentials>;
  try {
    login = credentials(config);
  } catch (error) {
    if (!(error instanceof GenesysError)) throw error;
    yield { name: 'credentials', status: 'failed', told: error.message, cost: 'nothing more can be asked' };
    return;
  }
  const readsSurveys = config.surveysEveryMs !== null;
  yield* checkPlatform({ ...platformUrls(config), ...login, clock, readsSurveys, onFigures }, signal);
}

function summary(findings: readonly Finding[]): string {
  const count = (status: Finding['status']) => findings.filter((each) => each.status === status).length;
  return `${count('ok')} ok, ${count('missing')} missing, ${count('failed')} failed`;
}
