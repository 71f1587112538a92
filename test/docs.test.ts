import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { variants } from '../src/backtest/variants.ts';
import { loadConfig } from '../src/config.ts';
import { parseOpeningHours } from '../src/opening-hours-text.ts';
import { kpiDefinitions, kpiVersion } from '../streams/kpis.ts';
import { settingsOfQueue } from '../streams/queue-settings.ts';
import { type RecordType, topicOf } from '../streams/record.ts';
import { recordTypes } from '../streams/records/all.ts';
import { announcementTables } from './announcement-tables.ts';

// Pages made from the code; `npm run docs` writes them, and these tests fail when they differ.

const cleanup = { state: 'compact', fact: 'delete', revised: 'compact' } as const;

const property = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.string().optional(),
  enum: z.array(z.string()).optional(),
  column: z.string().optional(),
  get anyOf() {
    return z.array(property).optional();
  },
  get items() {
    return property.optional();
  },
  properties: z.record(z.string(), z.unknown()).optional(),
  minimum: z.number().optional(),
});

function typeName(of: z.infer<typeof property>): string {
  if (of.anyOf !== undefined) return of.anyOf.map(typeName).join(' or ');
  if (of.column !== undefined) return of.column === 'timestamp' ? 'epoch ms' : of.column;
  if (of.enum !== undefined) return of.enum.map((each) => `\`${each}\``).join(', ');
  if (of.type === 'array') return `list of ${of.items === undefined ? 'anything' : typeName(of.items)}`;
  if (of.type === 'object') return `object: ${Object.keys(of.properties ?? {}).join(', ')}`;
  return Array.isArray(of.type) ? of.type.join(' or ') : (of.type ?? 'anything');
}

function section(type: RecordType): string {
  const head = `## queuecast.${topicOf(type)}\n\n${type.kind} (cleanup: ${cleanup[type.kind]}) · key \`org/${type.key.join('/')}\``;
  const schema = z.object({ properties: z.record(z.string(), property).optional() }).parse(z.toJSONSchema(type.schema));
  if (schema.properties === undefined) {
    const kinds = z.object({ oneOf: z.array(z.object({ properties: z.object({ kind: property }).loose() })) });
    const union = kinds.parse(z.toJSONSchema(type.schema));
    const rows = union.oneOf.map(
      ({ properties: { kind, ...rest } }) => `| \`${kind.const ?? ''}\` | ${Object.keys(rest).join(', ')} |`,
    );
    return [head, '', '| kind | fields |', '| --- | --- |', ...rows].join('\n');
  }
  const rows = Object.entries(schema.properties).map(([name, of]) => `| \`${name}\` | ${typeName(of)} |`);
  return [head, '', '| field | type |', '| --- | --- |', ...rows].join('\n');
}

test('docs/topics.md says what the registry declares', async () => {
  const intro =
    '# Topics\n\nGenerated from `streams/records`. A key begins with the id of the organisation. null = not known, never 0.';
  const page = [intro, ...recordTypes.map(section)].join('\n\n');
  await expect(`${page}\n`).toMatchFileSnapshot('../docs/topics.md');
});

test('docs/kpis.md says how each ratio is made', async () => {
  const page = readFileSync('docs/kpis.md', 'utf8');
  const rows = kpiDefinitions.map(({ name, title, unit, of, per, note }) => {
    const formula = `${of.join(' + ')} / (${per.join(' + ')})`.replace(/\((\w+)\)/, '$1');
    return `| \`${name}\` | ${title} | ${unit === 'ms' ? 'ms' : '0-1'} | \`${formula}\` | ${note} |`;
  });
  const table = [
    `Version ${kpiVersion}.`,
    '',
    '| field | ratio | unit | sums | note |',
    '| --- | --- | --- | --- | --- |',
  ];
  const upToDate = page.replace(/(<!-- made -->\n)[^]*(<!-- end -->)/, (_, start: string, end: string) =>
    [start, ...table, ...rows, '', end].join('\n'),
  );
  await expect(upToDate).toMatchFileSnapshot('../docs/kpis.md');
});

test('docs/announcements.md says what is spoken', async () => {
  const page = readFileSync('docs/announcements.md', 'utf8');
  const upToDate = page.replace(/(<!-- made -->\n)[^]*(<!-- end -->)/, (_, start: string, end: string) =>
    [start, ...announcementTables(), end].join('\n'),
  );
  expect(upToDate).toContain('Your estimated wait time is about 5 minutes.');
  await expect(upToDate).toMatchFileSnapshot('../docs/announcements.md');
});

/** The settings of queues that a page shows. */
const yamlOf = (path: string) => /```yaml\n([^]*?)```/.exec(readFileSync(path, 'utf8'))?.[1] ?? '';

test('the example of settings of single queues is read, and does what the page says', () => {
  const { config } = loadConfig({ env: {}, yaml: yamlOf('docs/queues.md') });
  const of = (id: string, name: string) => settingsOfQueue({ ...config, timeZone: config.timeZone ?? '' }, id, name);
  const hoursOf = (id: string, name: string) => of(id, name).openingHours?.length;
  expect(of('1', 'Sales Paris')).toMatchObject({
    ...{ timeZone: 'Europe/Paris', locale: 'fr', announcementMode: 'lessThan', callbackAfterSeconds: 300 },
  });
  expect(of('1', 'Sales')).toMatchObject({ timeZone: 'Europe/Berlin', locale: 'en', callbackAfterSeconds: 300 });
  expect([hoursOf('1', 'Sales Paris'), hoursOf('1', 'Support')]).toEqual([11, 5]);
  expect(of('3c4a1f7e-0f5e-4b7c-9d57-7b1c5c0b9a11', 'Sales').openingHours).toBeNull();
  expect(loadConfig({ env: {}, yaml: yamlOf('README.md') }).config.queues).toHaveLength(1);
});

test('docs/queues.md has every setting of a queue, and only opening hours that are some', () => {
  const page = readFileSync('docs/queues.md', 'utf8');
  for (const name of Object.keys(settingsOfQueue({}, '', undefined)))
    expect(page).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, 'm'));
  const texts = [...page.slice(page.indexOf('## Opening hours')).matchAll(/^\| `([^`]+)` +\|/gm)];
  expect(texts.length).toBeGreaterThan(3);
  for (const [, text = ''] of texts) expect(parseOpeningHours(text), text).toBeDefined();
});

test('the README names every command of the program', () => {
  const readme = readFileSync('README.md', 'utf8');
  const words = 'run record check simulate predict history backtest compact replay topics config';
  for (const command of words.split(' ')) expect(readme).toMatch(new RegExp(`\\| \`${command}\` *\\|`));
});

test('every promise names a test that exists', () => {
  const rows = [...readFileSync('docs/guarantees.md', 'utf8').matchAll(/^\|[^|]+\| `([^`]+)`: ([^|]+?) *\|$/gm)];
  expect(rows.length).toBeGreaterThan(15);
  for (const [, path = '', name = ''] of rows) expect(readFileSync(path, 'utf8'), path).toContain(name);
});

test('the page about predictions names the command that made its tables, every estimator and every variant', () => {
  const page = readFileSync('docs/prediction.md', 'utf8');
  const scripts = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')));
  for (const [, script = ''] of page.matchAll(/npm run (?:-s )?(\w+)/g))
    expect(Object.keys(scripts.scripts)).toContain(script);
  const tables = page.slice(page.indexOf('<!-- tables -->'), page.indexOf('<!-- /tables -->'));
  expect(page.slice(0, page.indexOf('<!-- tables -->'))).toContain('npm run tables -- ');
  for (const name of ['seed', 'ql', 'hol', 'les', 'smoothed', 'ql-a', 'ratio', 'regression']) {
    expect(page).toMatch(new RegExp(`^\\| \`${name}\` +\\|`, 'm'));
    expect(tables).toMatch(new RegExp(`^\\| ${name} +\\|`, 'm'));
  }
  for (const name of variants) expect(tables).toMatch(new RegExp(`^\\| ${name} +\\|`, 'm'));
});
