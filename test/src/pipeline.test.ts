import fc from 'fast-check';
import { delay, from, map, type OperatorFunction, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runPipeline } from '../../src/pipeline.ts';
import { resume, resumePoint } from '../../src/refold.ts';
import type { Batch, OnBatch, Source } from '../../src/sources/source.ts';
import type { Delivery, Sink } from '../../sinks/sink.ts';
import { createRunner, type Logic } from '../../streams/logic.ts';
import { defineRecord, output, type Output } from '../../streams/record.ts';

const declared = { version: 1, key: ['n'], schema: z.object({ n: z.int(), sum: z.int() }) } as const;
const fact = defineRecord({ ...declared, name: 'fact', kind: 'fact' });
const state = defineRecord({ ...declared, name: 'state', kind: 'state' });

const sums: Logic<{ sum: number }, number, Output> = {
  name: 'sums',
  version: 1,
  start: () => ({ sum: 0 }),
  step(before, n) {
    const sum = before.sum + n;
    return [{ sum }, [output(fact, { n, sum }, n), output(state, { n: 0, sum }, n)]];
  },
};

const signal = new AbortController().signal;

function sourceOf<E>(batches: readonly (readonly E[])[], fromPosition = 0): Source<E> {
  return {
    async run(onBatch) {
      let position = fromPosition;
      for (const events of batches) {
        position += events.length;
        await onBatch({ events, position });
      }
    },
  };
}

function memorySink(): Sink & { readonly deliveries: Delivery[]; readonly isClosed: () => boolean } {
  const deliveries: Delivery[] = [];
  let isClosed = false;
  return {
    deliveries,
    isClosed: () => isClosed,
    deliver(delivery) {
      deliveries.push(delivery);
      return Promise.resolve();
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}

describe('the pump', () => {
  test('delivers what a batch gave together with its position, states conflated and facts not', async () => {
    const sink = memorySink();
    await runPipeline({ source: sourceOf([[1, 2], [3]]), operator: createRunner(sums).operator, sink }, signal);
    expect(
      sink.deliveries.map(({ position, outputs }) => [position, outputs.map(({ type, value }) => [type.name, value])]),
    ).toEqual([
      [
        2,
        [
          ['fact', { n: 1, sum: 1 }],
          ['fact', { n: 2, sum: 3 }],
          ['state', { n: 0, sum: 3 }],
        ],
      ],
      [
        3,
        [
          ['fact', { n: 3, sum: 6 }],
          ['state', { n: 0, sum: 6 }],
        ],
      ],
    ]);
    expect(sink.isClosed()).toBe(true);
  });

  test('a slow sink holds the source: one batch in flight', async () => {
    let release: () => void = () => undefined;
    const handed: Batch<number>[] = [];
    const source: Source<number> = {
      async run(onBatch: OnBatch<number>) {
        for (const n of [1, 2]) {
          const batch = { events: [n], position: n };
          handed.push(batch);
          await onBatch(batch);
        }
      },
    };
    const sink = memorySink();
    const slow: Sink = { ...sink, deliver: () => new Promise((resolve) => (release = resolve)) };
    const done = runPipeline({ source, operator: createRunner(sums).operator, sink: slow }, signal);
    await Promise.resolve();
    expect(handed).toHaveLength(1);
    release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(handed).toHaveLength(2);
    release();
    await done;
  });

  test('a failure of the sink or of a stage ends the run and closes the sink', async () => {
    const failing = memorySink();
    failing.deliver = () => Promise.reject(new Error('disk full'));
    const run = (operator: OperatorFunction<number, Output>, sink: Sink) =>
      runPipeline({ source: sourceOf([[1]]), operator, sink }, signal);
    await expect(run(createRunner(sums).operator, failing)).rejects.toThrow('disk full');
    expect(failing.isClosed()).toBe(true);
    const sink = memorySink();
    const throwing = map<number, Output>(() => {
      throw new Error('broken stage');
    });
    await expect(run(throwing, sink)).rejects.toThrow('broken stage');
    expect(sink.deliveries).toEqual([]);
    expect(sink.isClosed()).toBe(true);
  });

  test('an operator that answers later loses its outputs: the reason why streams may not use one', () => {
    const input$ = new Subject<number>();
    const collected: number[] = [];
    input$.pipe(delay(0)).subscribe((n) => collected.push(n));
    input$.next(1);
    expect(collected).toEqual([]);
  });

  test('commits a checkpoint when one is due, and one at the end', async () => {
    const sink = memorySink();
    const runner = createRunner(sums);
    const checkpoints = { everyMs: 10, timeOf: (n: number) => n, snapshot: () => runner.snapshot() };
    await runPipeline(
      { source: sourceOf([[1], [5], [12], [13]]), operator: runner.operator, sink, checkpoints },
      signal,
    );
    const states = sink.deliveries.map(({ checkpoint }) => checkpoint?.['sums']?.state);
    expect(states).toEqual([undefined, undefined, { sum: 18 }, undefined, { sum: 31 }]);
  });
});

test('a checkpoint is due by what was read, also where that only rebuilds the state', async () => {
  const sink = memorySink();
  const runner = createRunner(sums);
  const checkpoints = { everyMs: 10, timeOf: (n: number) => n, snapshot: () => runner.snapshot() };
  const pipeline = { source: sourceOf([[1], [9], [12]]), operator: runner.operator, sink, checkpoints, committed: 2 };
  await runPipeline(pipeline, signal);
  expect(sink.deliveries.map(({ checkpoint }) => checkpoint?.['sums']?.state)).toEqual([{ sum: 22 }]);
});

describe('a restart', () => {
  const events = fc.array(fc.nat({ max: 9 }), { maxLength: 20 });

  test('from any checkpoint and committed position gives what was missing, once', () => {
    fc.assert(
      fc.property(events, fc.nat(), fc.nat(), fc.boolean(), (journal, a, b, hasCheckpoint) => {
        const committed = a % (journal.length + 1);
        const at = b % (committed + 1);
        const before = createRunner(sums);
        from(journal.slice(0, at)).pipe(before.operator).subscribe();
        const saved = hasCheckpoint ? { checkpoint: before.snapshot(), position: at } : undefined;
        const point = resumePoint(createRunner(sums).snapshot(), saved, committed);
        const seen: unknown[] = [];
        from(journal.map((event, offset) => ({ event, offset, organizationId: 'org' })).slice(point.readFrom))
          .pipe(resume(createRunner(sums, point.from), point))
          .subscribe(({ value }) => seen.push(value));
        const whole: unknown[] = [];
        from(journal)
          .pipe(createRunner(sums).operator)
          .subscribe(({ value }) => whole.push(value));
        expect(seen).toEqual(whole.slice(committed * 2));
      }),
    );
  });

  test('with other logics folds from the start, and says every rebuilt state once before anything new', () => {
    const old = createRunner(sums);
    from([1, 2, 3]).pipe(old.operator).subscribe();
    const changed = { ...sums, version: 2 };
    const point = resumePoint(createRunner(changed).snapshot(), { checkpoint: old.snapshot(), position: 3 }, 3);
    expect(point).toMatchObject({ readFrom: 0, isChanged: true });
    const seen: unknown[] = [];
    from([1, 2, 3, 4].map((event, offset) => ({ event, offset, organizationId: 'org' })))
      .pipe(resume(createRunner(changed, point.from), point))
      .subscribe(({ type, value }) => seen.push([type.name, value]));
    expect(seen).toEqual([
      ['state', { n: 0, sum: 6 }],
      ['fact', { n: 4, sum: 10 }],
      ['state', { n: 0, sum: 10 }],
    ]);
  });

  test('with other settings folds from the start too', () => {
    const saved = (timeZone: string) => ({ settings: { version: 1, state: { timeZone } } });
    const point = (before: string, now: string) =>
      resumePoint(saved(now), { checkpoint: saved(before), position: 3 }, 3);
    expect(point('UTC', 'UTC')).toMatchObject({ readFrom: 3, isChanged: false });
    expect(point('UTC', 'Europe/Berlin')).toMatchObject({ readFrom: 0, isChanged: true });
  });

  test('does not write again what is committed', async () => {
    const sink = memorySink();
    const point = { from: {}, readFrom: 0, committed: 2, isChanged: false, retiredProfiles: [] };
    const records = [1, 2, 3].map((event, offset) => ({ event, offset, organizationId: 'org' }));
    const pipeline = { source: sourceOf([records.slice(0, 2), records.slice(2)]), sink, committed: 2 };
    await runPipeline({ ...pipeline, operator: resume(createRunner(sums), point) }, signal);
    expect(sink.deliveries.map(({ position }) => position)).toEqual([3]);
  });
});
