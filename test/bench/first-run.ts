import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a newcomer waits for: a fresh clone of what is committed, the two steps of the README, the first prediction. */
export async function measureFirstRun(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'queuecast-first-run-'));
  const clone = join(folder, 'clone');
  const production = join(folder, 'production');
  const quietly = { cwd: clone, stdio: 'ignore' } as const;
  try {
    execFileSync('git', ['clone', '-q', '.', clone]);
    const installSeconds = seconds(() => execFileSync('npm', ['ci'], quietly));
    const beganMs = performance.now();
    await firstPrediction(clone);
    const startSeconds = (performance.now() - beganMs) / 1000;
    execFileSync('git', ['clone', '-q', '.', production]);
    execFileSync('npm', ['ci', '--omit=dev'], { ...quietly, cwd: production });
    const kilobytes = Number(
      execFileSync('du', ['-sk', join(production, 'node_modules')], { encoding: 'utf8' }).split('\t')[0],
    );
    return [
      `npm ci: ${installSeconds.toFixed(1)} s; npm start until the first prediction: ${startSeconds.toFixed(1)} s`,
      `production dependencies installed: ${Math.round(kilobytes / 1024)} MB`,
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function seconds(work: () => unknown): number {
  const beganMs = performance.now();
  work();
  return (performance.now() - beganMs) / 1000;
}

/** Ends the whole group it started: npm does not hand signals on. */
async function firstPrediction(cwd: string): Promise<void> {
  const started = spawn('npm', ['start'], { cwd, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    await new Promise<void>((resolve, reject) => {
      started.once('exit', () => reject(new Error('npm start ended before its first prediction')));
      started.stdout.on('data', (data: Buffer) => {
        if (/predicted wait \d/.test(data.toString())) resolve();
      });
    });
  } finally {
    if (started.pid !== undefined) process.kill(-started.pid, 'SIGTERM');
  }
}
