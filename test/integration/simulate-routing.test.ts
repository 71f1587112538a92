import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { startProcess } from '../support/pipeline-process.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

// What is asked on the command line: a log in, who would have been given what out.

const newFolder = temporaryFolders();
const agents = [
  { id: 'a', skills: { s: 5 }, languages: ['de'], csat: 1 },
  { id: 'b', skills: { s: 5 }, languages: ['de'], csat: 0.9 },
];
const table =
  'id,required_skill,required_language,started_at,handle_seconds\n1,s,de,2026-03-01T09:00:00Z,60\n2,s,de,2026-03-01T09:00:30Z,60\n3,x,fr,2026-03-01T09:01:00Z,60\n';
const told = z.object({
  assignments: z.array(z.object({ agent_id: z.string(), wait_seconds: z.number().nullable() })),
  unassigned: z.array(z.unknown()),
  fairness_metrics: z.looseObject({ test: z.string() }),
});

async function files() {
  const dir = newFolder();
  await mkdir(dir);
  const [log, roster] = [join(dir, 'log.csv'), join(dir, 'agents.json')];
  await writeFile(log, table);
  await writeFile(roster, JSON.stringify(agents));
  return { dir, log, roster };
}

const simulate = (...args: readonly string[]) => simulateWith({}, ...args);

async function simulateWith(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const started = startProcess(['simulate-routing', ...args], env);
  const exit = await started.ended;
  return { exit, output: started.output() };
}

describe('queuecast simulate-routing', () => {
  test('gives a log to the agents of a file, as JSON and as a page', async () => {
    const { dir, log, roster } = await files();
    const page = join(dir, 'page.html');
    const free = await simulate('--log', log, '--agents', roster, '--json', '--out', page);
    expect(free.exit, free.output).toBe(0);
    const answer = told.parse(JSON.parse(free.output));
    expect(answer.assignments.map(({ agent_id: id }) => id)).toEqual(['a', 'a']);
    expect(answer.unassigned).toEqual([{ interaction_id: '3', reason: 'none_eligible' }]);
    expect(await readFile(page, 'utf8')).toContain('Lorenz curve');
    const busy = told.parse(
      JSON.parse((await simulate('--log', log, '--agents', roster, '--json', '--capacity')).output),
    );
    expect(busy.assignments).toEqual([
      { agent_id: 'a', wait_seconds: 0 },
      { agent_id: 'b', wait_seconds: 0 },
    ]);
    expect(busy.fairness_metrics.test).toBe('eligible_sets');
  });

  test('asks the platform for the agents of a queue where no file has them', async () => {
    const { log } = await files();
    const { exit, output } = await simulate('--log', log, '--queue', 'PS', '--source', 'simulator');
    expect(exit, output).toBe(0);
    expect(output).toMatch(/^agents available +\d+$/m);
  });

  test('calls the agents of the platform by pseudonyms where a key is set, and those of a file as the file does', async () => {
    const { dir, log, roster } = await files();
    const easy = join(dir, 'easy.csv');
    await writeFile(easy, 'id\n1\n2\n');
    const chosen = async (env: Readonly<Record<string, string>>, ...args: readonly string[]) => {
      const { exit, output } = await simulateWith(env, '--log', easy, '--json', ...args);
      expect(exit, output).toBe(0);
      return told.parse(JSON.parse(output)).assignments.map(({ agent_id: id }) => id);
    };
    const key = { AGENT_ID_KEY: 'a key of sixteen letters' };
    const platform = ['--queue', 'PS', '--source', 'simulator'];
    const hidden = await chosen(key, ...platform);
    expect(hidden).toHaveLength(2);
    // The simulator's own are of another version of UUID.
    for (const id of hidden) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/);
    expect(await chosen(key, '--log', log, '--agents', roster)).toEqual(['a', 'a']);
  });

  test('reads a log that is packed, and refuses one that is cut off', async () => {
    const { dir, roster } = await files();
    const packed = gzipSync(table);
    const log = join(dir, 'log.csv.gz');
    await writeFile(log, packed);
    const whole = await simulate('--log', log, '--agents', roster, '--json');
    expect(told.parse(JSON.parse(whole.output)).assignments).toHaveLength(2);
    await writeFile(log, packed.subarray(0, packed.length - 9));
    const cut = await simulate('--log', log, '--agents', roster);
    expect(cut.output).toMatch(/--log=.*: allowed: a file that can be read; unexpected end of file/);
    expect(cut.exit).toBe(2);
  });

  test('says that nobody is available where nobody is idle, and fails; agents may have a byte order mark', async () => {
    const { log, roster } = await files();
    await writeFile(roster, `\ufeff${JSON.stringify([{ id: 'a', routing_status: 'INTERACTING' }])}`);
    const { exit, output } = await simulate('--log', log, '--agents', roster);
    expect(output).toBe('queuecast: nobody is available: none of 1 agents is idle\n');
    expect(exit).toBe(1);
  });

  test('refuses a page that would destroy what is read, or could not be written, before it reads the log', async () => {
    const { dir, log, roster } = await files();
    await writeFile(log, 'not read\n');
    const places = [
      [log, /--out=.*: allowed: another file than that of --log/],
      [join(dir, '.', 'agents.json'), /--out=.*: allowed: another file than that of --agents/],
      [join(dir, 'nowhere', 'page.html'), /--out=.*: allowed: a file in a folder that is there/],
      [dir, /--out=.*it is a folder/],
      ['', /--out=: allowed: the name of a file/],
    ] as const;
    for (const [out, said] of places) {
      const { exit, output } = await simulate('--log', log, '--agents', roster, '--out', out);
      expect(output).toMatch(said);
      expect(exit).toBe(2);
    }
    expect(await readFile(log, 'utf8')).toBe('not read\n');
    expect(JSON.parse(await readFile(roster, 'utf8'))).toEqual(agents);
  });

  test('says what is wrong with files and wishes as usage', async () => {
    const { dir, log, roster } = await files();
    const wrong = async (said: RegExp, ...args: readonly string[]) => {
      const { exit, output } = await simulate(...args);
      expect(output).toMatch(said);
      expect(exit).toBe(2);
    };
    await wrong(/--agents FILE, or --queue/, '--log', log);
    const both = ['--log', log, '--agents', roster];
    await wrong(/--agents and --queue exclude each other/, ...both, '--queue', 'PS');
    await wrong(/--max-wait-seconds goes with --capacity/, ...both, '--max-wait-seconds', '5');
    await wrong(/--sla-target=0\/20: allowed: percent/, ...both, '--sla-target', '0/20');
    await wrong(/--log=.*nowhere/, '--log', join(dir, 'nowhere.csv'), '--agents', roster);
    await writeFile(join(dir, 'bad.csv'), 'id,handle_seconds\n1,long\n');
    await wrong(
      /^error: --log .*bad.csv: Interaction 1, handle_seconds: /,
      '--log',
      join(dir, 'bad.csv'),
      '--agents',
      roster,
    );
    await writeFile(roster, JSON.stringify([{ id: 'a', csat: 80 }]));
    await wrong(/--agents=.*0\.csat: /, '--log', log, '--agents', roster);
    await writeFile(roster, JSON.stringify([...agents, agents[0]]));
    await wrong(/--agents=.*each with an id of its own; "a" is there again/, '--log', log, '--agents', roster);
    await wrong(
      /--handle-seconds=long: allowed: seconds/,
      '--log',
      log,
      '--agents',
      roster,
      '--handle-seconds',
      'long',
    );
  });
});
