import { execFile } from 'node:child_process';
import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const readers = ['pyarrow==26.0.1', 'duckdb==2.0.0', 'pytz==2026.6', 'confluent-kafka==2.16.1'];
const cache = join(import.meta.dirname, '../../.cache/python');

/**
 * Runs a script in a Python of our own, with pyarrow, DuckDB and a Kafka client unless other packages are named (`name==version`). It
 * is made at its first use and needs `python3` with venv and a package index. Resolves with what the script prints.
 */
export async function runPython(
  script: string,
  args: readonly string[] = [],
  pins: readonly string[] = readers,
): Promise<string> {
  const interpreter = await makeEnvironment(pins);
  const { stdout } = await execute(interpreter, ['-c', script, ...args], { maxBuffer: 1e9 });
  return stdout;
}

/** Another set of versions is another environment. Resolves with its interpreter. */
export async function makeEnvironment(pins: readonly string[] = readers): Promise<string> {
  const environment = join(cache, pins.join('+').replaceAll('==', '-'));
  const interpreter = join(environment, 'bin/python');
  const whole = join(environment, 'whole');
  const isWhole = await access(whole).then(
    () => true,
    () => false,
  );
  if (isWhole) return interpreter;
  try {
    await rm(environment, { recursive: true, force: true });
    await mkdir(cache, { recursive: true });
    await execute('python3', ['-m', 'venv', environment]);
    await execute(interpreter, ['-m', 'pip', 'install', '--disable-pip-version-check', '--quiet', ...pins]);
    await writeFile(whole, '');
    return interpreter;
  } catch (cause) {
    throw new Error(
      `No Python with ${pins.join(', ')} can be made in ${environment}: install python3 with venv (3.10 or later) and let pip reach its index.`,
      { cause },
    );
  }
}
