import { z } from 'zod';

/** A golden file as far as all kinds agree. */
export const goldenFile = z.object({
  kind: z.string(),
  tolerance: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
  cases: z.array(z.unknown()).min(1),
});

export const goldenCase = z.object({
  id: z.string().min(1),
  /** For kinds that hold more than one computation. */
  type: z.string().optional(),
  input: z.unknown(),
  expected: z.unknown(),
});

export type Tolerance = z.infer<typeof goldenFile>['tolerance'];

/** How to compute the cases of one kind. `runCase` returns the first difference in words, or null; it may throw. */
export interface GoldenKind {
  readonly kind: string;
  /** Whether nothing at all is an answer that such a case may expect. */
  mayExpectNothing?(type: string | undefined): boolean;
  runCase(golden: Omit<z.infer<typeof goldenCase>, 'id'>, tolerance: Tolerance): string | null;
}

/**
 * The first difference between what is expected and what came out, field by field; a field that is not expected is not
 * looked at. A tolerance holds for every field of that name, and for the entries of a list of that name: a number and `abs X` are
 * absolute, `rel X` relative to values above 1, `informational...` is not compared; anything else, and no tolerance, means exactly
 * equal.
 */
export function differenceOf(
  expected: unknown,
  actual: unknown,
  tolerance: Tolerance,
  path = '',
  name = '',
): string | null {
  if (String(tolerance[name]).startsWith('informational')) return null;
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${path}: expected a list, got ${inWords(actual)}`;
    for (const [index, each] of expected.entries()) {
      if (index >= actual.length) break;
      const difference = differenceOf(each, actual[index], tolerance, `${path}[${index}]`, name);
      if (difference !== null) return difference;
    }
    if (actual.length === expected.length) return null;
    return `${path}: expected ${expected.length} entries, got ${actual.length}`;
  }
  if (isRecord(expected)) {
    if (!isRecord(actual)) return `${path}: expected an object, got ${inWords(actual)}`;
    for (const [field, each] of Object.entries(expected)) {
      const inside = path === '' ? field : `${path}.${field}`;
      const difference = differenceOf(each, actual[field], tolerance, inside, field);
      if (difference !== null) return difference;
    }
    return null;
  }
  return isWithin(expected, actual, tolerance[name])
    ? null
    : `${path}: expected ${inWords(expected)}, got ${inWords(actual)}`;
}

function isWithin(expected: unknown, actual: unknown, allowed: number | string | undefined): boolean {
  if (typeof expected !== 'number' || typeof actual !== 'number') return expected === actual;
  if (expected === actual) return true;
  if (typeof allowed === 'number') return Math.abs(actual - expected) <= allowed;
  const [, sort, limit] = /^(abs|rel) (\S+)/.exec(allowed ?? '') ?? [];
  const scale = sort === 'rel' ? Math.max(1, Math.abs(expected)) : 1;
  return limit !== undefined && Math.abs(actual - expected) <= Number(limit) * scale;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const inWords = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
