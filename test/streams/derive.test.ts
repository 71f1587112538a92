import fc from 'fast-check';
import { from, map, merge, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { startConflation } from '../../sinks/conflate.ts';
import { derive, type DeriveSettings } from '../../streams/derive.ts';
import type { QueueEvent } from '../../streams/event.ts';
import { type Checkpoint, toOperator } from '../../streams/logic.ts';
import { followQueues } from '../../streams/queue-state.ts';
import { type Output, topicOf } from '../../streams/record.ts';
import { predictWaits } from '../../streams/wait-prediction.ts';
import { dayStartMs, journals } from '../support/arbitraries.ts';
import { deriveSettings } from '../support/derive-settings.ts';

/** The journals begin at 9:00 in UTC, 14:45 in Kathmandu, so that queues open, close and change their zone with their name in them. */
const settings: DeriveSettings = {
  ...deriveSettings,
  queues: [
    { pattern: 'a', timeZone: 'Asia/Kathmandu', locale: 'de', callbackAfterSeconds: 60 },
    {
      pattern: '*',
      openingHours: [0, 1, 2, 3, 4, 5, 6].flatMap((day) => [
        { fromMinute: day * 1440 + 542, untilMinute: day * 1440 + 550 },
        { fromMinute: day * 1440 + 888, untilMinute: day * 1440 + 895 },
      ]),
    },
  ],
};

function deriveAll(
  events: readonly QueueEvent[],
  checkpoint: Checkpoint = {},
): { outputs: Output[]; saved: Checkpoint } {
  const outputs: Output[] = [];
  const runner = derive(settings, checkpoint);
  from(events)
    .pipe(runner.operator)
    .subscribe((output) => outputs.push(output));
  return { outputs, saved: JSON.parse(JSON.stringify(runner.snapshot())) as Checkpoint };
}

const serialized = (outputs: readonly Output[]) =>
  outputs.map(({ type, key, atMs, value }) => JSON.stringify([topicOf(type), key, atMs, value]));

describe('the derivation of a journal', () => {
  test('gives only records that fit their schema, whose key holds what the schema says, and tombstones of states', () => {
    fc.assert(
      fc.property(journals, (journal) => {
        for (const { type, key, value } of deriveAll(journal).outputs) {
          if (value === null) {
            expect(type.kind).toBe('state');
            continue;
          }
          expect(type.schema.parse(value)).toEqual(value);
          expect(key).toBe(type.keyOf(value));
        }
      }),
    );
  });

  test('is the same to the byte from a checkpoint anywhere as from the start', () => {
    fc.assert(
      fc.property(journals, fc.nat(), (journal, at) => {
        const cut = at % (journal.length + 1);
        const before = deriveAll(journal.slice(0, cut));
        const after = deriveAll(journal.slice(cut), before.saved);
        const whole = deriveAll(journal);
        expect(serialized([...before.outputs, ...after.outputs])).toEqual(serialized(whole.outputs));
        expect(after.saved).toEqual(whole.saved);
      }),
    );
  });

  test('predicts the same as a pipe of the parts that anybody can lay', () => {
    const predicted = ['wait-prediction', 'wait-outcome', 'prediction-score'];
    fc.assert(
      fc.property(journals, (journal) => {
        const found: Output[] = [];
        const events$ = new Subject<QueueEvent>();
        const states$ = events$.pipe(toOperator(followQueues(settings)));
        const inputs$ = merge(states$.pipe(map((state) => ({ kind: 'queue-state' as const, state }))), events$);
        inputs$.pipe(toOperator(predictWaits(settings))).subscribe((output) => found.push(output));
        for (const event of journal) events$.next(event);
        const derived = deriveAll(journal).outputs.filter(({ type }) => predicted.includes(type.name));
        expect(serialized(found)).toEqual(serialized(derived));
      }),
      { numRuns: 30 },
    );
  });

  test('in any batches gives the same facts and the same last states', () => {
    const lastStates = (outputs: readonly Output[]) =>
      new Map(
        outputs
          .filter(({ type }) => type.kind === 'state')
          .map((output) => [topicOf(output.type) + output.key, output.value]),
      );
    const facts = (outputs: readonly Output[]) => serialized(outputs.filter(({ type }) => type.kind !== 'state'));
    fc.assert(
      fc.property(journals, fc.array(fc.integer({ min: 1, max: 9 })), (journal, sizes) => {
        const written: Output[] = [];
        let batch = startConflation();
        const input$ = new Subject<QueueEvent>();
        input$.pipe(derive(settings).operator).subscribe((output) => batch.add(output));
        let left = sizes[0] ?? 1;
        for (const [index, event] of journal.entries()) {
          input$.next(event);
          left -= 1;
          if (left > 0 && index < journal.length - 1) continue;
          written.push(...batch.conflated().kept);
          batch = startConflation();
          left = sizes[index % Math.max(1, sizes.length)] ?? 1;
        }
        const { outputs } = deriveAll(journal);
        expect(facts(written)).toEqual(facts(outputs));
        expect(lastStates(written)).toEqual(lastStates(outputs));
      }),
    );
  });

  test('is synchronous: the outputs of an event are there when next returns', () => {
    const input$ = new Subject<QueueEvent>();
    const seen: string[] = [];
    input$.pipe(derive(deriveSettings).operator).subscribe((output) => seen.push(topicOf(output.type)));
    const metrics = [{ metric: 'oWaiting', qualifier: null, count: 2, startedAtMs: null }];
    input$.next({ kind: 'queue-observed', receivedAtMs: dayStartMs, queueId: 'q', mediaType: 'voice', metrics });
    expect(seen).toEqual(['queue-state.v1', 'wait-prediction.v1', 'agent-ranking.v1']);
  });

  test('closes no window by ticks alone while nothing is heard, and lets a gap end what was held', () => {
    const metrics = [{ metric: 'oWaiting', qualifier: null, count: 2, startedAtMs: null }];
    const observed = (receivedAtMs: number): QueueEvent => ({
      kind: 'queue-observed',
      receivedAtMs,
      queueId: 'q',
      mediaType: 'voice',
      metrics,
    });
    const tick = (receivedAtMs: number, heardUntilMs: number): QueueEvent => ({
      kind: 'tick',
      receivedAtMs,
      heardUntilMs,
    });
    const gap = {
      kind: 'channel-gap' as const,
      channel: 0,
      queueIds: null,
      userIds: null,
      startMs: dayStartMs + 30_000,
      cause: 'silent',
    };
    const windows = (...events: QueueEvent[]) =>
      deriveAll(events)
        .outputs.filter(({ type }) => type.name === 'queue-window')
        .map(({ value }) => value);
    const deaf = [
      observed(dayStartMs),
      tick(dayStartMs + 30_000, dayStartMs + 30_000),
      tick(dayStartMs + 300_000, dayStartMs + 30_000),
    ];
    expect(windows(...deaf)).toEqual([]);
    const repaired = [
      { ...gap, receivedAtMs: dayStartMs + 70_000, endMs: null, repairedBy: 'none' as const },
      tick(dayStartMs + 100_000, dayStartMs + 100_000),
    ];
    expect(windows(...deaf, ...repaired)).toMatchObject([
      { startMs: dayStartMs, coverage: 0.5, waitingMean: 2, observations: 1 },
    ]);
  });
});
