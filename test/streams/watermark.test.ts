import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advanceWatermark, hasReached, type Watermark } from '../../streams/watermark.ts';

describe('the watermark', () => {
  test('stays behind what was heard by the disorder that is allowed for', () => {
    expect(advanceWatermark(null, 1000, 300)).toBe(700);
    expect(advanceWatermark(700, 1200, 300)).toBe(900);
    expect(advanceWatermark(700, 1200)).toBe(1200);
  });

  test('never goes backwards, and ends behind the newest that was heard', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), fc.nat(1000), (heardMs, outOfOrdernessMs) => {
        let watermarkMs: Watermark = null;
        for (const each of heardMs) {
          const next = advanceWatermark(watermarkMs, each, outOfOrdernessMs);
          expect(next).toBeGreaterThanOrEqual(watermarkMs ?? -Infinity);
          watermarkMs = next;
        }
        expect(watermarkMs).toBe(Math.max(...heardMs) - outOfOrdernessMs);
      }),
    );
  });

  test('reaches nothing before anything was heard, and an instant when it stands on it', () => {
    expect(hasReached(null, -Infinity)).toBe(false);
    expect(hasReached(99, 100)).toBe(false);
    expect(hasReached(100, 100)).toBe(true);
  });
});
