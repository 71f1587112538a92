import { InvalidArgumentError, type Command } from 'commander';
import { z } from 'zod';
import { allPermissions, permissionsWithout } from '../simulator/access.ts';
import { SimulatorError } from '../simulator/errors.ts';
import { parseFaultPlan } from '../simulator/fault-plan.ts';
import { startSimulator } from '../simulator/simulator.ts';
import { parseSwitches } from '../simulator/switches.ts';
import { addModelOptions, numberOption, optionError, playOf, readModel } from './model-options.ts';
import { addSettings, readConfig } from './settings.ts';
import { stopOnSignal } from './signals.ts';

const allowed: Readonly<Record<string, string>> = {
  port: '0 to 65535, 0 = any that is free',
  host: 'an address or name of this machine',
};

const address = z.object({
  port: numberOption.pipe(z.int().min(0).max(65_535)),
  host: z.string().min(1),
});

export function addSimulateCommand(program: Command): void {
  const faults = listOption(parseFaultPlan);
  const permissions = listOption(permissionsWithout);
  const switches = listOption(parseSwitches);
  const command = program
    .command('simulate')
    .description('serve the platform itself: login, REST, notification channels, from a call trace or a made-up centre')
    .option('--port <number>', 'port to listen on, 0 = any that is free', '8765')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--date <YYYY-MM-DD>', 'the day on which it begins; default: a recent one that is past')
    .option('--fault <list>', 'what is to go wrong, as in drop-socket@60s,hang-socket@5m:90s', faults.take)
    .option('--deny <permissions>', 'what the client may not do, as in routing:queue:view', permissions.take)
    .option('--switch <list>', 'what the platform does where that is unknown, as in zerosSent=false', switches.take)
    .option('--admin', 'take faults over HTTP (POST /simulator/faults) where others can reach it too');
  addModelOptions(command);
  addSettings(command, ['trace', 'traceTimeZone', 'speed', 'loop']).action(
    async (options: Readonly<Record<string, unknown>>) => {
      const { config } = readConfig(options);
      const listen = address.safeParse(options);
      const model = readModel(command, options);
      if (!listen.success) throw optionError(listen.error, options, allowed);
      const simulator = await startSimulator({
        ...listen.data,
        ...playOf(config, model),
        timeZone: config.traceTimeZone,
        speed: config.speed,
        loop: config.loop,
        faults: faults.read() ?? [],
        permissions: permissions.read() ?? allPermissions,
        switches: switches.read() ?? {},
        ...(options['admin'] === true ? { admin: true } : {}),
        ...(typeof options['date'] === 'string' ? { date: options['date'] } : {}),
        clientId: config.clientId ?? 'simulator',
        clientSecret: config.clientSecret ?? 'simulator',
        signal: stopOnSignal().stop.signal,
      });
      process.stdout.write(`${simulator.url}\n`);
      const summary = await simulator.ended;
      await simulator.close();
      process.stdout.write(`${JSON.stringify(summary)}\n`);
    },
  );
}

/** An option that is a list with commas, and goes on where it is given again; undefined where it is not given at all. */
function listOption<T>(read: (text: string) => T): {
  readonly take: (text: string) => void;
  readonly read: () => T | undefined;
} {
  let given: string | undefined;
  let value: T | undefined;
  return {
    take(text) {
      given = given === undefined ? text : `${given},${text}`;
      try {
        value = read(given);
      } catch (error) {
        throw error instanceof SimulatorError ? new InvalidArgumentError(error.message) : error;
      }
    },
    read: () => value,
  };
}
