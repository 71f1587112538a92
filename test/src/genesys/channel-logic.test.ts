import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChannelCommand,
  type ChannelInput,
  channelLife,
  heardUntilMs,
} from '../../../src/genesys/channel-logic.ts';

/** Steps the logic, firing its wakes in virtual time, and notes every command with the time it was given. */
function live(script: readonly (readonly [atMs: number, input: ChannelInput])[], untilMs: number) {
  const logic = channelLife({ answerWithinMs: 10_000 });
  let state = logic.start();
  const log: [number, ChannelCommand][] = [];
  const queue = script.map(([atMs, input]) => ({ atMs, input }));
  for (let steps = 0; queue.length > 0 && steps < 10_000; steps++) {
    queue.sort((a, b) => a.atMs - b.atMs);
    const next = queue.shift()!;
    if (next.atMs > untilMs) break;
    const [after, commands] = logic.step(state, next.input);
    state = after;
    for (const command of commands) {
      if (command.do === 'wake') queue.push({ atMs: command.atMs, input: { kind: 'time', nowMs: command.atMs } });
      else log.push([next.atMs, command]);
    }
  }
  return { state, log };
}

const started = (nowMs: number) => [nowMs, { kind: 'started', nowMs }] as const;
const dayMs = 86_400_000;
const subscribed = (nowMs: number, expiresMs = nowMs + dayMs) =>
  [nowMs, { kind: 'subscribed', nowMs, expiresMs }] as const;
const renewed = (nowMs: number, expiresMs = nowMs + dayMs) => [nowMs, { kind: 'renewed', nowMs, expiresMs }] as const;
const opened = (nowMs: number) => [nowMs, { kind: 'opened', nowMs }] as const;
const frame = (nowMs: number) => [nowMs, { kind: 'frame', nowMs }] as const;
const snapshot = (nowMs: number) => [nowMs, { kind: 'snapshot-taken', nowMs }] as const;
const closed = (nowMs: number, isGone = false) =>
  [nowMs, { kind: 'closed', nowMs, cause: 'closed', isGone, random: 0 }] as const;
const healthy = [started(0), subscribed(1), opened(2), snapshot(3)] as const;

describe('the life of a channel', () => {
  test('begins with a subscription, a socket and a snapshot, and without a gap', () => {
    const { state, log } = live(healthy, 4);
    expect(log.map(([, command]) => command.do)).toEqual(['subscribe', 'open', 'take-snapshot']);
    expect(heardUntilMs(state)).toBe(3);
  });

  test('what cannot be read is a gap from the last frame, and a snapshot begun after it makes up for it, on the same socket', () => {
    const garbled = (nowMs: number) => [nowMs, { kind: 'garbled', nowMs }] as const;
    const { log } = live([...healthy, frame(50), garbled(70), garbled(80), snapshot(90), snapshot(100)], 200);
    expect(log.slice(3)).toEqual([
      [70, { do: 'report-gap', startMs: 50, endMs: null, cause: 'garbled' }],
      [70, { do: 'take-snapshot' }],
      // The first was begun before the second loss.
      [90, { do: 'take-snapshot' }],
      [100, { do: 'report-gap', startMs: 50, endMs: 100, cause: 'garbled' }],
    ]);
  });

  test('a lost socket is a gap from the last frame, and is opened again on the same channel', () => {
    const { state, log } = live([...healthy, frame(50), closed(70), opened(2_000), snapshot(2_100)], 2_200);
    expect(log.slice(3)).toEqual([
      [70, { do: 'report-gap', startMs: 50, endMs: null, cause: 'closed' }],
      [1_070, { do: 'open' }],
      [2_000, { do: 'take-snapshot' }],
      [2_100, { do: 'report-gap', startMs: 50, endMs: 2_100, cause: 'closed' }],
    ]);
    expect(heardUntilMs(state)).toBe(2_100);
  });

  test('while a gap is open nothing counts as heard after its start', () => {
    const { state } = live([...healthy, frame(50), closed(70), opened(2_000), frame(2_050)], 2_060);
    expect(heardUntilMs(state)).toBe(50);
  });

  test('lost in the middle of its first snapshot, it is deaf from the last it heard', () => {
    const answer = [40, { kind: 'answer', nowMs: 40 }] as const;
    const { log } = live(
      [started(0), subscribed(1), opened(2), frame(30), answer, closed(70), opened(2_000), snapshot(2_100)],
      2_200,
    );
    expect(log.filter(([, command]) => command.do === 'report-gap')).toEqual([
      [70, { do: 'report-gap', startMs: 40, endMs: null, cause: 'closed' }],
      [2_100, { do: 'report-gap', startMs: 40, endMs: 2_100, cause: 'closed' }],
    ]);
  });

  test('gives up a socket that never opened after five tries, and none that was ever live', () => {
    const refused = [10, 5_000, 20_000, 40_000, 90_000, 180_000].map((atMs) => closed(atMs));
    const given = (script: readonly (readonly [number, ChannelInput])[]) =>
      live(script, 200_000)
        .log.filter(([, command]) => command.do === 'give-up')
        .map(([atMs]) => atMs);
    expect(given([started(0), subscribed(1), ...refused])[0]).toBe(90_000);
    expect(given([...healthy, ...refused])).toEqual([]);
  });

  test('a channel that is gone is subscribed anew', () => {
    const { log } = live([...healthy, closed(70, true)], 3_000);
    expect(log.at(-1)?.[1]).toEqual({ do: 'subscribe' });
  });

  test('ten seconds of silence are pinged, and an answer keeps the channel', () => {
    const { log } = live([...healthy, frame(1_000), frame(11_005), frame(15_000)], 20_000);
    expect(log.slice(3)).toEqual([[11_000, { do: 'ping' }]]);
  });

  test('a quiet channel that answers is asked every ten seconds, so that it never counts as unheard for longer', () => {
    const pongs = [10_202, 20_402, 30_602, 40_802].map((atMs) => frame(atMs));
    const { log } = live([...healthy, ...pongs], 45_000);
    expect(log.slice(3)).toEqual([10_002, 20_202, 30_402, 40_602].map((atMs) => [atMs, { do: 'ping' }]));
  });

  test('nothing at all for 45 s: one more ping, and after 10 s more the socket is dropped', () => {
    const { log } = live([...healthy, frame(1_000)], 60_000);
    expect(log.slice(3)).toEqual([
      [11_000, { do: 'ping' }],
      [46_000, { do: 'ping' }],
      [56_000, { do: 'drop', cause: 'silent' }],
    ]);
  });

  test('backoff grows with each failure and starts anew only after a minute in health', () => {
    const waits = (script: readonly (readonly [number, ChannelInput])[]) => {
      const { log } = live(script, 1_000_000);
      return log.filter(([, command]) => command.do === 'open').map(([atMs]) => atMs);
    };
    // random 0: half of 2 s, 4 s, 8 s
    expect(waits([...healthy, closed(10), closed(5_000), closed(20_000)]).slice(1)).toEqual([1_010, 7_000, 24_000]);
    const short = [...healthy, closed(10), opened(2_000), snapshot(2_000), closed(3_000)] as const;
    expect(waits(short).slice(1)).toEqual([1_010, 5_000]);
    const long = [...healthy, closed(10), opened(2_000), snapshot(2_000), frame(62_000), closed(62_000)] as const;
    expect(waits(long).slice(1).at(-1)).toBe(62_500);
  });

  test('whatever happens, gaps are closed once each, never overlap, and only snapshots close them', () => {
    const input = fc.constantFrom('subscribed', 'opened', 'frame', 'snapshot', 'closed', 'gone');
    fc.assert(
      fc.property(fc.array(fc.tuple(input, fc.integer({ min: 1, max: 70_000 })), { maxLength: 60 }), (steps) => {
        let nowMs = 0;
        const script = steps.map(([kind, afterMs]) => {
          nowMs += afterMs;
          if (kind === 'subscribed') return subscribed(nowMs);
          if (kind === 'opened') return opened(nowMs);
          if (kind === 'frame') return frame(nowMs);
          if (kind === 'snapshot') return snapshot(nowMs);
          return closed(nowMs, kind === 'gone');
        });
        const { log } = live([started(0), ...script], nowMs);
        let open: number | null = null;
        let lastEndMs = 0;
        for (const [, command] of log) {
          if (command.do !== 'report-gap') continue;
          if (command.endMs === null) {
            expect(open).toBeNull();
            expect(command.startMs).toBeGreaterThanOrEqual(lastEndMs);
            open = command.startMs;
          } else {
            expect(command.startMs).toBe(open);
            open = null;
            lastEndMs = command.endMs;
          }
        }
      }),
    );
  });

  /** Frames that keep it from being pinged. */
  const busy = (untilMs: number) =>
    Array.from({ length: Math.floor(untilMs / 5_000) }, (_, at) => frame((at + 1) * 5_000));
  const renewals = (log: readonly (readonly [number, ChannelCommand])[]) =>
    log.filter(([, command]) => command.do === 'renew').map(([atMs]) => Math.floor(atMs / 60_000));

  test('is renewed at half of its life, again and again, by what the platform says of its end', () => {
    const hour = 3_600_000;
    const script = [started(0), subscribed(1, 2 * hour), opened(2), snapshot(3), ...busy(3 * hour)];
    const { log } = live([...script, renewed(hour + 60_000, 2 * hour)], 3 * hour);
    // The second time it was not prolonged as asked for: half of what is left.
    expect(renewals(log)).toEqual([60, 90]);
  });

  test('a renewal that fails is tried again', () => {
    const hour = 3_600_000;
    const failed = [hour + 1_000, { kind: 'renewal-failed', nowMs: hour + 1_000 }] as const;
    const { log } = live(
      [started(0), subscribed(1, 2 * hour), opened(2), snapshot(3), ...busy(2 * hour), failed],
      2 * hour,
    );
    expect(renewals(log)).toEqual([60, 70]);
  });

  test('a channel that is gone is not renewed, but made anew', () => {
    const gone = [60, { kind: 'failed', nowMs: 60, cause: 'gone', isGone: true, random: 0 }] as const;
    const { log, state } = live([...healthy, frame(50), gone], 1_200);
    expect(log.slice(3)).toEqual([
      [60, { do: 'report-gap', startMs: 50, endMs: null, cause: 'gone' }],
      [60, { do: 'drop', cause: 'gone' }],
      [1_060, { do: 'subscribe' }],
    ]);
    expect(state.renewAtMs).toBeNull();
  });

  test('a socket that is about to be closed is replaced, without a gap', () => {
    const { log } = live([...healthy, [50, { kind: 'closing' }]], 60);
    expect(log.slice(3)).toEqual([[50, { do: 'replace' }]]);
  });
});
