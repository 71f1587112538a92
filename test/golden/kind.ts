import { z } from 'zod';

/** A golden file as far as all kinds agree. */
export const goldenFile = z.object({
  kind: z.string(),
  tolerance: z.record(z.string(), z.union([z.number(), z.string()])).default({}),
  cases: z.array(z.unknown()).min(1),
});

export const goldenCase = z.object({ id: z.string().min(1), input: z.unknown(), expected: z.unknown() });

export type Tolerance = z.infer<typeof goldenFile>['tolerance'];

/** How to compute the cases of one kind. `runCase` returns the first difference in words, or null; it may throw. */
export interface GoldenKind {
  readonly kind: string;
  runCase(input: unknown, expected: unknown, tolerance: Tolerance): string | null;
}

/**
 * The first difference between what is expected and what came out, field by field; a field that is not expected is not
 * looked at. A tolerance holds for every field of that name: a number is absolute, `rel X` relative to values above 1,
 * `informational...` is not compared; anything else, and no tolerance, means exactly equal.
 */
export function differenceOf(expected: unknown, actual: unknown, tolerance: Tolerance, path = ''): string | null {
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return `${path}: expected a list, got ${inWords(actual)}`;
    for (const [index, each] of expected.entries()) {
      if (index >= actual.length) break;
      const difference = differenceOf(each, actual[index], tolerance, `${path}[${index}]`);
      if (difference !== null) return difference;
    }
    if (actual.length === expected.length) return null;
    return `${path}: expected ${expected.length} entries, got ${actual.length}`;
  }
  if (isRecord(expected)) {
    if (!isRecord(actual)) return `${path}: expected an object, got ${inWords(actual)}`;
    for (const [name, each] of Object.entries(expected)) {
      if (String(tolerance[name]).startsWith('informational')) continue;
      const inside = path === '' ? name : `${path}.${name}`;
      const difference =
        isRecord(each) || Array.isArray(each)
          ? differenceOf(each, actual[name], tolerance, inside)
          : isWithin(each, actual[name], tolerance[name])
            ? null
            : `${inside}: expected ${inWords(each)}, got ${inWords(actual[name])}`;
      if (difference !== null) return difference;
    }
    return null;
  }
  return isWithin(expected, actual, undefined)
    ? null
    : `${path}: expected ${inWords(expected)}, got ${inWords(actual)}`;
}

function isWithin(expected: unknown, actual: unknown, allowed: number | string | undefined): boolean {
  if (typeof expected !== 'number' || typeof actual !== 'number') return expected === actual;
  if (expected === actual) return true;
  if (typeof allowed === 'number') return Math.abs(actual - expected) <= allowed;
  const relative = /^rel (\S+)/.exec(allowed ?? '')?.[1];
  return relative !== undefined && Math.abs(actual - expected) <= Number(relative) * Math.max(1, Math.abs(expected));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const inWords = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
