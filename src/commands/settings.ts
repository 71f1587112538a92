import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { flags, type LoadedConfig, loadConfig } from '../config.ts';

/** Gives a command a flag for each setting, or for those named. */
export function addSettings(command: Command, only?: readonly string[]): Command {
  for (const { name, flag, allowed } of flags) {
    if (only !== undefined && !only.includes(name)) continue;
    command.option(name === 'loop' ? flag : `${flag} <value>`, allowed);
  }
  return command;
}

export function readConfig(options: Readonly<Record<string, unknown>>): LoadedConfig {
  const yaml = existsSync('queuecast.yaml') ? readFileSync('queuecast.yaml', 'utf8') : undefined;
  return loadConfig({ flags: options, env: process.env, yaml });
}

/** The sample day that ships with the package, found from here, wherever that is built to. */
export function samplePath(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return join(folder, 'samples', 'bank-1999-01-05.trace.jsonl.gz');
}
