import { z } from 'zod';

/** Milliseconds since 1970-01-01 UTC. */
export type EpochMs = number;

/**
 * - `state`: superseded by the next record of its key; compacted, may be conflated.
 * - `fact`: stands for ever; append-only, never conflated.
 * - `revised`: has a key and a `revision`; every revision is written, the highest wins.
 */
export type RecordKind = 'state' | 'fact' | 'revised';

/** A declared output shape; topic, message key, JSON Schema, Arrow and Parquet columns are all derived from it. */
export interface RecordType<Schema extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly version: number;
  readonly kind: RecordKind;
  /** The fields whose values, joined with `/`, follow the organisation's id in the key. */
  readonly key: readonly string[];
  readonly schema: Schema;
  keyOf(value: z.output<Schema>): string;
}

/** One record on its way to a sink. `atMs` is the journal time of the event that issued it. */
export interface Output {
  readonly type: RecordType;
  readonly key: string;
  /** null: the key is gone. */
  readonly value: unknown;
  readonly atMs: EpochMs;
}

export function defineRecord<Shape extends z.ZodRawShape>(declared: {
  readonly name: string;
  readonly version: number;
  readonly kind: RecordKind;
  readonly key: readonly (keyof Shape & string)[];
  readonly schema: z.ZodObject<Shape>;
}): RecordType<z.ZodObject<Shape>> {
  return {
    ...declared,
    keyOf(value) {
      const fields: Readonly<Record<string, unknown>> = value;
      let key = '';
      for (const name of declared.key) key += key === '' ? String(fields[name]) : `/${String(fields[name])}`;
      return key;
    },
  };
}

/** Makes an output whose key lacks the organisation's id as yet: `inOrganization` puts that in front, where it is known. */
export function output<Schema extends z.ZodType>(
  type: RecordType<Schema>,
  value: z.output<Schema>,
  atMs: EpochMs,
): Output {
  return { type, key: type.keyOf(value), value, atMs };
}

/** Says that a key of a state is gone: an output whose value is null. Readers of the topic drop what they had for the key. */
export function tombstone(type: RecordType, fields: Readonly<Record<string, string>>, atMs: EpochMs): Output {
  return { type, key: type.key.map((name) => fields[name]).join('/'), value: null, atMs };
}

/** An output with its whole key. */
export function inOrganization({ type, key, value, atMs }: Output, organizationId: string): Output {
  return { type, key: `${organizationId}/${key}`, value, atMs };
}

/** The organisation that a whole key begins with. */
export function organizationOf(key: string): string {
  return key.slice(0, key.indexOf('/'));
}

/** The topic of a record type without the configured prefix, for example `queue-state.v1`. */
export function topicOf(type: RecordType): string {
  return `${type.name}.v${type.version}`;
}

/** A point in time in epoch milliseconds; a UTC timestamp column in Parquet. */
export const epochMs = () => z.int().meta({ column: 'timestamp' });

/** A calendar date `YYYY-MM-DD`; a date column in Parquet. */
export const calendarDate = () => z.string().meta({ column: 'date' });

/** A whole number of zero or more: a count, or whole milliseconds. */
export const count = () => z.int().nonnegative();
