import { startingWeights } from '../../streams/wait/starting-weights.ts';
import { foldWaits, startWaitModel, type WaitModel } from '../../streams/wait/wait-model.ts';
import { agentStatus, answered, interaction } from '../support/wait-journals.ts';

// Predictions by every estimator on one core: each caller who joins is predicted, and each answer of another teaches.

const rounds = 7;
const calls = 5_000;
const agents = 100;
const startMs = Date.UTC(2026, 2, 2, 9);
const stepMs = 100;

/** A centre of `queues` queues that all agents serve, in the first of which `waiting` callers wait. */
function startCentre(waiting: number, queues: number): WaitModel {
  const model = startWaitModel();
  const queueIds = Array.from({ length: queues }, (_, n) => (n === 0 ? 'q' : `q${n}`));
  for (let n = 0; n < agents; n += 1) {
    const status = agentStatus(`u${n}`, startMs, { routingStatus: 'INTERACTING', activeQueueIds: queueIds });
    foldWaits(model, status, startingWeights);
  }
  for (const queueId of queueIds) {
    const atMs = startMs - 60_000;
    foldWaits(model, interaction('early', atMs, { queueId }), startingWeights);
    foldWaits(model, answered('early', atMs, atMs + 10_000, { queueId, endedAtMs: atMs + 50_000 }), startingWeights);
  }
  for (let n = 0; n < waiting; n += 1) foldWaits(model, joins(n), startingWeights);
  return model;
}

const joinedAtMs = (n: number) => startMs + n * stepMs;
const joins = (n: number) => interaction(`c${n}`, joinedAtMs(n), { priority: n % 3 });

/** Callers a second of whom one joins, the first of the others is answered, and both are told of; and the slowest of them, in milliseconds. */
function measure(waiting: number, queues: number) {
  const model = startCentre(waiting, queues);
  let slowestMs = 0;
  const beganMs = performance.now();
  for (let n = waiting; n < waiting + calls; n += 1) {
    const stepBeganMs = performance.now();
    foldWaits(model, joins(n), startingWeights);
    const first = n - waiting;
    const and = { priority: first % 3, receivedAtMs: joinedAtMs(n) };
    foldWaits(model, answered(`c${first}`, joinedAtMs(first), joinedAtMs(n), and), startingWeights);
    slowestMs = Math.max(slowestMs, performance.now() - stepBeganMs);
  }
  return { aSecond: (calls * 1000) / (performance.now() - beganMs), slowestMs };
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

export function measureWaits(say: (line: string) => void): void {
  for (const queues of [1, 50]) {
    for (const waiting of [10, 10_000]) {
      const measured = Array.from({ length: rounds }, () => measure(waiting, queues));
      const aSecond = Math.round(median(measured.map((each) => each.aSecond)));
      const slowestMs = median(measured.map((each) => each.slowestMs));
      say(
        `predictions, ${queues} queue(s) shared by ${agents} agents, ${waiting} waiting: ${aSecond}/s, each with one answer learned from; slowest ${slowestMs.toFixed(1)} ms`,
      );
    }
  }
}
