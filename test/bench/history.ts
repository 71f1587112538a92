import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setInterval } from 'node:timers/promises';
import { type Clock, systemClock } from '../../sinks/clock.ts';
import { packageFolder } from '../../src/commands/settings.ts';
import { startSimulator } from '../../src/simulator/simulator.ts';
import { addDays, dayOf } from '../../streams/calendar.ts';
import { simulatorEnv } from '../support/pipeline-process.ts';
import { type Usage, usageOf } from './usage.ts';

// npm run bench -- --only history: half hours of many queues through the command, in a process of its own; the platform is in this one. A
// day of calls that is repeated makes the months, and the platform's time runs fast, so that what is measured is not its waiting: it works
// on each job for 3 s, and there are 50 of them in a month.

const queues = 1_000;
const callsInHalfHour = 1;
const speed = 300;
const timeZone = 'UTC';
const first = '2026-03-01';
const months = { one: '2026-03-31', three: '2026-05-31' } as const;

/** Each queue has an agent of its own, and calls in every half hour, some of whom nobody answers. */
function dayOfCalls(): string {
  const lines: { readonly t: number; readonly text: string }[] = [];
  const tell = (t: number, event: object) => lines.push({ t, text: JSON.stringify({ t, ...event }) });
  for (let queue = 0; queue < queues; queue += 1) {
    const [q, agent] = [`queue-${queue}`, `agent-${queue}`];
    tell(0, { ev: 'agent', agent, state: 'on', queues: [q] });
    for (let number = 0; number < 48 * callsInHalfHour; number += 1) {
      const id = `${queue}/${number}`;
      const at = (number * 1_800) / callsInHalfHour + 1 + ((queue * 7_919 + number * 31) % 300);
      const wait = (queue * 13 + number * 17) % 60;
      const handle = 60 + ((queue * 11 + number * 7) % 300);
      tell(at, { ev: 'arrival', id, q });
      if ((queue + number) % 11 === 0) {
        tell(at + wait, { ev: 'abandon', id, q, wait });
      } else {
        tell(at + wait, { ev: 'answer', id, q, agent, wait });
        tell(at + wait + handle, { ev: 'end', id, q, agent, handle });
      }
    }
  }
  return lines
    .sort((a, b) => a.t - b.t)
    .map(({ text }) => text)
    .join('\n');
}

interface Measured extends Usage {
  readonly seconds: number;
  readonly rows: number;
}

/** Reads half hours from the first date to this one, all anew. */
async function readMonths(url: string, to: string): Promise<Measured> {
  const dataDir = await mkdtemp(join(tmpdir(), 'queuecast-bench-'));
  const args = ['history', '--data-dir', dataDir, '--from', first, '--to', to, '--granularity', 'PT30M'];
  const beganMs = performance.now();
  const child = spawn(
    process.execPath,
    [join(packageFolder(), 'dist/src/main.js'), ...args, '--timezone', timeZone, '--csv'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'] ?? '', ...simulatorEnv(url, 'bench', 'bench') },
    },
  );
  let told = '';
  child.stderr.on('data', (data: Buffer) => (told += data.toString()));
  const ended = once(child, 'exit');
  let usage: Usage = { cpuSeconds: 0, peakMb: 0 };
  try {
    for await (const _ of setInterval(50)) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      const now = usageOf(child);
      // Of one that has just ended nothing is told of its memory.
      if (now.peakMb > 0) usage = now;
    }
    await ended;
    const seconds = (performance.now() - beganMs) / 1000;
    const rows = Number(/^(\d+) rows of/m.exec(told)?.[1]);
    if (child.exitCode !== 0 || !(rows > 0)) throw new Error(`history ended with ${child.exitCode}: ${told}`);
    return { ...usage, seconds, rows };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const describe = (what: string, { rows, seconds, cpuSeconds, peakMb }: Measured) =>
  `  ${what}: ${rows} rows in ${seconds.toFixed(0)} s (${cpuSeconds.toFixed(0)} CPU s), ${Math.round(rows / seconds)} rows/s, peak memory ${peakMb.toFixed(0)} MB`;

export async function measureHistory(say: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'queuecast-bench-'));
  const trace = join(folder, 'day.trace.jsonl');
  await writeFile(trace, dayOfCalls());
  const { endMs } = dayOf(months.three, timeZone);
  const nowMs = endMs + 3_600_000;
  let aheadMs = 0;
  const baseClock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
  const simulator = await startSimulator({
    ...{ trace, speed, port: 0, timeZone, loop: true, clientId: 'bench', clientSecret: 'bench', baseClock },
    ...{ date: addDays(first, -1), watchedFromMs: nowMs },
  });
  try {
    const beganMs = performance.now();
    aheadMs = (nowMs - simulator.clock.nowMs()) / speed;
    simulator.platform.advanceTo(simulator.clock.nowMs());
    const prepared = ((performance.now() - beganMs) / 1000).toFixed(0);
    say(`history, half hours of ${queues} queues (the platform played a day of them in ${prepared} s)`);
    say(describe('a month as CSV', await readMonths(simulator.url, months.one)));
    say(describe('three months as CSV', await readMonths(simulator.url, months.three)));
  } finally {
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}
