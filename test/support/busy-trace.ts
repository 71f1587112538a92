import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { packageFolder } from '../../src/commands/settings.ts';

const sample = join(packageFolder(), 'samples/bank-1999-01-05.trace.jsonl.gz');

const traceLine = z.object({
  t: z.number(),
  ev: z.string(),
  id: z.string().optional(),
  agent: z.string().optional(),
  state: z.string().optional(),
});

/** The sample day from ten o'clock on, when it is busy: with the agents who are on queue then, without the calls before. */
export async function writeBusyTrace(path: string): Promise<void> {
  const from = 4 * 86_400 + 10 * 3_600;
  const onQueue = new Map<string, string>();
  const known = new Set<string>();
  const kept: string[] = [];
  for (const text of gunzipSync(await readFile(sample))
    .toString()
    .trim()
    .split('\n')) {
    const { t, ev, id, agent, state } = traceLine.parse(JSON.parse(text));
    if (t < from) {
      if (ev === 'agent' && state === 'on')
        onQueue.set(agent!, text.replace(`"t":${t}`, `"t":${from}`).replace(`"t": ${t}`, `"t": ${from}`));
      if (ev === 'agent' && state === 'off') onQueue.delete(agent!);
      continue;
    }
    if (ev === 'arrival') known.add(id!);
    if (id === undefined || known.has(id)) kept.push(text);
  }
  await writeFile(path, [...onQueue.values(), ...kept].join('\n'));
}
