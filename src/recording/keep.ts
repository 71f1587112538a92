import { z } from 'zod';
import type { FrameArrival, RestArrival } from '../genesys/arrival.ts';
import { bodySchemaOf } from '../genesys/decode.ts';

/**
 * The body as far as the decoder reads it: fields that its schema does not name are gone, and personal data with them. What does
 * not validate keeps its type and loses its value, so that the decoder rejects what is kept for the same cause.
 */
export function keepRead(arrival: FrameArrival | RestArrival): unknown {
  const schema = bodySchemaOf(arrival);
  return schema === undefined ? null : keep(schema, arrival.body);
}

function keep(schema: z.core.$ZodType, value: unknown): unknown {
  if (schema instanceof z.ZodOptional) return value === undefined ? undefined : keep(schema.unwrap(), value);
  // Only how many there are is read.
  if (schema instanceof z.ZodUnknown) return null;
  if (schema instanceof z.ZodArray) {
    return Array.isArray(value) ? value.map((each) => keep(schema.element, each)) : blank(value);
  }
  if (schema instanceof z.ZodObject) {
    const fields = fieldsOf(value);
    if (fields === undefined) return blank(value);
    const named = Object.entries<z.core.$ZodType>(schema.shape).filter(([name]) => Object.hasOwn(fields, name));
    return Object.fromEntries(named.map(([name, field]) => [name, keep(field, fields[name])]));
  }
  if (schema instanceof z.ZodRecord) {
    const fields = fieldsOf(value);
    if (fields === undefined) return blank(value);
    return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, keep(schema.valueType, each)]));
  }
  const parsed = z.safeParse(schema, value);
  return parsed.success ? parsed.data : blank(value);
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

/** A value of the same JSON type that says nothing. */
function blank(value: unknown): unknown {
  if (Array.isArray(value)) return [];
  if (typeof value === 'string') return '';
  if (typeof value === 'number') return 0;
  if (typeof value === 'boolean') return false;
  return typeof value === 'object' && value !== null ? {} : null;
}
