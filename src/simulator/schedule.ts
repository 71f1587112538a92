import type { EpochMs } from '../../streams/record.ts';

/** What is going to happen; things of one moment in the order in which they were planned. */
export interface Schedule<Plan> {
  at(atMs: EpochMs, plan: Plan): void;
  /** When `next` is due; infinite if nothing is planned. */
  nextMs(): EpochMs;
  /** Takes out what is next. */
  next(): { readonly atMs: EpochMs; readonly plan: Plan } | undefined;
}

interface Entry<Plan> {
  readonly atMs: EpochMs;
  readonly order: number;
  readonly plan: Plan;
}

/** A binary heap: the cost of planning grows with the logarithm of what is planned. */
export function createSchedule<Plan>(): Schedule<Plan> {
  const heap: Entry<Plan>[] = [];
  let planned = 0;

  const before = (a: Entry<Plan>, b: Entry<Plan>): boolean =>
    a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

  const sink = (entry: Entry<Plan>): void => {
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const isRight = right !== undefined && before(right, left);
      const child = isRight ? right : left;
      if (!before(child, entry)) break;
      heap[index] = child;
      index = 2 * index + (isRight ? 2 : 1);
    }
    heap[index] = entry;
  };

  return {
    at(atMs, plan) {
      const entry = { atMs, order: planned, plan };
      planned += 1;
      let index = heap.length;
      heap.push(entry);
      while (index > 0) {
        const parentIndex = (index - 1) >> 1;
        const parent = heap[parentIndex];
        if (parent === undefined || !before(entry, parent)) break;
        heap[index] = parent;
        index = parentIndex;
      }
      heap[index] = entry;
    },
    nextMs: () => heap[0]?.atMs ?? Infinity,
    next() {
      const [first] = heap;
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) sink(last);
      return first;
    },
  };
}
