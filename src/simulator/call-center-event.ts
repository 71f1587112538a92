import type { EpochMs } from '../../streams/record.ts';
import type { MediaType } from './media.ts';

/** What can happen in a call centre. All else that the platform shows is derived from these. */
export type CallCenterEvent =
  | {
      readonly kind: 'arrival';
      readonly atMs: EpochMs;
      readonly callId: string;
      readonly queueId: string;
      readonly priority: number;
      /** Voice unless told. */
      readonly mediaType?: MediaType;
      /** The skill of the queue unless told. */
      readonly skillIds?: readonly string[];
      readonly languageId?: string;
      /** When the customer came, if there was an announcement before the queue. */
      readonly startedAtMs?: EpochMs;
    }
  /** The call is offered to an agent, who stays idle; it keeps its place in the queue. */
  | {
      readonly kind: 'alert' | 'alert-missed';
      readonly atMs: EpochMs;
      readonly callId: string;
      readonly userId: string;
    }
  | {
      readonly kind: 'answer';
      readonly atMs: EpochMs;
      readonly callId: string;
      readonly userId: string;
      /** The agent has to call the customer first: the talk begins with `connected`. */
      readonly dials?: boolean;
    }
  | { readonly kind: 'connected' | 'hold' | 'unhold'; readonly atMs: EpochMs; readonly callId: string }
  | { readonly kind: 'abandon'; readonly atMs: EpochMs; readonly callId: string }
  /** The customer has gone. With after-call work the agent is busy until `wrapped-up`. */
  | { readonly kind: 'end'; readonly atMs: EpochMs; readonly callId: string; readonly wrapUp?: boolean }
  | {
      readonly kind: 'wrapped-up';
      readonly atMs: EpochMs;
      readonly callId: string;
      readonly userId: string;
      /** The id of what the agent says of the call. */
      readonly wrapUpCode?: string;
    }
  /** Into a queue, also the same with another medium: by the agent who talks, or out of the wait. */
  | {
      readonly kind: 'transfer';
      readonly atMs: EpochMs;
      readonly callId: string;
      readonly queueId: string;
      /** Whatever is left out stays as it was, but for the skill: that is the one of the new queue. */
      readonly priority?: number;
      readonly mediaType?: MediaType;
      readonly skillIds?: readonly string[];
      readonly languageId?: string;
      readonly wrapUp?: boolean;
    }
  | { readonly kind: 'agent-on' | 'agent-off'; readonly atMs: EpochMs; readonly userId: string }
  /** A survey about the work of an agent for a queue, with a call also about its conversation; `score` from 0 to 100. */
  | {
      readonly kind: 'survey-sent';
      readonly atMs: EpochMs;
      readonly callId?: string;
      readonly queueId: string;
      readonly userId: string;
    }
  | {
      readonly kind: 'survey-answered';
      readonly atMs: EpochMs;
      readonly callId?: string;
      readonly queueId: string;
      readonly userId: string;
      readonly score: number;
    }
  /** The round is over: open calls are dropped and everybody goes home. */
  | { readonly kind: 'closing'; readonly atMs: EpochMs };

export type EventOf<Kind extends CallCenterEvent['kind']> = Extract<CallCenterEvent, { readonly kind: Kind }>;
