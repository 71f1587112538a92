import { connect, filter, map, merge, type OperatorFunction } from 'rxjs';
import { rankAgents, type RankingSettings } from './agent-ranking.ts';
import { followAgents } from './agent-state.ts';
import { publishGaps } from './channel-gap.ts';
import type { QueueEvent } from './event.ts';
import { dropWordOfGoneAgents } from './gone-agents.ts';
import { beat } from './heartbeat.ts';
import { type Checkpoint, createRunner, type Logic, type Runner } from './logic.ts';
import { noticeMissedChanges } from './missed-change.ts';
import { publishQueueProfiles } from './queue-profile.ts';
import { followQueues } from './queue-state.ts';
import type { SettingsByQueue } from './queue-settings.ts';
import { type QueueWindowSettings, type WindowInput, windowQueues } from './queue-window.ts';
import { type Output, output } from './record.ts';
import { quarantine } from './records/quarantine.ts';
import { type QueueState, queueState } from './records/queue-state.ts';
import { predictWaits } from './wait-prediction.ts';
import type { WaitInput } from './wait/wait-model.ts';

export interface DeriveSettings extends QueueWindowSettings, RankingSettings, Required<SettingsByQueue> {
  readonly shard: number;
}

/**
 * The whole product: journal events in, output records out, synchronously; `from` goes on where a snapshot was taken. Keys lack the
 * organisation's id, which stands in that of the journal record.
 */
export function derive(settings: DeriveSettings, from: Checkpoint = {}): Runner<QueueEvent, Output> {
  const runners: Runner<never, unknown>[] = [];
  const through = <S, E, O>(logic: Logic<S, E, O>): OperatorFunction<E, O> => {
    const runner = createRunner(logic, from);
    runners.push(runner);
    return runner.operator;
  };

  // Each stage's state is made here, once, so that a snapshot finds it.
  const heard = through(dropWordOfGoneAgents());
  const queueStates = through(followQueues(settings));
  const waitPredictions = through(predictWaits(settings));
  const queueWindows = through(windowQueues(settings));
  const agentRankings = through(rankAgents(settings));
  const agentStates = through(followAgents());
  const queueProfiles = through(publishQueueProfiles());
  const gaps = through(publishGaps());
  const heartbeats = through(beat(settings.shard));
  const missedChanges = through(noticeMissedChanges());

  const operator: OperatorFunction<QueueEvent, Output> = (events$) =>
    events$.pipe(
      heard,
      connect((event$) =>
        merge(
          event$.pipe(gaps),
          event$.pipe(queueProfiles),
          event$.pipe(agentStates),
          // What follows from an event is known before the event itself is told.
          merge(event$.pipe(queueStates, map(asInput)), event$).pipe(
            connect((input$) =>
              merge(
                input$.pipe(
                  filter(isState),
                  map(({ state }) => output(queueState, state, state.observedAtMs)),
                ),
                input$.pipe(waitPredictions),
                input$.pipe(filter(concernsWindows), queueWindows),
                input$.pipe(agentRankings),
              ),
            ),
          ),
          event$.pipe(rejections),
          event$.pipe(missedChanges),
          event$.pipe(heartbeats),
        ),
      ),
    );

  // A state that was made with other settings is no state of this derivation. Named one by one: nothing else may get in.
  const { timeZone, windowSizes, windowLiveEveryMs, outOfOrdernessMs, allowedLatenessMs, holdMs, gapMaxMs } = settings;
  const { announcementMode, announcementLocale, callbackAfterSeconds, queues } = settings;
  const { rankingTop, rankingWeights, rankingProfiles, agentNames } = settings;
  const made = {
    rankingTop,
    rankingWeights,
    rankingProfiles,
    agentNames,
    announcementMode,
    announcementLocale,
    callbackAfterSeconds,
    queues,
    timeZone,
    windowSizes: windowSizes.map(({ label }) => label),
    windowLiveEveryMs,
    outOfOrdernessMs,
    allowedLatenessMs,
    holdMs,
    gapMaxMs,
  };
  const snapshot = () =>
    runners.reduce<Checkpoint>((all, runner) => ({ ...all, ...runner.snapshot() }), {
      settings: { version: 2, state: made },
    });

  return { operator, snapshot };
}

type StateInput = Extract<WaitInput, { kind: 'queue-state' }>;

const asInput = (state: QueueState): WaitInput => ({ kind: 'queue-state', state });

const isState = (input: WaitInput): input is StateInput => input.kind === 'queue-state';

const concernsWindows = (input: WaitInput): input is WindowInput => windowInputs.has(input.kind);

const windowInputs: ReadonlySet<string> = new Set<WindowInput['kind']>([
  'queue-state',
  'queue-interval',
  'interval-read',
  'queue-snapshot',
  'queue-removed',
  'queue-profile',
  'tick',
  'channel-gap',
]);

const rejections: OperatorFunction<QueueEvent, Output> = (event$) =>
  event$.pipe(
    filter((event) => event.kind === 'input-rejected'),
    map(({ place, cause, receivedAtMs }) => output(quarantine, { place, cause, receivedAtMs }, receivedAtMs)),
  );
