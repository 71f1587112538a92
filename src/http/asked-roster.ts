import type { FastifyReply } from 'fastify';
import type { Clock } from '../../sinks/clock.ts';
import type { SlaStanding, Weights } from '../../streams/ranking/weights.ts';
import { GenesysError } from '../genesys/errors.ts';
import { repeatedAt, type Roster } from '../routing/roster.ts';
import type { Rosters } from '../routing/rosters.ts';
import { problem } from './problem.ts';
import { type AgentWire, agentOf, periodOf, weightsOf } from './routing-wire.ts';
import { refuse } from './server.ts';

export interface RoutingSettings {
  readonly rosters: Rosters;
  /** Where a question does not say. */
  readonly weights: Weights;
  /** Platform time. */
  readonly clock: Clock;
}

interface Asked {
  readonly queue_id: string;
  readonly start_date?: string | null | undefined;
  readonly end_date?: string | null | undefined;
  readonly agents?: readonly AgentWire[] | null | undefined;
  readonly weights?: Parameters<typeof weightsOf>[0];
}

/** The agents of the request, or those of the queue; null when that was answered with a problem. */
export async function askedRoster(
  reply: FastifyReply,
  { rosters, clock, weights }: RoutingSettings,
  asked: Asked,
): Promise<Roster | null> {
  const { proficiency, language, csat } = weightsOf(asked.weights, weights);
  if (proficiency + language + csat === 0) {
    const faults = [{ field: 'weights', detail: 'all are 0' }];
    refuse(reply, problem('invalid-request', 'One of the weights must be more than 0.', faults));
    return null;
  }
  if ((asked.start_date == null) !== (asked.end_date == null)) {
    const [given, lacking] = asked.start_date == null ? ['end_date', 'start_date'] : ['start_date', 'end_date'];
    const faults = [{ field: lacking, detail: `needed beside ${given}` }];
    refuse(
      reply,
      problem('invalid-request', `${given} needs ${lacking} too; leave both out for the usual days.`, faults),
    );
    return null;
  }
  const period = periodOf(asked.start_date, asked.end_date);
  if (period !== null && period.endMs <= period.startMs) {
    const faults = ['start_date', 'end_date'].map((field) => ({ field, detail: 'the end is not after the start' }));
    refuse(reply, problem('invalid-request', 'end_date must be after start_date.', faults));
    return null;
  }
  if (asked.agents != null) {
    const agents = asked.agents.map(agentOf);
    const twice = repeatedAt(agents);
    if (twice >= 0) {
      const faults = [{ field: `agents.${twice}.id`, detail: 'another agent has this id too' }];
      refuse(reply, problem('invalid-request', 'Each agent needs an id of its own.', faults));
      return null;
    }
    return { agents, origin: 'request', asOfMs: clock.nowMs(), isStale: false, csat: 'request' };
  }
  try {
    return await rosters(asked.queue_id, period);
  } catch (error) {
    if (!(error instanceof GenesysError)) throw error;
    refuse(reply, problem(error.code === 'QC_GENESYS_NOT_FOUND' ? 'not-found' : 'platform-unreachable', error.message));
    return null;
  }
}

/** Answers that nobody of a roster is idle. */
export function refuseNobody(reply: FastifyReply, roster: Roster, queueId: string, nowMs: number): FastifyReply {
  const ageSeconds = Math.max(0, nowMs - roster.asOfMs) / 1000;
  if (roster.agents.length === 0) {
    const detail = `Nobody serves queue ${queueId} now, or there is no queue with this id.`;
    return refuse(reply, problem('no-agent-available', detail));
  }
  const asOf = roster.isStale ? `, as they were ${ageSeconds} s ago,` : '';
  return refuse(
    reply,
    problem('no-agent-available', `None of ${roster.agents.length} agents${asOf} of queue ${queueId} is idle.`),
  );
}

export const slaOf = (body: { readonly sla_target: string; readonly current_performance: number }): SlaStanding => ({
  target: body.sla_target,
  performance: body.current_performance,
});
