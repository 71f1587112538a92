import { Observable, type OperatorFunction } from 'rxjs';

/**
 * One pure stage of the pipeline: `step(state, event) → [state, outputs]`. No clock, no I/O, no promise, no randomness.
 *
 * `step` may change the state it was given and return it: nobody keeps an old one. Events and outputs are never changed.
 * A state consists of null, booleans, finite numbers, strings, arrays, Maps and plain objects, so that it can be saved.
 * Raise `version` whenever the same events would lead to another state or other outputs.
 */
export interface Logic<S, E, O> {
  readonly name: string;
  readonly version: number;
  start(): S;
  step(state: S, event: E): readonly [state: S, outputs: readonly O[]];
}

/** What a run needs in order to go on later: per logic its version and its state as plain JSON. */
export type Checkpoint = Readonly<Record<string, { readonly version: number; readonly state: unknown }>>;

/** A logic in progress, and the way to save where it stands. */
export interface Runner<E, O> {
  /** Synchronous; to be subscribed once. */
  readonly operator: OperatorFunction<E, O>;
  snapshot(): Checkpoint;
}

/** Folds events without RxJS and returns every output: for tests, benchmarks and back-tests. */
export function run<S, E, O>(logic: Logic<S, E, O>, events: Iterable<E>): O[] {
  const collected: O[] = [];
  let state = logic.start();
  for (const event of events) {
    const [next, outputs] = logic.step(state, event);
    state = next;
    for (const output of outputs) collected.push(output);
  }
  return collected;
}

/**
 * One state for each key. An event whose key is undefined goes to all keys, in the order of their code units.
 *
 *     a1 b1 -- a2 ·          · has no key: it reaches a, then b
 */
export function keyed<S, E, O>(
  logic: Logic<S, E, O>,
  keyOf: (event: E) => string | undefined,
): Logic<Map<string, S>, E, O> {
  const stepKey = (states: Map<string, S>, key: string, event: E): readonly O[] => {
    const [next, outputs] = logic.step(states.get(key) ?? logic.start(), event);
    states.set(key, next);
    return outputs;
  };
  return {
    name: logic.name,
    version: logic.version,
    start: () => new Map(),
    step(states, event) {
      const key = keyOf(event);
      if (key !== undefined) return [states, stepKey(states, key, event)];
      return [states, [...states.keys()].sort().flatMap((each) => stepKey(states, each, event))];
    },
  };
}

/** Runs logics side by side over the same events; for each event the outputs come in the order written. */
export function combine<E, Logics extends Readonly<Record<string, AnyLogic<E>>>>(
  name: string,
  logics: Logics,
): Logic<Record<keyof Logics, unknown>, E, OutputOf<Logics[keyof Logics]>> {
  type O = OutputOf<Logics[keyof Logics]>;
  const parts = Object.entries(logics) as unknown as [keyof Logics, Logic<unknown, E, O>][];
  return {
    name,
    version: parts.reduce((sum, [, logic]) => sum + logic.version, 0),
    start: () =>
      Object.fromEntries(parts.map(([part, logic]) => [part, logic.start()])) as Record<keyof Logics, unknown>,
    step(states, event) {
      const collected: O[] = [];
      for (const [part, logic] of parts) {
        const [next, outputs] = logic.step(states[part], event);
        states[part] = next;
        collected.push(...outputs);
      }
      return [states, collected];
    },
  };
}

/** A logic whatever its state: what one may be combined with another as. */
interface AnyLogic<E> {
  readonly version: number;
  start(): unknown;
  step(state: never, event: E): readonly [state: unknown, outputs: readonly unknown[]];
}

type OutputOf<L> = L extends { step(...input: never): readonly [unknown, readonly (infer O)[]] } ? O : never;

/** The RxJS face of a logic: synchronous, one state for each subscription. */
export function toOperator<S, E, O>(logic: Logic<S, E, O>): OperatorFunction<E, O> {
  return (source) => new Observable((subscriber) => createRunner(logic).operator(source).subscribe(subscriber));
}

/** A logic whose state can be saved, and which starts from a saved state if that was made by the same version. */
export function createRunner<S, E, O>(logic: Logic<S, E, O>, from: Checkpoint = {}): Runner<E, O> {
  const saved = from[logic.name];
  let state = saved?.version === logic.version ? restoreState<S>(saved.state) : logic.start();
  return {
    operator: (source) =>
      new Observable((subscriber) =>
        source.subscribe({
          next(event) {
            let outputs: readonly O[];
            try {
              [state, outputs] = logic.step(state, event);
            } catch (error) {
              subscriber.error(error);
              return;
            }
            for (const output of outputs) subscriber.next(output);
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      ),
    snapshot: () => ({ [logic.name]: { version: logic.version, state: saveState(state) } }),
  };
}

/** Copies a state into plain JSON; a Map becomes `{ "#map": [[key, value], ...] }`, in its order. */
function saveState(state: unknown): unknown {
  if (state instanceof Map) return { '#map': Array.from(state, ([key, value]) => [saveState(key), saveState(value)]) };
  if (Array.isArray(state)) return state.map(saveState);
  if (typeof state !== 'object' || state === null) return state;
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, saveState(value)]));
}

/** The inverse of `saveState`; the caller answers for `S` by comparing versions first. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- names what the caller vouches for
function restoreState<S>(saved: unknown): S {
  return revive(saved) as S;
}

function revive(saved: unknown): unknown {
  if (Array.isArray(saved)) return saved.map(revive);
  if (typeof saved !== 'object' || saved === null) return saved;
  const entries = Object.entries(saved);
  const [only] = entries;
  if (entries.length === 1 && only?.[0] === '#map' && Array.isArray(only[1])) {
    return new Map(only[1].map((pair: readonly unknown[]) => [revive(pair[0]), revive(pair[1])]));
  }
  return Object.fromEntries(entries.map(([name, value]) => [name, revive(value)]));
}
