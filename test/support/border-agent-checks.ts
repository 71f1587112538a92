import { followAgents } from '../../streams/agent-state.ts';
import { dropWordOfGoneAgents } from '../../streams/gone-agents.ts';
import { run as runLogic } from '../../streams/logic.ts';
import type { AgentState } from '../../streams/records/agent-state.ts';
import { differences, gapsOf, type Observed, toldWithinMs } from './border-checks.ts';
import { endMs, startMs, type Story } from './border-story.ts';

// What is wrong with what a run says of agents: nothing, if all is well.

/** The lists are read every so often, and may fail to be. */
const noticedWithinMs = 300_000;

/** At the end it is known of every agent who is to be seen what he does. */
export function agentFaults({ events, platform }: Observed, { hiding }: Pick<Story, 'hiding'>): string[] {
  const states = runLogic(followAgents(), runLogic(dropWordOfGoneAgents(), events)).map(
    ({ value }) => value as AgentState,
  );
  const last = new Map(states.map((state) => [state.userId, state]));
  return [...platform.center.agents.values()].flatMap(({ id, status, statusSinceMs, onQueue }) => {
    if (hiding.isHidden(id, endMs)) return [];
    const presence = onQueue ? 'ON_QUEUE' : 'OFFLINE';
    const truth = { status: 'observed', routingStatus: status, routingStatusSinceMs: statusSinceMs ?? null, presence };
    return differences(`agent ${id.slice(0, 8)}`, last.get(id), truth);
  });
}

/**
 * At every tick what an agent is said to be observed doing was true a moment ago, or else it turns out that the time lies in a gap of that
 * agent; and from when a gap is known until it is over, and the agent was told of since it was, nothing of it is said to be observed.
 */
export function agentLies({ events }: Observed, { kinds, agentTruth, hiding }: Story): string[] {
  // Of these nobody can know at that time.
  if (kinds.includes('heartbeats-only')) return [];
  const logic = followAgents();
  let agents = logic.start();
  const states = new Map<string, AgentState>();
  const open = new Map<number, readonly string[] | null>();
  /** Whose last word is from before a gap. */
  const untold = new Set<string>();
  const gaps = gapsOf({ events });
  const faults = new Set<string>();
  const isOf = (userIds: readonly string[] | null, id: string) => userIds === null || userIds.includes(id);

  const wasTrue = ({ userId, routingStatus, presence }: AgentState, atMs: number) => {
    const all = agentTruth.get(userId) ?? [];
    const since = all.findLastIndex(({ fromMs }) => fromMs <= atMs - toldWithinMs);
    return all
      .slice(Math.max(since, 0))
      .some((each) => each.fromMs <= atMs && each.routingStatus === routingStatus && each.presence === presence);
  };
  const isInGap = (id: string, atMs: number) =>
    gaps.some((gap) => gap.startMs <= atMs + toldWithinMs && atMs <= (gap.endMs ?? Infinity) && isOf(gap.userIds, id));

  for (const event of runLogic(dropWordOfGoneAgents(), events)) {
    if (event.kind === 'channel-gap') {
      if (event.endMs === null) {
        open.set(event.channel, event.userIds);
        for (const id of states.keys()) if (isOf(event.userIds, id)) untold.add(id);
      } else open.delete(event.channel);
    }
    if (event.kind === 'agent-status') untold.delete(event.userId);
    const [next, told] = logic.step(agents, event);
    agents = next;
    for (const { value } of told) states.set((value as AgentState).userId, value as AgentState);
    if (event.kind !== 'tick') continue;
    const atMs = event.receivedAtMs;
    for (const state of states.values()) {
      const { userId, status, routingStatus, presence } = state;
      const name = `agent ${userId.slice(0, 8)}`;
      if (status === 'stale' || routingStatus === null) continue;
      if ([...open.values()].some((userIds) => isOf(userIds, userId))) faults.add(`${name} is ${status} in a gap`);
      if (untold.has(userId)) faults.add(`${name} is ${status} after a gap, and nobody has said so`);
      if (hiding.isHidden(userId, atMs) && hiding.isHidden(userId, atMs - noticedWithinMs)) {
        faults.add(`${name} is ${status}, and not on the platform's lists for long`);
      }
      // Of one who is not on them nobody tells.
      if (hiding.comesAndGoes(userId) || wasTrue(state, atMs) || isInGap(userId, atMs)) continue;
      faults.add(`${name} at ${atMs - startMs} ms: ${routingStatus} and ${String(presence)}, which was not true`);
    }
  }
  return [...faults].slice(0, 5);
}
