import type { Command } from 'commander';
import { addSettings, readConfig } from './settings.ts';

export function addConfigCommand(program: Command): void {
  const command = program
    .command('config')
    .description('print the effective configuration, secrets left out, and where each value comes from')
    .option('--json', 'machine-readable');
  addSettings(command).action((options: Readonly<Record<string, unknown>>) => {
    const { shown } = readConfig(options);
    if (options['json'] === true) {
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      return;
    }
    const width = Math.max(...shown.map(({ name }) => name.length));
    for (const { name, value, from, env, allowed } of shown) {
      const origin = [from, env, `allowed: ${allowed}`].filter((part) => part !== '').join('; ');
      process.stdout.write(`${name.padEnd(width)}  ${JSON.stringify(value)}  (${origin})\n`);
    }
  });
}
