import type { EventOf, QueueEvent } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { TraceLine } from '../simulator/trace.ts';

/** Traces have no date of their own that matters; this is the midnight of the bank's. */
const midnightMs = Date.UTC(1999, 0, 1);

/** The moment that a trace's `t` stands for. */
export const traceTimeMs = (t: number): EpochMs => midnightMs + Math.round(t * 1000);

interface OpenCall {
  readonly enqueuedAtMs: EpochMs;
  readonly priority: number;
  agentId: string | null;
  connectedAtMs: EpochMs | null;
}

/** Says each line as the journal would, with the events that the decoder makes of a conversation's and an agent's topics. */
export function createTraceReader(): (line: TraceLine) => readonly QueueEvent[] {
  const calls = new Map<string, OpenCall>();
  const onQueue = new Map<string, readonly string[]>();
  const talking = new Map<string, string>();

  const interaction = (
    line: Extract<TraceLine, { id: string }>,
    call: OpenCall,
    { leftAtMs = null, endedAtMs = null, customerLeftAtMs = null }: Partial<Record<string, EpochMs | null>>,
  ): EventOf<'interaction-changed'> => ({
    kind: 'interaction-changed',
    receivedAtMs: traceTimeMs(line.t),
    queueId: line.q,
    conversationId: line.id,
    mediaType: 'voice',
    stays: [{ enqueuedAtMs: call.enqueuedAtMs, leftAtMs, priority: call.priority, skillIds: [], languageId: null }],
    agents:
      call.agentId === null
        ? []
        : [
            {
              userId: call.agentId,
              connectedAtMs: call.connectedAtMs,
              endedAtMs,
              wrapUpEndedAtMs: endedAtMs,
            },
          ],
    customerLeftAtMs,
  });

  const status = (
    userId: string,
    atMs: EpochMs,
    routingStatus: string,
    queues: readonly string[] | null,
  ): QueueEvent => ({
    kind: 'agent-status',
    receivedAtMs: atMs,
    userId,
    routingStatus,
    routingStatusSinceMs: atMs,
    presence: routingStatus === 'OFF_QUEUE' ? 'AVAILABLE' : 'ON_QUEUE',
    presenceSinceMs: null,
    activeQueueIds: queues === null ? null : [...queues],
  });

  return (line) => {
    const atMs = traceTimeMs(line.t);
    switch (line.ev) {
      case 'agent':
        if (line.state === 'off') {
          onQueue.delete(line.agent);
          return [status(line.agent, atMs, 'OFF_QUEUE', [])];
        }
        onQueue.set(line.agent, line.queues);
        return [status(line.agent, atMs, talking.has(line.agent) ? 'INTERACTING' : 'IDLE', line.queues)];
      case 'arrival': {
        const call = { enqueuedAtMs: atMs, priority: line.pri, agentId: null, connectedAtMs: null };
        calls.set(line.id, call);
        return [interaction(line, call, {})];
      }
      case 'answer': {
        const call = calls.get(line.id) ?? unseen(atMs, line.wait);
        calls.set(line.id, call);
        Object.assign(call, { agentId: line.agent, connectedAtMs: atMs });
        talking.set(line.agent, line.id);
        const answered = interaction(line, call, { leftAtMs: atMs });
        return onQueue.has(line.agent) ? [answered, status(line.agent, atMs, 'INTERACTING', null)] : [answered];
      }
      case 'abandon': {
        const call = calls.get(line.id) ?? unseen(atMs, line.wait);
        calls.delete(line.id);
        return [interaction(line, call, { leftAtMs: atMs, customerLeftAtMs: atMs })];
      }
      case 'end': {
        const call = calls.get(line.id);
        calls.delete(line.id);
        const isTheirs = talking.get(line.agent) === line.id;
        if (isTheirs) talking.delete(line.agent);
        const idle = isTheirs && onQueue.has(line.agent) ? [status(line.agent, atMs, 'IDLE', null)] : [];
        if (call === undefined) return idle;
        return [interaction(line, call, { leftAtMs: call.connectedAtMs, endedAtMs: atMs }), ...idle];
      }
    }
  };
}

/** A call whose arrival was not in the trace. */
const unseen = (atMs: EpochMs, waitSeconds: number): OpenCall => ({
  enqueuedAtMs: atMs - Math.round(waitSeconds * 1000),
  priority: 0,
  agentId: null,
  connectedAtMs: null,
});
