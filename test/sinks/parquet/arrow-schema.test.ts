import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { arrowSchemaOf, columnName, columnsOf } from '../../../sinks/parquet/arrow-schema.ts';
import { calendarDate, count, defineRecord, epochMs } from '../../../streams/record.ts';
import { queueWindow } from '../../../streams/records/queue-window.ts';
import { recordTypes } from '../../../streams/records/all.ts';

const recordOf = <Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>) =>
  defineRecord({ name: 'sample', version: 1, kind: 'fact', key: [], schema });

const shown = (schema: z.ZodObject) =>
  arrowSchemaOf(columnsOf(recordOf(schema)))
    .fields.map(({ name, type, nullable }) => `${name}: ${String(type)}${nullable ? ', null' : ''}`)
    .slice(3);

describe('the columns of a record type', () => {
  test.each([
    ['waitSecondsP80', 'wait_seconds_p80'],
    ['queueId', 'queue_id'],
    ['startMs', 'start_ms'],
    ['waiting', 'waiting'],
    ['p50', 'p50'],
    ['KPIValue', 'kpi_value'],
    ['agentsOnQueueMean', 'agents_on_queue_mean'],
  ])('the field %s is the column %s', (field, column) => {
    expect(columnName(field)).toBe(column);
  });

  test('begin with key, timestamp and offset of the record', () => {
    const { fields } = arrowSchemaOf(columnsOf(recordOf(z.object({}))));
    expect(fields.map(({ name, type, nullable }) => `${name}: ${String(type)}, ${nullable}`)).toEqual([
      'record_key: Dictionary<Int32, Utf8>, false',
      'record_timestamp: Timestamp<MICROSECOND, UTC>, false',
      'record_offset: Int64, false',
    ]);
  });

  test('have the types that the zod shape says', () => {
    expect(
      shown(
        z.object({
          startMs: epochMs(),
          endMs: epochMs().nullable(),
          day: calendarDate().optional(),
          waiting: count(),
          size: z.number().int().min(0),
          share: z.number().min(0).max(1).nullable(),
          isLate: z.boolean(),
          name: z.string().min(1),
          id: z.uuid(),
          mode: z.enum(['a', 'b']).nullable(),
          kind: z.literal('x').readonly(),
          skillIds: z.array(z.string()).nullable(),
        }),
      ),
    ).toEqual([
      'start_ms: Timestamp<MICROSECOND, UTC>',
      'end_ms: Timestamp<MICROSECOND, UTC>, null',
      'day: Date32<DAY>, null',
      'waiting: Int64',
      'size: Int64',
      'share: Float64, null',
      'is_late: Bool',
      'name: Dictionary<Int32, Utf8>',
      'id: Dictionary<Int32, Utf8>',
      'mode: Dictionary<Int32, Utf8>, null',
      'kind: Dictionary<Int32, Utf8>',
      'skill_ids: List<Utf8>, null',
    ]);
  });

  test('the fields of an object stand in its place, nullable with it', () => {
    expect(
      shown(z.object({ inputs: z.object({ agentsIdle: count(), deep: z.object({ x: z.number() }).nullable() }) })),
    ).toEqual(['inputs_agents_idle: Int64', 'inputs_deep_x: Float64, null']);
  });

  test('a list of objects is a text in JSON', () => {
    const type = recordOf(z.object({ top: z.array(z.object({ id: z.string() })).nullable() }));
    const column = columnsOf(type).at(-1)!;
    expect(column).toMatchObject({ name: 'top', kind: 'text', isNullable: true });
    const read = (top: unknown) => column.read({ record: 'x', key: 'k', atMs: 0, offset: 0, value: { top } });
    expect([read([{ id: 'a' }]), read([]), read(null)]).toEqual(['[{"id":"a"}]', '[]', null]);
  });

  test('a field that no column can hold is named', () => {
    const type = recordOf(z.object({ inputs: z.object({ scores: z.array(z.number()) }) }));
    expect(() => columnsOf(type)).toThrow('Record sample.v1, field inputs.scores: no column holds a array');
  });

  test('two fields for one column are named', () => {
    expect(() => columnsOf(recordOf(z.object({ aB: z.string(), a_b: z.string() })))).toThrow(
      'two fields for the column a_b',
    );
    expect(() => columnsOf(recordOf(z.object({ recordKey: z.string() })))).toThrow('record_key');
  });

  test('of a window hold counts and whole milliseconds as int64, ratios and means as float64, and what is not known as null', () => {
    const { fields } = arrowSchemaOf(columnsOf(queueWindow));
    const shownTypes = new Map(
      fields.map(({ name, type, nullable }) => [name, `${String(type)}${nullable ? ', null' : ''}`]),
    );
    const typeOf = (...names: readonly string[]) => new Set(names.map((name) => shownTypes.get(name)));
    const totals = [
      'offered',
      'answered',
      'abandoned',
      'short_abandoned',
      'flowed_out',
      'over_sla',
      'waited',
      'handled',
    ];
    const durations = [
      'answer_ms',
      'abandon_ms',
      'wait_ms',
      'talk_ms',
      'hold_ms',
      'after_call_ms',
      'handle_ms',
      'wait_ms_max',
    ];
    const ratios = ['service_level', 'answer_rate', 'abandonment_rate', 'occupancy', 'handle_ms_mean', 'waiting_mean'];
    expect(typeOf(...totals, ...durations, 'waiting_min', 'waiting_max', 'waiting_last')).toEqual(
      new Set(['Int64, null']),
    );
    expect(typeOf(...ratios)).toEqual(new Set(['Float64, null']));
    expect(typeOf('coverage', 'totals_coverage')).toEqual(new Set(['Float64']));
    expect(typeOf('observations', 'kpi_version', 'revision')).toEqual(new Set(['Int64']));
    expect(typeOf('start_ms', 'end_ms')).toEqual(new Set(['Timestamp<MICROSECOND, UTC>']));
    expect(typeOf('interpolated')).toEqual(new Set(['Bool']));
    expect(typeOf('queue_id', 'media_type', 'size')).toEqual(new Set(['Dictionary<Int32, Utf8>']));
    expect(shownTypes.size).toBe(Object.keys(queueWindow.schema.shape).length + 3);
  });

  test('every record type of ours but the journal has columns', () => {
    for (const type of recordTypes.filter(({ name }) => name !== 'queue-event')) {
      expect(columnsOf(type).length, type.name).toBeGreaterThan(3);
    }
  });
});
