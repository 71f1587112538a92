/** Tables whose keys are ids, to be left alone. */
const tables = ['skills'];

/** No request of ours is as deep as that: what lies below is refused whatever its name. */
const depthMax = 20;

/** Names of fields as the tutorial writes them, whichever way they came: `queueId` and `queue_id` are one. */
export function toSnakeCase(value: unknown, depthLeft = depthMax): unknown {
  if (depthLeft === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => toSnakeCase(each, depthLeft - 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const name = snakeCase(key);
      return [name, tables.includes(name) ? each : toSnakeCase(each, depthLeft - 1)];
    }),
  );
}

export const snakeCase = (name: string): string =>
  /[A-Z]/.test(name) ? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : name;
