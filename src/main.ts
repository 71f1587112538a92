#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError } from 'commander';
import { SinkError } from '../sinks/errors.ts';
import { addBacktestCommand } from './commands/backtest.ts';
import { addCheckCommand } from './commands/check.ts';
import { addCompactCommand } from './commands/compact.ts';
import { addConfigCommand } from './commands/config.ts';
import { addHistoryCommand } from './commands/history.ts';
import { addPredictCommand } from './commands/predict.ts';
import { addRecordCommand } from './commands/record.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addRunCommand } from './commands/run.ts';
import { readVersion } from './commands/settings.ts';
import { addSimulateRoutingCommand } from './commands/simulate-routing.ts';
import { addSimulateCommand } from './commands/simulate.ts';
import { addTopicsCommand } from './commands/topics.ts';
import { ConfigError } from './config.ts';
import { GenesysError } from './genesys/errors.ts';
import { RecordingError } from './recording/errors.ts';
import { SimulatorError } from './simulator/errors.ts';

/** Exit codes: 0 ok, 1 failure, 2 usage, 3 differences found. */
async function main(args: readonly string[]): Promise<number> {
  const program = new Command('queuecast')
    .description('Streams contact-centre queue observations into wait predictions and window metrics')
    .version(readVersion())
    .exitOverride();
  let code = 0;
  addRunCommand(program);
  addRecordCommand(program);
  addSimulateCommand(program);
  addSimulateRoutingCommand(program, () => void (code = 1));
  addBacktestCommand(program);
  addCompactCommand(program);
  addReplayCommand(program);
  addConfigCommand(program);
  addHistoryCommand(program, () => void (code = 1));
  addTopicsCommand(program, () => void (code = 3));
  addCheckCommand(program, (found) => void (code = found));
  addPredictCommand(program, (found) => void (code = found));
  try {
    await program.parseAsync(args);
    return code;
  } catch (error) {
    // Commander has said already what is wrong with the usage.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof ConfigError) {
      process.stderr.write(`queuecast: ${error.message}\n`);
      return 2;
    }
    const isOfPlatform = error instanceof GenesysError || error instanceof SimulatorError;
    const isOfFiles = error instanceof SinkError || error instanceof RecordingError;
    const told =
      isOfPlatform || isOfFiles
        ? `${error.code}: ${error.message}`
        : String(error instanceof Error ? error.stack : error);
    process.stderr.write(`queuecast: ${told}\n`);
    // A setting that means nothing is usage, whoever found it out.
    return error instanceof SimulatorError && error.code === 'QC_SIMULATOR_SETTING' ? 2 : 1;
  }
}

// Collects garbage once there is as much of it as of what lives, where V8 would wait for three times as much.
setFlagsFromString('--heap-growing-percent=100');

// Whoever read the output has gone, as `head` does; a run takes it as a wish to end.
process.stdout.on('error', () => undefined);
const code = await main(process.argv);
// All that counts is done; a client that still waits for an answer holds nobody up.
process.stdout.write('', () => process.exit(code));
