import type { Share } from '../../streams/ranking/fairness.ts';
import { createOrderedSet, type OrderedSet } from '../../streams/ranking/ordered-set.ts';
import { type Candidate, compareStandings, type Standing, standingOf } from '../../streams/ranking/score.ts';
import type { Weights } from '../../streams/ranking/weights.ts';
import type { EpochMs } from '../../streams/record.ts';
import type { SimulatedAssignment, TimedInteraction, Unassigned } from './interaction.ts';
import { InteractionLogError } from './log-error.ts';

export interface CapacitySettings {
  readonly agents: readonly Candidate[];
  readonly weights: Weights;
  /** Who has waited longer gives up; null = nobody does. */
  readonly waitSecondsMax: number | null;
  readonly onAssigned: (assignment: SimulatedAssignment) => void;
  readonly onUnassigned: (unassigned: Unassigned) => void;
}

export interface Capacity {
  /** Does some of what is due up to a moment; returns whether that was all. `take` and `finish` do the rest at once. */
  settle(untilMs: EpochMs): boolean;
  /** One after the other in the order of their times. */
  take(interaction: TimedInteraction): void;
  /** Nobody else comes: those who wait are served in their turn. */
  finish(): void;
  /** How often each was chosen, and how often he would have been by lot among those who were idle and eligible each time. */
  shares(): ReadonlyMap<string, Share>;
}

/** More than any centre tells apart; what a change of one agent costs grows with them. */
const linesMax = 1_000;

/** Those who ask for the same, and the agents who can take them. */
interface Line {
  /** All who ever can, as they are when idle. */
  readonly members: ReadonlyMap<string, Standing>;
  /** Those of them who are idle now, best first. */
  readonly idle: OrderedSet<Standing>;
  readonly waiting: { readonly interaction: TimedInteraction; readonly turn: number }[];
  /** How many of `waiting` are gone. */
  gone: number;
  /** Sum of 1/n over all choices among n: what a lot would have given to whoever was idle all the time. */
  lots: number;
  /** What that was when an agent became idle. */
  readonly lotsBefore: Map<string, number>;
}

interface Worker {
  readonly id: string;
  idleSinceMs: EpochMs;
  /** Null = idle. */
  busyUntilMs: EpochMs | null;
  readonly lines: Line[];
  chosen: number;
  expected: number;
}

/**
 * Gives interactions to agents who are busy until each is over. Whoever finds nobody idle waits; when an agent becomes idle he takes of
 * those he can take the one who came first. What happens at one moment happens in this order: agents become idle, those who wait are
 * served, the next one comes. The same log and agents give the same answer.
 *
 *     arrivals   1   2     3
 *     ann        |1111|2222222|
 *     bob                  |3333|
 */
export function createCapacity(settings: CapacitySettings): Capacity {
  const { agents, weights, waitSecondsMax, onAssigned, onUnassigned } = settings;
  const idleAgents = agents.filter(({ routingStatus }) => routingStatus === 'IDLE');
  const workers = new Map<string, Worker>();
  const lines = new Map<string, Line>();
  const busy = createOrderedSet<Worker>(
    (a, b) => (a.busyUntilMs ?? 0) - (b.busyUntilMs ?? 0) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0),
    ({ id }) => id,
  );
  let turns = 0;

  /** Before the first interaction everybody has been idle as long before it as he had been when he was asked about. */
  function begin(startMs: EpochMs): void {
    const latestMs = idleAgents.reduce((ms, { idleSinceMs }) => Math.max(ms, idleSinceMs ?? -Infinity), -Infinity);
    for (const { id, idleSinceMs } of idleAgents) {
      const sinceMs = startMs - (idleSinceMs === null ? 0 : latestMs - idleSinceMs);
      workers.set(id, { id, idleSinceMs: sinceMs, busyUntilMs: null, lines: [], chosen: 0, expected: 0 });
    }
  }

  function lineOf({ skills, language }: TimedInteraction): Line {
    const asked = JSON.stringify([skills, language]);
    let line = lines.get(asked);
    if (line !== undefined) return line;
    if (lines.size === linesMax) {
      const message = `with capacity it may ask for at most ${linesMax} different combinations of skills and language: each change of an agent counts for all of them`;
      throw new InteractionLogError('QC_LOG_TOO_LARGE', null, null, message);
    }
    const members = new Map<string, Standing>();
    const idle = createOrderedSet<Standing>(compareStandings, ({ id }) => id);
    line = { members, idle, waiting: [], gone: 0, lots: 0, lotsBefore: new Map() };
    for (const agent of idleAgents) {
      const standing = standingOf(agent, { skills, language }, weights);
      const worker = workers.get(agent.id);
      if (standing === null || worker === undefined) continue;
      members.set(agent.id, standing);
      worker.lines.push(line);
      if (worker.busyUntilMs === null) idle.add({ ...standing, idleSinceMs: worker.idleSinceMs });
    }
    lines.set(asked, line);
    return line;
  }

  function becomeIdle(worker: Worker, atMs: EpochMs): void {
    busy.remove(worker);
    worker.busyUntilMs = null;
    worker.idleSinceMs = atMs;
    for (const line of worker.lines) {
      const standing = line.members.get(worker.id);
      if (standing !== undefined) line.idle.add({ ...standing, idleSinceMs: atMs });
      line.lotsBefore.set(worker.id, line.lots);
    }
  }

  function becomeBusy(worker: Worker, untilMs: EpochMs): void {
    for (const line of worker.lines) {
      const standing = line.members.get(worker.id);
      if (standing !== undefined) line.idle.remove({ ...standing, idleSinceMs: worker.idleSinceMs });
      worker.expected += line.lots - (line.lotsBefore.get(worker.id) ?? 0);
      line.lotsBefore.set(worker.id, line.lots);
    }
    worker.busyUntilMs = untilMs;
    worker.chosen += 1;
    busy.add(worker);
  }

  /** Whether somebody is idle who can take it. */
  function assign(line: Line, { id, startMs, handleSeconds }: TimedInteraction, atMs: EpochMs): boolean {
    const [best] = line.idle.first(1);
    const worker = best === undefined ? undefined : workers.get(best.id);
    if (best === undefined || worker === undefined) return false;
    line.lots += 1 / line.idle.size;
    becomeBusy(worker, atMs + handleSeconds * 1000);
    onAssigned({
      interactionId: id,
      agentId: worker.id,
      score: best.score.score,
      waitSeconds: (atMs - startMs) / 1000,
    });
    return true;
  }

  /** The one who came first and has not given up. */
  function headOf(line: Line, atMs: EpochMs) {
    for (;;) {
      const head = line.waiting[line.gone];
      if (head === undefined || waitSecondsMax === null) return head;
      if (head.interaction.startMs + waitSecondsMax * 1000 >= atMs) return head;
      line.gone += 1;
      onUnassigned({ interactionId: head.interaction.id, reason: 'waited-too-long' });
    }
  }

  function serveWaiting(atMs: EpochMs): void {
    for (;;) {
      let first: { readonly line: Line; readonly head: Line['waiting'][number] } | undefined;
      for (const line of lines.values()) {
        if (line.gone === line.waiting.length) continue;
        const head = headOf(line, atMs);
        if (head === undefined || line.idle.size === 0) continue;
        if (first === undefined || head.turn < first.head.turn) first = { line, head };
      }
      if (first === undefined) return;
      const { line, head } = first;
      line.gone += 1;
      if (line.gone === line.waiting.length) line.waiting.length = line.gone = 0;
      assign(line, head.interaction, atMs);
    }
  }

  /** The next moment at which somebody becomes idle; returns whether there was none until then. */
  function pass(untilMs: EpochMs): boolean {
    const atMs = busy.first(1)[0]?.busyUntilMs;
    if (atMs == null || atMs > untilMs) return true;
    for (let next = busy.first(1)[0]; next?.busyUntilMs === atMs; next = busy.first(1)[0]) becomeIdle(next, atMs);
    serveWaiting(atMs);
    return false;
  }

  function passUntil(untilMs: EpochMs): void {
    while (!pass(untilMs));
  }

  return {
    settle: pass,
    take(interaction) {
      const { id, startMs } = interaction;
      if (workers.size === 0) begin(startMs);
      passUntil(startMs);
      const line = lineOf(interaction);
      if (line.members.size === 0) onUnassigned({ interactionId: id, reason: 'none-eligible' });
      else if (line.gone < line.waiting.length || !assign(line, interaction, startMs))
        line.waiting.push({ interaction, turn: (turns += 1) });
    },
    finish: () => passUntil(Infinity),
    shares() {
      return new Map(
        Array.from(workers.values(), ({ id, chosen, expected, busyUntilMs, lines: own }) => {
          const open =
            busyUntilMs !== null
              ? 0
              : own.reduce((sum, { lots, lotsBefore }) => sum + lots - (lotsBefore.get(id) ?? 0), 0);
          return [id, { chosen, expected: expected + open }];
        }),
      );
    },
  };
}
