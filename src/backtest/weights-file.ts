import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { inputNames, type StartingWeights } from '../../streams/wait/regression.ts';
import { ConfigError } from '../config.ts';

const size = 3 * inputNames.length;

const weightsFile = z.object({
  inputs: z.array(z.string()),
  weights: z.array(z.number()).length(size),
  squares: z.array(z.number().nonnegative()).length(size),
});

/** Reads starting weights that `writeWeights` has written. */
export async function readWeights(path: string): Promise<StartingWeights> {
  const refused = (why: string) =>
    new ConfigError([
      {
        where: '--weights',
        value: path,
        allowed: `a file made by \`queuecast backtest TRACE... --fit FILE\` (${why})`,
      },
    ]);
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  const parsed = weightsFile.safeParse(value);
  if (!parsed.success) throw refused(z.prettifyError(parsed.error));
  if (parsed.data.inputs.join() !== inputNames.join()) throw refused('it is for other inputs: make it again');
  return parsed.data;
}

/** Writes weights as JSON, or, to a name that ends in .ts, as the module that the package ships. */
export async function writeWeights(path: string, { weights, squares }: StartingWeights): Promise<void> {
  const value = JSON.stringify({ inputs: inputNames, weights, squares });
  const module = [
    '// Made by `npm run weights -- TRACE...`; not to be edited.',
    "import type { StartingWeights } from './regression.ts';",
    '',
    '/** What the regression starts with: learned from a bank in 1999 and a simulated centre, docs/prediction.md says how. */',
    `export const startingWeights: StartingWeights = ${JSON.stringify({ weights, squares })};`,
    '',
  ].join('\n');
  await writeFile(path, path.endsWith('.ts') ? module : `${value}\n`);
}
