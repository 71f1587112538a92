import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { type Checkpoint, createRunner, run, type Runner } from '../../streams/logic.ts';
import {
  hopping,
  type HoppingSettings,
  tumbling,
  type TumblingSettings,
  type WindowEvent,
  type WindowOutput,
  type WindowState,
} from '../../streams/window.ts';
import { reference, rounded } from './window-reference.ts';

const minute: TumblingSettings = {
  sizeMs: 60,
  outOfOrdernessMs: 0,
  allowedLatenessMs: 0,
  holdMs: null,
  gapMaxMs: null,
  gauges: ['waiting', 'idle'],
  advanceOnObservation: false,
};

const observed = (atMs: number, waiting: number | null, idle: number | null = null, key = 'a'): WindowEvent => ({
  kind: 'observed',
  key,
  atMs,
  values: { waiting, idle },
});
const watermark = (watermarkMs: number): WindowEvent => ({ kind: 'watermark', watermarkMs });
const holdEnded = (atMs: number, key?: string): WindowEvent => ({
  kind: 'hold-ended',
  atMs,
  ...(key !== undefined && { key }),
});

/** `start#revision mean of waiting`, `~` before an interpolated mean, with the coverage where it is not full. */
const brief = (output: WindowOutput): string => {
  if (output.kind === 'late') return `late ${output.atMs}`;
  const { startMs, endMs, revision, coverageMs, interpolated, gauges } = output;
  const cover = coverageMs === endMs - startMs || interpolated ? '' : ` of ${coverageMs}`;
  return `${startMs}#${revision} ${interpolated ? '~' : ''}${gauges['waiting']?.mean ?? '-'}${cover}`;
};
const play = (events: readonly WindowEvent[], settings: Partial<HoppingSettings> = {}) =>
  run(hopping({ ...minute, hopMs: settings.sizeMs ?? minute.sizeMs, ...settings }), events).map(brief);

describe('a tumbling window', () => {
  test('weighs a level by the time it held, the one carried in included', () => {
    //   2──────────8────|──────0──────|
    const events = [observed(0, 2, 5), observed(30, 8, null), observed(90, 0, 1), watermark(120)];
    const outputs = run(tumbling(minute), events);
    expect(outputs).toMatchObject([
      {
        kind: 'window',
        key: 'a',
        startMs: 0,
        endMs: 60,
        revision: 0,
        count: 2,
        coverageMs: 60,
        interpolated: false,
        gauges: { waiting: { mean: 5, min: 2, max: 8, last: 8 }, idle: { mean: 5, min: 5, max: 5, last: 5 } },
      },
      {
        kind: 'window',
        key: 'a',
        startMs: 60,
        endMs: 120,
        revision: 0,
        count: 1,
        coverageMs: 60,
        interpolated: false,
        gauges: { waiting: { mean: 4, min: 0, max: 8, last: 0 }, idle: { mean: 1, min: 1, max: 1, last: 1 } },
      },
    ]);
  });

  test.each<[name: string, settings: Partial<HoppingSettings>, events: WindowEvent[], outputs: string[]]>([
    [
      'waits for the watermark, not for observations, unless they move it',
      {},
      [observed(0, 1), observed(200, 2), watermark(59), watermark(60)],
      ['0#0 1'],
    ],
    [
      'is closed by observations that move the watermark',
      { advanceOnObservation: true, outOfOrdernessMs: 30 },
      [observed(0, 1), observed(89, 2), observed(90, 3)],
      ['0#0 1'],
    ],
    [
      'takes no watermark back',
      {},
      [observed(0, 1), watermark(120), watermark(0), observed(60, 5)],
      ['0#0 1', '60#0 1', 'late 60'],
    ],
    [
      'lies on the grid from the epoch, before it too',
      {},
      [observed(-90, 1), watermark(0)],
      ['-120#0 1 of 30', '-60#0 1'],
    ],
    [
      // A gap from 80 to 150.
      'knows nothing while no hold lasts, and counts as covered only what was',
      { gapMaxMs: 0 },
      [observed(0, 4), holdEnded(80), observed(150, 6), watermark(240)],
      ['0#0 4', '60#0 4 of 20', '120#0 6 of 30', '180#0 6'],
    ],
    [
      'ends the hold of one key only, if that is named',
      {},
      [observed(0, 4), observed(0, 8, null, 'b'), holdEnded(30, 'b'), watermark(60)],
      ['0#0 4', '0#0 8 of 30'],
    ],
    [
      'ends the hold of an observation that comes out of order after it, of a new key too',
      {},
      [observed(0, 4), holdEnded(30), observed(20, 6), observed(10, 2, null, 'b'), watermark(60)],
      ['0#0 4.666666666666667 of 30', '0#0 2 of 20'],
    ],
    [
      'takes an observation at the end of a hold for a new beginning',
      {},
      [observed(0, 4), holdEnded(30), observed(30, 8), watermark(60)],
      ['0#0 6'],
    ],
    [
      'is filled between its covered neighbours when the right one is known',
      { holdMs: 60 },
      [observed(0, 2), watermark(180), observed(180, 8), watermark(239), watermark(240)],
      ['0#0 2', '60#0 ~4', '120#0 ~6', '180#0 8'],
    ],
    [
      // Uncovered from 60 to 181: one more than is allowed.
      'is not filled across a stretch that is too long',
      { holdMs: 60, gapMaxMs: 120 },
      [observed(0, 2), observed(181, 8), watermark(240)],
      ['0#0 2', '180#0 8 of 59'],
    ],
    [
      'is filled across the longest stretch that is allowed',
      { holdMs: 60, gapMaxMs: 120 },
      [observed(0, 2), observed(180, 8), watermark(240)],
      ['0#0 2', '60#0 ~4', '120#0 ~6', '180#0 8'],
    ],
    [
      'is filled for good once a late observation splits a stretch that was too long',
      { holdMs: 60, gapMaxMs: 120, allowedLatenessMs: 500 },
      [observed(0, 2), observed(300, 8), watermark(360), observed(180, 6)],
      ['0#0 2', '300#0 8', '60#0 ~3.3333333333333335', '120#0 ~4.666666666666667', '180#0 6', '240#0 ~7'],
    ],
    [
      'is corrected, with the filled ones that lean on it, while lateness allows',
      { holdMs: 60, allowedLatenessMs: 100 },
      [observed(0, 2), observed(180, 8), watermark(240), observed(180, 14), watermark(340), observed(180, 5)],
      // 0 and 60 are over for good when 14 comes; 180 is when 5 comes.
      ['0#0 2', '60#0 ~4', '120#0 ~6', '180#0 8', '120#1 ~10', '180#1 14', 'late 180'],
    ],
    [
      'takes back what a hold that ended earlier leaves uncovered',
      { allowedLatenessMs: 1000 },
      [observed(0, 2), watermark(180), holdEnded(60), observed(180, 8), watermark(240)],
      ['0#0 2', '60#0 2', '120#0 2', '60#1 - of 0', '120#1 - of 0', '60#2 ~4', '120#2 ~6', '180#0 8'],
    ],
    [
      // When the watermark comes to 240, both are not over for good; afterwards they are.
      'is filled anew if it could be corrected until then',
      { allowedLatenessMs: 61 },
      [observed(0, 2), watermark(180), holdEnded(60), observed(180, 8), watermark(240)],
      ['0#0 2', '60#0 2', '120#0 2', '60#1 - of 0', '120#1 - of 0', '60#2 ~4', '120#2 ~6', '180#0 8'],
    ],
    [
      'knows of a hold that ended before its key was seen, as long as lateness allows',
      { allowedLatenessMs: 1000 },
      [observed(0, 4), watermark(200), holdEnded(30), observed(10, 2, null, 'b')],
      ['0#0 4', '60#0 4', '120#0 4', '0#1 4 of 30', '60#1 - of 0', '120#1 - of 0', '0#0 2 of 20'],
    ],
    [
      // 0 is over for good when the hold ends, but 60 and 120 lean on what it is by then.
      'that hops, too: what is filled leans on what is right, not on what was said',
      { sizeMs: 120, hopMs: 60 },
      [observed(0, 2), observed(60, 8), watermark(120), holdEnded(60), observed(240, 8), watermark(300)],
      ['-60#0 2 of 60', '0#0 5', '60#0 ~4', '120#0 ~6', '180#0 8 of 60'],
    ],
    [
      'is not repeated when a late observation changes nothing',
      { allowedLatenessMs: 1000 },
      [observed(0, 2), watermark(60), observed(0, 2)],
      ['0#0 2'],
    ],
  ])('%s', (_, settings, events, outputs) => {
    expect(play(events, settings)).toEqual(outputs);
  });

  test('leaves a mean open where a gauge is not known at both ends', () => {
    const events = [observed(0, 2, 1), observed(120, 4, null), watermark(180)];
    const [, filled] = run(tumbling({ ...minute, holdMs: 60 }), events);
    const blank = { min: null, max: null, last: null };
    expect(filled).toMatchObject({
      interpolated: true,
      gauges: { waiting: { mean: 3, ...blank }, idle: { mean: null, ...blank } },
    });
  });

  test('comes out in the order of end and key, by code unit', () => {
    const events = ['b', 'a', 'B', 'ä'].map((key) => observed(0, 1, null, key));
    const outputs = run(tumbling(minute), [...events, watermark(120)]);
    expect(outputs.map((each) => `${each.kind === 'window' ? each.startMs : ''}${each.key}`)).toEqual([
      '0B',
      '0a',
      '0b',
      '0ä',
      '60B',
      '60a',
      '60b',
      '60ä',
    ]);
  });
});

describe('settings that cannot work are refused by name', () => {
  test.each([
    [{ sizeMs: 0 }, 'sizeMs is 0'],
    [{ hopMs: 40 }, 'hopMs is 40: give a divisor of sizeMs, 60'],
    [{ hopMs: NaN }, 'hopMs is NaN'],
    [{ holdMs: 0 }, 'holdMs is 0'],
    [{ gapMaxMs: -1 }, 'gapMaxMs is -1'],
    [{ outOfOrdernessMs: -1 }, 'outOfOrdernessMs is -1'],
    [{ allowedLatenessMs: NaN }, 'allowedLatenessMs is NaN'],
  ])('%j', (settings, message) => {
    expect(() => hopping({ ...minute, hopMs: 60, ...settings })).toThrow(message);
  });
});

// Small whole numbers, so that a reference may look at every millisecond.
const settingsArbitrary: fc.Arbitrary<HoppingSettings> = fc.record({
  sizeMs: fc.constant(4),
  hopMs: fc.constantFrom(1, 2, 4),
  outOfOrdernessMs: fc.constantFrom(0, 1, 5),
  allowedLatenessMs: fc.constantFrom(0, 1, 3, 8),
  holdMs: fc.constantFrom(null, 1, 3, 6),
  gapMaxMs: fc.constantFrom(null, 0, 3, 9),
  gauges: fc.constant(['waiting', 'idle']),
  advanceOnObservation: fc.boolean(),
});
const timeArbitrary = fc.integer({ min: -5, max: 40 });
const levelArbitrary = fc.constantFrom(null, 0, 1, 2, 5, -3);
const keyArbitrary = fc.constantFrom('a', 'b');
const eventsArbitrary: fc.Arbitrary<WindowEvent[]> = fc
  .array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.tuple(timeArbitrary, levelArbitrary, levelArbitrary, keyArbitrary).map((of) => observed(...of)),
      },
      { weight: 2, arbitrary: timeArbitrary.map(watermark) },
      {
        weight: 1,
        arbitrary: fc.tuple(timeArbitrary, fc.option(keyArbitrary, { nil: undefined })).map((of) => holdEnded(...of)),
      },
    ),
    { maxLength: 25 },
  )
  .chain((events) =>
    fc.boolean().map((inOrder) => (inOrder ? [...events].sort((a, b) => timeOf(a) - timeOf(b)) : events)),
  )
  .map((events) => [...events, watermark(48)]);

const timeOf = (event: WindowEvent): number => (event.kind === 'watermark' ? event.watermarkMs : event.atMs);

describe('windows', () => {
  test('equal, revision by revision, tables computed from all observations after every event', () => {
    let compared = 0;
    fc.assert(
      fc.property(settingsArbitrary, eventsArbitrary, (settings, events) => {
        const { accepted, outputs } = reference(settings, events);
        expect(run(hopping(settings), accepted).map(rounded)).toEqual(outputs.map(rounded));
        compared += outputs.length;
      }),
      { numRuns: 1000 },
    );
    expect(compared).toBeGreaterThan(5000);
  });

  test('go on from a saved state as if nothing had happened', () => {
    fc.assert(
      fc.property(settingsArbitrary, eventsArbitrary, fc.nat(25), (settings, events, cut) => {
        const logic = hopping(settings);
        const first = through(createRunner(logic), events.slice(0, cut));
        const saved = JSON.parse(JSON.stringify(first.checkpoint)) as Checkpoint;
        expect(saved).toEqual(first.checkpoint);
        const rest = through(createRunner(logic, saved), events.slice(cut));
        expect([...first.outputs, ...rest.outputs]).toEqual(run(logic, events));
      }),
      { numRuns: 300 },
    );
  });

  test('keep a bounded state, whatever has passed', () => {
    const settings = {
      ...minute,
      outOfOrdernessMs: 10,
      allowedLatenessMs: 120,
      holdMs: 90,
      advanceOnObservation: true,
    };
    const logic = tumbling(settings);
    const state = logic.start();
    let [stored, atMs] = [0, 0];
    for (let index = 0; index < 100_000; index += 1) {
      atMs += index % 1000 === 0 ? 5000 : index % 3;
      const key = `k${index % 5}`;
      logic.step(state, index % 700 === 0 ? holdEnded(atMs) : observed(atMs - (index % 17), index % 7, null, key));
      stored = Math.max(stored, storedIn(state));
    }
    // Five keys, each with what was seen in the last 250 ms (one observation a ms), and their windows.
    expect(stored).toBeLessThan(400);
  });

  test('keep nothing of a key that is gone but where it stood', () => {
    const logic = tumbling({ ...minute, advanceOnObservation: true });
    const state = logic.start();
    logic.step(state, observed(0, 1, null, 'gone'));
    for (let atMs = 0; atMs < 60_000; atMs += 60) {
      logic.step(state, observed(atMs, 2));
      logic.step(state, holdEnded(atMs + 30));
    }
    expect(storedIn(state)).toBeLessThan(12);
  });

  test('step over years without an observation at once', () => {
    const settings = { ...minute, gapMaxMs: 900 };
    const events = [observed(0, 1), holdEnded(30), watermark(1e15), observed(1e15, 2), watermark(1e15 + 120)];
    expect(play(events, settings)).toEqual(['0#0 1 of 30', `${1e15 - 40}#0 2 of 20`, `${1e15 + 20}#0 2`]);
  });

  test('fill a gap of three weeks of minutes when no limit is set', () => {
    const outputs = play([observed(0, 1), holdEnded(60), observed(30_000 * 60, 1), watermark(30_001 * 60)]);
    expect(outputs).toHaveLength(30_001);
  });

  test('look at no key while a watermark closes nothing, and at no other for a late observation', () => {
    const logic = tumbling({ ...minute, allowedLatenessMs: 1000 });
    const state = logic.start();
    for (const key of ['a', 'b', 'c']) logic.step(state, observed(0, 1, null, key));
    logic.step(state, watermark(60));
    Object.defineProperty(state.keys, Symbol.iterator, {
      value: () => {
        throw new Error('looked at all keys');
      },
    });
    expect(logic.step(state, watermark(119))[1]).toEqual([]);
    expect(logic.step(state, observed(30, 3, null, 'b'))[1].map(brief)).toEqual(['0#1 2']);
    expect(() => logic.step(state, watermark(120))).toThrow('looked at all keys');
  });
});

function storedIn(state: WindowState): number {
  const ofKeys = [...state.keys.values()].map(({ timeline, rows }) => timeline.length + rows.length);
  return ofKeys.reduce((sum, each) => sum + each, state.holdEnds.length);
}

function through(runner: Runner<WindowEvent, WindowOutput>, events: readonly WindowEvent[]) {
  const [events$, outputs] = [new Subject<WindowEvent>(), [] as WindowOutput[]];
  events$.pipe(runner.operator).subscribe((output) => outputs.push(output));
  for (const event of events) events$.next(event);
  return { outputs, checkpoint: runner.snapshot() };
}
