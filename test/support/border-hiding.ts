import type { RestAnswer, RestRequest } from '../../src/simulator/rest.ts';
import type { Roster } from '../../src/simulator/roster.ts';

/** Queues and agents that come and go: the platform has them all, and lists only some. */
export interface Hiding {
  /** The answer without what is not there at this time. */
  seen(request: RestRequest, answer: RestAnswer, nowMs: number): RestAnswer;
  isHidden(id: string, atMs: number): boolean;
  comesAndGoes(id: string): boolean;
}

interface Absence {
  readonly id: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How long after the first fault something is still changing. */
const changingMs = 100_000;

/**
 * Around the time of a fault: one queue and one agent appear, one of each goes for good, and one of each goes and comes back. Nobody of
 * an empty roster does.
 */
export function hideFrom({ queues, agents }: Roster, faultMs: number, random: () => number): Hiding {
  const soon = () => faultMs + (random() * 1.2 - 0.2) * changingMs;
  const absencesOf = (ids: readonly string[]): Absence[] => {
    const first = Math.floor(random() * ids.length);
    const [appears, goes, returns] = [0, 1, 2].map((step) => ids[(first + step) % ids.length]);
    if (appears === undefined || goes === undefined || returns === undefined) return [];
    const awayMs = soon();
    return [
      { id: appears, fromMs: 0, untilMs: soon() },
      { id: goes, fromMs: soon(), untilMs: Infinity },
      { id: returns, fromMs: awayMs, untilMs: awayMs + random() * changingMs },
    ];
  };
  const absences = [queues, agents].flatMap((all) => absencesOf(all.map(({ id }) => id)));
  const isHidden = (id: string, atMs: number) =>
    absences.some((absence) => absence.id === id && absence.fromMs <= atMs && atMs < absence.untilMs);
  const isSeen = (id: string, atMs: number) => !isHidden(id, atMs);

  return {
    isHidden,
    comesAndGoes: (id) => absences.some((absence) => absence.id === id),
    seen({ path }, answer, nowMs) {
      if (absences.length === 0 || answer.status !== 200) return answer;
      if (path === '/api/v2/routing/queues' || path === '/api/v2/users') {
        const body = answer.body as { entities: { id: string }[] };
        return { ...answer, body: { ...body, entities: body.entities.filter(({ id }) => isSeen(id, nowMs)) } };
      }
      if (path === '/api/v2/analytics/routing/activity/query') {
        const body = answer.body as { results: { entities: { userId: string }[] }[] };
        const results = body.results.map((result) => ({
          ...result,
          entities: result.entities.filter(({ userId }) => isSeen(userId, nowMs)),
        }));
        return { ...answer, body: { ...body, results } };
      }
      return answer;
    },
  };
}
