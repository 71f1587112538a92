import type { Required } from '../../streams/ranking/score.ts';
import type { EpochMs } from '../../streams/record.ts';

export interface Interaction extends Required {
  readonly id: string;
  readonly startMs: EpochMs | null;
  readonly handleSeconds: number | null;
}

export interface TimedInteraction extends Interaction {
  readonly startMs: EpochMs;
  readonly handleSeconds: number;
}

export interface SimulatedAssignment {
  readonly interactionId: string;
  readonly agentId: string;
  readonly score: number;
  /** Null where agents never become busy. */
  readonly waitSeconds: number | null;
}

export interface Unassigned {
  readonly interactionId: string;
  /** `none-eligible`: no agent passes the threshold, idle or busy. */
  readonly reason: 'none-eligible' | 'waited-too-long';
}
