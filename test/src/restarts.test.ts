import { describe, expect, test } from 'vitest';
import { restarting } from '../../src/restarts.ts';
import type { Stage } from '../../src/stages.ts';
import { quiet } from '../support/kafka.ts';
import { advanceUntil, manualClock } from '../support/manual-clock.ts';

const never = new AbortController().signal;
const away = new Error('away');

function stageOf(run: (attempt: number, signal: AbortSignal) => Promise<void>) {
  let attempts = 0;
  const stage: Stage = { name: 'derive', run: (signal) => run((attempts += 1), signal), drain: () => undefined };
  return { stage, attempts: () => attempts };
}

function start(stage: Stage, patienceMs = 60_000) {
  const clock = manualClock();
  const ended: { error?: unknown; isOver: boolean } = { isOver: false };
  const restarted = restarting(stage, { isPassing: (error) => error === away, patienceMs, clock, log: quiet });
  restarted
    .run(never)
    .catch((error: unknown) => (ended.error = error))
    .finally(() => (ended.isOver = true));
  return { clock, ended, restarted, untilOver: () => advanceUntil(clock, () => ended.isOver) };
}

describe('a stage whose destination was away', () => {
  test('begins anew until it is back, and leaves nothing of a failed attempt running', async () => {
    const signals: AbortSignal[] = [];
    const { stage, attempts } = stageOf((attempt, signal) => {
      signals.push(signal);
      return attempt < 4 ? Promise.reject(away) : Promise.resolve();
    });
    const { ended, untilOver, clock } = start(stage);
    await untilOver();
    expect(ended.error).toBeUndefined();
    expect([attempts(), clock.nowMs()]).toEqual([4, 500 + 1_000 + 2_000]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true, false]);
  });

  test('ends the run when it stays away for longer than one has patience', async () => {
    const { stage } = stageOf(() => Promise.reject(away));
    const { ended, untilOver, clock } = start(stage, 5_000);
    await untilOver();
    expect(ended.error).toBe(away);
    expect(clock.nowMs()).toBeGreaterThanOrEqual(5_000);
    expect(clock.nowMs()).toBeLessThan(20_000);
  });

  test('has all patience again after it was well for a minute', async () => {
    const { stage, attempts } = stageOf(async (attempt, signal) => {
      if (attempt === 9) return;
      if (attempt === 4) await started.clock.sleep(61_000, signal);
      throw away;
    });
    const started = start(stage, 5_000);
    await started.untilOver();
    expect([started.ended.error, attempts()]).toEqual([away, 8]);
  });

  test('that is no passing failure ends at once', async () => {
    const { stage, attempts } = stageOf(() => Promise.reject(new Error('disk full')));
    const { ended, untilOver } = start(stage);
    await untilOver();
    expect(ended.error).toMatchObject({ message: 'disk full' });
    expect(attempts()).toBe(1);
  });

  test('that is to drain meanwhile ends with the failure: nobody waits for what may not come back', async () => {
    const { stage, attempts } = stageOf(() => Promise.reject(away));
    const { ended, untilOver, restarted, clock } = start(stage);
    await advanceUntil(clock, () => attempts() === 2);
    restarted.drain();
    await untilOver();
    expect(ended.error).toBe(away);
    expect(attempts()).toBeLessThanOrEqual(3);
  });
});
