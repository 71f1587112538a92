import { defaultProfile } from '../streams/ranking/profile.ts';
import { topicOf } from '../streams/record.ts';
import { agentRanking } from '../streams/records/agent-ranking.ts';
import { heartbeat } from '../streams/records/heartbeat.ts';
import { predictionScore } from '../streams/records/prediction-score.ts';
import { queueProfile } from '../streams/records/queue-profile.ts';
import { queueState } from '../streams/records/queue-state.ts';
import { waitPrediction } from '../streams/records/wait-prediction.ts';
import type { Latest } from './latest.ts';

/** What the table reads. */
export const tableTopics = [queueState, waitPrediction, predictionScore, agentRanking, queueProfile, heartbeat].map(
  topicOf,
);

interface Row {
  readonly name: string;
  readonly media: string;
  readonly waiting: string;
  readonly agents: string;
  readonly longest: string;
  readonly predicted: string;
  readonly off: string;
  readonly age: string;
  readonly next: string;
}

const columns = [
  { field: 'name', title: 'queue', align: 'left' },
  { field: 'media', title: 'media', align: 'left' },
  { field: 'waiting', title: 'waiting', align: 'right' },
  { field: 'agents', title: 'idle/on queue', align: 'right' },
  { field: 'longest', title: 'longest wait', align: 'right' },
  { field: 'predicted', title: 'predicted wait', align: 'right' },
  { field: 'off', title: 'off by (seed)', align: 'right' },
  { field: 'age', title: 'data age', align: 'right' },
  { field: 'next', title: 'next agent (score)', align: 'left' },
] as const;

/** One row a queue and media type, by name. `nowMs` is platform time. */
export function tableRows(latest: Latest, nowMs: number): readonly Row[] {
  const names = new Map<string, string>();
  for (const { value } of latest.of(topicOf(queueProfile)).values()) {
    const profile = queueProfile.schema.parse(value);
    names.set(profile.queueId, profile.name);
  }
  const heardUntilMs = [...latest.of(topicOf(heartbeat)).values()].map(
    ({ value }) => heartbeat.schema.parse(value).heardUntilMs ?? 0,
  );
  // A quiet queue is not old: it is as fresh as its channel was heard.
  const heardMs = heardUntilMs.length === 0 ? 0 : Math.min(...heardUntilMs);
  const predictions = latest.of(topicOf(waitPrediction));
  const scores = latest.of(topicOf(predictionScore));
  const next = nextAgents(latest);
  return Array.from(latest.of(topicOf(queueState)), ([key, { value }]) => {
    const state = queueState.schema.parse(value);
    const prediction = predictions.get(key);
    // What is stale is as old as the gap, whenever that was found out.
    const knownMs = state.status === 'stale' ? heardMs : Math.max(heardMs, state.observedAtMs);
    const longestMs = state.longestWaitStartMs === null ? null : nowMs - state.longestWaitStartMs;
    return {
      name: names.get(state.queueId) ?? state.queueId,
      media: state.mediaType,
      waiting: shown(state.waiting),
      agents: `${shown(state.agentsIdle)}/${shown(state.agentsOnQueue)}`,
      longest: longestMs === null ? '-' : minutes(longestMs / 1000),
      predicted: prediction === undefined ? '-' : predictedWait(prediction.value),
      off: offBy(scores, key, prediction?.value),
      age: `${Math.max(0, Math.round((nowMs - knownMs) / 1000))} s`,
      next: next.get(state.queueId) ?? '-',
    };
  }).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.media < b.media ? -1 : 1));
}

/** The table as lines, columns aligned. */
export function renderTable(rows: readonly Row[]): readonly string[] {
  const widths = columns.map(({ field, title }) => Math.max(title.length, ...rows.map((row) => row[field].length)));
  const line = (cells: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = cells[index] ?? '';
        const width = widths[index] ?? 0;
        return align === 'left' ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...rows.map((row) => line(columns.map(({ field }) => row[field])))];
}

/** One row as words, for a log file or a pipe. */
export function renderPlain(row: Row, time: string): string {
  return `${time} ${row.name} ${row.media}: waiting ${row.waiting}, idle/on queue ${row.agents}, longest wait ${row.longest}, predicted wait ${row.predicted}, off by (seed) ${row.off}, data age ${row.age}, next agent (score) ${row.next}`;
}

/** By queue, who should be given the next interaction that asks for nothing; ids are cut short, for people tell them apart by that. */
function nextAgents(latest: Latest): ReadonlyMap<string, string> {
  const next = new Map<string, string>();
  for (const [key, { value }] of latest.of(topicOf(agentRanking))) {
    // Most are of other profiles, and a redraw comes often.
    if (!key.endsWith(`/${defaultProfile}`)) continue;
    const { queueId, status, top } = agentRanking.schema.parse(value);
    const [first] = top;
    if (status === 'stale' || first === undefined) continue;
    next.set(queueId, `${first.agentName ?? first.agentId.slice(0, 8)} (${first.score.toFixed(2)})`);
  }
  return next;
}

const shown = (count: number | null) => (count === null ? '-' : String(count));

const reasons = {
  no_agents: 'none: no agents',
  no_history: 'none: no history',
  low_confidence: 'none: unsure',
  stale: 'none: no data',
  gap: 'none: gap',
  closed: 'none: closed',
} as const;

function predictedWait(value: unknown): string {
  const { waitSecondsP50, waitSecondsP80, reason, capped } = waitPrediction.schema.parse(value);
  if (waitSecondsP50 === null) return reason === null ? 'none' : reasons[reason];
  if (waitSecondsP80 !== null) return `${minutes(waitSecondsP50)}-${minutes(waitSecondsP80)}`;
  return (capped ? '> ' : '') + minutes(waitSecondsP50);
}

/** By how much the predictions of the last day were off in the mean, and those of the tutorial's formula. */
function offBy(scores: ReturnType<Latest['of']>, key: string, prediction: unknown): string {
  const meanOf = (estimator: string | null) => {
    const score = scores.get(`${key}/${estimator ?? ''}`);
    return score === undefined ? null : predictionScore.schema.parse(score.value).lastDay.errorSecondsMean;
  };
  const published = prediction === undefined ? null : waitPrediction.schema.parse(prediction).estimator;
  const [own, seed] = [meanOf(published), meanOf('seed')];
  return own === null || seed === null ? '-' : `${Math.round(own)} s (${Math.round(seed)} s)`;
}

function minutes(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
