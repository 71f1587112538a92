// The public API of the package: logics to fold events with, and their RxJS face. All of it is synchronous.

export { rankAgents, type RankingInput, type RankingSettings } from './agent-ranking.ts';
export { followAgents } from './agent-state.ts';
export { type SteadyAnnouncement, steadyAnnouncement } from './announcement-hysteresis.ts';
export {
  announce,
  type Announcement,
  type AnnouncementLocale,
  type AnnouncementMode,
  announcementText,
  type WaitToAnnounce,
} from './announcement.ts';
export { type NoEstimateReason } from './announcements/messages.ts';
export { dayAt, dayOf, type LocalDay, type LocalWeek, weekAt } from './calendar.ts';
export { publishGaps } from './channel-gap.ts';
export { derive, type DeriveSettings } from './derive.ts';
export { type ChannelGap, type EventOf, queueEvent, type QueueEvent, type Tick } from './event.ts';
export { type IntervalTotals, kpiDefinitions, type Kpis, kpisOf, kpiVersion, type StaffTime } from './kpis.ts';
export { type Checkpoint, combine, createRunner, keyed, type Logic, run, type Runner, toOperator } from './logic.ts';
export { noticeMissedChanges } from './missed-change.ts';
export { type OpeningHours } from './opening-hours.ts';
export { publishQueueProfiles } from './queue-profile.ts';
export { type QueueRule, type QueueSettings, type SettingsByQueue, settingsOfQueue } from './queue-settings.ts';
export { followQueues } from './queue-state.ts';
export { type QueueWindowSettings, windowQueues } from './queue-window.ts';
export { type Survey, meanSatisfaction } from './ranking/csat.ts';
export { countChoices, type Fairness, fairnessOf, type Share, uniformFairness } from './ranking/fairness.ts';
export { createRanking, type Ranking, type RankingEvent } from './ranking/live-ranking.ts';
export { profileOf } from './ranking/profile.ts';
export { type Assignment, assignBatch, type BatchInteraction, rankAll } from './ranking/rank.ts';
export { type Candidate, type Required, type Score, scoreAgent, type Standing } from './ranking/score.ts';
export { adjustWeights, defaultWeights, type SlaStanding, type Weights } from './ranking/weights.ts';
export { defineRecord, type EpochMs, type Output, output, type RecordType, tombstone, topicOf } from './record.ts';
export { recordTypes } from './records/all.ts';
export { agentRanking, type AgentRanking } from './records/agent-ranking.ts';
export { agentState, type AgentState } from './records/agent-state.ts';
export { channelGap } from './records/channel-gap.ts';
export { heartbeat } from './records/heartbeat.ts';
export { quarantine } from './records/quarantine.ts';
export { queueProfile, type QueueProfile } from './records/queue-profile.ts';
export { queueState, type QueueState } from './records/queue-state.ts';
export { queueSummary, type QueueSummary } from './records/queue-summary.ts';
export { queueWindow } from './records/queue-window.ts';
export { queueWindowLive } from './records/queue-window-live.ts';
export { predictionScore, type PredictionScore } from './records/prediction-score.ts';
export { routingFairness, type RoutingFairness } from './records/routing-fairness.ts';
export { waitOutcome, type WaitOutcome } from './records/wait-outcome.ts';
export { waitPrediction, type WaitPrediction } from './records/wait-prediction.ts';
export { predictSeedWait } from './seed-wait.ts';
export { predictWaits, type PredictWaitSettings } from './wait-prediction.ts';
export { type WaitInput } from './wait/wait-model.ts';
export { hopping, tumbling } from './window.ts';
export { parseWindowSizes, type WindowSize } from './window-size.ts';
