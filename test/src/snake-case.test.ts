import { expect, test } from 'vitest';
import { toSnakeCase } from '../../src/snake-case.ts';

test('what is deeper than any request of ours is left as it is', () => {
  let deep: unknown = { queueId: 'q' };
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep];
  expect(toSnakeCase({ queueId: 'q', agents: [{ idleSinceMs: 1, skills: { aB: 1 } }], deep })).toMatchObject({
    queue_id: 'q',
    agents: [{ idle_since_ms: 1, skills: { aB: 1 } }],
  });
});
