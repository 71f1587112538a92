import { runGolden } from './run.ts';

const { exitCode, stdout, stderr } = runGolden(process.argv.slice(2));
process.stdout.write(stdout);
process.stderr.write(stderr);
process.exitCode = exitCode;
