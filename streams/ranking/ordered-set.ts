/** Items in an order; what changes costs the logarithm of how many there are. */
export interface OrderedSet<T> {
  readonly size: number;
  /** An item that equals one that is there takes its place. */
  add(item: T): void;
  /** Whether there was one that equals it. */
  remove(item: T): boolean;
  /** The first so many, in order. */
  first(count: number): T[];
}

interface Node<T> {
  item: T;
  /** No node has a lower one than its parent: as these look like chance, the tree is about as flat as one of chance. */
  readonly priority: number;
  left: Node<T> | null;
  right: Node<T> | null;
}

/** A search tree that is kept flat by priorities drawn from the name of an item: the same items always make the same tree. */
export function createOrderedSet<T>(compare: (a: T, b: T) => number, nameOf: (item: T) => string): OrderedSet<T> {
  let root: Node<T> | null = null;
  let size = 0;

  const insert = (at: Node<T> | null, added: Node<T>): Node<T> => {
    if (at === null) return added;
    if (added.priority < at.priority) {
      [added.left, added.right] = split(at, added.item, compare);
      return added;
    }
    if (compare(added.item, at.item) < 0) at.left = insert(at.left, added);
    else at.right = insert(at.right, added);
    return at;
  };

  const find = (item: T): Node<T> | null => {
    let at = root;
    while (at !== null) {
      const side = compare(item, at.item);
      if (side === 0) return at;
      at = side < 0 ? at.left : at.right;
    }
    return null;
  };

  const without = (at: Node<T> | null, item: T): Node<T> | null => {
    if (at === null) return null;
    const side = compare(item, at.item);
    if (side === 0) return join(at.left, at.right);
    if (side < 0) at.left = without(at.left, item);
    else at.right = without(at.right, item);
    return at;
  };

  return {
    get size() {
      return size;
    },
    add(item) {
      const there = find(item);
      if (there !== null) {
        there.item = item;
        return;
      }
      root = insert(root, { item, priority: scatter(nameOf(item)), left: null, right: null });
      size += 1;
    },
    remove(item) {
      if (find(item) === null) return false;
      root = without(root, item);
      size -= 1;
      return true;
    },
    first(count) {
      const items: T[] = [];
      const above: Node<T>[] = [];
      let at = root;
      while (items.length < count && (at !== null || above.length > 0)) {
        for (; at !== null; at = at.left) above.push(at);
        const next = above.pop();
        if (next === undefined) break;
        items.push(next.item);
        at = next.right;
      }
      return items;
    },
  };
}

/** What comes before an item that is not there, and what after. */
function split<T>(
  at: Node<T> | null,
  item: T,
  compare: (a: T, b: T) => number,
): [before: Node<T> | null, after: Node<T> | null] {
  if (at === null) return [null, null];
  if (compare(at.item, item) < 0) {
    const [before, after] = split(at.right, item, compare);
    at.right = before;
    return [at, after];
  }
  const [before, after] = split(at.left, item, compare);
  at.left = after;
  return [before, at];
}

/** All of the first come before all of the second. */
function join<T>(first: Node<T> | null, second: Node<T> | null): Node<T> | null {
  if (first === null) return second;
  if (second === null) return first;
  if (first.priority < second.priority) {
    first.right = join(first.right, second);
    return first;
  }
  second.left = join(first, second.left);
  return second;
}

/** A number of 32 bits in which one more letter in the name changes about half of them. */
function scatter(name: string): number {
  let bits = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) bits = Math.imul(bits ^ name.charCodeAt(at), 0x01000193);
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
