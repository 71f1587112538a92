import type { EpochMs } from '../../streams/record.ts';
import { refusal, type Routes } from './access.ts';
import type { Call } from './call.ts';
import type { CallCenter } from './call-center.ts';
import { addTotals, createTotals, intervalMs, intervalStartOf, type Totals } from './interval-ledger.ts';
import { settingNameOf } from './media.ts';
import type { MediaQueue, Queue } from './queue.ts';
import { badRequest, notFound, ok } from './rest.ts';

const media = ['all', 'call', 'callback', 'chat', 'email', 'message', 'socialexpression', 'videocomm'];
/** Handle times and abandons are those of the last four hours, and of what there is of this half hour. */
const pastIntervals = 8;

/**
 * Answers how long a call would wait: handle time of its medium, once for each call that goes first and once more, over
 * the agents at work. First goes what has priority or came earlier, in any queue and medium that the agents share.
 */
export function createEstimatedWait(center: CallCenter): Routes {
  return {
    answer(request, caller, nowMs) {
      const [, id, medium] =
        /^\/api\/v2\/routing\/queues\/([^/]+)(?:\/mediatypes\/([^/]+))?\/estimatedwaittime$/.exec(request.path) ?? [];
      if (id === undefined || request.method !== 'GET') return undefined;
      const refused = refusal(caller, 'routing:queue:view');
      if (refused !== undefined) return refused;
      if (medium !== undefined && !media.includes(medium.toLowerCase())) {
        return badRequest(`Value [${medium}] is not valid for field type [MediaType].`);
      }
      const queue = center.queues.get(id);
      if (queue === undefined) return notFound(`Queue ${id}`);
      const asked = medium?.toLowerCase() ?? 'all';
      const served = [...queue.media.values()].filter((lane) => ['all', settingNameOf(lane.mediaType)].includes(asked));
      const waitMs = estimateMs(center, queue, served, request.query.get('conversationId') ?? '', nowMs);
      if (waitMs === undefined) return ok({ results: [] });
      const estimatedWaitTimeSeconds = Math.round(waitMs / 1000);
      return ok({ results: [{ intent: asked.toUpperCase(), formula: 'BEST', estimatedWaitTimeSeconds }] });
    },
  };
}

/** Undefined where nothing can be said: nobody works, or nothing was handled lately. */
function estimateMs(
  center: CallCenter,
  queue: Queue,
  served: readonly MediaQueue[],
  callId: string,
  nowMs: EpochMs,
): number | undefined {
  const own = served.filter(({ waiting }) => waiting.has(callId));
  const lanes = own.length > 0 ? own : served;
  const past = pastOf(lanes, nowMs);
  const handle = past.durations.get('tHandle');
  const atWork = queue.members.filter(({ onQueue, status }) => onQueue && status !== 'NOT_RESPONDING');
  if (atWork.length === 0 || handle === undefined) return undefined;
  const ahead = waitingFor(center, queue, aheadOf(callId, lanes));
  const isFree = atWork.some(({ status, alertCount }) => status === 'IDLE' && alertCount === 0);
  if (ahead === 0 && isFree) return 0;
  const ended = past.durations.get('tWait')?.count ?? 0;
  const givingUp = ended === 0 ? 0 : (past.durations.get('tAbandon')?.count ?? 0) / ended;
  return ((ahead * (1 - givingUp) + 1) * handle.sum) / handle.count / atWork.length;
}

/** Which waiting calls would be taken first. A call that is not there yet is thought to be like the one before it. */
function aheadOf(callId: string, lanes: readonly MediaQueue[]): (call: Call) => boolean {
  const known = lanes.flatMap(({ interacting, alerting, waiting }): readonly Call[] => [
    ...interacting.values(),
    ...alerting.values(),
    ...waiting.values(),
  ]);
  const call = known.find(({ id, answered }) => id === callId && answered === undefined);
  const { priority, enqueuedAtMs } = call ?? { priority: known.at(-1)?.priority ?? 0, enqueuedAtMs: Infinity };
  return (other) => other.priority > priority || (other.priority === priority && other.enqueuedAtMs < enqueuedAtMs);
}

function pastOf(lanes: Iterable<MediaQueue>, nowMs: EpochMs): Totals {
  const past = createTotals();
  const startMs = intervalStartOf(nowMs);
  for (const { ledger } of lanes) {
    for (let back = 0; back <= pastIntervals; back += 1) {
      const totals = ledger.totals(startMs - back * intervalMs);
      if (totals !== undefined) addTotals(past, totals);
    }
  }
  return past;
}

/** Calls that wait for the members, in all their queues: of each queue so many as they are of its members. */
function waitingFor(center: CallCenter, { members }: Queue, goesFirst: (call: Call) => boolean): number {
  const shared = new Map<string, number>();
  for (const { queueIds } of members) for (const id of queueIds) shared.set(id, (shared.get(id) ?? 0) + 1);
  let ahead = 0;
  for (const [id, count] of shared) {
    const other = center.queues.get(id);
    if (other === undefined) continue;
    for (const { waiting } of other.media.values())
      for (const call of waiting.values()) if (goesFirst(call)) ahead += count / other.members.length;
  }
  return ahead;
}
