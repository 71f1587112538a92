import { describe, expect, test } from 'vitest';
import { judgeBorder } from '../../support/border-faults.ts';
import { type Centre, faultKinds } from '../../support/border-story.ts';

// QUEUECAST_TEST_BORDER_SEEDS=5: in every centre every fault alone and every pair, so often each; otherwise one of each alone and some pairs.

const seeds = Number(process.env['QUEUECAST_TEST_BORDER_SEEDS'] ?? 0);
const alone = faultKinds.map((kind) => [kind]);
const pairs = faultKinds.flatMap((first, at) => faultKinds.slice(at + 1).map((second) => [first, second]));

/** Each centre takes other pairs. */
const everyPair = { small: [7, 0], model: [60, 3], channels: [60, 22], changes: [60, 41] } as const;

const describeBorder = (centre: Centre, name: string) => {
  const [step, first] = everyPair[centre];
  const chosen = [...alone, ...(seeds > 0 ? pairs : pairs.filter((_, at) => at % step === first))];
  describe(name, () => {
    for (const [number, kinds] of chosen.entries()) {
      test(`the state is true afterwards, and what was lost lies in a gap: ${kinds.join(' and ')}`, async () => {
        for (let round = 0; round < Math.max(seeds, 1); round += 1) {
          const seed = 1 + number * 1_000 + round;
          expect(await judgeBorder(kinds, seed, centre), `seed ${seed}`).toEqual([]);
        }
      }, 60_000);
    }
  });
};

describeBorder('small', 'at the border, whatever the platform does,');
describeBorder('model', 'with several media and agents who share their queues');
describeBorder('channels', 'with several channels of which it befalls one');
describeBorder('changes', 'with queues and agents that come and go meanwhile');
