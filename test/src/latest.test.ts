import { expect, test } from 'vitest';
import { createLatest } from '../../src/latest.ts';

test('the newest record of each key is kept, until the key is gone', () => {
  const latest = createLatest(['t.v1']);
  const record = (key: string, value: unknown) => ({ record: 't.v1', key, atMs: 0, value });
  for (const each of [record('a', 1), record('b', 2), record('a', 3), record('b', null)]) latest.take(each);
  latest.take({ ...record('c', 1), record: 'other.v1' });
  expect([...latest.of('t.v1')].map(([key, { value }]) => [key, value])).toEqual([['a', 3]]);
  expect(latest.of('other.v1').size).toBe(0);
});
