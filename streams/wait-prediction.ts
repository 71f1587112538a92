import { announce, type Announcement, announcementText, type WaitToAnnounce } from './announcement.ts';
import { type SteadyAnnouncement, steadyAnnouncement } from './announcement-hysteresis.ts';
import type { Logic } from './logic.ts';
import { type Opening, openingAt } from './opening-hours.ts';
import { isSamePrediction } from './prediction-news.ts';
import { type Scores, sayScores, scoreWait, startScores } from './prediction-score.ts';
import {
  createQueueSettings,
  type QueueNames,
  type QueueSettings,
  type SettingsByQueue,
  type SettingsOf,
} from './queue-settings.ts';
import { type EpochMs, type Output, output } from './record.ts';
import type { QueueState } from './records/queue-state.ts';
import { type WaitOutcome, waitOutcome } from './records/wait-outcome.ts';
import { type WaitPrediction, waitPrediction } from './records/wait-prediction.ts';
import { predictSeedWait } from './seed-wait.ts';
import { lineKey } from './wait/centre.ts';
import type { Line } from './wait/line.ts';
import { servedMsMax } from './wait/line.ts';
import type { StartingWeights } from './wait/regression.ts';
import { startingWeights } from './wait/starting-weights.ts';
import {
  foldWaits,
  type NewcomerQuote,
  quoteNewcomer,
  startWaitModel,
  type WaitInput,
  type WaitModel,
  type WaitNews,
} from './wait/wait-model.ts';

export interface PredictWaitSettings extends SettingsByQueue {
  /** Null = what is predicted is learned from nothing. Default: the weights that the package ships. */
  readonly startingWeights?: StartingWeights | null;
}

/** One queue and medium, as it was said last. */
interface Said {
  state: QueueState;
  prediction: WaitPrediction | null;
  steady: SteadyAnnouncement;
}

interface State {
  model: WaitModel;
  scores: Scores;
  /** By line. */
  said: Map<string, Said>;
  /** Lines whose prediction may have changed since it was said. */
  due: Map<string, true>;
  /** Answered and not yet over, by line and conversation, in order. */
  handling: Map<string, WaitOutcome>;
  names: QueueNames;
  /** Who joined while no wait was predicted, by line and conversation. */
  untold: Map<string, true>;
  /** The earliest moment at which the hours of a queue change what is said; null = there is none. */
  hoursDueMs: EpochMs | null;
}

/**
 * The wait of somebody who joins now, of every queue and medium; what became of everybody who joined; and how well that had been
 * foretold. A prediction is issued when it changes, while somebody waits at most once a second of journal time.
 *
 *     input$     queue-state ── interaction joins ── tick ────── interaction answered ── tick
 *     output$    prediction ─────────────────────── prediction ─ outcome ─────────────── prediction, scores
 */
export function predictWaits(settings: PredictWaitSettings): Logic<State, WaitInput, Output> {
  const start = settings.startingWeights === undefined ? startingWeights : settings.startingWeights;
  const settingsOf = createQueueSettings(settings);
  return {
    name: 'wait-prediction',
    version: 7,
    start: () => ({
      model: startWaitModel(),
      scores: startScores(),
      said: new Map(),
      due: new Map(),
      handling: new Map(),
      untold: new Map(),
      names: new Map(),
      hoursDueMs: null,
    }),
    step(state, input) {
      // Half of all events: what they change comes as a state.
      if (input.kind === 'queue-observed') return [state, []];
      const news = foldWaits(state.model, input, start);
      const outputs: Output[] = [];
      for (const outcome of outcomesOf(state, news)) outputs.push(outcome);
      markDue(state, news);
      const issue = (key: string, atMs: EpochMs) => {
        const issued = issueOf(state, key, atMs, settingsOf, start);
        if (issued !== null) outputs.push(issued);
      };
      if (input.kind === 'queue-state') {
        const key = lineKey(input.state.queueId, input.state.mediaType);
        const said = state.said.get(key);
        if (said === undefined) state.said.set(key, { state: input.state, prediction: null, steady: null });
        else said.state = input.state;
        const { observedAtMs } = input.state;
        const issuedAtMs = said?.prediction?.issuedAtMs ?? -Infinity;
        // A reason is news at once.
        if (observedAtMs - issuedAtMs >= sayEveryMs || input.state.status === 'stale') issue(key, observedAtMs);
        else state.due.set(key, true);
      } else if (input.kind === 'tick') {
        if (state.hoursDueMs !== null && input.receivedAtMs >= state.hoursDueMs) markAllWithHours(state, settingsOf);
        for (const key of [...state.due.keys()].sort())
          if (mayIssue(state, key, input.receivedAtMs)) issue(key, input.receivedAtMs);
        outputs.push(...endUnheard(state, input.receivedAtMs, 0));
        outputs.push(...sayScores(state.scores, input.receivedAtMs));
      } else if (input.kind === 'queue-profile') {
        rename(state, input.queueId, input.name);
      } else if (input.kind === 'queue-removed') {
        forget(state, input.queueId);
      }
      return [state, outputs];
    },
  };
}

const sayEveryMs = 1000;
/** Ticks come a little early or late: one that follows the last word by this much is the next one. */
const tickJitterMs = 100;

/** Said at once when a queue has changed, a prediction waits for the tick after the next. */
function mayIssue({ said }: State, key: string, atMs: EpochMs): boolean {
  const issuedAtMs = said.get(key)?.prediction?.issuedAtMs;
  return issuedAtMs === undefined || atMs - issuedAtMs >= sayEveryMs - tickJitterMs;
}
/** More interactions than this at a time are taken for some whose end was never heard. */
const handlingMax = 50_000;

/** Joining and leaving also change what is said of the queues that the same agents serve. */
function markDue({ model, said, due }: State, { queueIds, joined, departed }: WaitNews): void {
  const { staff, mediaTypes } = model.centre;
  if (queueIds.length === 0) return;
  const concerned = new Set(queueIds);
  if (joined.length > 0 || departed.length > 0) {
    for (const queueId of queueIds) {
      for (const other of staff.queues.get(queueId)?.shared.keys() ?? []) concerned.add(other);
    }
  }
  for (const queueId of concerned) {
    for (const mediaType of mediaTypes.keys()) {
      const key = lineKey(queueId, mediaType);
      if (said.has(key)) due.set(key, true);
    }
  }
}

/** Hours of several queues end at once, and seldom: it pays to keep one moment, not one for each. */
function markAllWithHours(state: State, settingsOf: SettingsOf): void {
  state.hoursDueMs = null;
  for (const [key, { state: of }] of state.said) {
    if (settingsOf(of.queueId, state.names).openingHours !== null) state.due.set(key, true);
  }
}

/** What is set for its new name holds from now on. */
function rename({ said, due, names }: State, queueId: string, name: string): void {
  if (names.get(queueId) === name) return;
  names.set(queueId, name);
  for (const [key, { state }] of said) if (state.queueId === queueId) due.set(key, true);
}

function forget({ said, due, names }: State, queueId: string): void {
  names.delete(queueId);
  for (const [key, { state }] of said) {
    if (state.queueId !== queueId) continue;
    said.delete(key);
    due.delete(key);
  }
}

function* outcomesOf(state: State, { joined, departed, handled }: WaitNews): Generator<Output> {
  const tell = (outcome: WaitOutcome) => output(waitOutcome, outcome, outcome.observedAtMs);
  const idOf = ({ queueId, mediaType }: Line, conversationId: string) =>
    `${lineKey(queueId, mediaType)}/${conversationId}`;
  for (const { line, conversationId } of joined) {
    const reason = state.said.get(lineKey(line.queueId, line.mediaType))?.prediction?.reason ?? null;
    if (reason !== null) state.untold.set(idOf(line, conversationId), true);
    const [oldest] = state.untold.keys();
    if (state.untold.size > handlingMax && oldest !== undefined) state.untold.delete(oldest);
  }
  for (const { line, conversationId, outcome, waitSeconds, quote, ...rest } of departed) {
    const { queueId, mediaType } = line;
    const key = idOf(line, conversationId);
    // The estimators learn and are scored by everybody; what nobody was told is not said to have been.
    const published = state.untold.delete(key) ? null : (quote?.published ?? null);
    const given = published === null ? null : (quote?.estimates[published] ?? null);
    const record: WaitOutcome = {
      ...{ queueId, mediaType, conversationId, enqueuedAtMs: rest.enqueuedAtMs, waitSeconds, outcome },
      ...{ agentId: rest.agentId, handleSeconds: null, estimator: published },
      waitSecondsP50: roundOrNull(given?.p50),
      waitSecondsP80: roundOrNull(given?.p80),
      waitSecondsP90: roundOrNull(given?.p90),
      observedAtMs: rest.atMs,
    };
    for (const [estimator, quantiles] of Object.entries(quote?.estimates ?? {})) {
      if (quantiles !== null) {
        scoreWait(state.scores, { queueId, mediaType, estimator }, quantiles, { outcome, waitSeconds }, rest.atMs);
      }
    }
    if (outcome === 'abandoned') {
      yield tell(record);
      continue;
    }
    // It came back to the queue, and the end of the first handling was not heard: that wait is told all the same.
    const earlier = state.handling.get(key);
    if (earlier !== undefined) yield tell({ ...earlier, observedAtMs: rest.atMs });
    state.handling.delete(key);
    state.handling.set(key, record);
    if (state.handling.size > handlingMax) yield* endUnheard(state, rest.atMs, 1);
  }
  for (const { line, conversationId, handleSeconds, atMs } of handled) {
    const key = idOf(line, conversationId);
    const record = state.handling.get(key);
    if (record === undefined) continue;
    state.handling.delete(key);
    yield tell({ ...record, handleSeconds, observedAtMs: atMs });
  }
}

/** Tells of those whose end was not heard: the longest of them, and whoever was answered too long ago for it to come. */
function* endUnheard({ handling }: State, atMs: EpochMs, atLeast: number): Generator<Output> {
  let left = atLeast;
  for (const [key, oldest] of handling) {
    if (left <= 0 && atMs - oldest.observedAtMs < servedMsMax) return;
    left -= 1;
    handling.delete(key);
    yield output(waitOutcome, { ...oldest, observedAtMs: atMs }, atMs);
  }
}

const roundOrNull = (value: number | null | undefined) => (value == null ? null : Math.round(value));

/** The prediction of a line if it differs from what was said last. */
function issueOf(
  state: State,
  key: string,
  atMs: EpochMs,
  settingsOf: SettingsOf,
  start: StartingWeights | null,
): Output | null {
  const said = state.said.get(key);
  state.due.delete(key);
  if (said === undefined) return null;
  const { queueId, mediaType } = said.state;
  const newcomer = quoteNewcomer(state.model, queueId, mediaType, atMs, start);
  const settings = settingsOf(queueId, state.names);
  const { openingHours, timeZone } = settings;
  const opening = openingHours === null ? alwaysOpen : openingAt(openingHours, atMs, timeZone);
  const prediction = describe(said, newcomer, atMs, settings, opening);
  noteHours(state, opening, prediction);
  // Time alone changes what somebody who waits can expect, and lets an announcement come down.
  if ((said.state.waiting ?? 0) > 0 || said.steady?.lower != null) state.due.set(key, true);
  if (said.prediction !== null && isSamePrediction(said.prediction, prediction)) return null;
  said.prediction = prediction;
  return output(waitPrediction, prediction, atMs);
}

type Known = Pick<
  WaitPrediction,
  'waitSecondsP50' | 'waitSecondsP80' | 'waitSecondsP90' | 'secondsPerPosition' | 'estimator' | 'confidence' | 'capped'
>;

function describe(
  said: Said,
  newcomer: NewcomerQuote,
  atMs: EpochMs,
  { announcementMode: mode, locale, callbackAfterSeconds }: QueueSettings,
  opening: Opening,
): WaitPrediction {
  const { state } = said;
  const { features, tuning } = newcomer;
  const reason = opening.isOpen ? reasonForNone(state, newcomer) : 'closed';
  const known = reason === null ? estimateOf(state, newcomer) : noEstimate;
  let wait: WaitToAnnounce = {
    mode,
    locale,
    reason,
    prioritiesApply: newcomer.prioritiesApply,
    waitSecondsP50: known.waitSecondsP50,
    waitSecondsP80: known.waitSecondsP80,
    waitSecondsP90: known.waitSecondsP90,
    callersAhead: state.waiting,
    agentsOnQueue: state.agentsOnQueue,
  };
  // Where `seed` gives way the tutorial's number must not stay: P80 would be raised to it.
  if (reason === null && announce(wait).mode === 'seed') {
    wait = { ...wait, waitSecondsP50: seedOf(state, newcomer).predictedWaitSeconds };
  }
  const longestMs = (callbackAfterSeconds ?? Infinity) * 1000;
  let announced: Announcement;
  [said.steady, announced] = steadyAnnouncement(said.steady, announce(wait), atMs);
  return {
    queueId: state.queueId,
    mediaType: state.mediaType,
    // One by one: a spread here takes longer than all the rest.
    waitSecondsP50: known.waitSecondsP50,
    waitSecondsP80: known.waitSecondsP80,
    waitSecondsP90: known.waitSecondsP90,
    secondsPerPosition: known.secondsPerPosition,
    estimator: known.estimator,
    confidence: known.confidence,
    capped: known.capped,
    reason,
    inputs: {
      waiting: state.waiting,
      poolWaiting: Math.round(features.poolWaiting * 100) / 100,
      agentsIdle: state.agentsIdle,
      agentsOnQueue: state.agentsOnQueue,
      handleSeconds: features.handleKnown ? Math.round(features.handleSeconds * 10) / 10 : null,
      handleSource: features.handleKnown ? 'observed' : 'none',
      waitingSource: newcomer.isNamed ? 'interactions' : 'counts',
      answersLearned: tuning.answers,
      coverageP80: tuning.answers === 0 ? null : Math.round(tuning.coverage[1] * 100) / 100,
    },
    announce: announced,
    announcementText: announcementText(announced, wait),
    offerCallback: (known.waitSecondsP80 ?? 0) * 1000 > Math.min(longestMs, (opening.untilMs ?? Infinity) - atMs),
    observedAtMs: state.observedAtMs,
    issuedAtMs: atMs,
  };
}

const alwaysOpen: Opening = { isOpen: true, untilMs: null };

/** A queue also says something else from when on a caller may not be answered before it closes. */
function noteHours(state: State, { untilMs }: Opening, { waitSecondsP80, offerCallback }: WaitPrediction): void {
  if (untilMs === null) return;
  const dueMs = offerCallback || waitSecondsP80 === null ? untilMs : untilMs - waitSecondsP80 * 1000 + 1;
  state.hoursDueMs = Math.min(state.hoursDueMs ?? Infinity, dueMs);
}

const noEstimate: Known = {
  waitSecondsP50: null,
  waitSecondsP80: null,
  waitSecondsP90: null,
  secondsPerPosition: null,
  estimator: null,
  confidence: null,
  capped: false,
};

/** The latest waits were so often longer than P90 that nothing should be promised. */
const coverageP90Min = 0.6;
const answersMin = 30;

function reasonForNone(state: QueueState, { features, tuning }: NewcomerQuote): WaitPrediction['reason'] {
  if (state.status === 'stale') return 'gap';
  if (state.waiting === null) return 'stale';
  // Somebody who does not answer his calls is on queue, but takes none.
  if (state.agentsOnQueue === (state.agentsNotResponding ?? 0)) return 'no_agents';
  if (!features.handleKnown) return 'no_history';
  return tuning.answers >= answersMin && tuning.coverage[2] < coverageP90Min ? 'low_confidence' : null;
}

function seedOf({ waiting, agentsIdle }: QueueState, { features }: NewcomerQuote) {
  return predictSeedWait({ inQueue: waiting, agentsAvailable: agentsIdle, ahtSeconds: features.handleSeconds });
}

function estimateOf(state: QueueState, newcomer: NewcomerQuote): Known {
  const { tuning } = newcomer;
  const quote = newcomer.quote();
  const given = quote.estimates[quote.published];
  if (quote.published === 'seed' || given === null) {
    const seed = seedOf(state, newcomer);
    return {
      ...noEstimate,
      waitSecondsP50: seed.predictedWaitSeconds,
      secondsPerPosition: seed.inQueue === 0 ? null : seed.predictedWaitSeconds / seed.inQueue,
      estimator: 'seed',
      confidence: seed.confidence,
      capped: seed.capped,
    };
  }
  const shortfall = Math.max(0, 0.8 - tuning.coverage[1]) / 0.4;
  const learned = (tuning.answers + 20) / (tuning.answers + 40);
  return {
    waitSecondsP50: Math.round(given.p50),
    waitSecondsP80: Math.round(given.p80),
    waitSecondsP90: Math.round(given.p90),
    secondsPerPosition: Math.round((given.p50 / ((state.waiting ?? 0) + 1)) * 10) / 10,
    estimator: quote.published,
    confidence: Math.round(learned * Math.max(0, 1 - shortfall) * 100) / 100,
    capped: false,
  };
}
