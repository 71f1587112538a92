import { map, Observable, type OperatorFunction, pipe, tap } from 'rxjs';
import type { Position } from '../sinks/sink.ts';
import type { Checkpoint, Runner } from '../streams/logic.ts';
import { inOrganization, type Output } from '../streams/record.ts';

/** Where a derivation goes on: from which state, from which record of the journal on, and up to where it is only rebuilt. */
export interface ResumePoint {
  readonly from: Checkpoint;
  readonly readFrom: Position;
  readonly committed: Position;
  /** Other logics than those of the checkpoint: the states they lead to have not been published yet. */
  readonly isChanged: boolean;
}

/** The newest checkpoint serves if it was made by the very logics and settings that run now; otherwise all is folded anew. */
export function resumePoint(
  fresh: Checkpoint,
  saved: { readonly checkpoint: Checkpoint; readonly position: Position } | undefined,
  committed: Position,
): ResumePoint {
  if (saved === undefined) return { from: {}, readFrom: 0, committed, isChanged: false };
  const names = Object.keys(fresh);
  const isSame =
    names.length === Object.keys(saved.checkpoint).length &&
    names.every((name) => saved.checkpoint[name]?.version === fresh[name]?.version) &&
    JSON.stringify(saved.checkpoint['settings']?.state) === JSON.stringify(fresh['settings']?.state);
  if (!isSame) return { from: {}, readFrom: 0, committed, isChanged: true };
  return { from: saved.checkpoint, readFrom: saved.position, committed, isChanged: false };
}

interface Positioned<E> {
  readonly offset: Position;
  readonly organizationId: string;
  readonly event: E;
}

/**
 * Derives without a word up to the committed position, and aloud from there on. After a change of logics the states that were
 * rebuilt are said once, each key's last, before the first new output.
 */
export function resume<E>(runner: Runner<E, Output>, point: ResumePoint): OperatorFunction<Positioned<E>, Output> {
  let offset = 0;
  let organizationId = '';
  const rebuilt = new Map<string, Output>();
  return pipe(
    tap((input: Positioned<E>) => ({ offset, organizationId } = input)),
    map((input) => input.event),
    runner.operator,
    map((output) => inOrganization(output, organizationId)),
    (output$) =>
      new Observable<Output>((subscriber) =>
        output$.subscribe({
          next(output) {
            if (offset >= point.committed) {
              for (const each of rebuilt.values()) subscriber.next(each);
              rebuilt.clear();
              subscriber.next(output);
            } else if (point.isChanged && output.type.kind === 'state') {
              rebuilt.set(`${output.type.name}/${output.key}`, output);
            }
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      ),
  );
}
