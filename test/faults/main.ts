import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { faultOptions } from './options.ts';

// npm run test:faults -- --runs 60 --seed 1 --kill all --brokers 3: as many runs as wanted of the fault tests, the same for each seed.

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    kill: { type: 'string' },
    brokers: { type: 'string' },
    sink: { type: 'string' },
  },
});
const options = faultOptions.safeParse(values);
if (options.success) {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  const { kill } = options.data;
  const isOfFiles = kill === 'compact' || kill === 'replay' || kill === 'history';
  const files = [
    ...(isOfFiles ? [] : ['test/faults/pipeline.test.ts']),
    ...(isOfFiles || kill === 'all' ? ['test/faults/files.test.ts'] : []),
  ];
  const args = [vitest, 'run', '--project', 'integration', ...files];
  const env = { ...process.env, QUEUECAST_TEST_FAULTS: JSON.stringify(options.data) };
  const running = spawn(process.execPath, args, { stdio: 'inherit', env });
  running.on('exit', (code) => (process.exitCode = code ?? 1));
} else {
  process.stderr.write(`${z.prettifyError(options.error)}\n`);
  process.exitCode = 2;
}
