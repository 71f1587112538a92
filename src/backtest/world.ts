import type { EventOf, QueueEvent } from '../../streams/event.ts';
import type { EpochMs } from '../../streams/record.ts';

type Status = EventOf<'agent-status'>;
type Interaction = EventOf<'interaction-changed'>;

/** How it stands in a centre, as the platform knows it whether anybody hears it or not. */
export interface World {
  /** By conversation, those who wait. */
  readonly waiting: Map<string, Interaction>;
  /** By conversation, the queue of those who talk. */
  readonly talking: Map<string, string>;
  readonly agents: Map<string, Status>;
  readonly queueIds: Set<string>;
}

export const startWorld = (): World => ({
  waiting: new Map(),
  talking: new Map(),
  agents: new Map(),
  queueIds: new Set(),
});

export function foldWorld({ waiting, talking, agents, queueIds }: World, event: QueueEvent): void {
  if (event.kind === 'agent-status') {
    agents.set(event.userId, mergeStatus(agents.get(event.userId), event));
    for (const queueId of event.activeQueueIds ?? []) queueIds.add(queueId);
  }
  if (event.kind !== 'interaction-changed') return;
  const { conversationId, queueId } = event;
  queueIds.add(queueId);
  if (isWaiting(event)) waiting.set(conversationId, event);
  else waiting.delete(conversationId);
  const isTalking = event.agents.some(({ connectedAtMs, endedAtMs }) => connectedAtMs !== null && endedAtMs === null);
  if (isTalking) talking.set(conversationId, queueId);
  else talking.delete(conversationId);
}

/** What was not said again still holds. */
export const mergeStatus = (before: Status | undefined, after: Status): Status => ({
  ...after,
  activeQueueIds: after.activeQueueIds ?? before?.activeQueueIds ?? null,
});

const isWaiting = ({ stays, customerLeftAtMs }: Interaction) =>
  customerLeftAtMs === null && stays.some(({ leftAtMs }) => leftAtMs === null);

/** What a client asks for after a gap: who waits in each queue, and what each agent does. */
export function snapshotOf({ waiting, agents, queueIds }: World, atMs: EpochMs): readonly QueueEvent[] {
  const statuses = Array.from(agents.values(), (status) => ({ ...status, receivedAtMs: atMs }));
  const snapshots = Array.from(queueIds, (queueId): QueueEvent => {
    const ofQueue = [...waiting.values()].filter((each) => each.queueId === queueId);
    return {
      kind: 'queue-snapshot',
      receivedAtMs: atMs,
      queueId,
      groups: null,
      waiting: ofQueue.flatMap(({ conversationId, mediaType, stays: [stay] }) =>
        stay === undefined
          ? []
          : [
              {
                conversationId,
                mediaType,
                enqueuedAtMs: stay.enqueuedAtMs,
                priority: stay.priority,
                skillIds: [],
                languageId: null,
              },
            ],
      ),
    };
  });
  return [...statuses, ...snapshots];
}
