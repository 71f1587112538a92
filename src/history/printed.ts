import type { Output } from '../../streams/record.ts';
import type { Question } from './question.ts';
import type { Row } from './roll-up.ts';
import { createHistoryTable } from './table.ts';

/** What goes to stdout of an answer, line by line. */
export interface Printed {
  head(): readonly string[];
  lines(row: Row, record: Output | null): readonly string[];
  foot(): readonly string[];
}

/** A table for people; holes are lines too. */
export function printTable(question: Question, queueNames: ReadonlyMap<string, string>): Printed {
  const table = createHistoryTable(question, queueNames);
  return { head: () => table.head(), lines: (row) => [table.line(row)], foot: () => table.foot() };
}

/** One record a line, with its fields as they are on the topic. */
export function printJson(): Printed {
  return {
    head: () => [],
    lines: (_, record) => (record === null ? [] : [JSON.stringify(record.value)]),
    foot: () => [],
  };
}

/** The columns of the Parquet files, RFC 4180; instants in UTC, null is empty. */
export async function printCsv(type: Output['type']): Promise<Printed> {
  const { columnsOf } = await import('../../sinks/parquet/arrow-schema.ts');
  const columns = columnsOf(type).filter(({ name }) => !name.startsWith('record_'));
  return {
    head: () => [columns.map(({ name }) => name).join(',')],
    lines(_, record) {
      if (record === null) return [];
      const { key, value, atMs } = record;
      const read = { record: type.name, key, value, atMs, offset: 0 };
      return [columns.map((column) => csvCell(column.read(read), column.kind === 'timestamp')).join(',')];
    },
    foot: () => [],
  };
}

function csvCell(value: unknown, isInstant: boolean): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return isInstant ? new Date(value).toISOString() : String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
