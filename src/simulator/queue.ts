import type { Agent } from './agent.ts';
import type { AgentLeg, Call, Conversation, Emission, Stretch, Survey } from './call.ts';
import { createIntervalLedger, intervalsMax, type IntervalLedger, type UnplayedPast } from './interval-ledger.ts';
import { mediaTypes, type MediaType } from './media.ts';
import type { Roster } from './roster.ts';

/** The calls of one medium in one queue: waiting and alerting in the order in which they were enqueued. */
export interface MediaQueue {
  readonly mediaType: MediaType;
  readonly waiting: ReadonlyMap<string, Call>;
  readonly alerting: ReadonlyMap<string, Call>;
  /** In the order of the answers. */
  readonly interacting: ReadonlyMap<string, Call>;
  readonly ledger: Pick<IntervalLedger, 'metrics' | 'startsMs' | 'completeFromMs' | 'totals' | 'target'>;
}

export interface Queue {
  readonly id: string;
  readonly members: readonly Agent[];
  /** The media that the queue serves. */
  readonly media: ReadonlyMap<MediaType, MediaQueue>;
}

interface OwnMediaQueue extends MediaQueue {
  waiting: Map<string, OwnCall>;
  readonly alerting: Map<string, OwnCall>;
  readonly interacting: Map<string, OwnCall>;
  readonly ledger: IntervalLedger;
}

export interface OwnConversation extends Conversation {
  readonly calls: OwnCall[];
  readonly surveys: Survey[];
}

export interface OwnCall extends Call {
  readonly conversation: OwnConversation;
  readonly agentLegs: OwnLeg[];
  readonly emissions: Emission[];
  readonly lane: OwnMediaQueue;
}

export interface OwnLeg extends AgentLeg {
  readonly stretches: Stretch[];
}

export interface OwnQueue extends Queue {
  readonly members: Agent[];
  readonly media: ReadonlyMap<MediaType, OwnMediaQueue>;
  readonly skillId: string;
}

/** All ledgers together keep about this many half hours, each at least two days. */
const keptIntervalsMax = 2_000_000;
const keptIntervalsMin = 96;

/** The queues of a roster with nobody in them. */
export function createQueues(
  roster: Roster,
  agents: ReadonlyMap<string, Agent>,
  past?: UnplayedPast,
): Map<string, OwnQueue> {
  const lanes = roster.queues.reduce((count, { media }) => count + Object.keys(media).length, 0);
  const keptMax = Math.min(intervalsMax, Math.max(keptIntervalsMin, Math.floor(keptIntervalsMax / Math.max(1, lanes))));
  const queues = new Map<string, OwnQueue>(
    roster.queues.map(({ id, skillId, media }) => [
      id,
      {
        id,
        skillId,
        members: [],
        media: new Map(
          mediaTypes.flatMap((mediaType) => {
            const settings = media[mediaType];
            if (settings === undefined) return [];
            const ledger = createIntervalLedger(settings.serviceLevel, keptMax, past);
            return [
              [mediaType, { mediaType, waiting: new Map(), alerting: new Map(), interacting: new Map(), ledger }],
            ];
          }),
        ),
      },
    ]),
  );
  for (const agent of agents.values()) for (const id of agent.queueIds) queues.get(id)?.members.push(agent);
  return queues;
}

/** A call back at its old place: only ever after a missed alert, so the others may move. */
export function insertByEnqueueTime(waiting: ReadonlyMap<string, OwnCall>, call: OwnCall): Map<string, OwnCall> {
  const inOrder = [...waiting.values()];
  const place = inOrder.findIndex((other) => other.enqueuedAtMs > call.enqueuedAtMs);
  inOrder.splice(place === -1 ? inOrder.length : place, 0, call);
  return new Map(inOrder.map((each) => [each.id, each]));
}
