import { describe, expect, test } from 'vitest';
import { parseFaultPlan } from '../../../src/simulator/fault-plan.ts';

describe('a plan of faults in one line', () => {
  test('names kinds, times after the start, and how long each lasts', () => {
    expect(parseFaultPlan('drop-socket@60s, hang-socket@5m:1.5m,socket-closing@1h:30s,skew-clock@500ms:90s')).toEqual([
      { afterMs: 60_000, fault: { kind: 'drop-socket' } },
      { afterMs: 300_000, fault: { kind: 'hang-socket', forMs: 90_000 } },
      { afterMs: 3_600_000, fault: { kind: 'socket-closing', closeAfterMs: 30_000 } },
      { afterMs: 500, fault: { kind: 'skew-clock', skewMs: 90_000 } },
    ]);
  });

  test.each(['', 'drop-socket', 'drop-socket@soon', 'flood@5s', 'drop-socket@5s,'])(
    'that reads "%s" is refused with the forms and kinds there are',
    (text) => {
      expect(() => parseFaultPlan(text)).toThrow(/is no fault: write kind@time .* kinds: drop-socket, hang-socket, /);
    },
  );

  test.each([
    ['drop-socket@60s:90s', 'drop-socket takes no duration; write drop-socket@60s.'],
    ['hang-socket@5m,clear@1.5h:2s', 'clear takes no duration; write clear@1.5h.'],
    ['hang-socket@5m:0s', 'hang-socket cannot last 0s; write a whole number of milliseconds above 0.'],
    ['skew-clock@5m:0.5ms', 'skew-clock cannot last 0.5ms; write a whole number of milliseconds above 0.'],
  ])('that reads "%s" has a duration that will not do, and is told so', (text, told) => {
    expect(() => parseFaultPlan(text)).toThrow(`"${text.split(',').at(-1)}": ${told}`);
  });
});
