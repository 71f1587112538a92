import { v5 } from 'uuid';
import type { MediaType } from './media.ts';

const namespace = 'b4d1c5e0-6d3f-4c52-9a77-7f1f6c1d2e90';

/** The id of whatever has this name: the same in every run. */
export function idOf(name: string): string {
  return v5(name, namespace);
}

/** This share of the interactions is to be answered within this time. */
export interface ServiceLevel {
  /** 0 to 1. */
  readonly percentage: number;
  readonly durationMs: number;
}

export interface MediaSettings {
  /** An agent who does not answer in this time is not responding. */
  readonly alertingTimeoutSeconds: number;
  readonly serviceLevel: ServiceLevel;
}

/** 80 % of the calls within 20 s: the default of the platform. */
export const voiceSettings: MediaSettings = {
  alertingTimeoutSeconds: 8,
  serviceLevel: { percentage: 0.8, durationMs: 20_000 },
};

export interface RosterQueue {
  readonly id: string;
  readonly name: string;
  /** Every call of the queue asks for it unless it says otherwise; every member has it. */
  readonly skillId: string;
  /** The media that the queue serves. */
  readonly media: Readonly<Partial<Record<MediaType, MediaSettings>>>;
  /** Whether interactions come to an agent without alerting. */
  readonly autoAnswer: boolean;
  readonly wrapupPrompt: 'OPTIONAL' | 'MANDATORY_TIMEOUT';
}

/** A skill or a language, or how well somebody has it: 0 to 5. */
export interface Ability {
  readonly id: string;
  readonly name: string;
  readonly proficiency: number;
}

export interface RosterAgent {
  readonly id: string;
  readonly name: string;
  /** The queues the agent is a member of, in the order of the roster. */
  readonly queueIds: readonly string[];
  readonly skills: readonly Ability[];
  readonly languages: readonly Ability[];
}

/** Who works where; does not change during a run. */
export interface Roster {
  readonly queues: readonly RosterQueue[];
  readonly agents: readonly RosterAgent[];
}

/** Turns names into a roster, sorted by name; agents get names that nobody can take for a person's. */
export function createRoster(queueNames: Iterable<string>, agents: ReadonlyMap<string, ReadonlySet<string>>): Roster {
  const queues = [...new Set(queueNames)].sort().map((name): RosterQueue => ({
    id: idOf(name),
    name,
    skillId: idOf(`skill/${name}`),
    media: { voice: voiceSettings },
    autoAnswer: true,
    wrapupPrompt: 'OPTIONAL',
  }));
  const places = new Map(queues.map(({ name }, place) => [name, place]));
  return {
    queues,
    agents: Array.from(agents, ([name, served]): RosterAgent => {
      const id = idOf(name);
      const ownPlaces = Array.from(served, (queueName) => places.get(queueName) ?? -1).sort((a, b) => a - b);
      const own = ownPlaces.flatMap((place) => queues[place] ?? []);
      const ability = (of: { readonly id: string; readonly name: string }): Ability => ({
        ...of,
        proficiency: proficiencyOf(id, of.id),
      });
      return {
        id,
        name: `Invented Agent ${name}`,
        queueIds: own.map((queue) => queue.id),
        skills: own.map((queue) => ability({ id: queue.skillId, name: skillNameOf(queue.name) })),
        languages: [ability(language)],
      };
    }).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

export function skillNameOf(queueName: string): string {
  return `Calls of ${queueName}`;
}

/** 1..5, for ever the same for one agent and skill. */
function proficiencyOf(userId: string, skillId: string): number {
  return (Number.parseInt(v5(skillId, userId).slice(0, 8), 16) % 5) + 1;
}

/** What a call speaks unless it says otherwise. */
export const language = { id: idOf('language'), name: 'Invented Language' } as const;
export const division = { id: idOf('division'), name: 'Home' } as const;
export const organization = { id: idOf('organization'), name: 'Invented Bank' } as const;

/** The presences that occur; topics say `system`, REST answers say `label`. */
export const presences = {
  onQueue: { id: 'e08eaf1b-ee47-4fa9-a231-1200e284798f', system: 'ON_QUEUE', label: 'On Queue' },
  offline: { id: 'ccf3c10a-aa2c-4845-8e8d-f59fa48c58e5', system: 'OFFLINE', label: 'Offline' },
} as const;

/** What agents can say of a call that is over. */
export const wrapUpCodes = {
  solved: { id: idOf('wrap-up/Invented Solved'), name: 'Invented Solved' },
  unsolved: { id: idOf('wrap-up/Invented Unsolved'), name: 'Invented Unsolved' },
  transfer: { id: idOf('wrap-up/Invented Transfer'), name: 'Invented Transfer' },
} as const;

/** The one form of all surveys. */
export const surveyFormId = idOf('survey-form');
