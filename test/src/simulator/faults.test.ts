import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { disturbFrames } from '../../../src/simulator/faults.ts';

const sendAll = (frames: readonly string[], faults: ReturnType<typeof disturbFrames>) =>
  frames.flatMap((text) => faults('channel', text));
const chances = fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true }));

describe('frame faults', () => {
  test('lose no frame but one that nothing follows, and invent none', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 20 }), chances, (frames, chance) => {
        const random = () => chance.next().value;
        const sent = sendAll(frames, disturbFrames({ twiceShare: 0.3, swappedShare: 0.3, random }));
        const missing = frames.filter((frame) => !sent.includes(frame));
        expect(frames.slice(frames.length - missing.length)).toEqual(missing);
        expect(missing.length).toBeLessThanOrEqual(1);
        expect(sent.filter((frame) => !frames.includes(frame))).toEqual([]);
      }),
    );
  });

  test('send some twice, and some after the one that follows', () => {
    const of = (twiceShare: number, swappedShare: number) =>
      sendAll(['a', 'b', 'c', 'd'], disturbFrames({ twiceShare, swappedShare, random: () => 0.5 }));
    expect(of(0, 0)).toEqual(['a', 'b', 'c', 'd']);
    expect(of(1, 0)).toEqual(['a', 'a', 'b', 'b', 'c', 'c', 'd', 'd']);
    expect(of(0, 1)).toEqual(['b', 'a', 'd', 'c']);
  });
});
