import {
  Bool,
  type DataType,
  DateDay,
  Dictionary,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  Schema,
  TimestampMicrosecond,
  Utf8,
} from 'apache-arrow';
import { z } from 'zod';
import { type RecordType, topicOf } from '../../streams/record.ts';
import type { LogRecord } from '../log/log-tail.ts';

/** What a column holds; `texts` is a list of strings. */
type ColumnKind = 'timestamp' | 'date' | 'integer' | 'number' | 'boolean' | 'text' | 'texts';

/** One column of an archived record. */
export interface Column {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isNullable: boolean;
  /** The record's value for it; null or undefined = none. */
  readonly read: (record: LogRecord) => unknown;
}

/** The column of a field: `waitSecondsP80` → `wait_seconds_p80`. */
export function columnName(field: string): string {
  return field
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

const leadingColumns: readonly Column[] = [
  { name: 'record_key', kind: 'text', isNullable: false, read: ({ key }) => key },
  { name: 'record_timestamp', kind: 'timestamp', isNullable: false, read: ({ atMs }) => atMs },
  { name: 'record_offset', kind: 'integer', isNullable: false, read: ({ offset }) => offset },
];

/**
 * The columns of a record type: key, timestamp and offset of the record, then its fields as declared; the fields of an object
 * within it stand in its place, `inputs.waiting` as `inputs_waiting`; a list of objects is a text, in JSON. Throws a `TypeError` for a field no column can hold.
 */
export function columnsOf(type: RecordType): readonly Column[] {
  if (!(type.schema instanceof z.ZodObject))
    throw new TypeError(`Record ${topicOf(type)} is no object: it has no columns.`);
  const columns = [...leadingColumns, ...objectColumns(topicOf(type), type.schema, [], false)];
  const names = new Set<string>();
  for (const { name } of columns) {
    if (names.has(name))
      throw new TypeError(`Record ${topicOf(type)} has two fields for the column ${name}: rename one.`);
    names.add(name);
  }
  return columns;
}

/** What a row takes before it is packed, in bytes: 8 a value, one a flag, and a text its length. */
export function rowBytes(columns: readonly Column[], record: LogRecord): number {
  let bytes = 0;
  for (const { kind, read } of columns) {
    if (kind === 'boolean') bytes += 1;
    else if (kind === 'text' || kind === 'texts') bytes += 4 + textLength(read(record));
    else bytes += 8;
  }
  return bytes;
}

function textLength(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  return Array.isArray(value) ? value.reduce((sum: number, each) => sum + 4 + textLength(each), 0) : 0;
}

export function arrowSchemaOf(columns: readonly Column[]): Schema {
  return new Schema(
    columns.map(({ name, kind, isNullable }, index) => new Field(name, arrowType(kind, index), isNullable)),
  );
}

function objectColumns(
  topic: string,
  schema: z.ZodObject<z.ZodRawShape>,
  path: readonly string[],
  isWithinNullable: boolean,
): readonly Column[] {
  const shape: z.ZodRawShape = schema.shape;
  return Object.entries(shape).flatMap(([field, declared]) => {
    const { inner, isNullable } = unwrap(declared);
    const fieldPath = [...path, field];
    if (inner instanceof z.ZodObject) return objectColumns(topic, inner, fieldPath, isWithinNullable || isNullable);
    const read: Column['read'] = ({ value }) => fieldPath.reduce(fieldOf, value);
    const column = { name: fieldPath.map(columnName).join('_'), isNullable: isWithinNullable || isNullable };
    if (inner instanceof z.ZodArray && inner.element instanceof z.ZodObject)
      return [{ ...column, kind: 'text', read: (record) => inJson(read(record)) } satisfies Column];
    const kind = kindOf(inner);
    if (kind === undefined) {
      throw new TypeError(
        `Record ${topic}, field ${fieldPath.join('.')}: no column holds a ${inner.def.type}; use a number, string, boolean, object, list of strings or of objects.`,
      );
    }
    return [{ ...column, kind, read } satisfies Column];
  });
}

type AnySchema = z.core.$ZodType & { readonly def: { readonly type: string } };

/** Takes off what says only how a field may be missing. */
function unwrap(declared: z.core.$ZodType): { readonly inner: AnySchema; readonly isNullable: boolean } {
  let inner = declared;
  let isNullable = false;
  while (inner instanceof z.ZodNullable || inner instanceof z.ZodOptional || inner instanceof z.ZodReadonly) {
    isNullable ||= !(inner instanceof z.ZodReadonly);
    inner = inner.unwrap();
  }
  if (inner instanceof z.ZodType) return { inner, isNullable };
  throw new TypeError('A record type is made of classic zod schemas.');
}

const inJson = (list: unknown) => (list == null ? list : JSON.stringify(list));

function kindOf(schema: AnySchema): ColumnKind | undefined {
  const hint = schema instanceof z.ZodType ? schema.meta()?.['column'] : undefined;
  if (hint === 'timestamp' || hint === 'date') return hint;
  if (schema instanceof z.ZodNumber) return schema.format?.includes('int') === true ? 'integer' : 'number';
  if (schema instanceof z.ZodBoolean) return 'boolean';
  if (isText(schema)) return 'text';
  if (schema instanceof z.ZodArray && isText(schema.element)) return 'texts';
  return undefined;
}

function isText(schema: z.core.$ZodType): boolean {
  if (schema instanceof z.ZodLiteral) return [...schema.values].every((value) => typeof value === 'string');
  if (schema instanceof z.ZodEnum) return schema.options.every((value) => typeof value === 'string');
  return schema instanceof z.ZodString || schema instanceof z.ZodStringFormat;
}

function fieldOf(value: unknown, field: string): unknown {
  return isFields(value) ? value[field] : undefined;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function arrowType(kind: ColumnKind, dictionaryId: number): DataType {
  switch (kind) {
    case 'timestamp':
      return new TimestampMicrosecond('UTC');
    case 'date':
      return new DateDay();
    case 'integer':
      return new Int64();
    case 'number':
      return new Float64();
    case 'boolean':
      return new Bool();
    case 'text':
      return new Dictionary(new Utf8(), new Int32(), dictionaryId);
    case 'texts':
      return textsType();
  }
}

export function textsType(): List<Utf8> {
  return new List(new Field('item', new Utf8(), false));
}
