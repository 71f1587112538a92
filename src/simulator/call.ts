import type { EpochMs } from '../../streams/record.ts';
import type { MediaType } from './media.ts';

/** From the customer's first moment to the last; several calls if it went from queue to queue. */
export interface Conversation {
  readonly id: string;
  /** When the customer came; before the first queue there may be an announcement. */
  readonly startedAtMs: EpochMs;
  /** In order of time; never empty. */
  readonly calls: readonly Call[];
  /** In the order in which they were sent. */
  readonly surveys: readonly Survey[];
  endedAtMs?: EpochMs;
}

/** What a customer was asked about one agent's work. */
export interface Survey {
  readonly queueId: string;
  readonly userId: string;
  /** `score` from 0 to 100. */
  readonly answered?: { readonly atMs: EpochMs; readonly score: number };
}

/** How a call ended. `transferred` by its agent and `flowed-out` while it waited lead to another queue. */
export type CallOutcome = 'handled' | 'abandoned' | 'dropped' | 'transferred' | 'flowed-out';

/** One stay of a conversation in one queue: waiting, perhaps alerting, until answered or ended. */
export interface Call {
  /** The id of the conversation. */
  readonly id: string;
  readonly conversation: Conversation;
  /** Counts the stays of the conversation from 0. */
  readonly index: number;
  readonly queueId: string;
  readonly mediaType: MediaType;
  readonly priority: number;
  readonly skillIds: readonly string[];
  readonly languageId: string;
  readonly enqueuedAtMs: EpochMs;
  /** Each agent it was offered to, the last one perhaps still alerting or talking. */
  readonly agentLegs: readonly AgentLeg[];
  /** What it gave to the statistics so far: sums of these are the totals that aggregates show. */
  readonly emissions: readonly Emission[];
  answered?: { readonly atMs: EpochMs; readonly userId: string };
  ended?: { readonly atMs: EpochMs; readonly outcome: CallOutcome };
}

/** One value that a call gave to the statistics, at the moment that it belongs to; durations are milliseconds. */
export interface Emission {
  readonly metric: string;
  readonly value: number;
  readonly atMs: EpochMs;
  /** The agent's part that it tells of; absent if it tells of the stay in the queue. */
  readonly leg?: AgentLeg;
}

/** What an agent does with a call that was answered, before after-call work. */
export type TalkStage = 'dialing' | 'talking' | 'held';

export interface Stretch {
  readonly stage: TalkStage;
  readonly fromMs: EpochMs;
  readonly toMs: EpochMs;
}

/** One agent's part in a call. */
export interface AgentLeg {
  /** Counts the agents of the conversation from 0. */
  readonly index: number;
  readonly userId: string;
  /** Undefined if the call came without alerting. */
  readonly alertedAtMs: EpochMs | undefined;
  /** Absent until answered, and for ever if it was not. */
  connectedAtMs?: EpochMs;
  /** End of the talk, or of an alert in vain. */
  endedAtMs?: EpochMs;
  stage: TalkStage;
  stageSinceMs: EpochMs;
  /** The finished stretches of each stage, in order of time. */
  readonly stretches: readonly Stretch[];
  wrapUp?: {
    readonly startedAtMs: EpochMs;
    readonly endedAtMs?: EpochMs;
    /** The id of what the agent said of the call, if anything. */
    readonly code?: string;
  };
}

/** Milliseconds in the finished stretches of a stage. */
export function spentMs({ stretches }: AgentLeg, stage: TalkStage): number {
  return stretches.reduce((sum, each) => (each.stage === stage ? sum + each.toMs - each.fromMs : sum), 0);
}

/** The agent whom the call is offered to or who has it. */
export function currentLeg<Leg extends AgentLeg>(call: { readonly agentLegs: readonly Leg[] }): Leg | undefined {
  const leg = call.agentLegs.at(-1);
  return leg?.endedAtMs === undefined ? leg : undefined;
}

/** The agent whom it is offered to right now. */
export function alertingLeg<Leg extends AgentLeg>(call: { readonly agentLegs: readonly Leg[] }): Leg | undefined {
  const leg = currentLeg(call);
  return leg?.connectedAtMs === undefined ? leg : undefined;
}
