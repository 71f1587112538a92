import { describe, expect, test } from 'vitest';
import { faultKinds, judgeBorder } from '../../support/border-faults.ts';

// QUEUECAST_TEST_BORDER_SEEDS=5: every fault alone and every pair, so often each; otherwise one of each alone and every seventh pair.

const seeds = Number(process.env['QUEUECAST_TEST_BORDER_SEEDS'] ?? 0);
const pairs = faultKinds.flatMap((first, at) => faultKinds.slice(at + 1).map((second) => [first, second]));
const chosen = [...faultKinds.map((kind) => [kind]), ...(seeds > 0 ? pairs : pairs.filter((_, at) => at % 7 === 0))];

describe('at the border, whatever the platform does,', () => {
  for (const [number, kinds] of chosen.entries()) {
    test(`the state is true afterwards, and what was lost lies in a gap: ${kinds.join(' and ')}`, async () => {
      for (let round = 0; round < Math.max(seeds, 1); round += 1) {
        const seed = 1 + number * 1_000 + round;
        expect(await judgeBorder(kinds, seed), `seed ${seed}`).toEqual([]);
      }
    });
  }
});
