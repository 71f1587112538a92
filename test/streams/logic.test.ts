import fc from 'fast-check';
import { from, Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { combine, createRunner, keyed, type Logic, run, toOperator } from '../../streams/logic.ts';

const sum: Logic<{ total: number }, number, number> = {
  name: 'sum',
  version: 1,
  start: () => ({ total: 0 }),
  step(state, event) {
    state.total += event;
    return [state, [state.total]];
  },
};

const fails: Logic<null, number, number> = {
  name: 'fails',
  version: 1,
  start: () => null,
  step: (state, event) => {
    if (event === 2) throw new Error('two');
    return [state, [event]];
  },
};

describe('a logic', () => {
  test('gives the same outputs through RxJS as without', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (events) => {
        const seen: number[] = [];
        from(events)
          .pipe(toOperator(sum))
          .subscribe((each) => seen.push(each));
        expect(seen).toEqual(run(sum, events));
      }),
    );
  });

  test('has a state of its own for each subscription', () => {
    const totals$ = from([1, 2]).pipe(toOperator(sum));
    const seen: number[] = [];
    totals$.subscribe((each) => seen.push(each));
    totals$.subscribe((each) => seen.push(each));
    expect(seen).toEqual([1, 3, 1, 3]);
  });

  test('is synchronous: its outputs are there when next returns', () => {
    const input$ = new Subject<number>();
    const seen: number[] = [];
    input$.pipe(toOperator(sum)).subscribe((each) => seen.push(each));
    input$.next(5);
    expect(seen).toEqual([5]);
  });

  test('hands a failure of its step to the subscriber', () => {
    let failure: unknown;
    from([1, 2, 3])
      .pipe(toOperator(fails))
      .subscribe({ error: (error: unknown) => (failure = error) });
    expect(failure).toEqual(new Error('two'));
  });

  test('goes on from a snapshot as if it had never stopped', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (before, after) => {
        const first = createRunner(sum);
        from(before).pipe(first.operator).subscribe();
        const saved: ReturnType<typeof first.snapshot> = JSON.parse(JSON.stringify(first.snapshot()));
        const seen: number[] = [];
        from(after)
          .pipe(createRunner(sum, saved).operator)
          .subscribe((each) => seen.push(each));
        expect(seen).toEqual(run(sum, [...before, ...after]).slice(before.length));
      }),
    );
  });

  test('ignores a snapshot of another version', () => {
    const first = createRunner(sum);
    from([7]).pipe(first.operator).subscribe();
    const seen: number[] = [];
    from([1])
      .pipe(createRunner({ ...sum, version: 2 }, first.snapshot()).operator)
      .subscribe((each) => seen.push(each));
    expect(seen).toEqual([1]);
  });
});

describe('a keyed logic', () => {
  const byLetter = keyed<{ total: number }, { letter?: string; add: number }, string>(
    {
      name: 'by-letter',
      version: 1,
      start: () => ({ total: 0 }),
      step(state, event) {
        state.total += event.add;
        return [state, [`${event.letter ?? 'all'}:${state.total}`]];
      },
    },
    (event) => event.letter,
  );

  test('keeps one state a key, and gives an event without a key to all of them in order', () => {
    const events = [{ letter: 'b', add: 1 }, { letter: 'a', add: 10 }, { letter: 'b', add: 1 }, { add: 100 }];
    expect(run(byLetter, events)).toEqual(['b:1', 'a:10', 'b:2', 'all:110', 'all:102']);
  });

  test('keeps its Map through a snapshot', () => {
    const first = createRunner(byLetter);
    from([{ letter: 'x', add: 4 }])
      .pipe(first.operator)
      .subscribe();
    const seen: string[] = [];
    from([{ letter: 'x', add: 1 }])
      .pipe(createRunner(byLetter, JSON.parse(JSON.stringify(first.snapshot()))).operator)
      .subscribe((each) => seen.push(each));
    expect(seen).toEqual(['x:5']);
  });
});

test('combined logics answer each event in the order written', () => {
  const double: Logic<null, number, string> = {
    ...fails,
    name: 'double',
    step: (state, event) => [state, [`x${event * 2}`]],
  };
  expect(run(combine('both', { sum, double }), [1, 2])).toEqual([1, 'x2', 3, 'x4']);
});
