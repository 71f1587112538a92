import type { EpochMs } from '../../streams/record.ts';
import { refusal, type Routes } from './access.ts';
import type { CallCenter } from './call-center.ts';
import { intervalMs, intervalStartOf } from './interval-ledger.ts';
import { settingNameOf } from './media.ts';
import type { MediaQueue, Queue } from './queue.ts';
import { badRequest, notFound, ok } from './rest.ts';

const media = ['all', 'call', 'callback', 'chat', 'email', 'message', 'socialexpression', 'videocomm'];

/** Answers how long a new call would wait, by the plainest formula: calls ahead times handle time over agents. */
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
      const callId = request.query.get('conversationId') ?? '';
      const own = served.filter(({ waiting }) => waiting.has(callId));
      const seconds = estimateSeconds(queue, own.length > 0 ? own : served, callId, nowMs);
      const intent = asked.toUpperCase();
      return ok({
        results: seconds === undefined ? [] : [{ intent, formula: 'SIMPLE', estimatedWaitTimeSeconds: seconds }],
      });
    },
  };
}

/** Undefined where nothing can be said: nobody works, or nothing was handled in this half hour and the one before. */
function estimateSeconds(
  queue: Queue,
  lanes: readonly MediaQueue[],
  callId: string,
  nowMs: EpochMs,
): number | undefined {
  const agentCount = queue.members.filter(({ onQueue }) => onQueue).length;
  const startMs = intervalStartOf(nowMs);
  const handles = lanes.flatMap(({ ledger }) =>
    [startMs, startMs - intervalMs].flatMap((atMs) => ledger.totals(atMs)?.durations.get('tHandle') ?? []),
  );
  const handleCount = handles.reduce((sum, { count }) => sum + count, 0);
  if (agentCount === 0 || handleCount === 0) return undefined;
  const waiting = lanes.flatMap((lane) => [...lane.waiting.keys()]);
  const place = waiting.indexOf(callId);
  const ahead = place === -1 ? waiting.length : place;
  const free = queue.members.some(({ status }) => status === 'IDLE');
  const turns = ahead === 0 && free ? 0 : (ahead + 1) / agentCount;
  return Math.round((turns * handles.reduce((total, { sum }) => total + sum, 0)) / handleCount / 1000);
}
