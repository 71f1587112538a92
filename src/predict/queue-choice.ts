/** What is to be known of a queue to ask about it; `name` is null where it may not be read. */
export interface QueueName {
  readonly id: string;
  readonly name: string | null;
}

export type QueueChoice =
  | { readonly queue: QueueName }
  /** Why it is none, or not one: words for "allowed". */
  | { readonly allowed: string };

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is an id as the platform makes them. */
export const isQueueId = (text: string) => uuid.test(text.trim());

/** So many names an error lists at most. */
const listedMax = 10;

/** Picks a queue by its name: as it is written, else in any case. */
export function chooseQueue(queues: readonly QueueName[], wanted: string): QueueChoice {
  const name = wanted.trim();
  const exact = queues.filter((queue) => queue.name === name);
  const lower = name.toLowerCase();
  const found = exact.length > 0 ? exact : queues.filter((queue) => queue.name?.toLowerCase() === lower);
  const [queue, ...others] = found;
  if (queue === undefined) return { allowed: nearest(queues, lower) };
  if (others.length === 0) return { queue };
  return { allowed: `the id of one of the ${found.length} queues of that name: ${listed(found)}` };
}

function nearest(queues: readonly QueueName[], lower: string): string {
  if (queues.length === 0) return 'the id or name of a queue; this OAuth client sees none: check its divisions';
  const near = queues.filter(({ name }) => lower !== '' && name?.toLowerCase().includes(lower) === true);
  const shown = near.length > 0 ? near : queues;
  return `the id or name of a queue that this OAuth client sees: ${listed(shown)}`;
}

function listed(queues: readonly QueueName[]): string {
  const sorted = [...queues].sort((a, b) => compare(a.name ?? '', b.name ?? '') || compare(a.id, b.id));
  const names = sorted.slice(0, listedMax).map(({ id, name }) => (name === null ? id : `${name} (${id})`));
  const left = queues.length - names.length;
  return names.join(', ') + (left > 0 ? ` and ${left} more` : '');
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
