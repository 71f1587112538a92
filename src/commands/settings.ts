import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { ConfigError, flags, type LoadedConfig, loadConfig } from '../config.ts';

/** Gives a command a flag for each setting, or for those named. */
export function addSettings(command: Command, only?: readonly string[]): Command {
  for (const { name, flag, allowed } of flags) {
    if (only !== undefined && !only.includes(name)) continue;
    command.option(`${flag} ${name === 'loop' ? '[value]' : '<value>'}`, allowed);
  }
  return command;
}

export function readConfig(options: Readonly<Record<string, unknown>>): LoadedConfig {
  return loadConfig({ flags: options, env: process.env, ...readYaml('queuecast.yaml') });
}

function readYaml(path: string): { readonly yaml?: string } {
  if (!existsSync(path)) return {};
  try {
    return { yaml: readFileSync(path, 'utf8') };
  } catch (error) {
    const value = error instanceof Error ? error.message : String(error);
    throw new ConfigError([{ where: path, value, allowed: 'a file that can be read' }]);
  }
}

/** The package's own folder, found from here, wherever that is built to. */
export function packageFolder(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** The sample day that ships with the package. */
export function samplePath(): string {
  return join(packageFolder(), 'samples', 'bank-1999-01-05.trace.jsonl.gz');
}

export function readVersion(): string {
  const text = readFileSync(join(packageFolder(), 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}
