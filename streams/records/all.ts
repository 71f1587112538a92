import type { RecordType } from '../record.ts';
import { agentRanking } from './agent-ranking.ts';
import { agentState } from './agent-state.ts';
import { channelGap } from './channel-gap.ts';
import { heartbeat } from './heartbeat.ts';
import { quarantine } from './quarantine.ts';
import { queueEvent } from './queue-event.ts';
import { queueProfile } from './queue-profile.ts';
import { queueState } from './queue-state.ts';
import { queueSummary } from './queue-summary.ts';
import { queueWindow } from './queue-window.ts';
import { queueWindowLive } from './queue-window-live.ts';
import { predictionScore } from './prediction-score.ts';
import { routingFairness } from './routing-fairness.ts';
import { waitOutcome } from './wait-outcome.ts';
import { waitPrediction } from './wait-prediction.ts';

/** Every record type there is, once. */
export const recordTypes: readonly RecordType[] = [
  queueEvent,
  channelGap,
  queueState,
  agentState,
  waitPrediction,
  waitOutcome,
  predictionScore,
  agentRanking,
  routingFairness,
  queueWindow,
  queueWindowLive,
  queueSummary,
  queueProfile,
  heartbeat,
  quarantine,
];
