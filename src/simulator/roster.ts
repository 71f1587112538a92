import { v5 } from 'uuid';

const namespace = 'b4d1c5e0-6d3f-4c52-9a77-7f1f6c1d2e90';

/** The id of whatever has this name: the same in every run. */
export function idOf(name: string): string {
  return v5(name, namespace);
}

export interface RosterQueue {
  readonly id: string;
  readonly name: string;
  /** Every call of the queue asks for it, every member has it. */
  readonly skillId: string;
}

export interface RosterAgent {
  readonly id: string;
  readonly name: string;
  /** The queues the agent is a member of, in the order of the roster. */
  readonly queueIds: readonly string[];
}

/** Who works where; does not change during a run. */
export interface Roster {
  readonly queues: readonly RosterQueue[];
  readonly agents: readonly RosterAgent[];
}

/** Turns names into a roster, sorted by name; agents get names that nobody can take for a person's. */
export function createRoster(queueNames: Iterable<string>, agents: ReadonlyMap<string, ReadonlySet<string>>): Roster {
  const queues = [...new Set(queueNames)]
    .sort()
    .map((name) => ({ id: idOf(name), name, skillId: idOf(`skill/${name}`) }));
  return {
    queues,
    agents: Array.from(agents, ([name, served]) => ({
      id: idOf(name),
      name: `Invented Agent ${name}`,
      queueIds: queues.filter((queue) => served.has(queue.name)).map((queue) => queue.id),
    })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** 1..5, for ever the same for one agent and skill. */
export function proficiencyOf(userId: string, skillId: string): number {
  return (Number.parseInt(v5(skillId, userId).slice(0, 8), 16) % 5) + 1;
}

export const language = { id: idOf('language'), name: 'Invented Language' } as const;
export const division = { id: idOf('division'), name: 'Home' } as const;
export const organization = { id: idOf('organization'), name: 'Invented Bank' } as const;

/** The presences that occur; topics say `system`, REST answers say `label`. */
export const presences = {
  onQueue: { id: 'e08eaf1b-ee47-4fa9-a231-1200e284798f', system: 'ON_QUEUE', label: 'On Queue' },
  offline: { id: 'ccf3c10a-aa2c-4845-8e8d-f59fa48c58e5', system: 'OFFLINE', label: 'Offline' },
} as const;

/** What agents can say of a call that is over. */
export const wrapUpCodes = ['Invented Solved', 'Invented Unsolved', 'Invented Transfer'].map((name) => ({
  id: idOf(`wrap-up/${name}`),
  name,
}));
