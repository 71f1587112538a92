import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HeadStarts, headStartSeconds, learnHeadStart } from '../../../streams/wait/head-start.ts';
import { foldWaits, startWaitModel } from '../../../streams/wait/wait-model.ts';
import { answered, interaction } from '../../support/wait-journals.ts';

/** Callers of two priorities come at random, one is answered every six seconds: whoever waits longest, `leadSeconds` added for priority 2. */
function learnFrom(leadSeconds: number, minutes: number): HeadStarts {
  const model = startWaitModel();
  let state = 7;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const waiting: { readonly id: string; readonly sinceMs: number; readonly priority: number }[] = [];
  for (let second = 0; second < minutes * 60; second += 1) {
    const atMs = second * 1000;
    // Now more come than are served, now fewer: callers wait for some minutes.
    if (random() < (waiting.length > 40 ? 0.05 : 0.25)) {
      const call = { id: `c${second}`, sinceMs: atMs, priority: random() < 0.4 ? 2 : 0 };
      waiting.push(call);
      foldWaits(model, interaction(call.id, atMs, { priority: call.priority }), null);
    }
    if (second % 6 !== 0) continue;
    const since = (call: (typeof waiting)[number]) => call.sinceMs - (call.priority === 2 ? leadSeconds * 1000 : 0);
    const next = waiting.reduce<(typeof waiting)[number] | null>(
      (first, each) => (first === null || since(each) < since(first) ? each : first),
      null,
    );
    if (next === null) continue;
    waiting.splice(waiting.indexOf(next), 1);
    foldWaits(model, answered(next.id, next.sinceMs, atMs, { priority: next.priority }), null);
  }
  return model.centre.headStarts.get('voice') ?? new Map<number, number>();
}

const lead = (starts: HeadStarts) => headStartSeconds(starts, 2) - headStartSeconds(starts, 0);

describe('the head start of a priority', () => {
  test('is learned from the order: about 90 s where its callers are served 90 s earlier', () => {
    expect(lead(learnFrom(90, 240))).toBeGreaterThan(75);
    expect(lead(learnFrom(90, 240))).toBeLessThan(105);
  });

  test('is nothing where callers take turns', () => {
    expect(Math.abs(lead(learnFrom(0, 240)))).toBeLessThan(15);
  });

  test('does not run away, whatever priorities there are', () => {
    const priority = fc.oneof(fc.nat({ max: 12 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
    const caller = fc.record({ priority, waitSeconds: fc.nat({ max: 300 }) });
    fc.assert(
      fc.property(fc.array(fc.tuple(caller, caller), { maxLength: 30 }), (orders) => {
        const starts: HeadStarts = new Map();
        for (let times = 0; times < 100; times += 1) {
          for (const [first, other] of orders) learnHeadStart(starts, first, other);
        }
        expect(starts.size).toBeLessThanOrEqual(8);
        for (const seconds of starts.values()) expect(Math.abs(seconds)).toBeLessThan(3_000);
      }),
    );
  });

  test('of one more priority than are kept is that of the nearest, from which it does not learn', () => {
    const starts: HeadStarts = new Map();
    for (let priority = 1; priority < 8; priority += 1) {
      learnHeadStart(starts, { priority, waitSeconds: 0 }, { priority: 0, waitSeconds: 0 });
    }
    const before = headStartSeconds(starts, 7);
    for (let times = 0; times < 1_000; times += 1) {
      learnHeadStart(starts, { priority: 7, waitSeconds: 0 }, { priority: 8, waitSeconds: 100 });
    }
    expect(headStartSeconds(starts, 8)).toBe(before);
    expect(headStartSeconds(starts, 7)).toBe(before);
  });
});
