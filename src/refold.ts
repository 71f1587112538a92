import { map, Observable, type OperatorFunction, pipe, tap } from 'rxjs';
import { z } from 'zod';
import type { Position } from '../sinks/sink.ts';
import type { Checkpoint, Runner } from '../streams/logic.ts';
import { type EpochMs, inOrganization, type Output, tombstone } from '../streams/record.ts';
import { agentRanking } from '../streams/records/agent-ranking.ts';

/** Where a derivation goes on: from which state, from which record of the journal on, and up to where it is only rebuilt. */
export interface ResumePoint {
  readonly from: Checkpoint;
  readonly readFrom: Position;
  readonly committed: Position;
  /** Other logics than those of the checkpoint: the states they lead to have not been published yet. */
  readonly isChanged: boolean;
  /** Profiles that were ranked by the settings of then and are set no more. */
  readonly retiredProfiles: readonly string[];
}

/** The newest checkpoint serves if it was made by the very logics and settings that run now; otherwise all is folded anew. */
export function resumePoint(
  fresh: Checkpoint,
  saved: { readonly checkpoint: Checkpoint; readonly position: Position } | undefined,
  committed: Position,
): ResumePoint {
  const unchanged = { committed, isChanged: false, retiredProfiles: [] };
  if (saved === undefined) return { from: {}, readFrom: 0, ...unchanged };
  const names = Object.keys(fresh);
  const isSame =
    names.length === Object.keys(saved.checkpoint).length &&
    names.every((name) => saved.checkpoint[name]?.version === fresh[name]?.version) &&
    JSON.stringify(saved.checkpoint['settings']?.state) === JSON.stringify(fresh['settings']?.state);
  if (isSame) return { from: saved.checkpoint, readFrom: saved.position, ...unchanged };
  const set = profilesOf(fresh);
  const retiredProfiles = profilesOf(saved.checkpoint).filter((profile) => !set.includes(profile));
  return { from: {}, readFrom: 0, committed, isChanged: true, retiredProfiles };
}

const profileSettings = z.object({ rankingProfiles: z.array(z.string()) });

const profilesOf = (checkpoint: Checkpoint): readonly string[] =>
  profileSettings.safeParse(checkpoint['settings']?.state).data?.rankingProfiles ?? [];

interface Positioned<E> {
  readonly offset: Position;
  readonly organizationId: string;
  readonly event: E;
}

/**
 * Derives without a word up to the committed position, and aloud from there on. After a change of logics the states that were
 * rebuilt are said once, each key's last, before the first new output, and that rankings are gone whose profile is set no more.
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
              if (rebuilt.size > 0) {
                for (const each of rebuilt.values()) subscriber.next(each);
                for (const each of retired(point, rebuilt, output.atMs))
                  subscriber.next(inOrganization(each, organizationId));
                rebuilt.clear();
              }
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

/** Nothing else would ever say so: to the settings of now these rankings have never been. */
function retired(
  { retiredProfiles }: ResumePoint,
  rebuilt: ReadonlyMap<string, Output>,
  atMs: EpochMs,
): readonly Output[] {
  if (retiredProfiles.length === 0) return [];
  const rankings = [...rebuilt.values()].flatMap(({ type, value }) =>
    type === agentRanking && value !== null ? [agentRanking.schema.parse(value)] : [],
  );
  // One that somebody asks for is ranked all the same.
  const ranked = new Set(rankings.map(({ queueId, profile }) => `${queueId}/${profile}`));
  const queueIds = [...new Set(rankings.map(({ queueId }) => queueId))];
  return queueIds.flatMap((queueId) =>
    retiredProfiles
      .filter((profile) => !ranked.has(`${queueId}/${profile}`))
      .map((profile) => tombstone(agentRanking, { queueId, profile }, atMs)),
  );
}
