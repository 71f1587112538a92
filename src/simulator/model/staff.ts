import { idOf, language, skillNameOf, type Ability, type Roster, type RosterAgent } from '../roster.ts';
import type { MediaType } from '../media.ts';
import { createStreams, habits, scaleStreams, type Stream } from './demand.ts';
import { logNormal, uniform, type Random } from './random.ts';
import type { CheckedSettings } from './settings.ts';
import { createShift, shiftHours, type Shift } from './shift.ts';

export interface ModelQueue {
  readonly id: string;
  readonly name: string;
  readonly skillId: string;
  readonly streams: ReadonlyMap<MediaType, Stream>;
  /** How often each language is asked for, by its number; 0 where no member speaks it. */
  readonly languageWeights: readonly number[];
  /** Whether any member has the special skill. */
  readonly hasSpecialist: boolean;
  /** The queues that share agents, this one too. */
  readonly pool: readonly ModelQueue[];
}

export interface ModelAgent {
  readonly id: string;
  readonly queues: readonly ModelQueue[];
  /** By their numbers. */
  readonly languages: readonly boolean[];
  readonly isSpecialist: boolean;
  readonly shift: Shift;
  /** How content customers are in the mean, 0 to 100. */
  readonly quality: number;
}

/** Who works where in a model, and what there is to do. */
export interface Staff {
  readonly roster: Roster;
  readonly queues: readonly ModelQueue[];
  readonly agents: readonly ModelAgent[];
}

/** The first is spoken by everybody. */
export const languages = [
  language,
  { id: idOf('language/second'), name: 'Invented Language B' },
  { id: idOf('language/third'), name: 'Invented Language C' },
] as const;
const languageDemand = [0.8, 0.14, 0.06];
const speakerShares = [1, 0.3, 0.15];

/** Some calls ask for it beside the skill of the queue. */
export const specialSkill = { id: idOf('skill/special'), name: 'Special Cases' } as const;
const specialistShare = 0.3;

const subjects = ['Billing', 'Cards', 'Claims', 'Loans', 'Orders', 'Returns', 'Sales', 'Support'] as const;
/** A pool has so many of both at least, if there are as many. */
const poolMin = { queues: 8, agents: 16 } as const;
/** A queue has so many members at least, if its pool has as many. */
const membersMin = 6;
/** Of their time on queue the agents have this share of work at load 1. */
const occupancy = 0.66;

/** Pools of neighbouring queues, each with agents of its own who serve one to five of them (more where agents are few), in proportion to the work. */
export function createStaff(settings: CheckedSettings, random: Random): Staff {
  const { queues: queueCount, agents: agentCount } = settings;
  const weights = Array.from({ length: queueCount }, () => logNormal(random, 1, 0.8));
  const pools = splitEvenly(weights, Math.ceil(Math.min(queueCount / poolMin.queues, agentCount / poolMin.agents)));
  const seats = shareOut(agentCount, pools.map(sum));
  const queues: ModelQueue[] = [];
  const agents: ModelAgent[] = [];
  pools.forEach((poolWeights, pool) => {
    const seatCount = seats[pool] ?? 1;
    const people = choosePlaces(poolWeights, seatCount, random).map((places, seat) => ({
      places,
      ...createPerson((seat + 0.5) / seatCount, random),
    }));
    const streams = scaleStreams(
      poolWeights.map((weight) => createStreams(weight, settings.mediaShares, random)),
      settings.load * occupancy * shiftHours * seatCount,
    );
    const ring: ModelQueue[] = [];
    streams.forEach((own, place) => {
      const team = people.filter(({ places }) => places.has(place));
      ring.push({
        ...queueOf(queues.length + place),
        streams: new Map(own.map((stream) => [stream.mediaType, stream])),
        languageWeights: languageDemand.map((share, each) => (team.some((one) => one.languages[each]) ? share : 0)),
        hasSpecialist: team.some((one) => one.isSpecialist),
        pool: ring,
      });
    });
    for (const { places, ...person } of people) {
      const id = idOf(`model/agent/${agents.length}`);
      agents.push({ id, queues: ring.filter((_, place) => places.has(place)), ...person });
    }
    queues.push(...ring);
  });
  return {
    queues,
    agents,
    roster: {
      queues: queues.map(rosterQueueOf),
      agents: agents.map((each, index) => rosterAgentOf(each, index, random)),
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function splitEvenly<T>(values: readonly T[], parts: number): T[][] {
  const cut = (part: number): number => Math.floor((part * values.length) / parts);
  return Array.from({ length: parts }, (_, part) => values.slice(cut(part), cut(part + 1)));
}

/** So many seats in proportion to weights, but one for each at least. */
function shareOut(seats: number, weights: readonly number[]): number[] {
  const spare = seats - weights.length;
  const total = sum(weights);
  let passed = 0;
  return weights.map((weight) => {
    const before = Math.round((spare * passed) / total);
    passed += weight;
    return 1 + Math.round((spare * passed) / total) - before;
  });
}

/** For each seat the queues that it serves: neighbours on a ring, the first in proportion to the work. */
function choosePlaces(weights: readonly number[], seats: number, random: Random): Set<number>[] {
  const count = weights.length;
  const least = Math.ceil((count * Math.min(membersMin, seats)) / seats);
  const total = sum(weights);
  const chosen = Array.from({ length: seats }, (_, seat) => {
    let left = ((seat + 0.5) / seats) * total;
    const home = weights.findIndex((weight) => (left -= weight) < 0);
    const width = Math.min(count, Math.max(least, 1 + Math.floor(random() * 5)));
    return new Set(Array.from({ length: width }, (__, step) => (Math.max(home, 0) + step) % count));
  });
  for (let place = 0; place < count; place += 1) {
    if (chosen.some((places) => places.has(place))) continue;
    chosen.reduce((fewest, places) => (places.size < fewest.size ? places : fewest)).add(place);
  }
  // Whoever sits next to each other serves the same queues: their shifts must not be alike as well.
  for (let seat = seats - 1; seat > 0; seat -= 1) {
    const other = Math.floor(random() * (seat + 1));
    const [a, b] = [chosen[seat], chosen[other]];
    if (a === undefined || b === undefined) continue;
    chosen[seat] = b;
    chosen[other] = a;
  }
  return chosen;
}

function createPerson(
  rank: number,
  random: Random,
): Pick<ModelAgent, 'languages' | 'isSpecialist' | 'shift' | 'quality'> {
  return {
    languages: speakerShares.map((share) => random() < share),
    isSpecialist: random() < specialistShare,
    shift: createShift(rank, random),
    quality: uniform(random, 60, 92),
  };
}

function queueOf(index: number): Pick<ModelQueue, 'id' | 'name' | 'skillId'> {
  const round = String(Math.floor(index / subjects.length) + 1).padStart(4, '0');
  const name = `${subjects[index % subjects.length] ?? ''} ${round}`;
  return { id: idOf(`model/queue/${index}`), name, skillId: idOf(`model/skill/${index}`) };
}

function rosterQueueOf({ id, name, skillId, streams }: ModelQueue): Roster['queues'][number] {
  const media = Object.fromEntries(Array.from(streams.keys(), (mediaType) => [mediaType, habits[mediaType].settings]));
  return { id, name, skillId, media, autoAnswer: false, wrapupPrompt: 'MANDATORY_TIMEOUT' };
}

function rosterAgentOf(
  { id, queues, languages: spoken, isSpecialist }: ModelAgent,
  index: number,
  random: Random,
): RosterAgent {
  const ability = (of: { readonly id: string; readonly name: string }): Ability => ({
    ...of,
    proficiency: 1 + Math.floor(random() * 9) / 2,
  });
  return {
    id,
    name: `Invented Agent ${String(index + 1).padStart(5, '0')}`,
    queueIds: queues.map((queue) => queue.id),
    skills: [
      ...queues.map(({ skillId, name }) => ability({ id: skillId, name: skillNameOf(name) })),
      ...(isSpecialist ? [ability(specialSkill)] : []),
    ],
    languages: languages.filter((_, each) => spoken[each]).map(ability),
  };
}
