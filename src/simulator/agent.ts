import type { EpochMs } from '../../streams/record.ts';

export type RoutingStatus = 'OFF_QUEUE' | 'IDLE' | 'INTERACTING' | 'NOT_RESPONDING';

export interface Agent {
  readonly id: string;
  readonly queueIds: readonly string[];
  onQueue: boolean;
  /** Undefined until the agent first goes on queue. */
  onQueueChangedMs: EpochMs | undefined;
  status: RoutingStatus;
  statusSinceMs: EpochMs | undefined;
  /** Calls that the agent talks in or wraps up. */
  callCount: number;
  /** Calls that alert at the agent, who is idle meanwhile. */
  alertCount: number;
  /** Went off in the middle of a call: leaves when it ends. */
  leaving: boolean;
}

export function createAgent(id: string, queueIds: readonly string[]): Agent {
  return {
    id,
    queueIds,
    onQueue: false,
    onQueueChangedMs: undefined,
    status: 'OFF_QUEUE',
    statusSinceMs: undefined,
    callCount: 0,
    alertCount: 0,
    leaving: false,
  };
}

function setStatus(agent: Agent, status: RoutingStatus, atMs: EpochMs): void {
  agent.status = status;
  agent.statusSinceMs = atMs;
}

export function setOnQueue(agent: Agent, onQueue: boolean, atMs: EpochMs): void {
  agent.onQueue = onQueue;
  agent.onQueueChangedMs = atMs;
  agent.leaving = false;
  setStatus(agent, onQueue ? 'IDLE' : 'OFF_QUEUE', atMs);
}

/** The agent has the call from now on. */
export function takeCall(agent: Agent, atMs: EpochMs): void {
  // Who answers is on queue, even if a cut trace does not say so.
  if (!agent.onQueue) setOnQueue(agent, true, atMs);
  agent.callCount += 1;
  if (agent.callCount === 1) setStatus(agent, 'INTERACTING', atMs);
}

/** The agent is done with one call. */
export function finishCall(agent: Agent, atMs: EpochMs): void {
  agent.callCount -= 1;
  if (agent.callCount > 0) return;
  if (agent.leaving) setOnQueue(agent, false, atMs);
  else setStatus(agent, 'IDLE', atMs);
}

/** An alert is over without an answer: not taken in time, or the customer had gone, which is no fault of the agent's. */
export function endAlert(agent: Agent, isMissed: boolean, atMs: EpochMs): void {
  agent.alertCount -= 1;
  if (agent.callCount > 0 || agent.alertCount > 0) return;
  if (agent.leaving) setOnQueue(agent, false, atMs);
  else if (isMissed) setStatus(agent, 'NOT_RESPONDING', atMs);
}

/** Asks the agent to work or to leave; whether that changed anything that can be seen. */
export function changeQueueing(agent: Agent, on: boolean, atMs: EpochMs): boolean {
  if (agent.callCount > 0 || agent.alertCount > 0) {
    agent.leaving = !on;
    return false;
  }
  if (on && agent.status === 'NOT_RESPONDING') {
    setStatus(agent, 'IDLE', atMs);
    return true;
  }
  if (agent.onQueue === on) return false;
  setOnQueue(agent, on, atMs);
  return true;
}
