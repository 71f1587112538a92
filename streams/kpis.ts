/** A change of any definition is a new version: records carry it, so that old and new figures are never mixed unseen. */
export const kpiVersion = 1;

/** What happened in a stretch of time; all but the last can be added up. Durations in milliseconds. */
export interface IntervalTotals {
  readonly offered: number;
  readonly answered: number;
  readonly abandoned: number;
  /** Those of `abandoned` that hung up before the limit that the organisation has set. */
  readonly shortAbandoned: number;
  readonly flowedOut: number;
  /** Answered later than the service level wants. */
  readonly overSla: number;
  readonly serviceLevelMet: number;
  readonly serviceLevelOf: number;
  /** Waits that ended, however they did. */
  readonly waited: number;
  readonly handled: number;
  readonly answerMs: number;
  readonly abandonMs: number;
  readonly waitMs: number;
  readonly talkMs: number;
  readonly holdMs: number;
  readonly afterCallMs: number;
  readonly handleMs: number;
  /** Null where nobody waited. */
  readonly waitMsMax: number | null;
}

/** Time of agents, summed up over them, in milliseconds; where it is not known occupancy is not either. */
export interface StaffTime {
  readonly agentInteractingMs: number;
  readonly agentCommunicatingMs: number;
  readonly agentIdleMs: number;
}

type Sum = Exclude<keyof IntervalTotals, 'waitMsMax'> | keyof StaffTime;

interface KpiDefinition {
  readonly name: string;
  readonly title: string;
  /** A share is 0 to 1 where all that is counted lies in the same stretch of time. */
  readonly unit: 'share' | 'ms';
  /** The sum of these, divided by the sum of those in `per`. */
  readonly of: readonly Sum[];
  readonly per: readonly Sum[];
  readonly note: string;
}

/** Every ratio there is. It is made from sums, never from other ratios, and is null where there is nothing to divide by. */
export const kpiDefinitions = [
  {
    name: 'serviceLevel',
    title: 'Service level',
    unit: 'share',
    of: ['serviceLevelMet'],
    per: ['serviceLevelOf'],
    note: 'answered in time, of answered and abandoned (short abandons in, flow-outs out); the platform counts both, and an organisation may configure what it counts',
  },
  {
    name: 'answerRate',
    title: 'Answer rate',
    unit: 'share',
    of: ['answered'],
    per: ['offered'],
    note: 'may be over 1: an answer may fall into a later interval than the offer',
  },
  {
    name: 'abandonmentRate',
    title: 'Abandonment rate',
    unit: 'share',
    of: ['abandoned'],
    per: ['offered'],
    note: 'short abandons in; may be over 1 for the same reason',
  },
  {
    name: 'handleMsMean',
    title: 'Average handle time',
    unit: 'ms',
    of: ['handleMs'],
    per: ['handled'],
    note: 'talk, hold, after-call work, dialing and contacting, per interaction whose after-call work has ended',
  },
  {
    name: 'answerMsMean',
    title: 'Average speed of answer',
    unit: 'ms',
    of: ['answerMs'],
    per: ['answered'],
    note: 'the waits of those who were answered; of callbacks the time until they were taken',
  },
  {
    name: 'waitMsMean',
    title: 'Average wait',
    unit: 'ms',
    of: ['waitMs'],
    per: ['waited'],
    note: 'all waits that ended: answered, abandoned, flowed out',
  },
  {
    name: 'occupancy',
    title: 'Occupancy',
    unit: 'share',
    of: ['agentInteractingMs'],
    per: ['agentInteractingMs', 'agentCommunicatingMs', 'agentIdleMs'],
    note: 'of the agents on queue; null from aggregates, which know the time of agents by person and not by queue',
  },
] as const satisfies readonly KpiDefinition[];

type KpiName = (typeof kpiDefinitions)[number]['name'];

export type Kpis = Readonly<Record<KpiName, number | null>>;

export const noTotals: IntervalTotals = {
  offered: 0,
  answered: 0,
  abandoned: 0,
  shortAbandoned: 0,
  flowedOut: 0,
  overSla: 0,
  serviceLevelMet: 0,
  serviceLevelOf: 0,
  waited: 0,
  handled: 0,
  answerMs: 0,
  abandonMs: 0,
  waitMs: 0,
  talkMs: 0,
  holdMs: 0,
  afterCallMs: 0,
  handleMs: 0,
  waitMsMax: null,
};

export function addTotals(a: IntervalTotals, b: IntervalTotals): IntervalTotals {
  return {
    offered: a.offered + b.offered,
    answered: a.answered + b.answered,
    abandoned: a.abandoned + b.abandoned,
    shortAbandoned: a.shortAbandoned + b.shortAbandoned,
    flowedOut: a.flowedOut + b.flowedOut,
    overSla: a.overSla + b.overSla,
    serviceLevelMet: a.serviceLevelMet + b.serviceLevelMet,
    serviceLevelOf: a.serviceLevelOf + b.serviceLevelOf,
    waited: a.waited + b.waited,
    handled: a.handled + b.handled,
    answerMs: a.answerMs + b.answerMs,
    abandonMs: a.abandonMs + b.abandonMs,
    waitMs: a.waitMs + b.waitMs,
    talkMs: a.talkMs + b.talkMs,
    holdMs: a.holdMs + b.holdMs,
    afterCallMs: a.afterCallMs + b.afterCallMs,
    handleMs: a.handleMs + b.handleMs,
    waitMsMax: extreme(Math.max, a.waitMsMax, b.waitMsMax),
  };
}

/** The larger or smaller of two, where null is none. */
export function extreme(choose: (a: number, b: number) => number, a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return choose(a, b);
}

const nobody: StaffTime = { agentInteractingMs: 0, agentCommunicatingMs: 0, agentIdleMs: 0 };

/** The ratios of a stretch of time, from its sums; null where there is nothing to divide by. */
export function kpisOf(totals: IntervalTotals, staff: StaffTime = nobody): Kpis {
  const valueOf = (name: Sum) => (isStaffTime(name) ? staff[name] : totals[name]);
  const sumOf = (names: readonly Sum[]) => names.reduce((sum, name) => sum + valueOf(name), 0);
  const kpis: Partial<Record<KpiName, number | null>> = {};
  for (const { name, of, per } of kpiDefinitions) kpis[name] = ratio(sumOf(of), sumOf(per));
  return kpis as Kpis;
}

const isStaffTime = (name: Sum): name is keyof StaffTime => name in nobody;

const ratio = (of: number, per: number): number | null => (per === 0 ? null : of / per);
