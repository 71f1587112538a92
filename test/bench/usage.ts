import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Usage {
  readonly cpuSeconds: number;
  readonly peakMb: number;
}

/** CPU seconds and peak memory of a process that lives. */
export function usageOf({ pid }: ChildProcess): Usage {
  const fields = readFileSync(`/proc/${pid ?? 0}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1];
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, peakMb: Number(peak) / 1024 };
}
