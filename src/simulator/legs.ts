import type { EpochMs } from '../../streams/record.ts';
import { endAlert, type Agent } from './agent.ts';
import { alertingLeg, spentMs, type AgentLeg } from './call.ts';
import { emitDuration } from './emissions.ts';
import type { OwnCall, OwnLeg } from './queue.ts';

// One agent's part in a call: each step is kept with the leg, and told to the statistics.

/** A leg that alerts, or that the call came to without alerting; numbered after all others of the conversation. */
export function createLeg(call: OwnCall, agent: Agent, atMs: EpochMs, alertedAtMs: EpochMs | undefined): OwnLeg {
  return {
    index: call.conversation.calls.reduce((count, { agentLegs }) => count + agentLegs.length, 0),
    userId: agent.id,
    alertedAtMs,
    stage: 'talking',
    stageSinceMs: atMs,
    stretches: [],
  };
}

/** The alert that goes on at a call ends; the agent whom it alerted, undefined if there was none. */
export function stopAlert(
  call: OwnCall,
  agents: ReadonlyMap<string, Agent>,
  isMissed: boolean,
  atMs: EpochMs,
): Agent | undefined {
  const leg = alertingLeg(call);
  const agent = agents.get(leg?.userId ?? '');
  if (leg?.alertedAtMs === undefined || agent === undefined) return undefined;
  leg.endedAtMs = atMs;
  emitDuration(call, 'tAlert', atMs - leg.alertedAtMs, atMs, leg);
  if (isMissed) emitDuration(call, 'tNotResponding', atMs - leg.alertedAtMs, atMs, leg);
  endAlert(agent, isMissed, atMs);
  return agent;
}

/** Dialing is told with the leg: like the complete talk it is a part of the handle time, which a call cut off has not. */
const stageMetrics = { dialing: undefined, talking: 'tTalk', held: 'tHeld' } as const;

/** Ends a stretch of talking, holding or dialing. */
export function endStage(call: OwnCall, leg: OwnLeg, atMs: EpochMs): void {
  const { stage, stageSinceMs: fromMs } = leg;
  leg.stretches.push({ stage, fromMs, toMs: atMs });
  const metric = stageMetrics[stage];
  if (metric !== undefined) emitDuration(call, metric, atMs - fromMs, atMs, leg);
  leg.stageSinceMs = atMs;
}

/** Ends the last stretch, and with it all but the after-call work. */
export function endLeg(call: OwnCall, leg: OwnLeg, atMs: EpochMs): void {
  endStage(call, leg, atMs);
  leg.endedAtMs = atMs;
  const heldMs = spentMs(leg, 'held');
  emitDuration(call, 'tTalkComplete', spentMs(leg, 'talking'), atMs, leg);
  if (heldMs > 0) emitDuration(call, 'tHeldComplete', heldMs, atMs, leg);
  const dialingMs = spentMs(leg, 'dialing');
  if (dialingMs > 0) emitDuration(call, 'tDialing', dialingMs, atMs, leg);
}

/** All that the agent did for the call, after-call work included. */
export function emitHandle(call: OwnCall, leg: AgentLeg, acwMs: number, atMs: EpochMs): void {
  const [dialingMs, talkMs, heldMs] = [spentMs(leg, 'dialing'), spentMs(leg, 'talking'), spentMs(leg, 'held')];
  emitDuration(call, 'tHandle', dialingMs + talkMs + heldMs + acwMs, atMs, leg);
}
