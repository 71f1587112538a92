import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../sinks/clock.ts';
import { createLogSource, type LogRecord } from '../../src/sources/log-source.ts';

const main = join(import.meta.dirname, '../../dist/src/main.js');

/** A queuecast process of its own, as a user starts it. The build must be there: `npm test` makes it. */
export interface PipelineProcess {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

export function startProcess(args: readonly string[], env: Readonly<Record<string, string>> = {}): PipelineProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const ended = once(child, 'exit').then(([code, signal]: (number | string | null)[]) => code ?? signal ?? 'unknown');
  return { child, output: () => output, ended };
}

/** Environment of a pipeline that runs against a simulator on this machine. */
export function simulatorEnv(url: string, clientId: string, clientSecret: string): Readonly<Record<string, string>> {
  const { hostname, port } = new URL(url);
  return {
    GENESYSCLOUD_OAUTHCLIENT_ID: clientId,
    GENESYSCLOUD_OAUTHCLIENT_SECRET: clientSecret,
    GENESYSCLOUD_GATEWAY_HOST: hostname,
    GENESYSCLOUD_GATEWAY_PORT: port,
    GENESYSCLOUD_GATEWAY_PROTOCOL: 'http',
    QUEUECAST_CLOCK: url,
  };
}

/** Polls until a condition holds; rejects when the process it is waited for has ended. */
export async function until(condition: () => Promise<boolean>, running?: PipelineProcess, everyMs = 5): Promise<void> {
  const never = new AbortController().signal;
  while (!(await condition())) {
    if (running !== undefined && running.child.exitCode !== null) {
      throw new Error(`the process ended with ${running.child.exitCode}:\n${running.output()}`);
    }
    await systemClock.sleep(everyMs, never);
  }
}

/** Bytes of all segments of a log; 0 while there is none. */
export async function logBytes(dir: string): Promise<number> {
  const names = await readdir(dir).catch(() => []);
  const sizes = await Promise.all(
    names.filter((name) => name.endsWith('.log')).map(async (name) => (await stat(join(dir, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** All records of a log as it now is. */
export async function readLog(dir: string): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const source = createLogSource({ dir, fromOffset: 0, batchEventsMax: 100_000, commitEveryMs: 0, clock: systemClock });
  source.drain();
  await source.run((batch) => {
    records.push(...batch.events);
    return Promise.resolve();
  }, new AbortController().signal);
  return records;
}
