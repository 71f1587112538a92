import type { ChannelGap, EventOf, QueueEvent } from './event.ts';
import type { Logic } from './logic.ts';
import {
  countChoice,
  type FairnessHour,
  forgetQueue,
  newlyChosen,
  noteGap,
  passHour,
  startFairnessHour,
} from './ranking/fairness-hour.ts';
import { defaultProfile, profileOf, requiredBy } from './ranking/profile.ts';
import { expire, nextEndMs, noteWaiting, type Profiles, replaceWaiting, startProfiles } from './ranking/profiles.ts';
import { createQueueIndexes, type QueueIndexes } from './ranking/queue-index.ts';
import { type AgentNews, foldAgent, queuesOf, type RosterAgent } from './ranking/roster.ts';
import { adjustWeights, policyOf, type SlaStanding, type Weights } from './ranking/weights.ts';
import { type EpochMs, type Output, output, tombstone } from './record.ts';
import { agentRanking, type AgentRanking } from './records/agent-ranking.ts';
import type { QueueState } from './records/queue-state.ts';

export interface RankingSettings {
  /** How many of those eligible a record names. */
  readonly rankingTop: number;
  /** Before the policy of a queue's target shifts them. */
  readonly rankingWeights: Weights;
  /** Whether records name agents, as far as the journal does. */
  readonly agentNames: boolean;
  /** Profiles that are ranked in every queue, whether anybody waits or not, as `profileOf` writes them. */
  readonly rankingProfiles: readonly string[];
}

/** The journal, and the states of queues that follow from it. */
export type RankingInput = QueueEvent | { readonly kind: 'queue-state'; readonly state: QueueState };

interface Queue {
  readonly profiles: Profiles;
  /** As `80/20`; null = not known. */
  slaTarget: string | null;
  serviceLevel: number | null;
}

/** As it is saved: the orders themselves are made anew from it. */
interface Rankings {
  readonly agents: Map<string, RosterAgent>;
  readonly queues: Map<string, Queue>;
  readonly hour: FairnessHour;
  /** When the next profile may have been quiet for long enough; null = none is quiet. */
  nextEndMs: EpochMs | null;
}

/**
 * Ranks the agents of each queue for each profile that is asked for, at every event, and judges each hour how the platform chose. A
 * record is written when one of the first or a score among them changes. The same whatever the order in which agents are told of.
 *
 *     queue-profile · a is idle · b is idle · a answers · one waits for a skill
 *      default []      [a]         [a b]       [b]         skill@ [b]
 */
export function rankAgents(settings: RankingSettings): Logic<Rankings, RankingInput, Output> {
  const { rankingTop, rankingWeights, rankingProfiles, agentNames } = settings;
  const permanent = [...new Set([defaultProfile, ...rankingProfiles])];
  const weightsOf = (queue: Queue | undefined): Weights =>
    adjustWeights(rankingWeights, queue === undefined ? null : standingOf(queue));
  const nameOf = (agent: RosterAgent | undefined) => (agentNames ? (agent?.name ?? null) : null);
  // Found by the state that they were made from: a state that was restored gets its own.
  const indexesOf = new WeakMap<Rankings, QueueIndexes>();
  const indexes = (state: Rankings): QueueIndexes => {
    let all = indexesOf.get(state);
    if (all === undefined)
      indexesOf.set(state, (all = createQueueIndexes(state.agents, (queueId) => weightsOf(state.queues.get(queueId)))));
    return all;
  };

  /** The records of a queue that differ from what was said of it. */
  const changes = (state: Rankings, queueId: string, atMs: EpochMs): Output[] => {
    const queue = state.queues.get(queueId);
    if (queue === undefined) return [];
    const status = state.hour.openGaps.size > 0 ? 'stale' : 'observed';
    const index = indexes(state).of(queueId);
    const changed: Output[] = [];
    for (const [profile, ranked] of queue.profiles.ranked) {
      const order = index.orderOf(profile);
      const first = order.first(rankingTop);
      const top = first.map(({ id, score }) => [id, score.score, nameOf(state.agents.get(id))] as const);
      const { said } = ranked;
      const isSame =
        said?.status === status &&
        said.top.length === top.length &&
        top.every((each, at) => each.every((part, of) => said.top[at]?.[of] === part));
      if (isSame) continue;
      ranked.said = { status, top };
      const record: AgentRanking = {
        queueId,
        profile,
        ...requirementOf(profile),
        status,
        eligible: order.eligible,
        top: first.map(({ id, score, idleSinceMs }) => ({
          agentId: id,
          agentName: nameOf(state.agents.get(id)),
          score: score.score,
          proficiency: score.proficiency,
          language: score.language,
          csat: score.csat,
          csatKnown: state.agents.get(id)?.candidate.csat != null,
          idleSinceMs,
        })),
        weights: { ...weightsOf(queue) },
        slaPolicy: policyOf(standingOf(queue)),
        slaTarget: queue.slaTarget,
        serviceLevel: queue.serviceLevel,
        leftOut: { ...order.leftOut },
        coverage: index.coverage(),
        observedAtMs: atMs,
      };
      changed.push(output(agentRanking, record, atMs));
    }
    return changed;
  };

  const gone = (state: Rankings, queueId: string, profiles: readonly string[], atMs: EpochMs): Output[] =>
    profiles.map((profile) => {
      indexes(state).of(queueId).drop(profile);
      return tombstone(agentRanking, { queueId, profile }, atMs);
    });

  const onAgent = (state: Rankings, event: AgentNews): Output[] => {
    const before = state.agents.get(event.userId);
    const after = foldAgent(before, event);
    // Asked for first: one that is made only now is made of all agents as they were.
    const orders = indexes(state);
    state.agents.set(event.userId, after);
    orders.replace(before, after);
    const concerned = [...new Set([...queuesOf(before), ...queuesOf(after)])].sort();
    return concerned.flatMap((queueId) => changes(state, queueId, event.receivedAtMs));
  };

  const onAgentRemoved = (state: Rankings, { userId, receivedAtMs }: EventOf<'agent-removed'>): Output[] => {
    const before = state.agents.get(userId);
    if (before === undefined) return [];
    const orders = indexes(state);
    state.agents.delete(userId);
    orders.replace(before, undefined);
    return [...queuesOf(before)].sort().flatMap((queueId) => changes(state, queueId, receivedAtMs));
  };

  const watch = (state: Rankings, queueId: string): Queue => {
    let queue = state.queues.get(queueId);
    if (queue === undefined) {
      queue = { profiles: startProfiles(permanent), slaTarget: null, serviceLevel: null };
      state.queues.set(queueId, queue);
    }
    return queue;
  };

  /** The weights may be others from now on. */
  const onService = (state: Rankings, queueId: string, news: Partial<Queue>, atMs: EpochMs): Output[] => {
    const isNew = !state.queues.has(queueId);
    const queue = watch(state, queueId);
    const before = policyOf(standingOf(queue));
    Object.assign(queue, news);
    const isOther = policyOf(standingOf(queue)) !== before;
    if (isOther) indexes(state).of(queueId).reweigh();
    return isNew || isOther ? changes(state, queueId, atMs) : [];
  };

  const onInteraction = (state: Rankings, event: EventOf<'interaction-changed'>): Output[] => {
    const { queueId, conversationId, receivedAtMs } = event;
    const queue = state.queues.get(queueId);
    if (queue === undefined) return [];
    const open = event.stays.find((stay) => stay.leftAtMs === null);
    const chosen = newlyChosen(state.hour, event);
    if (chosen.length > 0) {
      const stay = open ?? event.stays.at(-1);
      const required = requiredBy(profileOf(stay?.skillIds ?? [], stay?.languageId ?? null));
      const eligible = indexes(state).of(queueId).idle(required);
      for (const each of chosen) countChoice(state.hour, { queueId, chosen: each, eligible, required });
    }
    const waits = open !== undefined && event.customerLeftAtMs === null;
    const profile = waits ? profileOf(open.skillIds, open.languageId) : null;
    return afterWaiting(
      state,
      queueId,
      noteWaiting(queue.profiles, conversationId, profile, receivedAtMs, permanent),
      receivedAtMs,
    );
  };

  const afterWaiting = (state: Rankings, queueId: string, profiles: readonly string[], atMs: EpochMs): Output[] => {
    const queue = state.queues.get(queueId);
    const endMs = queue === undefined ? null : nextEndMs(queue.profiles);
    if (endMs !== null) state.nextEndMs = Math.min(state.nextEndMs ?? Infinity, endMs);
    // Who waits changes no score: there is nothing to say but of a profile that is new.
    const isAnyNew = [...(queue?.profiles.ranked.values() ?? [])].some(({ said }) => said === null);
    return [...gone(state, queueId, profiles, atMs), ...(isAnyNew ? changes(state, queueId, atMs) : [])];
  };

  const onTick = (state: Rankings, atMs: EpochMs): Output[] => {
    if (state.nextEndMs === null || atMs < state.nextEndMs) return [];
    state.nextEndMs = null;
    return [...state.queues].flatMap(([queueId, { profiles }]) => {
      const expired = expire(profiles, atMs);
      if (expired.length > 0) return afterWaiting(state, queueId, expired, atMs);
      const endMs = nextEndMs(profiles);
      if (endMs !== null) state.nextEndMs = Math.min(state.nextEndMs ?? Infinity, endMs);
      return [];
    });
  };

  const onGap = (state: Rankings, gap: ChannelGap): Output[] => {
    noteGap(state.hour, gap);
    return [...state.queues.keys()].sort().flatMap((queueId) => changes(state, queueId, gap.receivedAtMs));
  };

  const react = (state: Rankings, input: RankingInput): readonly Output[] => {
    switch (input.kind) {
      case 'agent-status':
      case 'agent-profile':
      case 'agent-satisfaction':
        return onAgent(state, input);
      case 'agent-removed':
        return onAgentRemoved(state, input);
      case 'queue-profile':
        return onService(state, input.queueId, { slaTarget: targetOf(input) }, input.receivedAtMs);
      case 'queue-state': {
        const { queueId, mediaType, serviceLevel, observedAtMs } = input.state;
        return mediaType === 'voice' ? onService(state, queueId, { serviceLevel }, observedAtMs) : [];
      }
      case 'queue-snapshot': {
        const { queueId, waiting, receivedAtMs } = input;
        const { profiles } = watch(state, queueId);
        const went = waiting === null ? [] : replaceWaiting(profiles, waiting, receivedAtMs, permanent);
        return afterWaiting(state, queueId, went, receivedAtMs);
      }
      case 'interaction-changed':
        return onInteraction(state, input);
      case 'queue-removed': {
        const { queueId, receivedAtMs } = input;
        const ranked = [...(state.queues.get(queueId)?.profiles.ranked.keys() ?? [])];
        const outputs = gone(state, queueId, ranked, receivedAtMs);
        state.queues.delete(queueId);
        forgetQueue(state.hour, queueId);
        return outputs;
      }
      case 'channel-gap':
        return onGap(state, input);
      case 'tick':
        return onTick(state, input.receivedAtMs);
      case 'queue-observed':
      case 'queue-interval':
      case 'interval-read':
      case 'input-rejected':
        return [];
    }
  };

  return {
    name: 'agent-ranking',
    version: 3,
    start: () => ({ agents: new Map(), queues: new Map(), hour: startFairnessHour(), nextEndMs: null }),
    step(state, input) {
      const atMs = input.kind === 'queue-state' ? input.state.observedAtMs : input.receivedAtMs;
      const past = passHour(state.hour, atMs);
      const now = react(state, input);
      return [state, past.length === 0 ? now : [...past, ...now]];
    },
  };
}

const standingOf = ({ slaTarget, serviceLevel }: Queue): SlaStanding | null =>
  slaTarget === null ? null : { target: slaTarget, performance: serviceLevel };

/** The target of voice, as people say it: percent/seconds. */
function targetOf({ serviceLevels }: EventOf<'queue-profile'>): string | null {
  const voice = serviceLevels.find((level) => level.mediaType === 'voice');
  return voice === undefined ? null : `${Math.round(voice.target * 100)}/${voice.durationMs / 1000}`;
}

function requirementOf(profile: string): Pick<AgentRanking, 'requiredSkillIds' | 'requiredLanguageId'> {
  const { skills, language } = requiredBy(profile);
  return { requiredSkillIds: [...skills], requiredLanguageId: language };
}
