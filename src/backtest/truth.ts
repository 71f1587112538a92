import type { TraceLine } from '../simulator/trace.ts';

/** What became of one call of a trace. Seconds. */
export interface TrueCall {
  readonly id: string;
  readonly queueId: string;
  /** When it joined, since the midnight of the trace's day 0. */
  readonly t: number;
  /** `open` = the trace ends first. */
  readonly outcome: 'answered' | 'abandoned' | 'open';
  /** 0 while it is open. */
  readonly waitSeconds: number;
  /** Mean wait of the last ten that the queue had answered by then; null before the first. */
  readonly recentSeconds: number | null;
  /** An agent of the queue was idle when it joined. */
  readonly agentIdle: boolean;
}

const recentMax = 10;

/** All calls of a trace in the order in which they joined, whatever anybody was told. */
export function readTruth(lines: Iterable<TraceLine>): readonly TrueCall[] {
  const calls = new Map<string, TrueCall>();
  const recent = new Map<string, number[]>();
  const floor = startFloor();
  for (const line of lines) {
    switch (line.ev) {
      case 'arrival': {
        const waits = recent.get(line.q) ?? [];
        calls.set(line.id, {
          id: line.id,
          queueId: line.q,
          t: line.t,
          outcome: 'open',
          waitSeconds: 0,
          recentSeconds: waits.length === 0 ? null : waits.reduce((sum, wait) => sum + wait, 0) / waits.length,
          agentIdle: floor.isAnyIdle(line.q),
        });
        break;
      }
      case 'answer': {
        const call = calls.get(line.id);
        if (call === undefined) break;
        calls.set(line.id, { ...call, outcome: 'answered', waitSeconds: line.wait });
        recent.set(call.queueId, [...(recent.get(call.queueId) ?? []), line.wait].slice(-recentMax));
        floor.take(line.agent, line.id);
        break;
      }
      case 'abandon': {
        const call = calls.get(line.id);
        if (call !== undefined) calls.set(line.id, { ...call, outcome: 'abandoned', waitSeconds: line.wait });
        break;
      }
      case 'end':
        floor.release(line.agent, line.id);
        break;
      case 'agent':
        floor.leave(line.agent);
        if (line.state === 'on') floor.enter(line.agent, line.queues);
        break;
    }
  }
  return [...calls.values()];
}

/** Who is idle, by queue. */
function startFloor() {
  const queuesOf = new Map<string, readonly string[]>();
  const callOf = new Map<string, string>();
  const idle = new Map<string, number>();
  const count = (agent: string, change: number) => {
    if (callOf.has(agent)) return;
    for (const queue of queuesOf.get(agent) ?? []) idle.set(queue, (idle.get(queue) ?? 0) + change);
  };
  return {
    isAnyIdle: (queue: string) => (idle.get(queue) ?? 0) > 0,
    take(agent: string, call: string) {
      count(agent, -1);
      callOf.set(agent, call);
    },
    release(agent: string, call: string) {
      if (callOf.get(agent) !== call) return;
      callOf.delete(agent);
      count(agent, 1);
    },
    enter(agent: string, queues: readonly string[]) {
      queuesOf.set(agent, queues);
      count(agent, 1);
    },
    leave(agent: string) {
      count(agent, -1);
      queuesOf.delete(agent);
    },
  };
}
