import type { Body, Frame } from './virtual-client.ts';

/** The fields of a participant that tell where a conversation is. */
interface Participant extends Body {
  readonly startAcwTime?: string;
  readonly endAcwTime?: string;
}

/** What a subscriber knows, folded from frames alone, and faults that it saw in them. */
export interface Known {
  /** `queue/medium` → `metric/qualifier` → count, zeros left out; the queue's own group has no medium */
  readonly counts: Map<string, Map<string, number>>;
  /** `queue/medium` → when its last frame came */
  readonly heardMs: Map<string, number>;
  /** `queue/medium/interval/metric` → stats */
  readonly totals: Map<string, Body['stats']>;
  /** conversation → its participants as last heard */
  readonly conversations: Map<string, readonly Participant[]>;
  /** user → `status/since` */
  readonly agents: Map<string, string>;
  readonly faults: string[];
  frames: number;
}

export function createKnown(): Known {
  const maps = {
    counts: new Map(),
    heardMs: new Map(),
    totals: new Map(),
    conversations: new Map(),
    agents: new Map(),
  };
  return { ...maps, faults: [], frames: 0 };
}

export const groupKey = ({ queueId, mediaType = '' }: Body['group']) => `${queueId}/${mediaType}`;

export function setCount(counts: Known['counts'], group: Body['group'], { metric, qualifier = '', stats }: Body): void {
  const ofGroup = counts.get(groupKey(group)) ?? new Map<string, number>();
  counts.set(groupKey(group), ofGroup);
  if (stats['count'] === 0) ofGroup.delete(`${metric}/${qualifier}`);
  else ofGroup.set(`${metric}/${qualifier}`, stats['count']!);
}

export function foldFrame(known: Known, { topicName, eventBody }: Frame, nowMs: number): void {
  known.frames += 1;
  if (topicName.endsWith('.observations')) {
    const { group } = eventBody;
    known.heardMs.set(groupKey(group), nowMs);
    for (const { interval, metrics } of eventBody.data) {
      const [from, to] = interval.split('/');
      for (const metric of metrics) {
        if (from === to) setCount(known.counts, group, metric);
        else known.totals.set([groupKey(group), interval, metric.metric].join('/'), metric.stats);
      }
    }
  } else if (topicName.endsWith('.conversations')) {
    const agents = eventBody.participants.filter(({ purpose }) => purpose === 'agent');
    const open = agents.filter(({ endTime }) => endTime === undefined);
    if (open.length > 1) known.faults.push(`${eventBody.id} has ${open.length} agents`);
    known.conversations.set(eventBody.id, eventBody.participants);
  } else if (topicName.endsWith('.activity')) {
    const { status, startTime } = eventBody.routingStatus;
    known.agents.set(eventBody.id, `${status}/${startTime ?? ''}`);
  }
}

/** Where each open conversation is: `queue/metric/since/user`, as an activity query would say it. */
export function openCalls(known: Known): Map<string, string> {
  const open = new Map<string, string>();
  for (const [id, participants] of known.conversations) {
    const acd = participants.findLast(({ purpose }) => purpose === 'acd')!;
    const agent = participants.findLast(({ purpose, endTime }) => purpose === 'agent' && endTime === undefined);
    if (acd.endTime !== undefined) {
      if (agent !== undefined) open.set(id, `${acd.queueId}/oInteracting/${agent.connectedTime}/${agent.userId!}`);
    } else if (agent === undefined) open.set(id, `${acd.queueId}/oWaiting/${acd.connectedTime}/`);
    else open.set(id, `${acd.queueId}/oAlerting/${acd.connectedTime}/${agent.userId!}`);
  }
  return open;
}

/** Who is busy with what: user → since when they are interacting, and faults where that is two things at once. */
export function busyAgents(known: Known): Map<string, string> {
  const busy = new Map<string, string>();
  for (const [id, participants] of known.conversations) {
    for (const { purpose, userId = '', connectedTime, endTime, startAcwTime, endAcwTime } of participants) {
      const isBusy = endTime === undefined || (startAcwTime !== undefined && endAcwTime === undefined);
      if (purpose !== 'agent' || !isBusy) continue;
      if (busy.has(userId)) known.faults.push(`${userId} has two conversations, one of them ${id}`);
      busy.set(userId, connectedTime);
    }
  }
  return busy;
}
