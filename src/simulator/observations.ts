import type { EpochMs } from '../../streams/record.ts';
import type { Agent } from './agent.ts';
import type { Metric } from './interval-ledger.ts';
import type { MediaQueue, Queue } from './queue.ts';
import { presences } from './roster.ts';
import type { PlatformSwitches } from './switches.ts';

/** The presence that goes with being on queue or not. */
export function presenceOf(agent: Agent): (typeof presences)[keyof typeof presences] {
  return agent.onQueue ? presences.onQueue : presences.offline;
}

/** Counts of a queue's members; a qualifier that counts nobody is absent. */
export function agentMetrics(queue: Queue): Metric[] {
  const { members } = queue;
  const onQueue = members.filter((agent) => agent.onQueue);
  const offQueue = members.filter((agent) => !agent.onQueue);
  return [
    { metric: 'oMemberUsers', stats: { count: members.length } },
    { metric: 'oActiveUsers', stats: { count: members.length } },
    ...countBy('oOnQueueUsers', onQueue, (agent) => agent.status),
    ...countBy('oOffQueueUsers', offQueue, (agent) => presenceOf(agent).id),
    ...countBy('oUserRoutingStatuses', members, (agent) => agent.status),
    ...countBy('oUserPresences', members, (agent) => presenceOf(agent).id),
  ];
}

function countBy(metric: string, agents: readonly Agent[], qualifierOf: (agent: Agent) => string): Metric[] {
  const counts = new Map<string, number>();
  for (const agent of agents) counts.set(qualifierOf(agent), (counts.get(qualifierOf(agent)) ?? 0) + 1);
  return Array.from(counts, ([qualifier, count]) => ({ metric, qualifier, stats: { count } }));
}

/** The calls of one queue and medium as they are counted: a call that alerts waits no more, or waits as well. */
export type ShownCalls = Pick<MediaQueue, 'waiting' | 'alerting' | 'interacting'>;

export function showCalls(lane: ShownCalls, { alertingInWaiting }: Pick<PlatformSwitches, 'alertingInWaiting'>) {
  const { waiting, alerting, interacting } = lane;
  if (!alertingInWaiting || alerting.size === 0) return { waiting, alerting, interacting };
  const all = [...waiting, ...alerting].sort(([, a], [, b]) => a.enqueuedAtMs - b.enqueuedAtMs);
  return { waiting: new Map(all), alerting, interacting };
}

/** Counts of a queue's calls of one medium. */
export function callMetrics({ alerting, interacting, waiting }: ShownCalls): Metric[] {
  return [
    { metric: 'oAlerting', stats: { count: alerting.size } },
    { metric: 'oInteracting', stats: { count: interacting.size } },
    { metric: 'oWaiting', stats: { count: waiting.size } },
  ];
}

/** When the oldest waiting call came in, and when the oldest conversation began; undefined if there is none. */
export function longest({ waiting, interacting }: ShownCalls): {
  readonly waitingMs: EpochMs | undefined;
  readonly interactingMs: EpochMs | undefined;
} {
  const [oldest] = waiting.values();
  const [first] = interacting.values();
  return { waitingMs: oldest?.enqueuedAtMs, interactingMs: first?.answered?.atMs };
}

/** What a reader was last told of a set of metrics. */
export type ToldMetrics = Map<string, { readonly metric: Metric; readonly text: string }>;

/** The metrics that differ from what was told, a vanished one as zero; afterwards all of them are told. */
export function tellChanges(told: ToldMetrics, metrics: readonly Metric[]): Metric[] {
  const changes: Metric[] = [];
  const present = new Set<string>();
  for (const metric of metrics) {
    const key = `${metric.metric}/${metric.qualifier ?? ''}`;
    const text = JSON.stringify(metric.stats);
    present.add(key);
    if (told.get(key)?.text === text) continue;
    told.set(key, { metric, text });
    changes.push(metric);
  }
  for (const [key, { metric }] of told) {
    if (present.has(key)) continue;
    told.delete(key);
    changes.push({ ...metric, stats: { count: 0 } });
  }
  return changes;
}
