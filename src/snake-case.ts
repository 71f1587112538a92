/** Tables whose keys are ids, to be left alone. */
const tables = ['skills'];

/** Names of fields as the tutorial writes them, whichever way they came: `queueId` and `queue_id` are one. */
export function toSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toSnakeCase);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const name = snakeCase(key);
      return [name, tables.includes(name) ? each : toSnakeCase(each)];
    }),
  );
}

export const snakeCase = (name: string): string =>
  /[A-Z]/.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
