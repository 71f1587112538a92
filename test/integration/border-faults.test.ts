import { expect, test } from 'vitest';
import { judgeBorderOverSockets } from '../support/border-faults.ts';
import { faultKinds } from '../support/border-story.ts';

/** Each fault once, and two pairs: twenty runs. */
const chosen = [
  ...faultKinds.map((kind) => [kind]),
  ...[
    ['hang-socket', 'too-many-requests'],
    ['vanish-channel', 'expire-tokens'],
  ],
].slice(0, 20);

const speed = 30;
const atOnce = 10;

test('over real sockets too the state is true afterwards, and what was lost lies in a gap', async () => {
  expect(chosen.length).toBe(20);
  for (let at = 0; at < chosen.length; at += atOnce) {
    const some = chosen.slice(at, at + atOnce);
    const judged = await Promise.all(
      some.map((names, index) =>
        judgeBorderOverSockets(
          faultKinds.filter((kind) => names.includes(kind)),
          at + index,
          speed,
        ),
      ),
    );
    expect(judged.map((faults, index) => [some[index], faults])).toEqual(some.map((names) => [names, []]));
  }
}, 180_000);
