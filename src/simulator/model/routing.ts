import type { EpochMs } from '../../../streams/record.ts';
import type { Stream } from './demand.ts';
import type { ModelAgent, ModelQueue } from './staff.ts';

/** A conversation in the queue where it is now. */
export interface ModelCall {
  readonly id: string;
  /** Counts the queues it has been in, from 1. */
  readonly stay: number;
  readonly queue: ModelQueue;
  readonly stream: Stream;
  readonly priority: number;
  readonly enqueuedAtMs: EpochMs;
  /** By its number. */
  readonly language: number;
  readonly isSpecial: boolean;
  /** Alerting somewhere: not to be offered to anybody else. */
  isOffered: boolean;
  /** Answered, abandoned or gone to another queue. */
  isOver: boolean;
}

/** What an agent is doing; `away` = has not responded. */
export interface ModelWorker {
  readonly of: ModelAgent;
  state: 'off' | 'idle' | 'busy' | 'away';
  /** A call alerts; the agent is idle. */
  isOffered: boolean;
  /** Whether the shift says so; who is busy then leaves later. */
  isOn: boolean;
}

/** Who waits for whom. Finding either takes no longer the more of them there are. */
export interface Routing {
  addCall(call: ModelCall): void;
  removeCall(call: ModelCall): void;
  /** Agents are to be added in the order in which they turned idle. */
  addAgent(agent: ModelWorker): void;
  removeAgent(agent: ModelWorker): void;
  /** The agent who has been idle longest of those who can take the call. */
  agentFor(call: ModelCall): ModelWorker | undefined;
  /** The call of highest priority that the agent can take; of these the one enqueued first. */
  callFor(agent: ModelWorker): ModelCall | undefined;
}

type Need = Pick<ModelCall, 'priority' | 'language' | 'isSpecial'>;

/** Calls of one queue that need the same. A `Set` keeps their order, and gives up its first in no time. */
interface Line extends Need {
  readonly calls: Set<ModelCall>;
}

/** Idle agents of one queue who can do the same, with when they came in comparison to others. */
interface Bench extends CanDo {
  readonly agents: Map<ModelWorker, number>;
}

type CanDo = Pick<ModelAgent, 'languages' | 'isSpecialist'>;

function fits({ languages, isSpecialist }: CanDo, need: Pick<Need, 'language' | 'isSpecial'>): boolean {
  return languages[need.language] === true && (isSpecialist || !need.isSpecial);
}

export function createRouting(): Routing {
  const lines = new Map<ModelQueue, Map<string, Line>>();
  const benches = new Map<ModelQueue, Map<string, Bench>>();
  let added = 0;

  const lineOf = ({ queue, priority, language, isSpecial }: ModelCall): Line => {
    const ofQueue = getOrAdd(lines, queue, () => new Map<string, Line>());
    const key = `${priority}/${language}/${isSpecial}`;
    return getOrAdd(ofQueue, key, () => ({ priority, language, isSpecial, calls: new Set() }));
  };

  const benchOf = ({ of: { languages, isSpecialist } }: ModelWorker, queue: ModelQueue): Bench => {
    const ofQueue = getOrAdd(benches, queue, () => new Map<string, Bench>());
    const key = `${languages.join('/')}/${isSpecialist}`;
    return getOrAdd(ofQueue, key, () => ({ languages, isSpecialist, agents: new Map() }));
  };

  return {
    addCall(call) {
      lineOf(call).calls.add(call);
    },
    removeCall(call) {
      lineOf(call).calls.delete(call);
    },
    addAgent(agent) {
      added += 1;
      for (const queue of agent.of.queues) benchOf(agent, queue).agents.set(agent, added);
    },
    removeAgent(agent) {
      for (const queue of agent.of.queues) benchOf(agent, queue).agents.delete(agent);
    },
    agentFor(call) {
      let best: ModelWorker | undefined;
      let bestPlace = Infinity;
      for (const bench of benches.get(call.queue)?.values() ?? []) {
        if (!fits(bench, call)) continue;
        // Those in front may be alerting: they keep their place, in case the customer leaves.
        for (const [agent, place] of bench.agents) {
          if (agent.isOffered) continue;
          if (place < bestPlace) [best, bestPlace] = [agent, place];
          break;
        }
      }
      return best;
    },
    callFor({ of }) {
      let best: ModelCall | undefined;
      for (const queue of of.queues) {
        for (const line of lines.get(queue)?.values() ?? []) {
          if (line.priority < (best?.priority ?? -Infinity) || !fits(of, line)) continue;
          for (const call of line.calls) {
            if (call.isOffered) continue;
            const isFirst =
              best === undefined || call.priority > best.priority || call.enqueuedAtMs < best.enqueuedAtMs;
            if (isFirst) best = call;
            break;
          }
        }
      }
      return best;
    },
  };
}

function getOrAdd<Key, Value>(map: Map<Key, Value>, key: Key, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
