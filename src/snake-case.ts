import { isDeepStrictEqual } from 'node:util';

/** Tables whose keys are ids, to be left alone. */
const tables = ['skills'];

/** No request of ours is as deep as that: what lies below is refused whatever its name. */
const depthMax = 20;

/** One field that came in two spellings with two values. */
export class SpeltTwiceError extends RangeError {
  readonly field: string;

  constructor(field: string) {
    super(`${field} is there in two spellings with different values: say it once`);
    this.name = 'SpeltTwiceError';
    this.field = field;
  }
}

/**
 * Names of fields as the tutorial writes them, whichever way they came: `queueId` and `queue_id` are one. Throws a `SpeltTwiceError`
 * where both came and differ.
 */
export function toSnakeCase(value: unknown, depthLeft = depthMax): unknown {
  if (depthLeft === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => toSnakeCase(each, depthLeft - 1));
  const spelt = new Map<string, unknown>();
  for (const [key, each] of Object.entries(value)) {
    const name = snakeCase(key);
    const read: unknown = tables.includes(name) ? each : toSnakeCase(each, depthLeft - 1);
    if (spelt.has(name) && !isDeepStrictEqual(spelt.get(name), read)) throw new SpeltTwiceError(name);
    spelt.set(name, read);
  }
  return Object.fromEntries(spelt);
}

export const snakeCase = (name: string): string =>
  /[A-Z]/.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
