import {
  Bool,
  type Data,
  DateDay,
  Dictionary,
  Float64,
  Int32,
  Int64,
  makeData,
  RecordBatch,
  type Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
  Vector,
} from 'apache-arrow';
import { SinkError } from '../errors.ts';
import type { LogRecord } from '../log/log-tail.ts';
import { type Column, textsType } from './arrow-schema.ts';

/**
 * Rows as one Arrow batch, built from typed arrays. Throws `QC_SCHEMA_DRIFT` for a value that its column cannot hold: the record
 * was written by another schema than the one it is read by.
 */
export function toRecordBatch(columns: readonly Column[], schema: Schema, records: readonly LogRecord[]): RecordBatch {
  const children = columns.map((column) => columnData(column, records));
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: records.length, nullCount: 0, children }),
  );
}

const microsecondsPerMs = 1000n;
const msPerDay = 86_400_000;

function columnData(column: Column, records: readonly LogRecord[]): Data {
  const { length } = records;
  switch (column.kind) {
    case 'timestamp': {
      const data = new BigInt64Array(length);
      const nulls = fill(column, records, wholeNumber, (at, ms) => (data[at] = BigInt(ms) * microsecondsPerMs));
      return makeData({ type: new TimestampMicrosecond('UTC'), length, data, ...nulls });
    }
    case 'date': {
      const data = new Int32Array(length);
      const nulls = fill(column, records, daysSinceEpoch, (at, days) => (data[at] = days));
      return makeData({ type: new DateDay(), length, data, ...nulls });
    }
    case 'integer': {
      const data = new BigInt64Array(length);
      const nulls = fill(column, records, wholeNumber, (at, value) => (data[at] = BigInt(value)));
      return makeData({ type: new Int64(), length, data, ...nulls });
    }
    case 'number': {
      const data = new Float64Array(length);
      const nulls = fill(column, records, anyNumber, (at, value) => (data[at] = value));
      return makeData({ type: new Float64(), length, data, ...nulls });
    }
    case 'boolean': {
      const data = new Uint8Array(bitmapBytes(length));
      const nulls = fill(column, records, truth, (at, value) => {
        if (value) setBit(data, at);
      });
      return makeData({ type: new Bool(), length, data, ...nulls });
    }
    case 'text':
      return dictionaryData(column, records);
    case 'texts':
      return listData(column, records);
  }
}

/** Most strings come again and again: each is stored once, and an index a row. */
function dictionaryData(column: Column, records: readonly LogRecord[]): Data {
  const data = new Int32Array(records.length);
  const indexes = new Map<string, number>();
  const nulls = fill(column, records, text, (at, value) => {
    let index = indexes.get(value);
    if (index === undefined) indexes.set(value, (index = indexes.size));
    data[at] = index;
  });
  const dictionary = new Vector([textData([...indexes.keys()])]);
  const type = new Dictionary(new Utf8(), new Int32());
  return makeData({ type, length: records.length, data, dictionary, ...nulls });
}

function listData(column: Column, records: readonly LogRecord[]): Data {
  const { length } = records;
  const items: string[] = [];
  const ends = new Int32Array(length);
  const nulls = fill(column, records, texts, (at, values) => {
    for (const value of values) items.push(value);
    ends[at] = items.length;
  });
  const valueOffsets = new Int32Array(length + 1);
  // A null row ends where the one before it does.
  for (let at = 0; at < length; at += 1) valueOffsets[at + 1] = Math.max(ends[at] ?? 0, valueOffsets[at] ?? 0);
  return makeData({ type: textsType(), length, valueOffsets, child: textData(items), ...nulls });
}

function textData(values: readonly string[]): Data<Utf8> {
  const encoded = values.map((value) => Buffer.from(value));
  const valueOffsets = new Int32Array(values.length + 1);
  encoded.forEach((bytes, index) => (valueOffsets[index + 1] = (valueOffsets[index] ?? 0) + bytes.length));
  const data = new Uint8Array(Buffer.concat(encoded));
  return makeData({ type: new Utf8(), length: values.length, nullCount: 0, valueOffsets, data });
}

/** Puts each value in its place, and says which rows have none. `fit` answers undefined for what the column cannot hold. */
function fill<T>(
  column: Column,
  records: readonly LogRecord[],
  fit: (value: unknown) => T | undefined,
  put: (at: number, value: T) => void,
): { readonly nullCount: number; readonly nullBitmap: Uint8Array } {
  const nullBitmap = new Uint8Array(bitmapBytes(records.length));
  let nullCount = 0;
  records.forEach((record, at) => {
    const value = column.read(record);
    if ((value === null || value === undefined) && column.isNullable) {
      nullCount += 1;
      return;
    }
    const fitting = fit(value);
    if (fitting === undefined) throw drift(column, record, value);
    put(at, fitting);
    setBit(nullBitmap, at);
  });
  return { nullCount, nullBitmap };
}

const wholeNumber = (value: unknown) => (typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined);
const anyNumber = (value: unknown) => (typeof value === 'number' ? value : undefined);
const truth = (value: unknown) => (typeof value === 'boolean' ? value : undefined);
const text = (value: unknown) => (typeof value === 'string' ? value : undefined);

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
}

function daysSinceEpoch(value: unknown): number | undefined {
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return undefined;
  const ms = Date.parse(`${value}T00:00:00Z`);
  return Number.isNaN(ms) ? undefined : ms / msPerDay;
}

function drift(column: Column, record: LogRecord, value: unknown): SinkError {
  const found = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 80);
  return new SinkError(
    'QC_SCHEMA_DRIFT',
    `Record ${record.record} at offset ${record.offset} has ${found} for the column ${column.name}, which holds ${column.isNullable ? 'null or ' : ''}${column.kind}: it was written by another version of queuecast. Archive it with that version, or into another folder from a new log.`,
  );
}

const bitmapBytes = (length: number) => Math.ceil(length / 8);

function setBit(bitmap: Uint8Array, at: number): void {
  bitmap[at >> 3] = (bitmap[at >> 3] ?? 0) | (1 << (at & 7));
}
