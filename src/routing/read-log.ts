import { CsvError, parse } from 'csv-parse';
import { pipeline, Readable } from 'node:stream';
import { z } from 'zod';
import { snakeCase, toSnakeCase } from '../snake-case.ts';
import { jsonObjects } from './json-objects.ts';
import { InteractionLogError } from './log-error.ts';
import type { Interaction } from './interaction.ts';

/** `json`: a list of objects, or an object a line. */
export type LogFormat = 'json' | 'csv';

/** No log of a simulation is longer. */
export const interactionsMax = 1_000_000;
const objectCharactersMax = 100_000;

const id = z.string().min(1).max(200);
const name = z.string().max(200);
const moment = z.union([
  z.iso.datetime({ offset: true }),
  z.iso.datetime({ local: true }).transform((text) => `${text}Z`),
]);
const notSeconds = 'not a number of seconds from 0 to 604800';
const seconds = z.number(notSeconds).min(0, notSeconds).max(604_800, notSeconds);

/** One interaction of a log; there are no other fields, as one that is misspelt would change the figures and nobody would know. */
export const interactionFields = {
  id,
  required_skill: z.union([name, z.array(id).max(50)]).nullish(),
  required_language: name.nullish(),
  started_at: moment.nullish(),
  handle_seconds: seconds.nullish(),
};

const interaction = z.strictObject(interactionFields);
const fieldNames = Object.keys(interactionFields);
const allFields = `the fields are ${fieldNames.join(', ')}; take others out`;

/** In a table all is text, several skills have `+` between, and an empty cell says nothing. */
const row = z.object({
  id,
  required_skill: z
    .string()
    .transform((text) => text.split('+'))
    .optional(),
  required_language: name.optional(),
  // As tables of data scientists have it too.
  started_at: z
    .string()
    .transform((text) => (text === '' ? null : text.replace(' ', 'T')))
    .pipe(moment.nullable())
    .optional(),
  handle_seconds: z
    .string()
    .regex(/^(\d+(\.\d+)?)?$/, notSeconds)
    .transform((text) => (text === '' ? null : Number(text)))
    .pipe(seconds.nullable())
    .optional(),
});

/** Reads interactions as they come, in UTF-8. Throws an `InteractionLogError` that names row and field. */
export async function* readLog(bytes: AsyncIterable<Uint8Array>, format: LogFormat): AsyncGenerator<Interaction> {
  let count = 0;
  const refuseAgain = createRepetitionCheck();
  try {
    for await (const value of format === 'csv' ? csvRows(bytes) : jsonValues(bytes)) {
      count += 1;
      if (count > interactionsMax) {
        throw new InteractionLogError(
          'QC_LOG_TOO_LARGE',
          count,
          null,
          `a log has ${interactionsMax} at most: cut it in parts`,
        );
      }
      const read = readInteraction(format === 'csv' ? row : interaction, value, count);
      refuseAgain(read.id, count);
      yield read;
    }
    if (count === 0) {
      throw new InteractionLogError('QC_LOG_INVALID', null, null, 'it is empty; one interaction at least is expected');
    }
  } catch (error) {
    if (error instanceof CsvError || error instanceof SyntaxError || error instanceof RangeError) {
      throw new InteractionLogError('QC_LOG_INVALID', rowsBefore(error, count) + 1, null, error.message, {
        cause: error,
      });
    }
    throw error;
  }
}

/** The parser of tables is ahead of what was taken of it. */
function rowsBefore(error: Error, taken: number): number {
  const records: unknown = error instanceof CsvError ? error['records'] : undefined;
  return typeof records === 'number' ? records : taken;
}

type Read = z.output<typeof interaction>;

function readInteraction(schema: z.ZodType<Read>, value: unknown, at: number): Interaction {
  const read = schema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    if (issue?.code === 'unrecognized_keys') {
      const told = `there is no such field: ${allFields}`;
      throw new InteractionLogError('QC_LOG_INVALID', at, issue.keys[0] ?? null, told);
    }
    const field = issue?.path.join('.') ?? '';
    throw new InteractionLogError(
      'QC_LOG_INVALID',
      at,
      field === '' ? null : field,
      issue?.message ?? 'not an interaction',
    );
  }
  return toInteraction(read.data);
}

/** The interactions of a list that has been checked. Throws an `InteractionLogError` for an id that comes again. */
export function* toInteractions(list: readonly Read[]): Generator<Interaction> {
  const refuseAgain = createRepetitionCheck();
  for (const [at, each] of list.entries()) {
    refuseAgain(each.id, at + 1);
    yield toInteraction(each);
  }
}

/** Answers name interactions by their ids. */
function createRepetitionCheck(): (id: string, at: number) => void {
  const ids = new Set<string>();
  return (each, at) => {
    if (ids.size < ids.add(each).size) return;
    const told = `${JSON.stringify(each)} is an earlier interaction's too: each needs an id of its own`;
    throw new InteractionLogError('QC_LOG_INVALID', at, 'id', told);
  };
}

function toInteraction(read: Read): Interaction {
  const {
    required_skill: skill,
    required_language: language,
    started_at: startedAt,
    handle_seconds: handleSeconds,
  } = read;
  const skills = (typeof skill === 'string' ? [skill] : (skill ?? [])).filter((each) => each !== '');
  return {
    id: read.id,
    skills,
    language: language === '' ? null : (language ?? null),
    startMs: startedAt == null ? null : Date.parse(startedAt),
    handleSeconds: handleSeconds ?? null,
  };
}

function csvRows(bytes: AsyncIterable<Uint8Array>): AsyncIterable<unknown> {
  const parser = parse({
    columns: columnNames,
    bom: true,
    trim: true,
    skip_empty_lines: true,
    max_record_size: objectCharactersMax,
  });
  // What goes wrong on the way ends the parser, and is thrown where it is read.
  pipeline(Readable.from(bytes), parser, () => undefined);
  return parser;
}

function columnNames(titles: readonly string[]): string[] {
  const names = titles.map((each) => snakeCase(each.trim()));
  if (!names.includes('id')) throw new RangeError('the first line has no column id');
  for (const [at, each] of names.entries()) {
    const title = JSON.stringify(titles[at]);
    if (!fieldNames.includes(each)) throw new RangeError(`the first line has a column ${title}: ${allFields}`);
    if (names.indexOf(each) < at) throw new RangeError(`the first line has column ${title} twice: take one out`);
  }
  return names;
}

async function* jsonValues(bytes: AsyncIterable<Uint8Array>) {
  for await (const text of jsonObjects(decoded(bytes), objectCharactersMax)) {
    const value: unknown = JSON.parse(text);
    yield toSnakeCase(value);
  }
}

async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

/** With capacity time must pass: all are read, and put in the order of their starts. Throws an `InteractionLogError` for one without. */
export async function inOrderOfStart(
  log: AsyncIterable<Interaction> | Iterable<Interaction>,
): Promise<readonly Interaction[]> {
  const all: Interaction[] = [];
  for await (const each of log) {
    all.push(each);
    if (each.startMs === null) {
      throw new InteractionLogError(
        'QC_LOG_INVALID',
        all.length,
        'started_at',
        'with capacity each interaction needs its start',
      );
    }
  }
  return all.sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0));
}
