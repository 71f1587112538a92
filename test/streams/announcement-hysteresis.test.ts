import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SteadyAnnouncement, steadyAnnouncement } from '../../streams/announcement-hysteresis.ts';
import type { Announcement } from '../../streams/announcement.ts';

const about = (minutes: number): Announcement => ({
  mode: 'approximate',
  kind: 'wait',
  lowMinutes: minutes > 30 ? 30 : minutes,
  highMinutes: minutes > 30 ? null : minutes,
  moreThan: minutes > 30,
});
const between = (lowMinutes: number, highMinutes: number): Announcement => ({
  mode: 'padded',
  kind: 'wait',
  lowMinutes,
  highMinutes,
  moreThan: false,
});
const none = (kind: 'gap' | 'closed'): Announcement => ({
  mode: 'approximate',
  kind,
  lowMinutes: null,
  highMinutes: null,
  moreThan: false,
});

/** What is shown after each re-estimate, which came at so many seconds. */
function show(...estimates: readonly (readonly [atSeconds: number, next: Announcement])[]): Announcement[] {
  let state: SteadyAnnouncement = null;
  return estimates.map(([atSeconds, next]) => {
    let shown: Announcement;
    [state, shown] = steadyAnnouncement(state, next, atSeconds * 1_000);
    return shown;
  });
}
const showMinutes = (...estimates: readonly (readonly [atSeconds: number, minutes: number])[]) =>
  show(...estimates.map(([atSeconds, minutes]) => [atSeconds, about(minutes)] as const)).map(
    ({ highMinutes }) => highMinutes ?? 40,
  );

describe('an announcement', () => {
  test('goes up at once', () => {
    expect(showMinutes([0, 2], [0, 5], [1, 40])).toEqual([2, 5, 40]);
  });

  test('goes down at the second lower re-estimate, if it comes 10 s after the first', () => {
    expect(showMinutes([0, 10], [5, 2], [15, 2])).toEqual([10, 10, 2]);
    expect(showMinutes([0, 10], [5, 2], [14.999, 2])).toEqual([10, 10, 10]);
    expect(showMinutes([0, 10], [5, 2])).toEqual([10, 10]);
    expect(showMinutes([0, 40], [5, 30], [90, 30])).toEqual([40, 40, 30]);
  });

  test('goes as the drawing of the function shows', () => {
    expect(showMinutes([-1, 5], [0, 2], [6, 1], [10, 1], [11, 10])).toEqual([5, 5, 5, 2, 10]);
  });

  test('stays where the lower re-estimates are not in a row', () => {
    expect(showMinutes([0, 10], [5, 2], [10, 10], [15, 2], [20, 2], [25, 2])).toEqual([10, 10, 10, 10, 10, 2]);
  });

  test('goes down no further than both re-estimates and all in between do, then counts anew', () => {
    expect(showMinutes([0, 10], [1, 2], [5, 5], [11, 1], [20, 1], [21, 1])).toEqual([10, 10, 10, 5, 5, 1]);
  });

  test('does not go down while the clock stands still or runs backwards', () => {
    expect(showMinutes([20, 10], [20, 2], [20, 2], [5, 2])).toEqual([10, 10, 10, 10]);
  });

  test('goes by the upper of two bounds, then by the lower', () => {
    const shown = show([0, between(2, 5)], [1, between(1, 10)], [2, between(5, 10)], [3, between(2, 10)]);
    expect(shown).toEqual([between(2, 5), between(1, 10), between(5, 10), between(5, 10)]);
  });

  test('says who is next in line as it is now, and holds the minutes alone', () => {
    const next = { ...about(2), kind: 'next' } as const;
    const shown = show([0, about(5)], [1, next], [2, about(2)], [11, next], [12, about(2)]);
    expect(shown).toEqual([about(5), { ...about(5), kind: 'next' }, about(5), next, about(2)]);
  });

  test('gives way at once to a reason, and a reason to an estimate', () => {
    expect(show([0, about(10)], [1, none('gap')], [2, none('closed')], [3, about(2)])).toEqual([
      about(10),
      none('gap'),
      none('closed'),
      about(2),
    ]);
  });

  test('begins anew in another mode, and is not held in the mode of the tutorial', () => {
    expect(show([0, about(10)], [1, between(1, 2)])).toEqual([about(10), between(1, 2)]);
    const seed = (minutes: number): Announcement => ({ ...about(minutes), mode: 'seed' });
    expect(show([0, seed(10)], [1, seed(3)])).toEqual([seed(10), seed(3)]);
  });
});

describe('whatever is re-estimated', () => {
  const estimates = fc.array(fc.tuple(fc.integer({ min: 0, max: 8 }), fc.constantFrom(1, 2, 5, 10, 20, 30, 40)), {
    minLength: 1,
    maxLength: 40,
  });
  const timed = estimates.map((each) => {
    let atSeconds = 0;
    return each.map(([pause, minutes]) => [(atSeconds += pause), minutes] as const);
  });

  test('no wait is shown shorter than now estimated, nor one that nobody estimated', () => {
    fc.assert(
      fc.property(timed, (each) => {
        showMinutes(...each).forEach((shown, i) => {
          expect(shown).toBeGreaterThanOrEqual(each[i]![1]);
          expect(each.slice(0, i + 1).map(([, minutes]) => minutes)).toContain(shown);
        });
      }),
    );
  });

  test('what is shown goes down only 10 s after it was last estimated so high', () => {
    fc.assert(
      fc.property(timed, (each) => {
        const shown = showMinutes(...each);
        shown.slice(1).forEach((minutes, before) => {
          const was = shown[before]!;
          if (minutes >= was) return;
          const now = before + 1;
          const lastHigh = each.findLastIndex(([, estimate], at) => at <= now && estimate >= was);
          // The first lower re-estimate came after the last one that was as high.
          expect(each[now]![0] - each[lastHigh + 1]![0]).toBeGreaterThanOrEqual(10);
        });
      }),
    );
  });

  test('a wait that stays what it is is shown after two steps of 10 s', () => {
    fc.assert(
      fc.property(timed, fc.constantFrom(1, 2, 5, 10, 20, 30, 40), (each, minutes) => {
        const end = each.at(-1)![0];
        const after = [0, 10, 20].map((pause) => [end + pause, minutes] as const);
        expect(showMinutes(...each, ...after).at(-1)).toBe(minutes);
      }),
    );
  });

  test('the state survives a checkpoint', () => {
    fc.assert(
      fc.property(timed, (each) => {
        let kept: SteadyAnnouncement = null;
        const shown = each.map(([atSeconds, minutes]) => {
          const [state, next] = steadyAnnouncement(kept, about(minutes), atSeconds * 1_000);
          kept = JSON.parse(JSON.stringify(state)) as SteadyAnnouncement;
          return next.highMinutes ?? 40;
        });
        expect(shown).toEqual(showMinutes(...each));
      }),
    );
  });
});
