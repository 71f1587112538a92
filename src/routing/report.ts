import { printable } from '../printable.ts';
import type { Simulated } from './simulation.ts';

export interface Report {
  /** Its name. */
  readonly log: string;
  /** By which rules it was simulated, as a sentence. */
  readonly rules: string;
  readonly simulated: Simulated;
}

/** The figures of a simulation, each with its meaning. */
export function factsOf({ simulated }: Report): readonly (readonly [meaning: string, value: string])[] {
  const { assignments, unassigned, shares, fairness } = simulated;
  const count = (value: number) => value.toLocaleString('en-US');
  const gone = unassigned.filter(({ reason }) => reason === 'waited-too-long').length;
  const waits = assignments.flatMap(({ waitSeconds }) => (waitSeconds === null ? [] : [waitSeconds]));
  const seconds = (value: number) => `${value.toFixed(1)} s`;
  const never = [...shares.values()].filter(({ chosen }) => chosen === 0).length;
  return [
    ['interactions', count(assignments.length + unassigned.length)],
    ['given to somebody', count(assignments.length)],
    ['that nobody may take', count(unassigned.length - gone)],
    ...(waits.length === 0
      ? []
      : [
          ['who waited too long', count(gone)] as const,
          ['mean wait', seconds(waits.reduce((sum, wait) => sum + wait, 0) / waits.length)] as const,
          ['longest wait', seconds(waits.reduce((most, wait) => Math.max(most, wait), 0))] as const,
        ]),
    ['agents available', count(shares.size)],
    ['of them never chosen', count(never)],
    ['Gini', fairness.gini.toFixed(3)],
    ['chance by lot', fairness.pValue.toPrecision(3)],
    [
      'fair',
      fairness.testable
        ? `${fairness.isFair ? 'yes' : 'no'}${fairness.lowExpectedCounts ? ', few counts' : ''}`
        : 'not testable',
    ],
  ];
}

const shownMax = 5;

/** The figures and those who were chosen most, for people. */
export function renderReport(report: Report): readonly string[] {
  const facts = factsOf(report);
  const most = Array.from(report.simulated.shares, ([id, share]) => ({ id, ...share }))
    .sort((a, b) => b.chosen - a.chosen || (a.id < b.id ? -1 : 1))
    .slice(0, shownMax);
  const width = Math.max(...facts.map(([meaning]) => meaning.length));
  return [
    `${printable(report.log)}. ${report.rules}`,
    '',
    ...facts.map(([meaning, value]) => `${meaning.padEnd(width)}  ${value}`),
    '',
    'chosen most (by lot):',
    ...most.map(({ id, chosen, expected }) => `  ${printable(id)}  ${chosen} (${expected.toFixed(1)})`),
  ];
}
