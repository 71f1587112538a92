import { expect, test } from 'vitest';
import { between, markdownTable } from './markdown.ts';

test('a table is as wide as its cells, numbers to the right', () => {
  expect(
    markdownTable(
      ['file', 'n'],
      [
        ['january', '13478'],
        ['a', '7'],
      ],
    ),
  ).toBe(['| file    |     n |', '| ------- | ----: |', '| january | 13478 |', '| a       |     7 |'].join('\n'));
});

test('only what stands between the marks is replaced, and twice is once', () => {
  const page = 'before\n<!-- tables -->\nold\n<!-- /tables -->\nafter\n';
  const once = between(page, 'tables', 'new');
  expect(once).toBe('before\n<!-- tables -->\n\nnew\n\n<!-- /tables -->\nafter\n');
  expect(between(once, 'tables', 'new')).toBe(once);
  expect(() => between('no marks', 'tables', 'new')).toThrow('<!-- tables -->');
});
