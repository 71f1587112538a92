import type { EpochMs } from '../../streams/record.ts';
import { refusal, type Routes } from './access.ts';
import type { CallCenter, Queue } from './call-center.ts';
import { intervalMs, intervalStartOf } from './interval-ledger.ts';
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
      const voice = medium === undefined || ['all', 'call'].includes(medium.toLowerCase());
      const seconds = voice ? estimateSeconds(queue, request.query.get('conversationId'), nowMs) : undefined;
      const intent = (medium ?? 'all').toUpperCase();
      return ok({
        results: seconds === undefined ? [] : [{ intent, formula: 'SIMPLE', estimatedWaitTimeSeconds: seconds }],
      });
    },
  };
}

/** Undefined where nothing can be said: nobody works, or nothing was handled in this half hour and the one before. */
function estimateSeconds(queue: Queue, callId: string | null, nowMs: EpochMs): number | undefined {
  const agentCount = queue.members.filter(({ onQueue }) => onQueue).length;
  const startMs = intervalStartOf(nowMs);
  const handles = [startMs, startMs - intervalMs].flatMap((atMs) =>
    queue.ledger.metrics(atMs).filter(({ metric }) => metric === 'tHandle'),
  );
  const sumOf = (name: string) => handles.reduce((sum, { stats }) => sum + (stats[name] ?? 0), 0);
  if (agentCount === 0 || sumOf('count') === 0) return undefined;
  const place = callId === null ? -1 : [...queue.waiting.keys()].indexOf(callId);
  const ahead = place === -1 ? queue.waiting.size : place;
  const free = queue.members.some(({ status }) => status === 'IDLE');
  const turns = ahead === 0 && free ? 0 : (ahead + 1) / agentCount;
  return Math.round((turns * sumOf('sum')) / sumOf('count') / 1000);
}
